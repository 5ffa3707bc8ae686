"""What became of each record of a batch, for every kind: done, reported, put off, or to be looked
at again at once.

What goes wrong with one record is that record's alone. Which errors a kind can do more about than
this is that kind's own business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from crmsync.errors import Conflict, Down, Gone, OutOfTime, Refused, SyncError, TryAgain
from crmsync.flows.engine.apply import Applied
from crmsync.flows.engine.conflict_log import forget_conflicts, log_conflicts
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.opt_outs import asks_for_opt_out, check_opt_outs_later
from crmsync.flows.engine.staleness import LongestWait
from crmsync.model.changes import Cause, Change, once_more
from crmsync.model.effects import Category, Plan, Report, RequestSync, SaveLink, effect_line
from crmsync.model.facts import Facts
from crmsync.model.records import Ref
from crmsync.rules.pair import reports
from crmsync.rules.pair.refusals import category_of
from crmsync.rules.timing.outages import TRIES

PARENT = "PARENT"
"""The code of a wait for a parent."""

LONGEST_WAIT = 900
"""Seconds: the longest delay that SQS takes."""

_FIRST_WAIT = 15
_PATIENCE = 8
"""Looks after which waiting for a parent becomes a visible error: three quarters of an hour."""


AnyFacts = TypeVar("AnyFacts", bound=Facts)


@dataclass(slots=True)
class Summary:
    """What became of a batch: counts for the metrics, one line per record that something was
    decided about, and what waits longest.
    """

    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[dict[str, object]] = field(default_factory=list)
    oldest: LongestWait | None = None
    """The oldest change that was put off, since it happened; one that waits for its parent is told
    of elsewhere.
    """
    fallen: list[tuple[Change, SyncError]] = field(default_factory=list)
    """What a side that is down kept from being written, until it is taken."""

    def waits(self, change: Change, code: str) -> None:
        """Take note of a change that was put off."""
        if code != PARENT and (self.oldest is None or change.at < self.oldest.since):
            self.oldest = LongestWait(change.at, code)

    def take_fallen(self) -> list[tuple[Change, SyncError]]:
        """What has fallen since the last time."""
        fallen, self.fallen = self.fallen, []
        return fallen


@dataclass(frozen=True, slots=True)
class BlockingRecord:
    """Another record stands in the way: both are looked at together, or, when that was of no use,
    people are told.
    """

    changes: tuple[Change, ...]
    report: Report


FindBlocking: TypeAlias = Callable[[AnyFacts, Plan, SyncError], BlockingRecord | None]


def process_results(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    context: SyncContext,
    summary: Summary,
    *,
    is_last: bool,
    rival_of: FindBlocking[AnyFacts] = lambda _facts, _plan, _error: None,
) -> list[Change]:
    """Sort what became of each record: done, parked, put off, or (the answer) to be looked at again
    at once.
    """
    at_once: list[Change] = []
    later: list[tuple[Change, TryAgain]] = []
    parked: list[Report] = []
    asked: list[Facts] = []
    _tell_ledger(facts, plans, applied, context, summary)
    for one, plan, done in zip(facts, plans, applied, strict=True):
        error = done.error
        record_outcome(one, plan, error, summary)
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
            parked.append(report_of_error(one.change.ref, error))
        elif parent := _awaited(plan):
            ref = one.hubspot.ref if one.hubspot else one.change.ref
            wait = TryAgain("waiting for account to sync", code=PARENT)
            later += [(one.change, wait)] if one.change.tries < TRIES else []
            parked += (
                [reports.waiting_for_account(ref, parent)] if one.change.tries >= _PATIENCE else []
            )
        asked += [one] if error is None and asks_for_opt_out(plan) else []
    parked += check_opt_outs_later(asked, context)
    summary.counts["Parked"] += len(parked) + sum(
        isinstance(effect, Report) for plan in plans for effect in plan.effects
    )
    summary.counts["Braked"] += sum(
        isinstance(effect, Report) and effect.category is Category.BRAKE
        for plan in plans
        for effect in plan.effects
    )
    context.inbox.park(context.connection.name, parked)
    context.inbox.clear(context.connection.name, resolved_records(facts, plans, applied))
    retry_later(later, context, summary)
    return at_once


def _tell_ledger(
    facts: Sequence[Facts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    context: SyncContext,
    summary: Summary,
) -> None:
    """Have the ledger keep what was settled, and forget whoever asked for it; what it could not
    keep stands in the log at least.
    """
    forget_conflicts(facts, applied, context)
    if error := log_conflicts(plans, applied, context):
        told = {"ledger": "conflicts not kept", "outcome": type(error).__name__, "code": error.code}
        summary.decisions.append({**told, "reason": error.text})


def _awaited(plan: Plan) -> Ref | None:
    """The parent that a plan waits for. Whoever has waited too long is woken by the flow of that
    parent's kind alone.
    """
    return next(
        (
            effect.ref
            for effect in plan.effects
            if isinstance(effect, RequestSync) and effect.waiting
        ),
        None,
    )


def retry_later(
    changes: Sequence[tuple[Change, TryAgain]], context: SyncContext, summary: Summary
) -> None:
    """Back into the queue with growing waits; after a good half day of tries the record is parked
    instead, where a person sees it.
    """
    requeue(
        [once_more(change) for change, error in changes if isinstance(error, OutOfTime)],
        context,
        summary,
    )
    again: list[tuple[Change, int]] = []
    parked: list[Report] = []
    for change, error in changes:
        if isinstance(error, OutOfTime):
            continue
        if change.tries >= TRIES:
            parked.append(report_of_error(change.ref, error))
            continue
        wait = max(error.after, min(LONGEST_WAIT, _FIRST_WAIT * 2.0**change.tries))
        again.append(
            (replace(change, tries=change.tries + 1, held=False), min(LONGEST_WAIT, round(wait)))
        )
        summary.waits(change, error.code)
    summary.counts["PutOff"] += len(again)
    if again:
        context.outbox.again(again)
    context.inbox.park(context.connection.name, parked)


def requeue(changes: Sequence[Change], context: SyncContext, summary: Summary) -> None:
    """Back into the queue at once, as they are, because this invocation ends soon. Raises
    `SyncError` when that did not work.
    """
    if changes:
        summary.counts["PutBack"] += len(changes)
        context.outbox.again([(change, 0) for change in changes])


def report_of_error(ref: Ref, error: SyncError) -> Report:
    """What people are told about a record that cannot be written."""
    category = Category.UNAVAILABLE if isinstance(error, TryAgain) else category_of(error.code)
    return Report(ref, category, error.text, error.fieldname, error.hint)


def resolved_records(
    facts: Sequence[Facts], plans: Sequence[Plan], applied: Sequence[Applied]
) -> list[Ref]:
    """The records whose plans went through without a report: whatever was parked about them is
    settled.

    What is told after a privacy deletion is about what is left, and settles all that was said of
    the two records. Where only one of a pair is left, it may be somebody else's by now; only what
    the links name is settled.
    """
    refs: set[Ref] = set()
    for one, plan, done in zip(facts, plans, applied, strict=True):
        is_decided = one.change.cause in {Cause.RELEASED, Cause.DROPPED}
        is_open = _awaited(plan) or asks_for_opt_out(plan) or (plan.is_partial and not is_decided)
        told = (effect for effect in plan.effects if isinstance(effect, Report))
        if (
            done.error is None
            and not is_open
            and all(report.category is Category.PRIVACY for report in told)
        ):
            is_pair = one.hubspot and one.salesforce and not one.outlived
            records = [record.ref for record in (one.hubspot, one.salesforce) if record and is_pair]
            links = [
                one.link,
                *(effect.link for effect in plan.effects if isinstance(effect, SaveLink)),
            ]
            places = [place for link in links if link for place in (link.hubspot, link.salesforce)]
            refs.update(
                (one.change.ref, *records, *(place for place in places if isinstance(place, Ref)))
            )
    return sorted(refs)


def record_outcome(facts: Facts, plan: Plan, error: SyncError | None, summary: Summary) -> None:
    """Count what became of a record, and keep a line where something was decided."""
    outcome = (
        "Done"
        if error is None
        else "Refused"
        if isinstance(error, Refused)
        else type(error).__name__
    )
    summary.counts[outcome] += 1
    if not plan.effects and error is None:
        return
    summary.decisions.append(
        {
            "record": str(facts.change.ref),
            "effects": [effect_line(effect) for effect in plan.effects],
            "conflicts": [
                f"{one.hubspot} / {one.salesforce}: {one.policy}, {one.winner} wins"
                for one in plan.conflicts
            ],
            "outcome": outcome,
            "code": error.code if isinstance(error, Refused) else "",
        }
    )
