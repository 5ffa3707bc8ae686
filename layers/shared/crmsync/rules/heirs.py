"""What becomes of a link when one of its records is merged, converted, deleted or brought back. Alike for every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crmsync.model.changes import Cause
from crmsync.model.effects import Because, DeleteRecord, DropLink, Plan, SaveLink, nothing
from crmsync.model.facts import Facts
from crmsync.model.links import Intent, Link, LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.base import key_of
from crmsync.rules.book import Book
from crmsync.rules.pair_plan import plan_pair
from crmsync.rules.values import is_blank


def inherited(link: Link, hubspot: Record, salesforce: Record, book: Book) -> Link:
    """The link with the records that the pair now has.

    What a record leaves blank that took another one's place (a contact that a lead was converted into, the survivor of
    a merge) was never deleted there: it counts as never agreed, and is filled from the other side (DUP-26, MRG-1).
    """
    page = book.page_of(salesforce)
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
        state=LinkState.ACTIVE,
        died=None,
        hubspot_intent=link.hubspot_intent if link.hubspot == hubspot.ref else Intent(),
        salesforce_intent=link.salesforce_intent if link.salesforce == salesforce.ref else Intent(),
    )


def plan_standing(
    link: Link,
    here: Link,
    hubspot: Record,
    salesforce: Record,
    book: Book,
    *,
    resync: bool = False,
    holder: Ref | None = None,
) -> Plan:
    """Plan a pair that stands, `here` being its link with the records that it now has.

    A link both of whose records have moved cannot be updated in place: it is forgotten, and one is made anew. `holder` is as in
    `plan_pair`.
    """
    if here.hubspot != link.hubspot and here.salesforce != link.salesforce and link.version:
        plan = plan_pair(hubspot, salesforce, replace(here, version=0), book, anew=True, resync=resync, holder=holder)
        return replace(plan, effects=(DropLink(link, ("DUP-26",)), *plan.effects))
    return plan_pair(hubspot, salesforce, here, book, anew=here != link, resync=resync, holder=holder)


def plan_gone(
    facts: Facts, link: Link, *, deletes: bool, reborn: Callable[[Record], Plan], because: Because = ("DEL-1",)
) -> Plan:
    """Bury a link one of whose records is gone, or lives on in another pair (MRG-2; of companies and accounts MRG-4, MRG-5).

    A deletion in Salesforce `deletes` the HubSpot record only by the setting (DEL-1, SET-23), and is noticed whatever the list (CH-9, where
    DEL-2 misses it). A Salesforce record that comes back is `reborn` in HubSpot: one whose deletion buried the link can be there again only
    because somebody took it out of the recycle bin, whoever tells of it.
    """
    if link.state is LinkState.TOMBSTONE:
        is_back = facts.change.cause is Cause.RESTORED or link.died is Side.SALESFORCE
        if is_back and facts.salesforce and not facts.outlived:
            again = reborn(facts.salesforce)
            return replace(again, effects=(DropLink(link, because), *again.effects))
        return nothing("one of the two was deleted; an edit does not bring it back", *because)
    bury = SaveLink(replace(link, state=LinkState.TOMBSTONE, died=_who_died(facts)), because)
    if facts.hubspot and facts.salesforce is None and deletes:
        return Plan((DeleteRecord(facts.hubspot.ref, because), bury))
    return Plan((bury,))


def _who_died(facts: Facts) -> Side | None:
    """The side whose record is gone, where it is one alone."""
    if facts.outlived or (facts.hubspot is None) == (facts.salesforce is None):
        return None
    return Side.HUBSPOT if facts.hubspot is None else Side.SALESFORCE


def over_tombstones(facts: Facts, match: Record, plan: Plan) -> Plan:
    """A record whose counterpart was deleted is free for a new one: its tombstone makes room."""
    old = tuple(DropLink(link, ("DUP-1",)) for link in facts.buried if match.ref in (link.hubspot, link.salesforce))
    return replace(plan, effects=(*old, *plan.effects))
