"""The frame of every sync: sign in, take the changes batch by batch, and stop before the invocation
ends.

A batch is synced in up to three passes: what a pass leaves open, because something changed in the
meantime, goes into the next one at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

from crmsync.errors import OutOfTime, SyncError, TryAgain
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.results import LONGEST_WAIT, Summary, requeue, retry_later
from crmsync.flows.engine.scheduler import BatchFailure, BatchScheduler, outage_line
from crmsync.model.changes import Change, as_retry, coalesce
from crmsync.model.records import Ref
from crmsync.rules.backfill.pacing import may_retry
from crmsync.rules.timing.outages import is_refusal

BATCH = 1000
"""Records in a batch: ten full HubSpot calls, half a Salesforce read, and a few megabytes of memory
however long the backlog.
"""

_PASSES = 3

Context = TypeVar("Context")


class SyncPass(Protocol):
    """Gathers, plans and applies once."""

    def __call__(
        self, changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
    ) -> list[Change]:
        """Return the changes to sync again at once. With `is_last` there is no further pass: what
        would be returned only to fail once more is reported instead. Raises `SyncError`.
        """


def sign_in_and_sync(
    breaker: CircuitBreaker,
    changes: Sequence[Change],
    sign_in: Callable[[], Context],
    sync: Callable[[Context], Summary],
) -> Summary:
    """Sync the changes in the context that `sign_in` makes, unless the circuit is open.

    Nothing can be planned before Salesforce has told who our user is. Where signing in fails, or
    the circuit is open, the changes go back into the queue. Raises `SyncError` when that fails too.
    """
    summary = Summary()
    breaker.load()
    if breaker.is_open:
        summary.counts["PutOff"] += breaker.requeue((), changes)
        code = breaker.code
    else:
        try:
            context = sign_in()
        except SyncError as error:
            outage = breaker.trip(error, is_whole=True)
            summary.counts.update(Down=1, PutOff=breaker.requeue(changes))
            if is_refusal(error):
                summary.counts["LooksRefused"] += 1
            summary.decisions.append(outage_line(len(changes), error, outage))
            code = error.code
        else:
            return sync(context)
    for change in changes:
        summary.waits(change, code)
    return summary


def sync_in_batches(
    changes: Sequence[Change],
    context: SyncContext,
    sync_pass: SyncPass,
    summary: Summary | None = None,
) -> Summary:
    """Sync the named records, as many as the invocation has time for; the others go back into their
    queue at once.

    While a side is down, the changes that need it wait in the queue and use up no tries (see
    `BatchScheduler`). Raises `SyncError` only when changes could not be queued again either.
    """
    summary = summary or Summary()
    if not changes:
        return summary
    new = without_retries(changes)
    breaker = CircuitBreaker(
        context.connection.name, changes[0].kind, context.troubles, context.outbox, context.now
    )
    breaker.load()
    batches = BatchScheduler(breaker, summary, BATCH)
    batches.start(coalesce(list(changes)))
    while batch := batches.next_batch():
        if not context.may_begin():
            requeue([*batch, *batches.take_rest()], context, summary)
            break
        due = batch
        if any(change.tries for change in batch):
            due = hold_retries(batch, new, context, summary)
        if not due:
            continue
        failure = _sync_batch(due, context, sync_pass, summary)
        if failure and isinstance(failure.error, OutOfTime):
            requeue([*map(as_retry, failure.changes), *batches.take_rest()], context, summary)
            break
        retry_later(batches.record(due, failure), context, summary)
    batches.finish()
    return summary


def without_retries(changes: Sequence[Change]) -> frozenset[Ref]:
    """The records that have a change which was never put off: somebody has just edited them, or
    asked for them (RTY-3).
    """
    return frozenset(change.ref for change in changes if not change.tries)


def hold_retries(
    changes: Sequence[Change], new: Collection[Ref], context: SyncContext, summary: Summary
) -> list[Change]:
    """The changes to sync now: those of the `new` records, and retries unless too much of the daily
    call allotment is used (RTY-2).

    A retry that is held goes back into the queue without a call to Salesforce, and uses up no try.
    Raises `SyncError` when it could not be queued.
    """
    known, allotment, now = (
        context.meter.known(),
        context.connection.salesforce.daily_call_allotment,
        context.now(),
    )
    held = {
        one
        for one in changes
        if one.ref not in new and not may_retry(one.at, known, allotment, now)
    }
    if known is None or not held:
        return list(changes)
    context.outbox.again([(change, LONGEST_WAIT) for change in changes if change in held])
    summary.counts["RetriesHeld"] += len(held)
    for change in held:
        summary.waits(change, "RETRIES_HELD")
    summary.decisions.append(
        {
            "records": len(held),
            "outcome": "RetriesHeld",
            "used": known.calls.used,
            "allowed": known.calls.allowed,
            "allotment": allotment,
        }
    )
    return [change for change in changes if change not in held]


def _sync_batch(
    changes: list[Change], context: SyncContext, sync_pass: SyncPass, summary: Summary
) -> BatchFailure | None:
    """Sync one batch, in as many passes as it needs; returns what failed because a side is down."""
    pending = changes
    for number in range(1, _PASSES + 1):
        try:
            pending = sync_pass(pending, context, summary, is_last=number == _PASSES)
        except SyncError as error:
            failed = (*pending, *(change for change, _ in summary.take_down()))
            return BatchFailure(error, failed, is_whole=True)
        if not pending:
            break
    if pending:
        again = TryAgain("others keep changing the same record")
        retry_later([(change, again) for change in pending], context, summary)
    down = summary.take_down()
    if not down:
        return None
    return BatchFailure(down[0][1], tuple(change for change, _ in down), is_whole=False)
