"""The passes over a batch: look at it, again at once where something has changed meanwhile, and no
longer than the invocation lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from crmsync.errors import OutOfTime, SyncError, TryAgain
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.results import LONGEST_WAIT, Summary, requeue, retry_later
from crmsync.flows.engine.scheduler import BatchFailure, BatchScheduler
from crmsync.model.changes import Change, coalesce, once_more
from crmsync.model.records import Ref
from crmsync.rules.backfill.pacing import may_retry

BATCH = 1000
"""Records gathered at once: ten full HubSpot calls, half a Salesforce read, and a few megabytes of
memory whatever the backlog.
"""

_PASSES = 3

SyncPass: TypeAlias = Callable[[list[Change], Summary, bool], list[Change]]
"""Gathers, plans and applies once, and answers what must be looked at again at once; told whether
it is the last time.
"""


def sync_in_batches(
    changes: Sequence[Change], context: SyncContext, sync: SyncPass, summary: Summary | None = None
) -> Summary:
    """Bring the named records in step, as many as the invocation has time for; the others go back
    into their queue at once.

    A side that is down costs nobody a try: what failure it waits in the queue, and so does everything
    behind it (see `BatchScheduler`). Raises `SyncError` only when not even putting them off worked.
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
    while some := batches.next_batch():
        if not context.may_begin():
            requeue([*some, *batches.take_rest()], context, summary)
            break
        going = hold_retries(some, new, context, summary)
        failure = _sync_batch(going, context, sync, summary) if going else None
        if failure and isinstance(failure.error, OutOfTime):
            requeue([*map(once_more, failure.changes), *batches.take_rest()], context, summary)
            break
        if going:
            retry_later(batches.record(going, failure), context, summary)
    batches.finish()
    return summary


def without_retries(changes: Sequence[Change]) -> frozenset[Ref]:
    """The records of which a change was never put off: somebody has touched them, or asks for them
    (RTY-3).
    """
    return frozenset(change.ref for change in changes if not change.tries)


def hold_retries(
    changes: Sequence[Change], new: Collection[Ref], context: SyncContext, summary: Summary
) -> list[Change]:
    """The changes to be looked at now: those of the `new` records, and retries unless too many
    calls are used (RTY-2).

    Such a retry goes back into the queue without a call, and it counts as no try. Raises
    `SyncError` when that did not work.
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
    told = {"used": known.calls.used, "allowed": known.calls.allowed, "allotment": allotment}
    summary.counts["RetriesHeld"] += len(held)
    for change in held:
        summary.waits(change, "RETRIES_HELD")
    summary.decisions.append({"records": len(held), "outcome": "RetriesHeld", **told})
    return [change for change in changes if change not in held]


def _sync_batch(
    changes: list[Change], context: SyncContext, sync: SyncPass, summary: Summary
) -> BatchFailure | None:
    """Look at a batch until nothing of it must be looked at again at once; answers what a side that
    is down kept from its end.
    """
    pending = changes
    for turn in range(_PASSES):
        try:
            pending = sync(pending, summary, turn == _PASSES - 1)
        except SyncError as error:
            return BatchFailure(
                error, (*pending, *(change for change, _ in summary.take_fallen())), is_whole=True
            )
        if not pending:
            break
    retry_later(
        [(change, TryAgain("others keep changing the same record")) for change in pending],
        context,
        summary,
    )
    fallen = summary.take_fallen()
    return (
        BatchFailure(fallen[0][1], tuple(change for change, _ in fallen), is_whole=False)
        if fallen
        else None
    )
