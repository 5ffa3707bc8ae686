"""Decide about one contact: what both sides show, the link and the settings in, a `Plan` out.

The plan is made from both sides as they are now, never from what a message said; so an echo, a duplicate or a late event plans to nothing.
Effects come in the order in which they must be applied: Salesforce, HubSpot, then the link.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import DeleteRecord, DropLink, Effect, Note, OptOut, Plan, SaveLink, UpdateRecord
from crmsync.model.links import Link, LinkState, tags
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce, OutsideInclusionList
from crmsync.rules import opt_out, owners, reports
from crmsync.rules.base import rebased, view
from crmsync.rules.births import Birth, birth_in_hubspot, birth_in_salesforce
from crmsync.rules.contact_book import ContactBook
from crmsync.rules.inclusion import is_frozen, newborn_qualifies, qualifies
from crmsync.rules.matching import choose_match
from crmsync.rules.pair import EMAIL, PairMerge, merge_pair
from crmsync.rules.values import is_blank

_CREATES: dict[CreateInHubspot, frozenset[str]] = {
    CreateInHubspot.NEVER: frozenset(),
    CreateInHubspot.LEADS_AND_CONTACTS: frozenset({"Lead", "Contact"}),
    CreateInHubspot.LEADS_ONLY: frozenset({"Lead"}),
    CreateInHubspot.CONTACTS_ONLY: frozenset({"Contact"}),
}


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """All that was gathered about one change.

    ``hubspot`` and ``salesforce`` are the records of the pair, as far as there is one and they still exist, under a new id where one was
    merged or converted. ``outlived`` says that what became of one of them belongs to another link. Without a link, ``candidates`` are the
    records of the other side that hold the same address, ``taken`` those among them that already belong to another link, and ``buried`` the
    tombstones of others among them;
    ``remembered`` is the record of the other side that this one names as its counterpart, ``orphaned`` that this one no longer exists.
    ``account`` is the Salesforce account of the address's domain, where the settings ask for it.
    """

    change: Change
    link: Link | None = None
    hubspot: Record | None = None
    salesforce: Record | None = None
    outlived: bool = False
    candidates: tuple[Record, ...] = ()
    taken: frozenset[Ref] = frozenset()
    buried: tuple[Link, ...] = ()
    remembered: Record | None = None
    orphaned: bool = False
    account: str = ""

    @property
    def named(self) -> Record | None:
        """The record that the change named."""
        return self.hubspot if self.change.ref.side is Side.HUBSPOT else self.salesforce


def plan_contact(facts: ContactFacts, book: ContactBook) -> Plan:
    """Decide what shall happen for one contact."""
    if facts.link is not None:
        return _plan_linked(facts, facts.link, book)
    if facts.named is None:
        return _nothing("the record is gone and was never linked")
    if facts.named.successor:
        return _nothing("was converted; its contact is looked at instead", "DUP-26")
    if facts.orphaned:
        return _nothing("its counterpart was deleted; an edit does not bring it back", "DEL-1")
    return _plan_unlinked(facts, facts.named, book)


def _plan_unlinked(facts: ContactFacts, named: Record, book: ContactBook) -> Plan:
    match = facts.remembered or choose_match(facts.candidates, facts.taken)
    if not _may_meet(named, match, book):
        return _nothing("is outside the inclusion list", "INC-2")
    if match is not None:
        return _over_tombstones(facts, match, _plan_adoption(named, match, book))
    if is_blank(address_of(named)):
        return Plan((reports.waiting(named.ref),))
    if facts.candidates:
        return Plan((reports.held_by_another(named.ref),))
    return _plan_birth(named, facts.account, book)


def address_of(record: Record) -> Value:
    """The e-mail address that a record shows, which is what people are matched by (DUP-1)."""
    return record.fields.get("email" if record.ref.side is Side.HUBSPOT else "Email")


def is_quiet(record: Record, link: Link, book: ContactBook) -> bool:
    """Whether a linked record shows nothing but what the two sides agreed on, so that the other side need not be read at all."""
    if link.state is not LinkState.ACTIVE or record.successor or not isinstance(link.salesforce, Ref):
        return False
    side = record.ref.side
    owner, last = (
        (owners.HUBSPOT_FIELD, link.hubspot_owner)
        if side is Side.HUBSPOT
        else (owners.SALESFORCE_FIELD, link.salesforce_owner)
    )
    forms = book.pages[link.salesforce.object].forms(side)
    return str(record.fields.get(owner) or "") == last and view(record, forms, link, book.sealer, book.our_user).quiet


def _may_meet(named: Record, match: Record | None, book: ContactBook) -> bool:
    """Whether an unlinked record may be linked or make a counterpart at all.

    A HubSpot contact outside the list stays alone (INC-2). A Salesforce record may (INC-6), unless the setting ignores those whose contact
    is outside (CH-17); with creation off, deduplication still links it to a contact in the list (Q-38).
    """
    contacts = book.connection.contacts
    contact = named if named.ref.side is Side.HUBSPOT else match
    included = newborn_qualifies(contacts) if contact is None else qualifies(contact, contacts, book.members)
    if included:
        return True
    creates = contacts.create_in_hubspot is not CreateInHubspot.NEVER
    return (
        named.ref.side is Side.SALESFORCE
        and creates
        and contacts.outside_inclusion_list is not OutsideInclusionList.IGNORE
    )


def _plan_linked(facts: ContactFacts, link: Link, book: ContactBook) -> Plan:
    if facts.change.cause is Cause.FORGOTTEN:
        return Plan((DropLink(link),), notes=(Note("the contact asked to be forgotten"),))
    if facts.hubspot is None or facts.salesforce is None or facts.outlived:
        return _plan_gone(facts, link, book)
    here = replace(_inherited(link, facts.hubspot, facts.salesforce, book), state=LinkState.ACTIVE)
    if is_frozen(book.connection.contacts, included=qualifies(facts.hubspot, book.connection.contacts, book.members)):
        moved = (SaveLink(here, ("DUP-26",)),) if here != link or not link.version else ()
        return Plan(moved, notes=(Note("is outside the inclusion list", ("INC-7",)),))
    if here.hubspot != link.hubspot and here.salesforce != link.salesforce and link.version:
        plan = _plan_pair(facts.hubspot, facts.salesforce, replace(here, version=0), book, anew=True)
        return replace(plan, effects=(DropLink(link, ("DUP-26",)), *plan.effects))
    return _plan_pair(facts.hubspot, facts.salesforce, here, book, anew=here != link)


def _inherited(link: Link, hubspot: Record, salesforce: Record, book: ContactBook) -> Link:
    """The link with the records that the pair now has.

    What a record leaves blank that took another one's place (a contact that a lead was converted into, the survivor of
    a merge) was never deleted there: it counts as never agreed, and is filled from the other side (DUP-26, MRG-1).
    """
    page = book.pages[salesforce.ref.object]
    bases = {}
    for record, forms in ((hubspot, page.hubspot_forms), (salesforce, page.salesforce_forms)):
        base = link.base(record.ref.side)
        moved = link.on(record.ref.side) != record.ref
        blanks = [name for name in forms if moved and is_blank(record.fields.get(name))]
        bases[record.ref.side] = base.without(blanks) if blanks else base
    return replace(
        link,
        hubspot=hubspot.ref,
        salesforce=salesforce.ref,
        hubspot_base=bases[Side.HUBSPOT],
        salesforce_base=bases[Side.SALESFORCE],
    )


def _plan_gone(facts: ContactFacts, link: Link, book: ContactBook) -> Plan:
    """Bury a link one of whose records is gone, or lives on in another pair (MRG-2).

    A deletion in Salesforce deletes the contact only by the setting (DEL-1, SET-23), and is noticed whatever the list
    (CH-9, where DEL-2 misses it).
    """
    if (
        link.state is LinkState.TOMBSTONE
        and facts.change.cause is Cause.RESTORED
        and facts.salesforce
        and not facts.outlived
    ):
        again = _plan_birth(facts.salesforce, "", book)
        return replace(again, effects=(DropLink(link, ("DEL-1",)), *again.effects))
    if link.state is LinkState.TOMBSTONE:
        return _nothing("one of the two was deleted; an edit does not bring it back", "DEL-1")
    bury = SaveLink(replace(link, state=LinkState.TOMBSTONE), ("DEL-1",))
    if facts.hubspot and facts.salesforce is None and book.connection.contacts.delete_in_hubspot:
        return Plan((DeleteRecord(facts.hubspot.ref, ("DEL-1",)), bury))
    return Plan((bury,))


def _over_tombstones(facts: ContactFacts, match: Record, plan: Plan) -> Plan:
    """A record whose counterpart was deleted is free for a new one with the same address: its tombstone makes room."""
    old = tuple(DropLink(link, ("DUP-1",)) for link in facts.buried if match.ref in (link.hubspot, link.salesforce))
    return replace(plan, effects=(*old, *plan.effects))


def _plan_adoption(named: Record, match: Record, book: ContactBook) -> Plan:
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(book.connection.name, Kind.CONTACT, hubspot.ref, salesforce.ref)
    if is_frozen(book.connection.contacts, included=qualifies(hubspot, book.connection.contacts, book.members)):
        return Plan((SaveLink(link, ("DUP-1", "INC-7")),))
    return _plan_pair(hubspot, salesforce, link, book, anew=True)


def _plan_pair(hubspot: Record, salesforce: Record, link: Link, book: ContactBook, *, anew: bool) -> Plan:
    merged = merge_pair(hubspot, salesforce, link, book)
    effects = [*_pair_writes(hubspot, salesforce, merged)]
    if anew or merged.has_news or not link.version or effects:
        effects.append(
            SaveLink(_after(link, hubspot, salesforce, merged, book), ("DUP-1",) if not link.version else ())
        )
    records = {Side.SALESFORCE: salesforce.ref, Side.HUBSPOT: hubspot.ref}
    marks = (
        UpdateRecord(records[side], side, fields, ("DUP-24",), courtesy=True)
        for side, fields in merged.marks.items()
        if fields
    )
    unfit = (reports.unfit(hubspot.ref, rule.hubspot) for rule in merged.unfit)
    cut = (reports.cut(hubspot.ref, rule.hubspot) for rule in merged.cut)
    return Plan((*effects, *marks, *unfit, *cut), merged.conflicts)


def _pair_writes(hubspot: Record, salesforce: Record, merged: PairMerge) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    if merged.to_salesforce:
        effects.append(UpdateRecord(salesforce.ref, Side.SALESFORCE, merged.to_salesforce, merged.because_salesforce))
    if merged.to_hubspot:
        effects.append(UpdateRecord(hubspot.ref, Side.HUBSPOT, merged.to_hubspot, merged.because_hubspot))
    if merged.opt_out_in_hubspot:
        address = merged.to_hubspot.get(EMAIL) or hubspot.fields.get(EMAIL)
        effects.append(OptOut(str(address), merged.because_opt_out))
    return tuple(effects)


def _after(link: Link, hubspot: Record, salesforce: Record, merged: PairMerge, book: ContactBook) -> Link:
    """The link as it must be stored once everything is written: what each side then shows."""
    page = book.pages[salesforce.ref.object]
    now_hubspot = dict(hubspot.fields) | dict(merged.to_hubspot)
    if merged.opt_out_in_hubspot:
        now_hubspot[opt_out.HUBSPOT_FIELD] = "true"
    now_salesforce = dict(salesforce.fields) | dict(merged.to_salesforce)
    for rule in merged.unfit:
        now_hubspot.pop(rule.hubspot, None)
        now_salesforce.pop(rule.salesforce, None)
    hubspot_owner, salesforce_owner = merged.owners
    return replace(
        link,
        hubspot_base=rebased(link.hubspot_base, page.hubspot_forms, now_hubspot, book.sealer),
        salesforce_base=rebased(link.salesforce_base, page.salesforce_forms, now_salesforce, book.sealer),
        wrote=tags(merged.to_salesforce) if merged.to_salesforce else link.wrote,
        hubspot_owner=hubspot_owner,
        salesforce_owner=salesforce_owner,
    )


def _plan_birth(record: Record, account: str, book: ContactBook) -> Plan:
    contacts = book.connection.contacts
    if record.ref.side is Side.SALESFORCE:
        if record.ref.object not in _CREATES[contacts.create_in_hubspot]:
            return _nothing("new Salesforce records of this kind make no HubSpot contact", "SET-1")
        return _born(record, birth_in_hubspot(record, book))
    if contacts.create_in_salesforce is CreateInSalesforce.NEVER:
        return _nothing("new HubSpot contacts make no Salesforce record", "SET-2")
    is_contact = contacts.create_in_salesforce is CreateInSalesforce.CONTACT or account
    return _born(record, birth_in_salesforce(record, "Contact" if is_contact else "Lead", account, book))


def _born(record: Record, birth: Birth) -> Plan:
    if birth.missing:
        return Plan((reports.unnamed(record.ref, birth.missing),))
    return Plan((birth.create,), birth=birth.link)


def _nothing(text: str, *because: str) -> Plan:
    return Plan(notes=(Note(text, because),))
