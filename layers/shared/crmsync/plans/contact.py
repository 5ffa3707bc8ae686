"""Decide about one contact: what both sides show, the link and the settings in, a `Plan` out.

The plan is made from both sides as they are now, never from what a message said; so an echo, a duplicate or a late event plans to nothing.
Effects come in the order in which they must be applied: HubSpot, Salesforce, then the link.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmsync.model.changes import Cause
from crmsync.model.effects import DeleteRecord, DropLink, Note, Plan, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce, OutsideInclusionList
from crmsync.rules import reports
from crmsync.rules.base import key_of
from crmsync.rules.births import Birth
from crmsync.rules.book import Book
from crmsync.rules.contact_births import birth_in_hubspot, birth_in_salesforce
from crmsync.rules.inclusion import is_frozen, newborn_qualifies, qualifies
from crmsync.rules.matching import choose_match
from crmsync.rules.pair_plan import plan_pair
from crmsync.rules.values import is_blank

_CREATES: dict[CreateInHubspot, frozenset[str]] = {
    CreateInHubspot.NEVER: frozenset(),
    CreateInHubspot.LEADS_AND_CONTACTS: frozenset({"Lead", "Contact"}),
    CreateInHubspot.LEADS_ONLY: frozenset({"Lead"}),
    CreateInHubspot.CONTACTS_ONLY: frozenset({"Contact"}),
}


@dataclass(frozen=True, slots=True)
class ContactFacts(Facts):
    """What was gathered about one contact.

    ``account`` is the Salesforce account of the address's domain, where the settings ask for it (CH-12). ``holder`` is
    the contact that has, and keeps, the address that HubSpot's record of the pair should get.
    """

    account: str = ""
    holder: Ref | None = None


def plan_contact(facts: ContactFacts, book: Book) -> Plan:
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


def _plan_unlinked(facts: ContactFacts, named: Record, book: Book) -> Plan:
    match = facts.remembered or choose_match(facts.candidates, facts.taken)
    if not _may_meet(named, match, book):
        return _nothing("is outside the inclusion list", "INC-2")
    if match is not None:
        return _over_tombstones(facts, match, _plan_adoption(facts, named, match, book))
    if is_blank(address_of(named)):
        return Plan((reports.waiting(named.ref),))
    if facts.candidates:
        return Plan((reports.held_by_another(named.ref, facts.taken),))
    return _plan_birth(named, facts.account, book)


def address_of(record: Record) -> Value:
    """The e-mail address that a record shows, which is what people are matched by (DUP-1)."""
    return record.fields.get("email" if record.ref.side is Side.HUBSPOT else "Email")


def _may_meet(named: Record, match: Record | None, book: Book) -> bool:
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


def _plan_linked(facts: ContactFacts, link: Link, book: Book) -> Plan:
    if facts.change.cause is Cause.FORGOTTEN:
        return Plan((DropLink(link),), notes=(Note("the contact asked to be forgotten"),))
    if facts.hubspot is None or facts.salesforce is None or facts.outlived:
        return _plan_gone(facts, link, book)
    here = replace(_inherited(link, facts.hubspot, facts.salesforce, book), state=LinkState.ACTIVE)
    if is_frozen(book.connection.contacts, included=qualifies(facts.hubspot, book.connection.contacts, book.members)):
        moved = (SaveLink(here, ("DUP-26",)),) if here != link or not link.version else ()
        return Plan(moved, notes=(Note("is outside the inclusion list", ("INC-7",)),))
    resync = facts.change.cause is Cause.RESYNC
    if here.hubspot != link.hubspot and here.salesforce != link.salesforce and link.version:
        fresh = replace(here, version=0)
        plan = plan_pair(facts.hubspot, facts.salesforce, fresh, book, anew=True, resync=resync, holder=facts.holder)
        return replace(plan, effects=(DropLink(link, ("DUP-26",)), *plan.effects))
    return plan_pair(facts.hubspot, facts.salesforce, here, book, anew=here != link, resync=resync, holder=facts.holder)


def _inherited(link: Link, hubspot: Record, salesforce: Record, book: Book) -> Link:
    """The link with the records that the pair now has.

    What a record leaves blank that took another one's place (a contact that a lead was converted into, the survivor of
    a merge) was never deleted there: it counts as never agreed, and is filled from the other side (DUP-26, MRG-1).
    """
    page = book.pages[salesforce.ref.object]
    bases = {}
    for record, forms in ((hubspot, page.hubspot_forms), (salesforce, page.salesforce_forms)):
        base = link.base(record.ref.side)
        moved = link.on(record.ref.side) != record.ref
        blanks = [key_of(name, look) for name, look in forms.items() if moved and is_blank(record.fields.get(name))]
        bases[record.ref.side] = base.leaving_open(filter(base.knows, blanks)) if blanks else base
    return replace(
        link,
        hubspot=hubspot.ref,
        salesforce=salesforce.ref,
        hubspot_base=bases[Side.HUBSPOT],
        salesforce_base=bases[Side.SALESFORCE],
        wrote=link.wrote if link.salesforce == salesforce.ref else frozenset(),
    )


def _plan_gone(facts: ContactFacts, link: Link, book: Book) -> Plan:
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


def _plan_adoption(facts: ContactFacts, named: Record, match: Record, book: Book) -> Plan:
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(book.connection.name, Kind.CONTACT, hubspot.ref, salesforce.ref)
    if is_frozen(book.connection.contacts, included=qualifies(hubspot, book.connection.contacts, book.members)):
        return Plan((SaveLink(link, ("DUP-1", "INC-7")),))
    return plan_pair(hubspot, salesforce, link, book, anew=True, holder=facts.holder)


def _plan_birth(record: Record, account: str, book: Book) -> Plan:
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
