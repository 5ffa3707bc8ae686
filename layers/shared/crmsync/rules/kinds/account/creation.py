"""When a company makes an account (ACC-7 to ACC-13), and what a new account or company contains.

The vetoes come first (Q-7, Q-8): a company without contacts, with none that qualifies for the
inclusion list, or with nothing but leads makes no account, unless a person forces it (ACC-13, Q-9).
An account always makes a company, with or without contacts (ACC-3, ACC-5, ACC-6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DOMAIN,
    LEAD,
    SALESFORCE_CONTACT,
    SALESFORCE_NAME,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import Because, CreateRecord
from crmsync.model.records import Record, Ref, Side
from crmsync.model.settings import Connection, CreateInSalesforce
from crmsync.rules.fields.values import is_blank
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

_BECOMES = {CreateInSalesforce.LEAD: LEAD, CreateInSalesforce.CONTACT: SALESFORCE_CONTACT}
"""What a contact that is not linked yet will sync with. By the account of its domain (CH-12) it is
a lead until that account exists.
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A HubSpot contact of a company.

    Attributes:
        ref: The contact.
        salesforce: The Salesforce record that it syncs with.
        account: The account of that record.
        qualifies: Whether the contact may sync at all.
    """

    ref: Ref
    salesforce: Ref | None = None
    account: str = ""
    qualifies: bool = True


def veto(members: Sequence[Member], connection: Connection) -> Because:
    """The rule by which a company with these contacts makes no account, or nothing."""
    if not members:
        return ("ACC-10",)
    if not any(member.qualifies for member in members):
        return ("ACC-12",)
    if all(_object_of(member, connection) == LEAD for member in members):
        return ("ACC-11",)
    return ()


def reasons(members: Sequence[Member], connection: Connection) -> Because:
    """The rules by which a company with these contacts makes an account."""
    is_automatic = (
        connection.companies.auto_create_and_associate
        and connection.contacts.create_in_salesforce is CreateInSalesforce.CONTACT
    )
    is_private = any(
        member.salesforce and member.salesforce.object == SALESFORCE_CONTACT and not member.account
        for member in members
    )
    held = {
        "ACC-7": is_automatic,
        "ACC-8": is_private,
        "ACC-9": any(member.qualifies for member in members),
    }
    return tuple(rule for rule, holds in held.items() if holds)


def _object_of(member: Member, connection: Connection) -> str:
    """The object that a contact syncs or will sync with; "" where contacts do not sync at all."""
    if member.salesforce:
        return member.salesforce.object
    return (
        _BECOMES.get(connection.contacts.create_in_salesforce, LEAD)
        if connection.contacts.sync
        else ""
    )


def account_creation(company: Record, because: Because, ruleset: Ruleset) -> Creation:
    """The account that a company makes.

    It belongs to the matching active user (OWN-14), otherwise to the integration user (OWN-15). A
    company without a name, as HubSpot makes them from an address, gives its domain as the name.
    """
    fields, incompatible = converted_fields(company, ACCOUNT, ruleset)
    if is_blank(fields.get(SALESFORCE_NAME)):
        fields[SALESFORCE_NAME] = company.fields.get(DOMAIN)
    missing = SALESFORCE_NAME if is_blank(fields[SALESFORCE_NAME]) else ""
    hubspot_owner, owner = owner_in_salesforce(company, ruleset)
    if owner:
        fields[SALESFORCE_OWNER] = owner
    create = CreateRecord(
        Side.SALESFORCE,
        ACCOUNT,
        ruleset.key_of(company.ref.id),
        fields,
        NEW,
        (*because, "OWN-14" if owner else "OWN-15"),
    )
    shown = Shown(company.ref, company.fields, hubspot_owner), Shown(NEW, fields, owner)
    return Creation(
        create,
        link_of_new_pair(*shown, ruleset.mappings[ACCOUNT], incompatible, ruleset),
        incompatible,
        missing,
    )


def company_creation(account: Record, ruleset: Ruleset) -> Creation:
    """The company that an account makes, also a person account (PA-4), with the owner's counterpart
    (OWN-5).
    """
    fields, incompatible = converted_fields(account, ACCOUNT, ruleset)
    shown, hubspot_owner, owner = owner_in_hubspot(account, ruleset)
    fields |= shown
    create = CreateRecord(
        Side.HUBSPOT, COMPANY, account.ref.id, fields, NEW, ("ACC-3", "ACC-5", "ACC-6")
    )
    both = Shown(NEW, fields, hubspot_owner), Shown(account.ref, account.fields, owner)
    return Creation(
        create,
        link_of_new_pair(*both, ruleset.mapping_of(account), incompatible, ruleset),
        incompatible,
    )
