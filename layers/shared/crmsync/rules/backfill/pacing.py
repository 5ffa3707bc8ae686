"""How fast a backfill may go, so that live changes do not wait behind it.

Live changes share the queue with a backfill. So what a backfill may have waiting there is limited
by what the sync has shown that it can do, and never so much that a live change waits for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crmsync.model.operations.jobs import Job

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
