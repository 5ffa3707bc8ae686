"""The lead or contact that a HubSpot contact makes, and the HubSpot contact that a lead or contact
makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.crm_names import (
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    HUBSPOT_OPT_OUT,
    LEAD,
    PARENT_ACCOUNT,
    SALESFORCE_CONTACT,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import CreateRecord
from crmsync.model.records import Record, Side, Value
from crmsync.model.settings import ContactSettings, CreateInHubspot, OutsideInclusionList
from crmsync.rules.fields.name_fallbacks import company_name, last_name
from crmsync.rules.merge.person_accounts import needs_company
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.creation import (
    NEW,
    Creation,
    Shown,
    converted_fields,
    link_of_new_pair,
    owner_in_hubspot,
    owner_in_salesforce,
)

MAKES_A_CONTACT: Mapping[CreateInHubspot, frozenset[str]] = MappingProxyType(
    {
        CreateInHubspot.NEVER: frozenset(),
        CreateInHubspot.LEADS_AND_CONTACTS: frozenset({LEAD, SALESFORCE_CONTACT}),
        CreateInHubspot.LEADS_ONLY: frozenset({LEAD}),
        CreateInHubspot.CONTACTS_ONLY: frozenset({SALESFORCE_CONTACT}),
    }
)
"""Which Salesforce objects make a HubSpot contact, by the setting (SET-1)."""


def leaves_some_alone(contacts: ContactSettings) -> bool:
    """Whether the settings leave leads or contacts of Salesforce without a HubSpot contact, of
    which nothing is reported: those of an object that makes none (SET-1), and those for whose
    address no contact is in the inclusion list (CH-17). By default they leave none.
    """
    is_ignored = contacts.outside_inclusion_list is OutsideInclusionList.IGNORE
    makes = MAKES_A_CONTACT[contacts.create_in_hubspot]
    return (bool(contacts.inclusion_list) and is_ignored) or makes != {LEAD, SALESFORCE_CONTACT}


def salesforce_creation(contact: Record, target: str, account: str, ruleset: Ruleset) -> Creation:
    """The lead or contact that a HubSpot contact makes (SET-2, SET-3), a contact under `account` if
    there is one (CH-12).

    It belongs to the matching owner (OWN-8); without one, a lead goes through the assignment rules
    (OWN-9).
    """
    fields, incompatible = converted_fields(contact, target, ruleset)
    if str(contact.fields.get(HUBSPOT_OPT_OUT)).lower() == "true":
        fields[SALESFORCE_OPT_OUT] = True
    if account:
        fields[PARENT_ACCOUNT] = account
    missing = _name_it(fields, target, str(contact.fields.get(HUBSPOT_EMAIL) or ""), ruleset)
    hubspot_owner, owner = owner_in_salesforce(contact, ruleset)
    if owner:
        fields[SALESFORCE_OWNER] = owner
    create = CreateRecord(
        Side.SALESFORCE,
        target,
        ruleset.key_of(contact.ref.id),
        fields,
        NEW,
        ("SET-2", "SET-3", "OWN-8" if owner else "OWN-9" if target == LEAD else "OWN-13"),
        assign=target == LEAD and not owner,
        group=account,
    )
    mapping = ruleset.mappings[target]
    link = link_of_new_pair(
        Shown(contact.ref, contact.fields, hubspot_owner),
        Shown(NEW, fields, owner),
        mapping,
        incompatible,
        ruleset,
    )
    return Creation(create, link, incompatible, missing)


def hubspot_creation(record: Record, ruleset: Ruleset) -> Creation:
    """The contact that a lead or contact makes (SET-1, INC-6), with the owner's counterpart
    (OWN-5).
    """
    fields, incompatible = converted_fields(record, record.ref.object, ruleset)
    shown, hubspot_owner, owner = owner_in_hubspot(record, ruleset)
    fields |= shown
    create = CreateRecord(
        Side.HUBSPOT, HUBSPOT_CONTACT, record.ref.id, fields, NEW, ("SET-1", "INC-6")
    )
    mapping = ruleset.mappings[record.ref.object]
    link = link_of_new_pair(
        Shown(NEW, fields, hubspot_owner),
        Shown(record.ref, record.fields, owner),
        mapping,
        incompatible,
        ruleset,
    )
    return Creation(create, link, incompatible)


def _name_it(fields: dict[str, Value], target: str, email: str, ruleset: Ruleset) -> str:
    """Fill the names that Salesforce requires (Q-35); answers the field that the settings leave
    blank, or "".
    """
    contacts = ruleset.connection.contacts
    fields.setdefault("LastName", last_name(email, contacts.last_name_fallback) or None)
    if target == LEAD and needs_company(person_accounts=ruleset.person_accounts):
        fields.setdefault("Company", company_name(email, contacts.company_fallback) or None)
    return next(
        (name for name in ("LastName", "Company") if name in fields and fields[name] is None), ""
    )
