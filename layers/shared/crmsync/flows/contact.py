"""Contacts, batch by batch: gather everything, plan each record, apply all plans together.

What goes wrong with one record is that record's alone: it is looked at again, put off, or kept in the error inbox with its cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmsync.errors import Conflict, Gone, Refused, SyncError, TryAgain
from crmsync.flows.apply import Applied, apply
from crmsync.flows.contact_gather import gather
from crmsync.flows.contact_plan import EMAIL, completed, open_book, plan_all, vacating, with_accounts
from crmsync.flows.world import World
from crmsync.model.changes import Cause, Change, coalesce
from crmsync.model.effects import Category, Plan, Report, UpdateRecord, effect_line
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side, Value
from crmsync.plans.contact import ContactFacts
from crmsync.rules import reports
from crmsync.rules.base import rebased
from crmsync.rules.book import Book
from crmsync.rules.contact_book import contact_book
from crmsync.rules.refusals import drawer_of

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
    book = contact_book(world.connection, world.sealer, world.our_user, world.our_app)
    pending = coalesce(list(changes))
    for start in range(0, len(pending), BATCH):
        _sync_batch(pending[start : start + BATCH], world, book, summary)
    return summary


def _sync_batch(changes: list[Change], world: World, book: Book, summary: Summary) -> None:
    pending = changes
    for turn in range(_PASSES):
        try:
            pending = _sync_pass(pending, world, book, summary, is_last=turn == _PASSES - 1)
        except SyncError as error:
            _put_off([(change, _for_all(error)) for change in pending], world, summary)
            return
        if not pending:
            return
    _put_off([(change, TryAgain("others keep changing the same record")) for change in pending], world, summary)


def _for_all(error: SyncError) -> TryAgain:
    """Wait out an error of a whole call, which is never one record's fault.

    Even a refusal (a revoked token, a removed field) is waited out: somebody will mend it, and no record is lost.
    """
    return error if isinstance(error, TryAgain) else TryAgain(error.text, after=_LONGEST_WAIT, code=error.code)


def _sync_pass(changes: list[Change], world: World, book: Book, summary: Summary, *, is_last: bool) -> list[Change]:
    """Gather, plan and apply once; answers the changes that must be looked at again at once."""
    gathered = gather(changes, world, book)
    summary.counts["Quiet"] += gathered.quiet
    facts = with_accounts(gathered.facts, world)
    book = open_book(facts, world, book)
    plans = plan_all(facts, world, book)
    applied = _carry_out(facts, plans, world, book)
    return [*gathered.not_yet, *_conclude(facts, plans, applied, world, summary, is_last=is_last)]


def _carry_out(facts: list[ContactFacts], plans: list[Plan], world: World, book: Book) -> list[Applied]:
    """Apply the plans, and for records that were just made look at the new pair at once, which also stores its link.

    The lists are brought up to date: for a newborn's pair they then hold its facts and both its plans as one.
    """

    def settle(link: Link, side: Side, fields: Mapping[str, Value]) -> Link:
        return _settled(link, side, fields, book)

    apply(vacating(facts, plans), world, settle)
    applied = apply(plans, world, settle)
    pairs = completed(facts, plans, applied, world, book)
    second = plan_all([pair for _, pair in pairs], world, book)
    for (at, pair), plan, done in zip(pairs, second, apply(second, world, settle), strict=True):
        facts[at], applied[at] = pair, done
        plans[at] = replace(plan, effects=plans[at].effects + plan.effects)
    return applied


def _conclude(
    facts: Sequence[ContactFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    world: World,
    summary: Summary,
    *,
    is_last: bool,
) -> list[Change]:
    """Sort what became of each record: done, parked, put off, or (the answer) to be looked at again at once."""
    at_once: list[Change] = []
    later: list[tuple[Change, TryAgain]] = []
    parked: list[Report] = []
    for one, plan, done in zip(facts, plans, applied, strict=True):
        error = done.error
        _note(one, plan, error, summary)
        if isinstance(error, Conflict) and one.link is not None and error.existing and _moves_address(plan):
            holder = replace(one.change, ref=replace(_hubspot_ref(one), id=error.existing), cause=Cause.RESYNC)
            at_once += [] if is_last else [replace(one.change, cause=Cause.RESYNC), holder]
            parked += [reports.address_taken(_hubspot_ref(one))] if is_last else []
        elif isinstance(error, Conflict | Gone):
            at_once.append(one.change)
        elif isinstance(error, TryAgain):
            later.append((one.change, error))
        elif error is not None:
            parked.append(_refusal(one.change.ref, error))
    summary.counts["Parked"] += len(parked) + sum(
        isinstance(effect, Report) for plan in plans for effect in plan.effects
    )
    world.inbox.park(world.connection.name, parked)
    world.inbox.clear(world.connection.name, _in_step(facts, plans, applied))
    _put_off(later, world, summary)
    return at_once


def _moves_address(plan: Plan) -> bool:
    return any(
        isinstance(one, UpdateRecord) and one.side is Side.HUBSPOT and EMAIL in one.fields for one in plan.effects
    )


def _hubspot_ref(facts: ContactFacts) -> Ref:
    return facts.hubspot.ref if facts.hubspot else facts.change.ref


def _settled(link: Link, side: Side, fields: Mapping[str, Value], book: Book) -> Link:
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
    summary.counts["PutOff"] += len(again)
    if again:
        world.outbox.again(again)
    world.inbox.park(world.connection.name, parked)


def _refusal(ref: Ref, error: SyncError) -> Report:
    category = Category.UNAVAILABLE if isinstance(error, TryAgain) else drawer_of(error.code)
    return Report(ref, category, error.text, error.fieldname, error.hint)


def _in_step(facts: Sequence[ContactFacts], plans: Sequence[Plan], applied: Sequence[Applied]) -> list[Ref]:
    """The records whose plans went through without a report: whatever was parked about them is settled."""
    refs: list[Ref] = []
    for one, plan, done in zip(facts, plans, applied, strict=True):
        if done.error is None and not any(isinstance(effect, Report) for effect in plan.effects):
            refs.append(one.change.ref)
            refs.extend(
                record.ref for record in (one.hubspot, one.salesforce) if record and record.ref != one.change.ref
            )
    return refs


def _note(facts: ContactFacts, plan: Plan, error: SyncError | None, summary: Summary) -> None:
    outcome = "Done" if error is None else type(error).__name__
    summary.counts[outcome] += 1
    if not plan.effects and error is None:
        return
    summary.decisions.append(
        {
            "record": str(facts.change.ref),
            "effects": [effect_line(effect) for effect in plan.effects],
            "conflicts": [
                f"{one.hubspot} / {one.salesforce}: {one.policy}, {one.winner} wins" for one in plan.conflicts
            ],
            "outcome": outcome,
            "code": error.code if isinstance(error, Refused) else "",
        }
    )
