"""Contacts, batch by batch: gather everything, plan each record, apply all plans together.

What a batch costs is decided here: both sides are read only for records that show news, history only for fields that both sides changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmsync.errors import Conflict, Gone, Refused, SyncError, TryAgain
from crmsync.flows.apply import apply
from crmsync.flows.world import World
from crmsync.model.changes import Cause, Change, coalesce
from crmsync.model.effects import Category, Plan, Report, effect_line
from crmsync.model.fields import Update
from crmsync.model.links import Link
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.plans.contact import ContactFacts, address_of, is_quiet, plan_contact
from crmsync.rules.base import rebased
from crmsync.rules.contact_book import ContactBook, contact_book
from crmsync.rules.refusals import drawer_of
from crmsync.rules.values import is_blank

BATCH = 1000
"""Records gathered at once: ten full HubSpot calls, half a Salesforce read, and a few megabytes of memory whatever the backlog."""

_PASSES = 3
_TRIES = 40
_LONGEST_WAIT = 900
_FIRST_WAIT = 15


@dataclass(slots=True)
class Summary:
    """What became of a batch: counts for the metrics, and one line per record that something was decided about."""

    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[dict[str, object]] = field(default_factory=list)


def sync_contacts(changes: Sequence[Change], world: World) -> Summary:
    """Bring the named contacts in step, whatever their number. Raises `SyncError` only when not even putting them off worked."""
    summary = Summary()
    book = contact_book(world.connection, world.sealer, world.our_user)
    pending = coalesce(list(changes))
    for start in range(0, len(pending), BATCH):
        _sync_batch(pending[start : start + BATCH], world, book, summary)
    return summary


def _sync_batch(changes: list[Change], world: World, book: ContactBook, summary: Summary) -> None:
    pending = changes
    for _ in range(_PASSES):
        try:
            pending = _sync_pass(pending, world, book, summary)
        except TryAgain as error:
            _put_off([(change, error) for change in pending], world, summary)
            return
        if not pending:
            return
    _put_off([(change, TryAgain("others keep changing the same record")) for change in pending], world, summary)


def _sync_pass(changes: list[Change], world: World, book: ContactBook, summary: Summary) -> list[Change]:
    """Gather, plan and apply once; answers the changes that must be looked at again at once."""
    gathered = gather(changes, world, book)
    summary.counts["quiet"] += gathered.quiet
    plans = _plan_all(gathered.facts, world, book)
    errors = apply(plans, world, lambda link, side, fields: _settled(link, side, fields, book))
    at_once = list(gathered.not_yet)
    later: list[tuple[Change, TryAgain]] = []
    parked: list[Report] = []
    for facts, plan, error in zip(gathered.facts, plans, errors, strict=True):
        _note(facts, plan, error, summary)
        if isinstance(error, Conflict | Gone):
            at_once.append(facts.change)
        elif isinstance(error, TryAgain):
            later.append((facts.change, error))
        elif error is not None:
            parked.append(_refusal(facts.change.ref, error))
    world.inbox.park(world.connection.name, parked)
    world.inbox.clear(world.connection.name, _in_step(gathered.facts, plans, errors))
    _put_off(later, world, summary)
    return at_once


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a batch turned out to be: facts to plan, how many records showed nothing new, and changes that must wait for another's plan."""

    facts: list[ContactFacts]
    not_yet: list[Change]
    quiet: int


def gather(changes: Sequence[Change], world: World, book: ContactBook) -> Gathered:
    """Read all that the plans need: links, the named side, and the other side only where the named one shows news."""
    links = world.links.find(world.connection.name, [change.ref for change in changes])
    named = _read(world, book, (change.ref for change in changes))
    loud = [change for change in changes if not _nothing_new(change, links, named, book)]
    firsts, not_yet = _one_per_person(loud, links, named)
    across = _read(world, book, _other_places(firsts, links, named))
    found = _find(world, book, [named[change.ref] for change in firsts if change.ref not in links and change.ref in named])
    taken = world.links.find(world.connection.name, [record.ref for records in found.values() for record in records])
    facts = [_facts(change, links.get(change.ref), named | across, found, taken) for change in firsts]
    return Gathered(facts, not_yet, len(changes) - len(loud))


