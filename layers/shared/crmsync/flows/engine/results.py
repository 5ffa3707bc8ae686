"""What became of each record of a batch, for every kind: done, reported, put off, or to be synced
again at once.

An error belongs to one record and never stops the others. Where a kind can do more about an error
than what is here, it passes `find_blocking`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import TypeAlias

from crmsync.errors import Conflict, Down, Gone, OutOfTime, Refused, SyncError, TryAgain
from crmsync.flows.engine.complete import RecordResult
from crmsync.flows.engine.context import SyncContext, merged_into
from crmsync.flows.engine.ended_reports import end_reports, linked_pair
from crmsync.flows.engine.job_counts import counts_of
from crmsync.flows.engine.opt_outs import check_opt_outs_later
from crmsync.flows.engine.staleness import LongestWait
from crmsync.flows.engine.waits import check_new_waits, named_in_writes, queue_missing
from crmsync.model.changes import OF_CRMS, Change, as_retry
from crmsync.model.conflicts import LoggedConflict
from crmsync.model.decisions import DecisionType
from crmsync.model.effects import Category, OptOut, Report, RequestSync, SaveLink, effect_line
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.operations.jobs import NOTHING_COUNTED, JobCounts
from crmsync.model.plan import Plan
from crmsync.model.records import Ref
from crmsync.rules.pair import reports
from crmsync.rules.refusals.table import category_of, hint_for
from crmsync.rules.timing.outages import TRIES

WAITS_FOR_PARENT = "PARENT"
"""The code of a change that waits for its parent's link."""

LONGEST_WAIT = 900
"""Seconds: the longest delay that SQS allows."""

_FIRST_WAIT = 15
_PARENT_MISSING = TryAgain("waiting for account to sync", code=WAITS_FOR_PARENT)
_PARENT_TRIES = 8
"""Tries after which a missing parent is reported: three quarters of an hour."""


@dataclass(slots=True)
class Summary:
    """What became of the changes of an invocation.

    Attributes:
        counts: outcome -> number of records, for the metrics.
        decisions: one log line per record that something was decided about.
        conflicts: the conflicts that were decided, for their log.
        oldest: the oldest change that was put off, by when it happened. One that waits for its
            parent does not count; the error inbox shows it.
        down: changes that were not written because a side is down, until `take_down`.
        lags: seconds from a change in a CRM to the end of its writes, of each change that had some.
        jobs: what became of the records that jobs queued, by the id of the job.
    """

    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[dict[str, object]] = field(default_factory=list)
    conflicts: list[LoggedConflict] = field(default_factory=list)
    oldest: LongestWait | None = None
    down: list[tuple[Change, SyncError]] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    jobs: dict[str, JobCounts] = field(default_factory=dict)

    def waits(self, change: Change, code: str) -> None:
        """Note that a change was put off, and the code of what it waits for."""
        if code != WAITS_FOR_PARENT and (self.oldest is None or change.at < self.oldest.since):
            self.oldest = LongestWait(change.at, code)

    def take_down(self) -> list[tuple[Change, SyncError]]:
        """Remove and return the changes that failed because a side is down."""
        down, self.down = self.down, []
        return down


@dataclass(frozen=True, slots=True)
class BlockingRecord:
    """Another record is in the way of this one's write.

    Attributes:
        changes: what to sync together, so that both records are planned at once.
        report: what is reported if that has not helped.
    """

    changes: tuple[Change, ...]
    report: Report


FindBlocking: TypeAlias = Callable[[AnyFacts, Plan, SyncError], BlockingRecord | None]
"""Finds the record that is in the way, for a record whose plan ended with an error."""


