"""What a dead letter is about, and the bodies to send when it is moved back to its queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crmsync.model.changes import redelivered
from crmsync.model.operations.dead_letters import DeadLetter
from crmsync.model.records import Ref
from crmsync.wire.alarm_event import alarm_name
from crmsync.wire.job_messages import load_job
from crmsync.wire.queue_messages import UnreadableError, dump_changes, load_changes
from crmsync.wire.range_messages import dump_range, load_range

JOBS = "BackfillDeadLetters"
RANGES = "EmailTaskDeadLetters"
ALARMS = "AlertDeadLetters"
"""The dead letters that name no records; all others name changed ones."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a dead letter asks for.

    Attributes:
        connection: The name of the connection; "" for an alarm, which belongs to all.
        text: The record, the job, the alarm, or the range of the e-mail event log.
        id: The id of the record or job; "" for a range or an alarm.
        ref: The record, if it is one.
    """

    connection: str
    text: str
    id: str = ""
    ref: Ref | None = None


def subjects_of(letter: DeadLetter) -> Sequence[Subject]:
    """What a dead letter asks for. Raises `UnreadableError`."""
    if letter.queue == JOBS:
        job = load_job(letter.body)
        return [Subject(job.connection, f"job {job.job}", job.job)]
    if letter.queue == RANGES:
        found = load_range(letter.body)
        start, end = (_minute(one) for one in (found.start, found.end))
        return [Subject(found.connection, f"{found.kind} events, {start} to {end} UTC")]
    if letter.queue == ALARMS:
        return [Subject("", f"alarm {alarm_name(letter.body)}")]
    return [
        Subject(one.connection, str(one.ref), one.ref.id, one.ref)
        for one in load_changes(letter.body)
    ]


def bodies_of(letter: DeadLetter) -> Sequence[str]:
    """The bodies to send in place of a dead letter. Raises `UnreadableError`.

    SQS counts the receives of a new message from one. So its records are marked: whatever the last
    worker left half done, they are synced even if they show nothing new. A range of the e-mail
    event log gets all its tries again.
    """
    if letter.queue == JOBS:
        load_job(letter.body)
        return [letter.body]
    if letter.queue == RANGES:
        return [dump_range(replace(load_range(letter.body), tries=0))]
    if letter.queue == ALARMS:
        alarm_name(letter.body)
        return [letter.body]
    return dump_changes([redelivered(one) for one in load_changes(letter.body)])


def is_readable(letter: DeadLetter) -> bool:
    """Whether a dead letter is a message of ours that this release knows."""
    try:
        return bool(bodies_of(letter))
    except UnreadableError:
        return False


def _minute(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms / 1000, UTC):%Y-%m-%d %H:%M}"