def _nothing_new(change: Change, links: Mapping[Ref, Link], named: Mapping[Ref, Record], book: ContactBook) -> bool:
    link, record = links.get(change.ref), named.get(change.ref)
    return change.cause is not Cause.RESYNC and link is not None and record is not None and is_quiet(record, link, book)


def _one_per_person(
    changes: Sequence[Change], links: Mapping[Ref, Link], named: Mapping[Ref, Record]
) -> tuple[list[Change], list[Change]]:
    """Plan each pair once and each unlinked address once: two plans for one person would both create it.

    A pair that both sides named is covered by the first plan; a second record with the same address waits for the first one's link.
    """
    firsts: dict[object, Change] = {}
    not_yet: list[Change] = []
    for change in changes:
        link, record = links.get(change.ref), named.get(change.ref)
        address = str(address_of(record)).strip().lower() if record and not is_blank(address_of(record)) else change.ref
        person: object = link.hubspot if link else address
        if person not in firsts:
            firsts[person] = change
        elif link is None:
            not_yet.append(change)
    return list(firsts.values()), not_yet


def _other_places(changes: Iterable[Change], links: Mapping[Ref, Link], named: Mapping[Ref, Record]) -> list[Ref]:
    places = (links[change.ref].on(change.ref.side.other) for change in changes if change.ref in links and change.ref in named)
    return [place for place in places if isinstance(place, Ref) and place not in named]


def _facts(
    change: Change,
    link: Link | None,
    records: Mapping[Ref, Record],
    found: Mapping[tuple[Side, str], tuple[Record, ...]],
    taken: Mapping[Ref, Link],
) -> ContactFacts:
    if link is not None:
        there = {side: records.get(place) for side in Side if isinstance(place := link.on(side), Ref)}
        return ContactFacts(change, link, there.get(Side.HUBSPOT), there.get(Side.SALESFORCE))
    record = records.get(change.ref)
    ours = {change.ref.side: record}
    candidates = found.get((change.ref.side.other, _address(record)), ()) if record else ()
    return ContactFacts(
        change,
        None,
        ours.get(Side.HUBSPOT),
        ours.get(Side.SALESFORCE),
        candidates,
        frozenset(one.ref for one in candidates if one.ref in taken),
    )


def _read(world: World, book: ContactBook, refs: Iterable[Ref]) -> dict[Ref, Record]:
    records: dict[Ref, Record] = {}
    wanted = list(refs)
    for side in Side:
        here = [ref for ref in wanted if ref.side is side]
        if here:
            records.update(world.crm(side).read(here, book.fields(side)))
    return records


def _find(world: World, book: ContactBook, records: Sequence[Record]) -> dict[tuple[Side, str], tuple[Record, ...]]:
    """The records across that hold the same addresses, by the side they are on and the address."""
    found: dict[tuple[Side, str], tuple[Record, ...]] = {}
    for side in Side:
        emails = [_address(record) for record in records if record.ref.side is side.other and not is_blank(address_of(record))]
        if emails:
            for record in world.crm(side).find(emails, book.fields(side)):
                key = (side, _address(record))
                found[key] = (*found.get(key, ()), record)
    return found


def _address(record: Record | None) -> str:
    return str(address_of(record) or "").strip().lower() if record else ""


def _plan_all(facts: list[ContactFacts], world: World, book: ContactBook) -> list[Plan]:
    """Plan every record; those in which both sides changed a two-way field are read once more, with the ages of their values."""
    plans = [_plan_safely(one, book) for one in facts]
    contested = [index for index, plan in enumerate(plans) if any(conflict.policy == Update.TWO_WAY for conflict in plan.conflicts)]
    hubspot_refs = [place for index in contested if (place := _hubspot_ref(facts[index]))]
    if hubspot_refs:
        aged = world.hubspot.read(hubspot_refs, book.fields(Side.HUBSPOT), history=True)
        for index in contested:
            facts[index] = _with_ages(facts[index], aged)
            plans[index] = _plan_safely(facts[index], book)
    return plans


