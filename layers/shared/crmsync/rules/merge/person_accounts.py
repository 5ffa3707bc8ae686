"""What is different about person accounts (PA-1 to PA-9): a Salesforce account and contact that are
one person.

The contact behind a person account (``Contact.IsPersonAccount``) is read like any contact, but
written only through its account; the account has no name of its own. No HubSpot record ever creates
a person account (PA-7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.crm_names import (
    ACCOUNT,
    IS_PERSON_ACCOUNT,
    PARENT_ACCOUNT,
    PERSON_CONTACT_ID,
    SALESFORCE_CONTACT,
    SALESFORCE_NAME,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import UpdateRecord
from crmsync.model.fields import Update
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.maps import FieldMap

_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        SALESFORCE_CONTACT: (IS_PERSON_ACCOUNT, PARENT_ACCOUNT),
        ACCOUNT: (IS_PERSON_ACCOUNT, PERSON_CONTACT_ID),
    }
)

_SHARED = frozenset(
    {
        "Description",
        "Fax",
        "FirstName",
        "LastName",
        "MiddleName",
        SALESFORCE_OWNER,
        "Phone",
        "Salutation",
        "Suffix",
    }
)
"""Fields that have the same name in the account and its contact [D, M: Description and Fax]."""

_CUSTOM, _PERSONS_CUSTOM = "__c", "__pc"

_BUSINESS_ONLY = frozenset({"ParentId"})
"""Account fields that a person account lacks [D]."""


def columns(name: str) -> tuple[str, ...]:
    """Further fields to read of a Contact or Account. They exist only in an org with person
    accounts; asking for them elsewhere is an error.
    """
    return _COLUMNS.get(name, ())


def is_person(record: Record) -> bool:
    """Whether a Salesforce account is a person account, or a contact is behind one (PA-3)."""
    return record.fields.get(IS_PERSON_ACCOUNT) is True


def account_field(name: str) -> str:
    """The name that the field `name` of the contact behind a person account has in the account: the
    same, with ``Person`` before it, or ending in ``__pc`` for a custom field.
    """
    if name in _SHARED:
        return name
    return (
        name.removesuffix(_CUSTOM) + _PERSONS_CUSTOM if name.endswith(_CUSTOM) else f"Person{name}"
    )


def through_account(effect: UpdateRecord, contact: Record) -> UpdateRecord:
    """The write, addressed to the account where `contact` is behind a person account (PA-3); any
    other write unchanged.

    The contact never changes its account, as a person account cannot have contacts (PA-2): a write
    of ``AccountId`` alone has no fields left.
    """
    if (
        effect.place != contact.ref
        or contact.ref.object != SALESFORCE_CONTACT
        or not is_person(contact)
    ):
        return effect
    fields = {
        account_field(name): value
        for name, value in effect.fields.items()
        if name != PARENT_ACCOUNT
    }
    return replace(
        effect,
        place=Ref(Side.SALESFORCE, ACCOUNT, str(contact.fields[PARENT_ACCOUNT])),
        fields=fields,
        group="",
    )


def other_half(person: Record) -> Ref | None:
    """The account of a contact behind a person account, or the contact of a person account; None
    for any other record. What is written to one shows in the other.
    """
    name, place = {
        SALESFORCE_CONTACT: (ACCOUNT, PARENT_ACCOUNT),
        ACCOUNT: (SALESFORCE_CONTACT, PERSON_CONTACT_ID),
    }.get(person.ref.object, ("", ""))
    half = str(person.fields.get(place) or "")
    return Ref(Side.SALESFORCE, name, half) if half and is_person(person) else None


def of_person(field_map: FieldMap) -> FieldMap:
    """The account map as it holds for person accounts: the person's name is the company's too, and
    never comes back from there (PA-5).

    The name of a person account is read-only: it is made of the person's names [D]. FirstName and
    LastName are the contact's to write. What a person account has not, does not
    cross.
    """
    return tuple(
        replace(rule, update=Update.ALWAYS_SALESFORCE)
        if rule.salesforce == SALESFORCE_NAME and rule.update is not Update.NEVER
        else rule
        for rule in field_map
        if rule.salesforce not in _BUSINESS_ONLY
    )


def may_share_company(account: Record) -> bool:
    """Whether an account may be paired with an existing company, found by contacts or by domain
    (DUP-2, CH-15).

    A person account may not: it gets a company of its own, whatever the names of other companies
    and wherever the person works (PA-4, Q-34).
    """
    return not is_person(account)


def needs_company(*, person_accounts: bool) -> bool:
    """Whether a new lead needs a company name where HubSpot has none.

    It does not where person accounts are enabled: with a blank name the lead can be converted to a
    person account (PA-8); any value, even a placeholder, makes it a business account (PA-9, Q-35).
    """
    return not person_accounts
