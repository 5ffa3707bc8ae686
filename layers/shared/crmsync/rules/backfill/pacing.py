"""How fast a backfill may go, so that live changes do not wait behind it; and when retries stop.

Live changes share the queue with a backfill. So what a backfill may have waiting there is limited
by what the sync has shown that it can do, and never so much that a live change waits for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from crmsync.model.jobs import Job

MIN_WAITING = 1_000
"""Records that may wait whatever the pace: what the sync gathers at once."""

MAX_WAITING = 10_000
"""The most records that may wait: a hundred messages, one batch of the sync's queue."""

PER_MESSAGE = 100
"""Changes in one message, at most."""

STRAGGLERS = 100
"""Delayed messages that do not slow a backfill down."""

AHEAD = timedelta(seconds=20)
"""How much work the sync is to have waiting: more than one turn of a backfill takes."""

RETRY_SHARE = 0.75
"""The share of the daily calls above which everything but live changes waits (RTY-2)."""

RETRY_CALLS = 5_000
"""The same where no allotment is set: so many calls in 24 hours (RTY-2)."""

KNOWN_FOR = timedelta(minutes=15)
"""How long a count of the calls is valid; after that one sync finds it out anew."""

LONGEST_HOLD = timedelta(days=1)
"""The longest time for which a retry is held back: once a day everything is tried again, whatever
is used (RTY-1), so that nothing waits for ever.
"""


@dataclass(frozen=True, slots=True)
class DailyCalls:
    """Salesforce's calls of the last 24 hours: used by all clients, and allowed to all."""

    used: int
    allowed: int


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """What an answer said about the daily calls, and when (UTC)."""

    calls: DailyCalls
    at: datetime


@dataclass(frozen=True, slots=True)
class Depth:
    """Messages in a concern's queue.

    Attributes:
        ready: Ready to be received.
        hidden: Being processed, or coming back.
        delayed: Put off.
    """

    ready: int = 0
    hidden: int = 0
    delayed: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being processed or about to be; delayed messages wait for something
        else.
        """
        return not self.ready and not self.hidden

    @property
    def records(self) -> int:
        """The most records that may be waiting.

        A few delayed messages are stragglers; many mean that a side does not answer.
        """
        return (self.ready + self.hidden + max(0, self.delayed - STRAGGLERS)) * PER_MESSAGE


def queue_capacity(job: Job, depth: Depth, now: datetime) -> int:
    """How many records may be queued now, given what is waiting."""
    return max(0, _window(job, depth, now) - depth.records)


def _window(job: Job, depth: Depth, now: datetime) -> int:
    """How many may wait: as many as are synced in `AHEAD` at the pace so far, within the two
    bounds.
    """
    seconds = max((now - job.started_at).total_seconds(), 1.0)
    done = max(0, job.queued - depth.records)
    return min(MAX_WAITING, max(MIN_WAITING, round(done / seconds * AHEAD.total_seconds())))


def calls_for_backfills(calls: DailyCalls, allotment: int) -> int:
    """Up to how many calls in 24 hours a backfill goes on (RTY-2).

    Three quarters of the allotment, so that some remain for live changes; a fixed number without an
    allotment.
    """
    return ceil(_most(calls, allotment))


def has_calls_left(calls: DailyCalls, allotment: int) -> bool:
    """Whether a backfill may use calls (RTY-2)."""
    return calls.used < calls_for_backfills(calls, allotment)


def may_retry(seen_at: datetime, known: KnownCalls | None, allotment: int, now: datetime) -> bool:
    """Whether what was put off may be tried again (RTY-2).

    Not while more than three quarters of the allotted calls are used. Without a recent count it
    may, as no call is spent on finding out. `seen_at` is when the change was first seen.
    """
    if known is None or now - known.at > KNOWN_FOR or now - seen_at >= LONGEST_HOLD:
        return True
    return known.calls.used <= _most(known.calls, allotment)


def _most(calls: DailyCalls, allotment: int) -> float:
    if allotment:
        return min(allotment, calls.allowed) * RETRY_SHARE
    return min(RETRY_CALLS, calls.allowed * RETRY_SHARE)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job; None where nothing can be said yet.

    Attributes:
        per_second: Records per second.
        seconds_left: Seconds to go.
    """

    per_second: float | None
    seconds_left: int | None


def progress(job: Job) -> Progress:
    """The pace so far and what it means for the rest, as of the job's last progress."""
    seconds = (job.moved_at - job.started_at).total_seconds()
    if job.done <= 0 or seconds <= 0:
        return Progress(None, None)
    rate = job.done / seconds
    to_go = 0 if job.state.is_over else max(0, max(job.total, job.queued) - job.done)
    return Progress(round(rate, 1), round(to_go / rate))
