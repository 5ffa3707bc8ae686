"""The frame of every sync: sign in, take the changes batch by batch, and stop before the invocation
ends. While a side may be down, a batch is a single record.

A batch is synced in up to three passes: what a pass leaves open, because something changed in the
meantime, goes into the next one at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Protocol, TypeVar

from crmsync.errors import OutOfTime, SyncError, TryAgain
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.results import LONGEST_WAIT, Summary, requeue, retry_later
from crmsync.model.changes import OF_JOBS, Change, as_retry, coalesce
from crmsync.model.operations.calls import CallClass
from crmsync.model.operations.troubles import Outage
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.call_leases import call_class_of
from crmsync.rules.timing.outages import is_refusal, may_be_one

BATCH = 1000
"""Records in a batch: ten full HubSpot calls, half a Salesforce read, and a few megabytes of memory
however long the backlog.
"""

HUBSPOT_BATCH = 100
"""The records of a HubSpot call."""

FIRST_BATCH = 10
"""Changes in the first batch after a successful probe; each further batch is ten times as large."""

_PASSES = 3

_HELD = {
    CallClass.RETRY: ("RetriesHeld", "RETRIES_HELD"),
    CallClass.BACKFILL: ("ResyncsHeld", "RESYNCS_HELD"),
}
"""The outcome of changes that are held back, and the code of what they wait for, by class."""

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
        if any(change.tries or change.cause in OF_JOBS for change in batch):
            due = hold_back(batch, new, context, summary)
        else:
            context.calls.work_as(CallClass.LIVE, expected_calls(batch))
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


def hold_back(
    changes: Sequence[Change], new: Collection[Ref], context: SyncContext, summary: Summary
) -> list[Change]:
    """The changes to sync now: live ones, and retries and resyncs as long as enough of the day's
    calls are left for live ones (RTY-2, CH-6). The calls of the batch count for the first of these
    classes that it has.

    What is held goes back into the queue without a call, and uses up no try. Raises `SyncError`
    when it could not be queued.
    """
    now = context.now()
    classes = {change: call_class_of(change, now, is_new=change.ref in new) for change in changes}
    holds = {
        one: found
        for one in sorted(set(classes.values()), key=lambda one: one.place)
        if one is not CallClass.LIVE and (found := context.calls.hold(one)) is not None
    }
    going = [change for change in changes if classes[change] not in holds]
    if going:
        first = min((classes[one] for one in going), key=lambda one: one.place)
        context.calls.work_as(first, expected_calls(going))
    for call_class, held in holds.items():
        waiting = [change for change in changes if classes[change] is call_class]
        context.outbox.again([(change, LONGEST_WAIT) for change in waiting])
        outcome, code = _HELD[call_class]
        summary.counts[outcome] += len(waiting)
        for change in waiting:
            summary.waits(change, code)
        summary.decisions.append(
            {"records": len(waiting), "outcome": outcome, "code": held.code, "reason": held.text}
        )
    return going


def expected_calls(changes: Collection[Change]) -> int:
    """How many HubSpot calls a sync of these changes will probably take: one reads a hundred
    records, and one writes a hundred that were changed in Salesforce.
    """
    of_hubspot = sum(change.ref.side is Side.HUBSPOT for change in changes)
    reads, writes = len(changes), len(changes) - of_hubspot
    return ceil(reads / HUBSPOT_BATCH) + ceil(writes / HUBSPOT_BATCH)


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
        again = TryAgain("Others keep changing the same record.", code="OVERTAKEN")
        retry_later([(change, again) for change in pending], context, summary)
    down = summary.take_down()
    if not down:
        return None
    return BatchFailure(down[0][1], tuple(change for change, _ in down), is_whole=False)


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """Changes that could not be synced because a call failed as a whole.

    Attributes:
        error: what the call failed with.
        changes: the changes that were affected.
        is_whole: nothing could be gathered; otherwise only what these records need failed.
    """

    error: SyncError
    changes: tuple[Change, ...]
    is_whole: bool


@dataclass(slots=True)
class BatchScheduler:
    """The changes of an invocation that are still to be synced, in the batches they go in.

    When a whole call fails, either the side is down or one record of the call is the cause. So one
    record goes next, alone. If it fails too, the side is down, and everything that is left waits.
    If it succeeds, the side is up: what failed is halved again and again until the record that
    fails is alone, and only that record uses up a try.

    Attributes:
        breaker: the circuit breaker of the kind.
        summary: where outages and changes that wait are counted.
        size: the most changes in a batch.
    """

    breaker: CircuitBreaker
    summary: Summary
    size: int
    _batches: list[list[Change]] = field(default_factory=list)
    _waiting: list[Change] = field(default_factory=list)
    _is_probing: bool = False
    """The batch that goes now is the probe of those that wait."""
    _in_doubt: bool = False
    """A call failed, and one record may be the cause."""
    _is_up: bool = False
    """A record succeeded since: the side is up."""
    _unchanged: int = 0
    _suspects: BatchFailure | None = None
    """The probe that failed, while another record shows whether the probe itself was the cause."""

    def start(self, changes: Sequence[Change]) -> None:
        """Take the changes of an invocation."""
        # A held change that comes back alone although others succeeded since: the side is up.
        self._is_up = len(changes) == 1 and changes[0].held and self.breaker.outage is None
        admission = self.breaker.admit(changes)
        going = admission.going
        self._batches = [list(going[at : at + self.size]) for at in range(0, len(going), self.size)]
        self._waiting = list(admission.waiting)
        if admission.probe is not None:
            self._batches.append([admission.probe])
            self._is_probing = True

    def next_batch(self) -> list[Change]:
        """The changes to sync next; empty when all were synced."""
        return self._batches.pop(0) if self._batches else []

    def take_rest(self) -> list[Change]:
        """All changes that are left, for an invocation that has no time for them."""
        rest = [change for batch in self._batches for change in batch]
        self._batches = []
        return rest

    def record(
        self, batch: Sequence[Change], failure: BatchFailure | None
    ) -> list[tuple[Change, TryAgain]]:
        """Note how a batch ended; returns the changes that failed by themselves, each with its
        error. Raises `SyncError` when changes could not be queued again.
        """
        if failure is None:
            return self._record_success(batch)
        in_doubt = may_be_one(failure.error)
        if in_doubt and len(failure.changes) > 1:
            self._split(failure.changes)
            return []
        if in_doubt and self._is_up:
            self._is_up = False
            return [(change, _own_error(failure.error)) for change in failure.changes]
        if in_doubt and self._waiting and not self._suspects:
            # One more record, alone: if it succeeds, the side is up.
            self._suspects = failure
            self._batches.insert(0, [self._waiting.pop(0)])
            return []
        self._record_outage(failure, batch)
        return []

    def finish(self) -> None:
        """Queue what waits. Raises `SyncError` when that did not work."""
        suspects = self._suspects.changes if self._suspects else ()
        if self._waiting or suspects:
            code = self.breaker.outage.code if self.breaker.outage else ""
            self._requeue(suspects, self._waiting, code)
            self._waiting, self._suspects = [], None

    def _requeue(self, tried: Sequence[Change], untried: Sequence[Change], code: str) -> None:
        self.summary.counts["PutOff"] += self.breaker.requeue(tried, untried)
        for change in (*tried, *untried):
            self.summary.waits(change, code)

    def _record_success(self, batch: Sequence[Change]) -> list[tuple[Change, TryAgain]]:
        unchanged = self.summary.counts["Quiet"] - self._unchanged
        self._unchanged = self.summary.counts["Quiet"]
        if unchanged >= len(batch):
            # No call was made to the other side, so nothing is known of it.
            return []
        suspects, self._suspects = self._suspects, None
        self._is_up = self._in_doubt
        if self._is_probing and not self._batches:
            self._is_probing = False
            self._in_doubt = self._is_up = True
            self.breaker.close()
            self._batches = list(_growing(self._waiting, self.size))
            self._waiting = []
        if suspects is None:
            return []
        return [(change, _own_error(suspects.error)) for change in suspects.changes]

    def _split(self, changes: Sequence[Change]) -> None:
        """Sync one of them alone; once a record has succeeded, halve them to find the one that
        fails.
        """
        half = (len(changes) + 1) // 2 if self._is_up else 1
        tried = [replace(change, held=True) for change in changes]
        self._in_doubt = True
        self._batches = [tried[:half], tried[half:], *self._batches]

    def _record_outage(self, failure: BatchFailure, batch: Sequence[Change]) -> None:
        """A side is down: note it, and queue the changes that need it."""
        self.summary.counts["Down"] += 1
        if is_refusal(failure.error):
            self.summary.counts["LooksRefused"] += 1
        outage = self.breaker.trip(failure.error, is_whole=failure.is_whole)
        self.summary.decisions.append(outage_line(len(batch), failure.error, outage))
        untried = [
            change for left in self._batches for change in left if failure.is_whole or change.held
        ]
        going = [[change for change in left if not change.held] for left in self._batches]
        self._batches = [] if failure.is_whole else [left for left in going if left]
        tried = (*(self._suspects.changes if self._suspects else ()), *failure.changes)
        self._requeue(tried, [*untried, *self._waiting], failure.error.code)
        self._waiting, self._suspects = [], None
        self._is_probing = self._in_doubt = self._is_up = False


def outage_line(count: int, error: SyncError, outage: Outage) -> dict[str, object]:
    """The log line about a side that is down; `count` is how many records met it."""
    return {
        "records": count,
        "outcome": type(error).__name__,
        "code": error.code,
        "reason": error.text,
        "until": outage.next_at.isoformat(),
    }


def _own_error(error: SyncError) -> TryAgain:
    """The error as one of the record itself, which is retried and parked in the end."""
    after = error.after if isinstance(error, TryAgain) else 0.0
    return TryAgain(error.text, after=after, code=error.code)


def _growing(changes: Sequence[Change], most: int) -> Iterator[list[Change]]:
    """The changes in batches that grow, so that little is lost if the side is down again."""
    start, size = 0, FIRST_BATCH
    while start < len(changes):
        yield list(changes[start : start + size])
        start, size = start + size, min(size * FIRST_BATCH, most)
