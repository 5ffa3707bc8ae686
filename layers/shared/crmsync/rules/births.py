"""A record that is about to be made on the other side: what it is given, and the link that will hold it.

A birth is one effect and a link that waits for the new id. What the other side made of it (an owner by assignment rules, a default, a
formatted value) is looked at right afterwards, as a pair like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.model.effects import CreateRecord
from crmsync.model.fields import FieldRule, Look
from crmsync.model.links import Base, Link, Place, Slot, tags
from crmsync.model.records import Kind, Record, Side, Value
from crmsync.rules import opt_out, owners
from crmsync.rules.base import rebased
from crmsync.rules.contact_book import HUBSPOT_OBJECT, ContactBook, Page
from crmsync.rules.merge import may_pass
from crmsync.rules.naming import company_name, last_name
from crmsync.rules.values import UnfitValueError, cross_rule, is_blank

NEW = Slot("new")
"""The record that a birth makes; a plan makes at most one."""


@dataclass(frozen=True, slots=True)
class Birth:
    """The effect, the link to complete with the new id, fields whose value cannot cross, and a required name that nobody knows ("")."""

    create: CreateRecord
    link: Link
    unfit: tuple[FieldRule, ...] = ()
    missing: str = ""


def birth_in_salesforce(contact: Record, target: str, account: str, book: ContactBook) -> Birth:
    """The lead or contact that a HubSpot contact makes (SET-2, SET-3), the latter under `account` where there is one (CH-12).

    With a matching owner it is given to them (OWN-8), else a lead goes through the assignment rules (OWN-9).
    """
    fields, unfit = _crossing(contact, target, book)
    if str(contact.fields.get(opt_out.HUBSPOT_FIELD)).lower() == "true":
        fields[opt_out.SALESFORCE_FIELD] = True
    if account:
        fields["AccountId"] = account
    missing = _name_it(fields, target, str(contact.fields.get("email") or ""), book)
    hubspot_owner = str(contact.fields.get(owners.HUBSPOT_FIELD) or "")
    owner = owners.owner_for_new(hubspot_owner, book.owners) if book.owners else None
    if owner:
        fields[owners.SALESFORCE_FIELD] = owner
    create = CreateRecord(
        Side.SALESFORCE,
        target,
        book.key_of(contact.ref.id),
        fields,
        NEW,
        ("SET-2", "SET-3", "OWN-8" if owner else "OWN-9" if target == "Lead" else "OWN-13"),
        assign=target == "Lead" and not owner,
    )
    page = book.pages[target]
    link = _link(_Shown(contact.ref, contact.fields, hubspot_owner), _Shown(NEW, fields, owner), page, unfit, book)
    return Birth(create, link, unfit, missing)


def birth_in_hubspot(record: Record, book: ContactBook) -> Birth:
    """The contact that a lead or contact makes (SET-1, INC-6), with the owner's counterpart (OWN-5)."""
    fields, unfit = _crossing(record, record.ref.object, book)
    owner = str(record.fields.get(owners.SALESFORCE_FIELD) or "")
    hubspot_owner = book.owners.to_hubspot.get(owner, "") if book.owners else ""
    if hubspot_owner:
        fields[owners.HUBSPOT_FIELD] = hubspot_owner
    if owner and book.owners:
        fields |= {owners.SHOWN_ID: owner, owners.SHOWN_NAME: book.owners.name_of(owner) or None}
    create = CreateRecord(Side.HUBSPOT, HUBSPOT_OBJECT, record.ref.id, fields, NEW, ("SET-1", "INC-6"))
    page = book.pages[record.ref.object]
    link = _link(_Shown(NEW, fields, hubspot_owner), _Shown(record.ref, record.fields, owner), page, unfit, book)
    return Birth(create, link, unfit)


def _crossing(
    record: Record, salesforce_object: str, book: ContactBook
) -> tuple[dict[str, Value], tuple[FieldRule, ...]]:
    """The values of a record as its new counterpart takes them, and the fields whose value cannot cross."""
    here = record.ref.side
    fields: dict[str, Value] = {}
    unfit: list[FieldRule] = []
    for rule in book.pages[salesforce_object].field_map:
        name, across = (rule.hubspot, rule.salesforce) if here is Side.HUBSPOT else (rule.salesforce, rule.hubspot)
        if not may_pass(rule, here) or is_blank(record.fields.get(name)):
            continue
        try:
            fields[across] = cross_rule(rule, here.other, record.fields[name]).value
        except UnfitValueError:
            unfit.append(rule)
    return fields, tuple(unfit)


def _name_it(fields: dict[str, Value], target: str, email: str, book: ContactBook) -> str:
    """Fill the names that Salesforce requires; answers the one that the settings leave blank, or ""."""
    contacts = book.connection.contacts
    fields.setdefault("LastName", last_name(email, contacts.last_name_fallback) or None)
    if target == "Lead":
        fields.setdefault("Company", company_name(email, contacts.company_fallback) or None)
    return next((name for name in ("LastName", "Company") if name in fields and fields[name] is None), "")


@dataclass(frozen=True, slots=True)
class _Shown:
    """One side of a new pair: where the record is or will be, what it then shows, and its owner (None: the CRM will choose one)."""

    place: Place
    fields: Mapping[str, Value]
    owner: str | None


def _link(hubspot: _Shown, salesforce: _Shown, page: Page, unfit: tuple[FieldRule, ...], book: ContactBook) -> Link:
    left_out = {rule.hubspot for rule in unfit} | {rule.salesforce for rule in unfit}

    def base(shown: _Shown, forms: Mapping[str, Look]) -> Base:
        values = {name: shown.fields.get(name) for name in forms if name not in left_out}
        return rebased(Base(), forms, values, book.sealer)

    return Link(
        book.connection.name,
        Kind.CONTACT,
        hubspot.place,
        salesforce.place,
        base(hubspot, page.hubspot_forms),
        base(salesforce, page.salesforce_forms),
        tags(salesforce.fields) if isinstance(salesforce.place, Slot) else frozenset(),
        hubspot_owner=hubspot.owner,
        salesforce_owner=salesforce.owner,
    )
