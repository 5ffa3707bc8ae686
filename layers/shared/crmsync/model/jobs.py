"""What a backfill is: a job of one connection, the objects it walks through, and where it stands.

A job names records to look at and nothing else; what is done about them is decided where each
change is looked at. Nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from crmsync.model.records import Side


class JobType(StrEnum):
    """Why records are walked through: to bring in what is older than the connection, or to look at
    everything once more (MAP-6).

    An undo puts back what was overwritten, a release lets cross what a brake holds back, and a drop
    throws it away; the command itself does these, and no errand is sent for them.
    """

    IMPORT = "import"
    RESYNC = "resync"
    UNDO = "undo"
    RELEASE = "release"
    DROP = "drop"


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing can make it go on."""
        return self in {JobState.DONE, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class JobStep:
    """A part of a job: all records of one object on one side, or with `ids` those alone.

    `with_email` leaves out records without an address. `total` is how many there were when the job
    was made, `left_out` how many were left out for want of an address (IMP-4); both may be a little
    behind.
    """

    side: Side
    object: str
    ids: tuple[str, ...] = ()
    with_email: bool = False
    total: int = 0
    left_out: int = 0

    def __str__(self) -> str:
        """``hubspot contact``, or ``hubspot contact 81`` where it is one record."""
        return " ".join(
            (self.side, self.object, *self.ids[:1], *(("...",) if self.ids[1:] else ()))
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A backfill of one connection. Times are UTC.

    ``at`` is the leg that is being walked and ``after`` how far: where to go on, in the side's own
    words; of an undo it says what is put back. ``queued`` counts records whose change was put on
    the bus, ``waiting`` those of them that had not been looked at when somebody last looked.
    ``limit`` is the brake: at most so many records, 0 for no brake. ``listed_at`` is when the last
    page was passed on. ``trouble`` says why it does not go on. ``turn`` and ``ticket`` name the one
    message that may make the next turn. ``version`` counts saves.
    """

    connection: str
    id: str
    verb: JobType
    legs: tuple[JobStep, ...]
    started_at: datetime
    moved_at: datetime
    state: JobState = JobState.RUNNING
    at: int = 0
    after: str = ""
    queued: int = 0
    waiting: int = 0
    limit: int = 0
    listed_at: datetime | None = None
    trouble: str = ""
    by: str = ""
    turn: int = 0
    ticket: str = ""
    version: int = 0

    @property
    def total(self) -> int:
        """How many records there were to walk through when the job was made."""
        return sum(leg.total for leg in self.legs)

    @property
    def left_out(self) -> int:
        """How many records have no address and are not looked at (IMP-4)."""
        return sum(leg.left_out for leg in self.legs)

    @property
    def done(self) -> int:
        """How many records have been looked at, as far as known."""
        return max(0, self.queued - self.waiting)

    @property
    def leg(self) -> JobStep | None:
        """The leg that is being walked, or None once all were."""
        return self.legs[self.at] if self.at < len(self.legs) else None

    def with_ticket(self, ticket: str) -> Job:
        """The job as the next turn finds it: only the message with this ticket may make it."""
        return replace(self, turn=self.turn + 1, ticket=ticket)


@dataclass(frozen=True, slots=True)
class JobMessage:
    """The message that makes a job go on: which job, and the ticket by which the job knows it."""

    connection: str
    job: str
    turn: int
    ticket: str


def errand_of(job: Job) -> JobMessage:
    """The errand that the job waits for."""
    return JobMessage(job.connection, job.id, job.turn, job.ticket)
