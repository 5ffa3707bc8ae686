"""What a backfill is: a job of one connection, the objects it walks through, and its progress.

A job names records to sync and nothing else; what is done about them is decided when each of them
is synced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.operations.comparison import Comparison
from crmsync.model.records import Side

LINKS = "links"
"""Stands in place of an object's name in a step that walks through the links of a connection; its
side is HubSpot, by whose records links are known.
"""


class JobType(StrEnum):
    """What a job does.

    ``IMPORT`` brings in records that are older than the connection, ``RESYNC`` syncs all records
    again (MAP-6), and ``VERIFY`` compares both CRMs and the links (CH-31). ``UNDO`` puts
    overwritten values back, ``RELEASE`` writes what a limit held back, ``DROP`` discards it, and
    ``RETRY`` syncs records of the error inbox again; the command itself does these four, without
    messages.
    """

    IMPORT = "import"
    RESYNC = "resync"
    VERIFY = "verify"
    UNDO = "undo"
    RELEASE = "release"
    DROP = "drop"
    RETRY = "retry"


class JobState(StrEnum):
    """The state of a job."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether the job can never go on."""
        return self in {JobState.DONE, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class JobStep:
    """A part of a job: the records of one object on one side.

    Attributes:
        side: The side.
        object: The object.
        ids: Only these records; empty for all of them.
        with_email: Leave out records without an address.
        activity: Of Salesforce's tasks only those of this kind; None for all.
        total: How many records there were when the job was made, approximately.
        left_out: How many records were left out for want of an address (IMP-4), approximately.
    """

    side: Side
    object: str
    ids: tuple[str, ...] = ()
    with_email: bool = False
    total: int = 0
    left_out: int = 0
    activity: ActivityKind | None = None

    def __str__(self) -> str:
        """``hubspot contact``, or ``hubspot contact 81`` where it is one record, ``salesforce Task
        (calls)`` where it is one kind.
        """
        more = (f"({self.activity})",) if self.activity else ()
        return " ".join(
            (self.side, self.object, *more, *self.ids[:1], *(("...",) if self.ids[1:] else ()))
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A backfill of one connection. Times are UTC.

    Attributes:
        connection: The connection's name.
        id: The job's id.
        type: What it does.
        steps: Its steps.
        started_at: When it was made.
        moved_at: When it last made progress.
        state: Its state.
        at: The index of the current step.
        after: Where the current step goes on, in the side's own words; of an undo, what is put
            back.
        queued: How many records were put on the bus; of a comparison, how many were compared.
        waiting: How many of those were not synced yet when that was last counted.
        limit: Stop after so many records; 0 for no limit.
        listed_at: When the last page was passed on.
        trouble: Why it does not go on.
        by: Who started it.
        turn: The number of the next turn.
        turn_token: The token of the one message that may make the next turn.
        version: Counts saves.
        comparison: What a comparison has found so far; None for other jobs.
    """

    connection: str
    id: str
    type: JobType
    steps: tuple[JobStep, ...]
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
    turn_token: str = ""
    version: int = 0
    comparison: Comparison | None = None

    @property
    def total(self) -> int:
        """How many records there were when the job was made."""
        return sum(step.total for step in self.steps)

    @property
    def left_out(self) -> int:
        """How many records have no address and are not synced (IMP-4)."""
        return sum(step.left_out for step in self.steps)

    @property
    def done(self) -> int:
        """How many records have been synced, as far as known."""
        return max(0, self.queued - self.waiting)

    @property
    def step(self) -> JobStep | None:
        """The current step, or None when all are done."""
        return self.steps[self.at] if self.at < len(self.steps) else None

    def with_turn_token(self, turn_token: str) -> Job:
        """The job before its next turn, which only the message with this token may make."""
        return replace(self, turn=self.turn + 1, turn_token=turn_token)


def without_findings(job: Job) -> Job:
    """The job as a list shows it: with the counts of its comparison, without its findings."""
    if job.comparison is None:
        return job
    objects = tuple(replace(one, findings=()) for one in job.comparison.objects)
    return replace(job, comparison=replace(job.comparison, objects=objects))


@dataclass(frozen=True, slots=True)
class JobCounts:
    """What became of the records that a job queued, as far as known: a worker that dies before it
    has counted counts nothing.

    Attributes:
        made: A counterpart was made for so many.
        linked: For so many one was found and linked.
        refused: So many were refused, by a CRM or by a rule, and wait for a person.
    """

    made: int = 0
    linked: int = 0
    refused: int = 0

    def __add__(self, other: JobCounts) -> JobCounts:
        """Both together."""
        return JobCounts(
            self.made + other.made, self.linked + other.linked, self.refused + other.refused
        )

    def __bool__(self) -> bool:
        """Whether anything was counted."""
        return self != NOTHING_COUNTED

    @property
    def sentence(self) -> str:
        """What people read."""
        return f"{self.made:,} made, {self.linked:,} linked, {self.refused:,} refused"


NOTHING_COUNTED = JobCounts()


@dataclass(frozen=True, slots=True)
class JobMessage:
    """The message that makes a job go on.

    Attributes:
        connection: The connection's name.
        job: The job's id.
        turn: The turn that it makes.
        turn_token: The token by which the job knows the message.
    """

    connection: str
    job: str
    turn: int
    turn_token: str


def job_message_of(job: Job) -> JobMessage:
    """The message that the job waits for."""
    return JobMessage(job.connection, job.id, job.turn, job.turn_token)
