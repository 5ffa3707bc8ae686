"""What became of each record of a batch, for every kind: done, reported, put off, or to be looked at again at once.

What goes wrong with one record is that record's alone. Which errors a kind can do more about than this is that kind's own business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from crmsync.errors import Conflict, Down, Gone, OutOfTime, Refused, SyncError, TryAgain
from crmsync.flows.apply import Applied
from crmsync.flows.gate import Gate
from crmsync.flows.opt_outs import asks_for_opt_out, look_for_opt_outs
from crmsync.flows.settlements import forget_settlements, keep_settlements
from crmsync.flows.standstill import Waiting
from crmsync.flows.turns import Met, Turns
from crmsync.flows.world import World
from crmsync.model.changes import Cause, Change, coalesce, once_more
from crmsync.model.effects import Category, Look, Plan, Report, SaveLink, effect_line
from crmsync.model.facts import Facts
from crmsync.model.records import Ref
from crmsync.rules import reports
from crmsync.rules.outages import TRIES
from crmsync.rules.pace import may_retry
from crmsync.rules.refusals import drawer_of

BATCH = 1000
"""Records gathered at once: ten full HubSpot calls, half a Salesforce read, and a few megabytes of memory whatever the backlog."""

PARENT = "PARENT"
"""The code of a wait for a parent."""

_PASSES = 3
_LONGEST_WAIT = 900
_FIRST_WAIT = 15
_PATIENCE = 8
"""Looks after which waiting for a parent becomes a visible error: three quarters of an hour."""


AnyFacts = TypeVar("AnyFacts", bound=Facts)


@dataclass(slots=True)
class Summary:
    """What became of a batch: counts for the metrics, one line per record that something was decided about, and what waits longest."""

    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[dict[str, object]] = field(default_factory=list)
    oldest: Waiting | None = None
    """The oldest change that was put off, since it happened; one that waits for its parent is told of elsewhere."""
    fallen: list[tuple[Change, SyncError]] = field(default_factory=list)
    """What a side that is down kept from being written, until it is taken."""

    def waits(self, change: Change, code: str) -> None:
        """Take note of a change that was put off."""
        if code != PARENT and (self.oldest is None or change.at < self.oldest.since):
            self.oldest = Waiting(change.at, code)

    def take_fallen(self) -> list[tuple[Change, SyncError]]:
        """What has fallen since the last time."""
        fallen, self.fallen = self.fallen, []
        return fallen


Pass: TypeAlias = Callable[[list[Change], Summary, bool], list[Change]]
"""Gathers, plans and applies once, and answers what must be looked at again at once; told whether it is the last time."""


def in_passes(changes: Sequence[Change], world: World, sync: Pass, summary: Summary | None = None) -> Summary:
    """Bring the named records in step, as many as the invocation has time for; the others go back into their queue at once.

    A side that is down costs nobody a try: what met it waits in the queue, and so does everything behind it (see `Turns`).
    Raises `SyncError` only when not even putting them off worked.
    """
    summary = summary or Summary()
    if not changes:
        return summary
    new = untried(changes)
    gate = Gate(world.connection.name, changes[0].kind, world.troubles, world.outbox, world.now)
    gate.look()
    turns = Turns(gate, summary, BATCH)
    turns.begin(coalesce(list(changes)))
    while some := turns.take():
        if not world.may_begin():
            put_back([*some, *turns.leave()], world, summary)
            break
        going = hold_retries(some, new, world, summary)
        met = _sync_batch(going, world, sync, summary) if going else None
        if met and isinstance(met.error, OutOfTime):
            put_back([*map(once_more, met.changes), *turns.leave()], world, summary)
            break
        if going:
            put_off(turns.came(going, met), world, summary)
    turns.end()
    return summary


def untried(changes: Sequence[Change]) -> frozenset[Ref]:
    """The records of which a change was never put off: somebody has touched them, or asks for them (RTY-3)."""
    return frozenset(change.ref for change in changes if not change.tries)


def hold_retries(changes: Sequence[Change], new: Collection[Ref], world: World, summary: Summary) -> list[Change]:
    """The changes to be looked at now: those of the `new` records, and retries unless too many calls are used (RTY-2).

    Such a retry goes back into the queue without a call, and it counts as no try. Raises `SyncError` when that did not work.
    """
    known, allotment, now = world.meter.known(), world.connection.salesforce.daily_call_allotment, world.now()
    held = {one for one in changes if one.ref not in new and not may_retry(one.at, known, allotment, now)}
    if known is None or not held:
        return list(changes)
    world.outbox.again([(change, _LONGEST_WAIT) for change in changes if change in held])
    told = {"used": known.calls.used, "allowed": known.calls.allowed, "allotment": allotment}
    summary.counts["RetriesHeld"] += len(held)
    for change in held:
        summary.waits(change, "RETRIES_HELD")
    summary.decisions.append({"records": len(held), "outcome": "RetriesHeld", **told})
    return [change for change in changes if change not in held]


def _sync_batch(changes: list[Change], world: World, sync: Pass, summary: Summary) -> Met | None:
    """Look at a batch until nothing of it must be looked at again at once; answers what a side that is down kept from its end."""
    pending = changes
    for turn in range(_PASSES):
        try:
            pending = sync(pending, summary, turn == _PASSES - 1)
        except SyncError as error:
            return Met(error, (*pending, *(change for change, _ in summary.take_fallen())), is_whole=True)
        if not pending:
            break
    put_off([(change, TryAgain("others keep changing the same record")) for change in pending], world, summary)
    fallen = summary.take_fallen()
    return Met(fallen[0][1], tuple(change for change, _ in fallen), is_whole=False) if fallen else None


@dataclass(frozen=True, slots=True)
class Rival:
    """Another record stands in the way: both are looked at together, or, when that was of no use, people are told."""

    changes: tuple[Change, ...]
    report: Report


FindRival: TypeAlias = Callable[[AnyFacts, Plan, SyncError], Rival | None]


def conclude(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    world: World,
    summary: Summary,
    *,
    is_last: bool,
    rival_of: FindRival[AnyFacts] = lambda _facts, _plan, _error: None,
) -> list[Change]:
    """Sort what became of each record: done, parked, put off, or (the answer) to be looked at again at once."""
    at_once: list[Change] = []
    later: list[tuple[Change, TryAgain]] = []
    parked: list[Report] = []
    asked: list[Facts] = []
    _tell_ledger(facts, plans, applied, world, summary)
    for one, plan, done in zip(facts, plans, applied, strict=True):
        error = done.error
        note(one, plan, error, summary)
        rival = rival_of(one, plan, error) if error else None
        if rival:
            at_once += [] if is_last else rival.changes
            parked += [rival.report] if is_last else []
        elif isinstance(error, Conflict | Gone) and not (is_last and error.hint):
            at_once.append(once_more(one.change))
        elif isinstance(error, Down):
            summary.fallen.append((one.change, error))
        elif isinstance(error, TryAgain):
            later.append((one.change, error))
        elif error is not None:
            parked.append(refusal(one.change.ref, error))
        elif parent := _awaited(plan):
            ref = one.hubspot.ref if one.hubspot else one.change.ref
            wait = TryAgain("waiting for account to sync", code=PARENT)
            later += [(one.change, wait)] if one.change.tries < TRIES else []
            parked += [reports.waiting_for_account(ref, parent)] if one.change.tries >= _PATIENCE else []
        asked += [one] if error is None and asks_for_opt_out(plan) else []
    parked += look_for_opt_outs(asked, world)
    summary.counts["Parked"] += len(parked) + sum(
        isinstance(effect, Report) for plan in plans for effect in plan.effects
    )
    summary.counts["Braked"] += sum(
        isinstance(effect, Report) and effect.category is Category.BRAKE for plan in plans for effect in plan.effects
    )
    world.inbox.park(world.connection.name, parked)
    world.inbox.clear(world.connection.name, in_step(facts, plans, applied))
    put_off(later, world, summary)
    return at_once


def _tell_ledger(
    facts: Sequence[Facts], plans: Sequence[Plan], applied: Sequence[Applied], world: World, summary: Summary
) -> None:
    """Have the ledger keep what was settled, and forget whoever asked for it; what it could not keep stands in the log at least."""
    forget_settlements(facts, applied, world)
    if error := keep_settlements(plans, applied, world):
        told = {"ledger": "conflicts not kept", "outcome": type(error).__name__, "code": error.code}
        summary.decisions.append({**told, "reason": error.text})


def _awaited(plan: Plan) -> Ref | None:
    """The parent that a plan waits for. Whoever has waited too long is woken by the flow of that parent's kind alone."""
    return next((effect.ref for effect in plan.effects if isinstance(effect, Look) and effect.waiting), None)