def process_results(
    results: Sequence[RecordResult[AnyFacts]],
    context: SyncContext,
    summary: Summary,
    *,
    is_last: bool,
    find_blocking: FindBlocking[AnyFacts] = lambda _facts, _plan, _error: None,
) -> list[Change]:
    """Count, report and put off what a pass has left, and return the changes to sync again at once.

    In the last pass, what would be synced again only to fail once more is reported. Raises
    `SyncError`.
    """
    at_once: list[Change] = []
    later: list[tuple[Change, TryAgain]] = []
    parked: list[Report] = []
    for result in results:
        one, plan, error = result.facts, result.plan, result.error
        record_outcome(one, plan, error, summary)
        blocking = find_blocking(one, plan, error) if error else None
        error = _as_temporary(error) if is_last or one.change.tries >= TRIES else error
        if blocking:
            at_once += () if is_last else blocking.changes
            parked += (blocking.report,) if is_last else ()
        elif isinstance(error, Conflict | Gone) and not (is_last and error.hint):
            at_once.append(_to_repeat(one.change, error))
        elif isinstance(error, Down):
            summary.down.append((one.change, error))
        elif isinstance(error, TryAgain):
            later.append((one.change, error))
        elif error is not None:
            parked.append(report_of_error(one.change.ref, error))
        elif parent := _missing_parent(plan):
            if one.change.tries < TRIES:
                later.append((one.change, _PARENT_MISSING))
            if one.change.tries >= _PARENT_TRIES:
                ref = one.hubspot.ref if one.hubspot else one.change.ref
                parked.append(reports.waiting_for_account(ref, parent))
    summary.lags += _lags(results, context.now())
    parked += _check_opt_outs(results, context)
    reported = [
        effect for one in results for effect in one.plan.effects if isinstance(effect, Report)
    ]
    summary.counts["Parked"] += len(parked) + len(reported)
    summary.counts["Braked"] += sum(report.category is Category.BRAKE for report in reported)
    before = {ref for one in results for ref in one.reported}
    before |= {report.ref for report in reported}
    new_waits = context.inbox.park(context.connection.name, parked, before)
    _queue_further(results, new_waits, context)
    told = before.union(report.ref for report in parked)
    _clear(results, told, context)
    retry_later(later, context, summary)
    return at_once


def _lags(results: Sequence[RecordResult[AnyFacts]], now: datetime) -> Iterator[float]:
    """Seconds since the changes that happened in a CRM and after which a record was written. The
    clocks of the CRMs may be ahead of ours.
    """
    for one in results:
        change = one.facts.change
        if one.error is None and change.cause in OF_CRMS and _writes(one.plan):
            yield max(0.0, (now - change.at).total_seconds())


def _writes(plan: Plan) -> bool:
    """Whether a plan writes to a CRM anything that it depends on."""
    return any(effect.side is not None and not effect.best_effort for effect in plan.effects)


def _as_temporary(error: SyncError | None) -> SyncError | None:
    """What is left of an error after the last pass: one that reading the record again has not
    solved is tried again later, under the CRM's code.
    """
    if isinstance(error, Conflict | Gone) and error.code and not error.hint:
        return TryAgain(error.text, code=error.code)
    return error


def _queue_further(
    results: Sequence[RecordResult[AnyFacts]], new_waits: Sequence[Ref], context: SyncContext
) -> None:
    """Queue the records that wait for something new, and those that a failed write has shown to be
    gone. Usually there are none. Raises `TryAgain`.
    """
    if new_waits:
        check_new_waits(new_waits, context)
    failed = [one for one in results if isinstance(one.error, Gone)]
    if failed:
        queue_missing(
            [ref for one in failed for ref in named_in_writes(one.plan, one.facts.change.kind)],
            context,
        )


def _clear(
    results: Sequence[RecordResult[AnyFacts]], told: Collection[Ref], context: SyncContext
) -> None:
    """Remove the reports of records that have synced; `told` are the records about which something
    was reported now. Usually no record of a batch has a report. Raises `TryAgain`.
    """
    resolved = resolved_records(results)
    ended = context.inbox.clear(context.connection.name, resolved, resolved)
    changes = [one.facts.change for one in results]
    if ended or told or any(change.tries or change.held for change in changes):
        end_reports(results, ended, told, context)


def _to_repeat(change: Change, error: SyncError) -> Change:
    """The change to sync again at once. A record that is gone counts as a try: if nobody finds out
    that it is, the change is parked in the end.
    """
    again = as_retry(change)
    return replace(again, tries=change.tries + 1) if isinstance(error, Gone) else again


def _check_opt_outs(
    results: Sequence[RecordResult[AnyFacts]], context: SyncContext
) -> list[Report]:
    """Have the contacts that were opted out read again; returns what is to be reported about them.
    Usually there are none.
    """
    opted_out = [one.facts for one in results if one.error is None and _asks_for_opt_out(one.plan)]
    return check_opt_outs_later(opted_out, context) if opted_out else []


