"""What became of each record of a batch, for every kind: done, reported, put off, or to be looked at again at once.

What goes wrong with one record is that record's alone. Which errors a kind can do more about than this is that kind's own business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from crmsync.errors import Conflict, Gone, Refused, SyncError, TryAgain
from crmsync.flows.apply import Applied
from crmsync.flows.opt_outs import asks_for_opt_out, look_for_opt_outs
from crmsync.flows.settlements import forget_settlements, keep_settlements
from crmsync.flows.world import World
from crmsync.model.changes import Change, coalesce, redelivered
from crmsync.model.effects import Category, Look, Plan, Report, SaveLink, effect_line
from crmsync.model.facts import Facts
from crmsync.model.records import Ref
from crmsync.rules import reports
from crmsync.rules.pace import may_retry
from crmsync.rules.refusals import drawer_of

BATCH = 1000
"""Records gathered at once: ten full HubSpot calls, half a Salesforce read, and a few megabytes of memory whatever the backlog."""

_PASSES = 3
_TRIES = 40
_LONGEST_WAIT = 900
_FIRST_WAIT = 15
_PATIENCE = 8
"""Looks after which waiting for a parent becomes a visible error: three quarters of an hour."""


AnyFacts = TypeVar("AnyFacts", bound=Facts)


@dataclass(slots=True)
class Summary:
    """What became of a batch: counts for the metrics, and one line per record that something was decided about."""

    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[dict[str, object]] = field(default_factory=list)


Pass: TypeAlias = Callable[[list[Change], Summary, bool], list[Change]]
"""Gathers, plans and applies once, and answers what must be looked at again at once; told whether it is the last time."""


def in_passes(changes: Sequence[Change], world: World, sync: Pass, summary: Summary | None = None) -> Summary:
    """Bring the named records in step, whatever their number. Raises `SyncError` only when not even putting them off worked."""
    summary = summary or Summary()
    new = untried(changes)
    pending = coalesce(list(changes))
    for start in range(0, len(pending), BATCH):
        if going := hold_retries(pending[start : start + BATCH], new, world, summary):
            _sync_batch(going, world, sync, summary)
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
    summary.decisions.append({"records": len(held), "outcome": "RetriesHeld", **told})
    return [change for change in changes if change not in held]


def _sync_batch(changes: list[Change], world: World, sync: Pass, summary: Summary) -> None:
    pending = changes
    for turn in range(_PASSES):
        try:
            pending = sync(pending, summary, turn == _PASSES - 1)
        except SyncError as error:
            put_off_all(pending, error, world, summary)
            return
        if not pending:
            return
    put_off([(change, TryAgain("others keep changing the same record")) for change in pending], world, summary)


def put_off_all(changes: Sequence[Change], error: SyncError, world: World, summary: Summary) -> None:
    """Put off a whole batch that could not be looked at, and note why."""
    told = {"records": len(changes), "outcome": type(error).__name__, "code": error.code, "reason": error.text}
    summary.decisions.append(told)
    put_off([(change, _for_all(error)) for change in changes], world, summary)


def _for_all(error: SyncError) -> TryAgain:
    """Wait out an error of a whole call, which is never one record's fault.

    Even a refusal (a revoked token, a removed field) is waited out: somebody will mend it, and no record is lost.
    """
    return error if isinstance(error, TryAgain) else TryAgain(error.text, after=_LONGEST_WAIT, code=error.code)


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
            at_once.append(redelivered(one.change))
        elif isinstance(error, TryAgain):
            later.append((one.change, error))
        elif error is not None:
            parked.append(refusal(one.change.ref, error))
        elif parent := _awaited(plan):
            ref = one.hubspot.ref if one.hubspot else one.change.ref
            later += [(one.change, TryAgain("waiting for account to sync"))] if one.change.tries < _TRIES else []
            parked += [reports.waiting_for_account(ref, parent)] if one.change.tries >= _PATIENCE else []
        asked += [one] if error is None and asks_for_opt_out(plan) else []
    parked += look_for_opt_outs(asked, world)
    summary.counts["Parked"] += len(parked) + sum(
        isinstance(effect, Report) for plan in plans for effect in plan.effects
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
    again: list[tuple[Change, int]] = []
    parked: list[Report] = []
    for change, error in changes:
        if change.tries >= _TRIES:
            parked.append(refusal(change.ref, error))
            continue
        wait = max(error.after, min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**change.tries))
        again.append((replace(change, tries=change.tries + 1), min(_LONGEST_WAIT, round(wait))))
    summary.counts["PutOff"] += len(again)
    if again:
        world.outbox.again(again)
    world.inbox.park(world.connection.name, parked)


def refusal(ref: Ref, error: SyncError) -> Report:
    """What people are told about a record that cannot be written."""
    category = Category.UNAVAILABLE if isinstance(error, TryAgain) else drawer_of(error.code)
    return Report(ref, category, error.text, error.fieldname, error.hint)


def in_step(facts: Sequence[Facts], plans: Sequence[Plan], applied: Sequence[Applied]) -> list[Ref]:
    """The records whose plans went through without a report: whatever was parked about them is settled.

    Where only one of a pair is left, it may be somebody else's by now; only what the links name is settled.
    """
    refs: set[Ref] = set()
    for one, plan, done in zip(facts, plans, applied, strict=True):
        is_open = _awaited(plan) or asks_for_opt_out(plan) or plan.is_partial
        if done.error is None and not is_open and not any(isinstance(effect, Report) for effect in plan.effects):
            is_pair = one.hubspot and one.salesforce and not one.outlived
            records = [record.ref for record in (one.hubspot, one.salesforce) if record and is_pair]
            links = [one.link, *(effect.link for effect in plan.effects if isinstance(effect, SaveLink))]
            places = [place for link in links if link for place in (link.hubspot, link.salesforce)]
            refs.update((one.change.ref, *records, *(place for place in places if isinstance(place, Ref))))
    return sorted(refs)


def note(facts: Facts, plan: Plan, error: SyncError | None, summary: Summary) -> None:
    """Count what became of a record, and keep a line where something was decided."""
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
