"""Decide about one contact: what both sides show, the link and the settings in, a `Plan` out.

The plan is made from both sides as they are now, never from what a message said; so an echo, a duplicate or a late event plans to nothing.
Effects come in the order in which they must be applied: Salesforce, HubSpot, then the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crmsync.model import names
from crmsync.model.changes import Change
from crmsync.model.effects import (
    Category,
    CreateRecord,
    Effect,
    IdOf,
    Note,
    OptOut,
    Plan,
    Report,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.fields import FieldRule, Form
from crmsync.model.links import Base, Link, LinkState, Place, Slot, tags
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce
from crmsync.rules import opt_out
from crmsync.rules.base import rebased, view
from crmsync.rules.contact_book import HUBSPOT_OBJECT, ContactBook, Page
from crmsync.rules.matching import choose_match
from crmsync.rules.merge import may_pass
from crmsync.rules.naming import company_name, last_name
from crmsync.rules.pair import PairMerge, merge_pair
from crmsync.rules.values import UnfitValueError, cross, is_blank

_NEW_HUBSPOT = Slot("hubspot")
_NEW_SALESFORCE = Slot("salesforce")
_CREATES: dict[CreateInHubspot, frozenset[str]] = {
    CreateInHubspot.NEVER: frozenset(),
    CreateInHubspot.LEADS_AND_CONTACTS: frozenset({"Lead", "Contact"}),
    CreateInHubspot.LEADS_ONLY: frozenset({"Lead"}),
    CreateInHubspot.CONTACTS_ONLY: frozenset({"Contact"}),
}


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """All that was gathered about one change.

    ``hubspot`` and ``salesforce`` are the records of the pair, as far as there is one and they still exist. Without a link, ``candidates``
    are the records of the other side that hold the same address, and ``taken`` those among them that already belong to another link.
    """

    change: Change
    link: Link | None = None
    hubspot: Record | None = None
    salesforce: Record | None = None
    candidates: tuple[Record, ...] = ()
    taken: frozenset[Ref] = frozenset()

    @property
    def named(self) -> Record | None:
        """The record that the change named."""
        return self.hubspot if self.change.ref.side is Side.HUBSPOT else self.salesforce


def plan_contact(facts: ContactFacts, book: ContactBook) -> Plan:
    """Decide what shall happen for one contact."""
    if facts.link is not None:
        return _plan_linked(facts, facts.link, book)
    if facts.named is None:
        return Plan(notes=(Note("the record is gone and was never linked"),))
    if is_blank(address_of(facts.named)):
        return _waiting(facts.named.ref)
    match = choose_match(facts.candidates, facts.taken)
    if match is not None:
        return _plan_adoption(facts.named, match, book)
    if facts.candidates:
        return _held_by_another(facts.named.ref)
    return _plan_hubspot_born(facts.named, book) if facts.hubspot else _plan_salesforce_born(facts.named, book)


def address_of(record: Record) -> Value:
    """The e-mail address that a record shows, which is what people are matched by (DUP-1)."""
    return record.fields.get("email" if record.ref.side is Side.HUBSPOT else "Email")


def is_quiet(record: Record, link: Link, book: ContactBook) -> bool:
    """Whether a linked record shows nothing but what the two sides agreed on, so that the other side need not be read at all."""
    salesforce = link.salesforce
    if link.state is not LinkState.ACTIVE or not isinstance(salesforce, Ref):
        return False
    forms = book.pages[salesforce.object].forms(record.ref.side)
    return view(record, forms, link, book.sealer, book.our_user).quiet


def _plan_linked(facts: ContactFacts, link: Link, book: ContactBook) -> Plan:
    if link.state is LinkState.TOMBSTONE:
        return Plan(notes=(Note("one of the two was deleted; an edit does not bring it back", ("DEL-1",)),))
    if facts.hubspot is None or facts.salesforce is None:
        return Plan((SaveLink(replace(link, state=LinkState.TOMBSTONE), ("DEL-1",)),))
    return _plan_pair(facts.hubspot, facts.salesforce, link, book)


def _plan_adoption(named: Record, match: Record, book: ContactBook) -> Plan:
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(book.connection.name, Kind.CONTACT, hubspot.ref, salesforce.ref)
    return _plan_pair(hubspot, salesforce, link, book)


def _plan_pair(hubspot: Record, salesforce: Record, link: Link, book: ContactBook) -> Plan:
    merged = merge_pair(hubspot, salesforce, link, book)
    effects = [*_pair_writes(hubspot, salesforce, merged)]
    if merged.has_news or not link.version or effects:
        effects.append(SaveLink(_after(link, hubspot, salesforce, merged, book), ("DUP-1",) if not link.version else ()))
    return Plan((*effects, *_unfit_reports(hubspot.ref, merged)), merged.conflicts)


def _pair_writes(hubspot: Record, salesforce: Record, merged: PairMerge) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    if merged.to_salesforce:
        effects.append(UpdateRecord(salesforce.ref, Side.SALESFORCE, merged.to_salesforce, merged.because_salesforce))
    if merged.to_hubspot:
        effects.append(UpdateRecord(hubspot.ref, Side.HUBSPOT, merged.to_hubspot, merged.because_hubspot))
    if merged.opt_out_in_hubspot:
        effects.append(OptOut(str(hubspot.fields.get("email")), merged.because_opt_out))
    return tuple(effects)


def _after(link: Link, hubspot: Record, salesforce: Record, merged: PairMerge, book: ContactBook) -> Link:
    page = book.pages[salesforce.ref.object]
    now_hubspot = dict(hubspot.fields) | dict(merged.to_hubspot)
    if merged.opt_out_in_hubspot:
        now_hubspot[opt_out.HUBSPOT_FIELD] = "true"
    now_salesforce = dict(salesforce.fields) | dict(merged.to_salesforce)
    for rule in merged.unfit:
        now_hubspot.pop(rule.hubspot, None)
        now_salesforce.pop(rule.salesforce, None)
    return replace(
        link,
        hubspot_base=rebased(link.hubspot_base, page.hubspot_forms, now_hubspot, book.sealer),
        salesforce_base=rebased(link.salesforce_base, page.salesforce_forms, now_salesforce, book.sealer),
        wrote=tags(merged.to_salesforce) if merged.to_salesforce else link.wrote,
    )


def _plan_hubspot_born(contact: Record, book: ContactBook) -> Plan:
    wanted = book.connection.contacts.create_in_salesforce
    if wanted is CreateInSalesforce.NEVER:
        return Plan(notes=(Note("new HubSpot contacts make no Salesforce record", ("SET-2",)),))
    target = "Contact" if wanted is CreateInSalesforce.CONTACT else "Lead"
    fields, unfit = _crossing(contact, target, book)
    missing = _name_it(fields, target, str(address_of(contact)), book)
    if missing:
        return Plan((_unnamed(contact.ref, missing),))
    create = CreateRecord(Side.SALESFORCE, target, book.key_of(contact.ref.id), fields, _NEW_SALESFORCE, ("SET-2", "SET-3"))
    remember = UpdateRecord(contact.ref, Side.HUBSPOT, {names.HUBSPOT_KEY: IdOf(_NEW_SALESFORCE)})
    link = _born(_Shown(contact.ref, contact.fields), _Shown(_NEW_SALESFORCE, fields), book.pages[target], unfit, book)
    return Plan((create, SaveLink(link), remember, *(_unfit(contact.ref, rule.hubspot) for rule in unfit)))


def _plan_salesforce_born(record: Record, book: ContactBook) -> Plan:
    if record.ref.object not in _CREATES[book.connection.contacts.create_in_hubspot]:
        return Plan(notes=(Note("new Salesforce records of this kind make no HubSpot contact", ("SET-1",)),))
    fields, unfit = _crossing(record, record.ref.object, book)
    effects: list[Effect] = [
        CreateRecord(Side.HUBSPOT, HUBSPOT_OBJECT, record.ref.id, fields, _NEW_HUBSPOT, ("SET-1", "INC-6"))
    ]
    shown: dict[str, Value] = dict(fields)
    if record.fields.get(opt_out.SALESFORCE_FIELD) is True:
        effects.append(OptOut(str(address_of(record)), ("OPT-4",)))
        shown[opt_out.HUBSPOT_FIELD] = "true"
    page = book.pages[record.ref.object]
    link = _born(_Shown(_NEW_HUBSPOT, shown), _Shown(record.ref, record.fields), page, unfit, book)
    remember = UpdateRecord(record.ref, Side.SALESFORCE, {names.SALESFORCE_KEY: IdOf(_NEW_HUBSPOT, book.key_of(""))})
    reports = (_unfit(record.ref, rule.salesforce) for rule in unfit)
    return Plan((*effects, SaveLink(link), remember, *reports))


def _crossing(record: Record, salesforce_object: str, book: ContactBook) -> tuple[dict[str, Value], tuple[FieldRule, ...]]:
    """The values of a record as its new counterpart takes them, and the fields whose value cannot cross."""
    here = record.ref.side
    fields: dict[str, Value] = {}
    unfit: list[FieldRule] = []
    for rule in book.pages[salesforce_object].field_map:
        name, across = (rule.hubspot, rule.salesforce) if here is Side.HUBSPOT else (rule.salesforce, rule.hubspot)
        if not may_pass(rule, here) or is_blank(record.fields.get(name)):
            continue
        try:
            fields[across] = cross(rule.form, here.other, record.fields[name])
        except UnfitValueError:
            unfit.append(rule)
    if here is Side.HUBSPOT and str(record.fields.get(opt_out.HUBSPOT_FIELD)).lower() == "true":
        fields[opt_out.SALESFORCE_FIELD] = True
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
    """One side of a new pair: where the record is or will be, and what it then shows."""

    place: Place
    fields: Mapping[str, Value]


def _born(hubspot: _Shown, salesforce: _Shown, page: Page, unfit: tuple[FieldRule, ...], book: ContactBook) -> Link:
    left_out = {rule.hubspot for rule in unfit} | {rule.salesforce for rule in unfit}

    def base(shown: _Shown, forms: Mapping[str, Form]) -> Base:
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
    )


def _waiting(ref: Ref) -> Plan:
    text = "has no e-mail address yet, so it waits"
    return Plan((Report(ref, Category.WAITING, text, hint="Give it an e-mail address; it then syncs by itself.", because=("TRG-17",)),))


def _held_by_another(ref: Ref) -> Plan:
    return Plan(
        (
            Report(
                ref,
                Category.DUPLICATES,
                "shares its e-mail address with a record that is linked already; that link stays",
                hint="Merge the two records, or give one of them another address.",
                because=("CH-13",),
            ),
        )
    )


def _unnamed(ref: Ref, missing: str) -> Report:
    return Report(
        ref,
        Category.VALIDATION,
        f"Salesforce requires {missing}, HubSpot has none, and the settings name no fallback",
        missing,
        "Fill it in HubSpot, or set a fallback under [connection.contacts].",
        ("Q-35",),
    )


def _unfit(ref: Ref, name: str) -> Report:
    return Report(
        ref,
        Category.VALIDATION,
        "has a value that the field on the other side cannot hold; the other fields are in step",
        name,
        "Correct the value; the field then syncs by itself.",
        ("CH-8",),
    )


def _unfit_reports(ref: Ref, merged: PairMerge) -> tuple[Report, ...]:
    return tuple(_unfit(ref, rule.hubspot) for rule in merged.unfit)