def _asks_for_opt_out(plan: Plan) -> bool:
    """Whether a plan asks for an opt-out; until HubSpot shows it, the pair is not in sync."""
    return any(isinstance(effect, OptOut) for effect in plan.effects)


def _missing_parent(plan: Plan) -> Ref | None:
    """The parent that a plan waits for. After the last try only the parent's own sync brings the
    record back.
    """
    for effect in plan.effects:
        if isinstance(effect, RequestSync) and effect.waiting:
            return effect.ref
    return None


def retry_later(
    changes: Sequence[tuple[Change, TryAgain]], context: SyncContext, summary: Summary
) -> None:
    """Queue changes again with growing waits. After 40 tries, some ten hours, the record is parked
    in the error inbox instead.

    A change that ran out of time is queued at once and uses up no try. Raises `SyncError`.
    """
    out_of_time = [change for change, error in changes if isinstance(error, OutOfTime)]
    requeue([as_retry(change) for change in out_of_time], context, summary)
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
    """Queue changes as they are and without delay, as this invocation is about to end. Raises
    `SyncError` when that did not work.
    """
    if changes:
        summary.counts["PutBack"] += len(changes)
        context.outbox.again([(change, 0) for change in changes])


def report_of_error(ref: Ref, error: SyncError) -> Report:
    """The report about a record that cannot be written."""
    category = Category.UNAVAILABLE if isinstance(error, TryAgain) else category_of(error.code)
    hint = error.hint or hint_for(error.code, category)
    return Report(ref, category, error.text, error.fieldname, hint, code=error.code)


def resolved_records(results: Iterable[RecordResult[AnyFacts]]) -> list[Ref]:
    """The records whose reports can be removed: their plans succeeded, and nothing new was
    reported about them. Of a linked pair of which only one record is reported, the other one's
    report is outdated.

    The report of a privacy deletion is about what is left of the person, so it does not count as
    new. Where only one record of a pair is left, that record may belong to another pair: then only
    the records that the links name are resolved. About a HubSpot record that is gone, or that was
    merged into another one, there is nothing left to report.
    """
    resolved: set[Ref] = set()
    for result in results:
        one, plan = result.facts, result.plan
        resolved.update(merged_into(one.hubspot) if one.hubspot else ())
        if result.error is None and one.link and one.hubspot is None:
            resolved.update(place for place in (one.link.hubspot,) if isinstance(place, Ref))
        is_open = _missing_parent(plan) is not None or _asks_for_opt_out(plan)
        reported = {
            effect.ref
            for effect in plan.effects
            if isinstance(effect, Report) and effect.category is not Category.PRIVACY
        }
        if result.error is not None or is_open:
            continue
        if reported:
            resolved.update(linked_pair(one) - reported)
            continue
        resolved.add(one.change.ref)
        if one.hubspot and one.salesforce and not one.survivor_is_linked:
            resolved.update((one.hubspot.ref, one.salesforce.ref))
        saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
        for link in (one.link, *saved):
            if link is not None:
                places = (link.hubspot, link.salesforce)
                resolved.update(place for place in places if isinstance(place, Ref))
    return sorted(resolved, key=attrgetter("side", "object", "id"))


def record_outcome(facts: Facts, plan: Plan, error: SyncError | None, summary: Summary) -> None:
    """Count what became of a record, and keep a log line if something was decided about it."""
    if error is None:
        outcome = "Done"
    elif isinstance(error, Refused):
        outcome = "Refused"
    else:
        outcome = type(error).__name__
    summary.counts[outcome] += 1
    if job := facts.change.job:
        counted = summary.jobs.get(job, NOTHING_COUNTED)
        summary.jobs[job] = counted + counts_of(facts, plan, error)
    if not plan.effects and error is None:
        return
    if plan.conflicts and error is None:
        summary.conflicts += _logged_conflicts(plan)
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


def _logged_conflicts(plan: Plan) -> Iterator[LoggedConflict]:
    """The conflicts that the saved link of a plan has among its decisions."""
    for effect in plan.effects:
        if isinstance(effect, SaveLink):
            link = effect.link
            for one in link.decided:
                if (
                    one.type is DecisionType.CONFLICT
                    and isinstance(link.hubspot, Ref)
                    and isinstance(link.salesforce, Ref)
                ):
                    yield LoggedConflict(link.kind, link.hubspot, link.salesforce, one)