def put_off(changes: Sequence[tuple[Change, TryAgain]], world: World, summary: Summary) -> None:
    """Back into the queue with growing waits; after a good half day of tries the record is parked instead, where a person sees it."""
    put_back([once_more(change) for change, error in changes if isinstance(error, OutOfTime)], world, summary)
    again: list[tuple[Change, int]] = []
    parked: list[Report] = []
    for change, error in changes:
        if isinstance(error, OutOfTime):
            continue
        if change.tries >= TRIES:
            parked.append(refusal(change.ref, error))
            continue
        wait = max(error.after, min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**change.tries))
        again.append((replace(change, tries=change.tries + 1, held=False), min(_LONGEST_WAIT, round(wait))))
        summary.waits(change, error.code)
    summary.counts["PutOff"] += len(again)
    if again:
        world.outbox.again(again)
    world.inbox.park(world.connection.name, parked)


def put_back(changes: Sequence[Change], world: World, summary: Summary) -> None:
    """Back into the queue at once, as they are, because this invocation ends soon. Raises `SyncError` when that did not work."""
    if changes:
        summary.counts["PutBack"] += len(changes)
        world.outbox.again([(change, 0) for change in changes])


def refusal(ref: Ref, error: SyncError) -> Report:
    """What people are told about a record that cannot be written."""
    category = Category.UNAVAILABLE if isinstance(error, TryAgain) else drawer_of(error.code)
    return Report(ref, category, error.text, error.fieldname, error.hint)