def _hubspot_ref(facts: ContactFacts) -> Ref | None:
    if facts.hubspot:
        return facts.hubspot.ref
    return next((one.ref for one in facts.candidates if one.ref.side is Side.HUBSPOT and one.ref not in facts.taken), None)


def _with_ages(facts: ContactFacts, aged: Mapping[Ref, Record]) -> ContactFacts:
    hubspot = aged.get(facts.hubspot.ref, facts.hubspot) if facts.hubspot else None
    return replace(facts, hubspot=hubspot, candidates=tuple(aged.get(one.ref, one) for one in facts.candidates))


def _plan_safely(facts: ContactFacts, book: ContactBook) -> Plan:
    """A record that the planner trips over is reported and must not take the other 999 of its batch with it."""
    try:
        return plan_contact(facts, book)
    except Exception as error:  # noqa: BLE001 - any defect in planning one record is that record's alone; it is shown, not swallowed
        text = f"could not be planned: {type(error).__name__}"
        report = Report(facts.change.ref, Category.INTERNAL, text, hint="This is a defect of crmsync; please report it.")
        return Plan((report,))


def _settled(link: Link, side: Side, fields: Mapping[str, Value], book: ContactBook) -> Link:
    if not isinstance(link.salesforce, Ref) or side is not Side.HUBSPOT:
        return link
    forms = book.pages[link.salesforce.object].hubspot_forms
    return replace(link, hubspot_base=rebased(link.hubspot_base, forms, fields, book.sealer))


def _put_off(changes: Sequence[tuple[Change, TryAgain]], world: World, summary: Summary) -> None:
    """Back into the queue with growing waits; after a good half day of tries the record is parked instead, where a person sees it."""
    again: list[tuple[Change, int]] = []
    parked: list[Report] = []
    for change, error in changes:
        if change.tries >= _TRIES:
            parked.append(_refusal(change.ref, error))
            continue
        wait = max(error.after, min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**change.tries))
        again.append((replace(change, tries=change.tries + 1), min(_LONGEST_WAIT, round(wait))))
    summary.counts["again"] += len(again)
    if again:
        world.outbox.again(again)
    world.inbox.park(world.connection.name, parked)


def _refusal(ref: Ref, error: SyncError) -> Report:
    category = Category.UNAVAILABLE if isinstance(error, TryAgain) else drawer_of(error.code)
    return Report(ref, category, error.text, error.fieldname, error.hint)


def _in_step(facts: Sequence[ContactFacts], plans: Sequence[Plan], errors: Sequence[SyncError | None]) -> list[Ref]:
    """The records whose plans went through without a report: whatever was parked about them is settled."""
    refs: list[Ref] = []
    for one, plan, error in zip(facts, plans, errors, strict=True):
        if error is None and not any(isinstance(effect, Report) for effect in plan.effects):
            refs.append(one.change.ref)
            refs.extend(record.ref for record in (one.hubspot, one.salesforce) if record and record.ref != one.change.ref)
    return refs


def _note(facts: ContactFacts, plan: Plan, error: SyncError | None, summary: Summary) -> None:
    outcome = "done" if error is None else type(error).__name__
    summary.counts[outcome] += 1
    if not plan.effects and error is None:
        return
    summary.decisions.append(
        {
            "record": str(facts.change.ref),
            "effects": [effect_line(effect) for effect in plan.effects],
            "conflicts": [f"{one.hubspot} / {one.salesforce}: {one.policy}, {one.winner} wins" for one in plan.conflicts],
            "outcome": outcome,
            "code": error.code if isinstance(error, Refused) else "",
        }
    )