def in_step(facts: Sequence[Facts], plans: Sequence[Plan], applied: Sequence[Applied]) -> list[Ref]:
    """The records whose plans went through without a report: whatever was parked about them is settled.

    What is told after a privacy deletion is about what is left, and settles all that was said of the two records.
    Where only one of a pair is left, it may be somebody else's by now; only what the links name is settled.
    """
    refs: set[Ref] = set()
    for one, plan, done in zip(facts, plans, applied, strict=True):
        is_decided = one.change.cause in {Cause.RELEASED, Cause.DROPPED}
        is_open = _awaited(plan) or asks_for_opt_out(plan) or (plan.is_partial and not is_decided)
        told = (effect for effect in plan.effects if isinstance(effect, Report))
        if done.error is None and not is_open and all(report.category is Category.PRIVACY for report in told):
            is_pair = one.hubspot and one.salesforce and not one.outlived
            records = [record.ref for record in (one.hubspot, one.salesforce) if record and is_pair]
            links = [one.link, *(effect.link for effect in plan.effects if isinstance(effect, SaveLink))]
            places = [place for link in links if link for place in (link.hubspot, link.salesforce)]
            refs.update((one.change.ref, *records, *(place for place in places if isinstance(place, Ref))))
    return sorted(refs)


def note(facts: Facts, plan: Plan, error: SyncError | None, summary: Summary) -> None:
    """Count what became of a record, and keep a line where something was decided."""
    outcome = "Done" if error is None else "Refused" if isinstance(error, Refused) else type(error).__name__
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
