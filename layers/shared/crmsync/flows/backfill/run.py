"""A backfill, turn by turn: list a few pages, queue their records as changes, store the place.

Law: every record is queued, however many there are; a turn is limited, the job is not (LIM-1,
Q-31). The place moves only after the records before it are durably queued, so a crash costs a
repetition and never a record. Nothing is written to a CRM here; the sync does that.

One message moves a job on: the one with the job's turn token. The message with the next token is
sent before that token is stored. After a crash in between, the current message is delivered again
and its token is still valid, while the message of the next turn finds that its turn has not come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.errors import Conflict, OutOfTime, SyncError, TryAgain
from crmsync.model.changes import Cause, Change
from crmsync.model.operations.calls import CallClass
from crmsync.model.operations.jobs import (
    LINKS,
    Job,
    JobMessage,
    JobState,
    JobStep,
    JobType,
    job_message_of,
)
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.calls import CallGate
from crmsync.ports.listing import Lister, Page
from crmsync.ports.queues import Backlog, JobMessages, Outbox
from crmsync.ports.stores import Jobs
from crmsync.rules.backfill.objects import BackfillObject, backfill_object_of
from crmsync.rules.backfill.pacing import MIN_WAITING, queue_capacity
from crmsync.wire.job_messages import load_job
from crmsync.wire.queue_messages import UnreadableError

MAX_PAGES = 30
"""Pages of one turn: ten seconds at HubSpot, so that a turn ends well within its invocation."""

PAGE = 2_000
"""The most records of a page; a side with a lower limit gives fewer."""

WAIT = 5
"""Seconds until the next turn while the sync is busy with what is queued."""

LONG_WAIT = 900
"""Seconds until the next turn when the day's API calls are used up: the longest delay of SQS."""

DRAIN = timedelta(minutes=15)
"""How long a job waits after its last page for the sync to finish. Changes that wait longer were
put off, and sync by themselves.
"""

LEFT_OUT = "We couldn't sync all your updates for this mapping."
"""What the operator reads when records were left out, and only then (LIM-2, Q-31)."""


@dataclass(frozen=True, slots=True)
class BackfillContext:
    """What a turn works with.

    Attributes:
        connection: Finds a connection in the settings, or None. Raises `TryAgain` when the settings
            cannot be trusted.
        lister: Makes the lister of a connection's side.
        calls: Makes what knows whether a connection has calls left.
        jobs: The stored jobs.
        job_messages: Sends the message of the next turn.
        outbox: Takes the changes.
        backlog: Knows how much waits in the queue of a kind.
        new_turn_token: Makes a token that no turn has had.
        now: The clock (UTC).
        compare: Compares the next few batches of a comparison, and stores its place.
        is_paused: Whether the operator has paused a connection.
    """

    connection: Callable[[str], Connection | None]
    lister: Callable[[Connection, Side], Lister]
    calls: Callable[[Connection], CallGate]
    jobs: Jobs
    job_messages: JobMessages
    outbox: Outbox
    backlog: Backlog
    new_turn_token: Callable[[], str]
    now: Callable[[], datetime]
    compare: Callable[[Job, Connection], Job]
    is_paused: Callable[[str], bool] = lambda _name: False


@dataclass(frozen=True, slots=True)
class TurnResults:
    """The result of a batch of messages.

    Attributes:
        response: SQS's partial batch response.
        jobs: The jobs that moved.
    """

    response: dict[str, Any]
    jobs: tuple[Job, ...]


def run_job_messages(records: Sequence[Mapping[str, Any]], context: BackfillContext) -> TurnResults:
    """Run the turns of a batch of messages.

    A message comes back if it cannot be read, or if neither its turn nor the next message is safe.
    """
    failed: list[str] = []
    moved: list[Job] = []
    for record in records:
        try:
            job = run_turn(load_job(record["body"]), context)
        except (SyncError, UnreadableError):
            failed.append(record["messageId"])
            continue
        if job:
            moved.append(job)
    return TurnResults(
        {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}, tuple(moved)
    )


def run_turn(job_message: JobMessage, context: BackfillContext) -> Job | None:
    """Run one turn of a job; answers the job after it, or None for an outdated message.

    Raises `TryAgain` when neither the turn nor the next message is safe: this message must come
    back.
    """
    job = context.jobs.load(job_message.connection, job_message.job)
    if job is not None and job.state is JobState.RUNNING and job_message.turn > job.turn:
        raise TryAgain("the turn before this one is not over", after=WAIT)
    if job is None or job.state is not JobState.RUNNING or job_message != job_message_of(job):
        return None
    try:
        return _turn(job, context)
    except Conflict:
        # The operator stopped the job meanwhile, or another delivery of the message was faster.
        return None


def _turn(job: Job, context: BackfillContext) -> Job:
    is_comparison = job.type is JobType.VERIFY
    listed = backfill_object_of(job.step) if job.step and not is_comparison else None
    try:
        connection = context.connection(job.connection)
        if connection is None:
            return _stop(job, context, f"{job.connection} is no longer in the settings.")
        if context.is_paused(job.connection):
            text = f"Waits, as {job.connection} is paused (crmsync resume {job.connection})."
            return _next(job, context, LONG_WAIT, text)
        if listed is not None and not listed.syncs(connection):
            return _stop(
                job,
                context,
                f"The {listed.section} of {job.connection} are switched off ({listed.switch}).",
            )
        if listed is None:
            return _compare(job, connection, context) if is_comparison else _drain(job, context)
        return _queue_pages(job, listed, connection, context)
    except Conflict:
        raise
    except SyncError as error:
        return _after_error(job, context, error)


def _queue_pages(
    job: Job, listed: BackfillObject, connection: Connection, context: BackfillContext
) -> Job:
    """Queue as many pages of a step as the sync has room for and the day has API calls for."""
    depth = context.backlog.depth(listed.kind)
    left = queue_capacity(job, depth, context.now())
    if left <= 0:
        waiting = min(job.queued, depth.records)
        return _next(replace(job, waiting=waiting), context, 0 if depth.ready else WAIT)
    calls = context.calls(connection)
    if held := calls.hold(CallClass.BACKFILL):
        text = f"Waits for calls. {held.text} The rest is kept for live changes."
        return _next(job, context, LONG_WAIT, text)
    calls.work_as(CallClass.BACKFILL)
    before = job.queued
    job = _queue_step(job, context.lister(connection, listed.side), left, context)
    if job.limit and job.queued >= job.limit and job.step is not None:
        return _stop(
            job, context, f"{LEFT_OUT} The limit of {job.limit:,} records was reached (LIM-2)."
        )
    waiting = min(job.queued, depth.records + job.queued - before)
    return _next(replace(job, waiting=waiting), context, 0)


def _compare(job: Job, connection: Connection, context: BackfillContext) -> Job:
    """Compare some batches. What is found is queued only while the sync keeps up with it."""
    repairs = job.comparison is not None and job.comparison.repairs
    if repairs and job.step is not None:
        depths = [context.backlog.depth(kind) for kind in sorted(kinds_of(job))]
        if any(depth.records >= MIN_WAITING for depth in depths):
            return _next(job, context, WAIT)
    if job.step is not None:
        calls = context.calls(connection)
        if held := calls.hold(CallClass.BACKFILL):
            text = f"Waits for calls. {held.text} The rest is kept for live changes."
            return _next(job, context, LONG_WAIT, text)
        calls.work_as(CallClass.BACKFILL)
    job = context.compare(job, connection)
    if job.step is not None:
        return _next(job, context, 0)
    if repairs:
        return _drain(job, context)
    return context.jobs.save(replace(job, state=JobState.DONE, moved_at=context.now()))


def _queue_step(job: Job, lister: Lister, left: int, context: BackfillContext) -> Job:
    """Queue up to `left` records of the job's step, page by page, and store the place after each.

    Records that the operator named are forced: a company then gets an account whatever the rules
    say (ACC-13).
    """
    step, at = job.step, job.at
    for _ in range(MAX_PAGES):
        most = min(left, job.limit - job.queued if job.limit else left)
        if step is None or most <= 0 or job.at != at:
            break
        page = _page(step, lister, job.after, min(most, PAGE))
        now = context.now()
        if page.refs:
            kind, cause = backfill_object_of(step).kind, Cause.FORCED if step.ids else Cause.RESYNC
            context.outbox.publish(
                [Change(job.connection, kind, ref, cause, now, job=job.id) for ref in page.refs]
            )
        job = context.jobs.save(moved(job, page, now))
        left -= len(page.refs)
    return job


def _page(step: JobStep, lister: Lister, after: str, size: int) -> Page:
    """The next page of a step: of the records that it names, or of all."""
    if not step.ids:
        return lister.page(
            step.object, after, size, with_email=step.with_email, activity=step.activity
        )
    start = int(after or 0)
    refs = tuple(Ref(step.side, step.object, one) for one in step.ids[start : start + size])
    end = start + len(refs)
    return Page(refs, str(end) if end < len(step.ids) else None)


def counted(step: JobStep, lister: Lister) -> JobStep:
    """The step with the number of its records, and of those without an e-mail address."""
    total = lister.count(step.object, with_email=step.with_email, activity=step.activity)
    left_out = max(0, lister.count(step.object) - total) if step.with_email else 0
    return replace(step, total=total, left_out=left_out)


def moved(job: Job, page: Page, now: datetime) -> Job:
    """The job after a page: further on in its step, or at the start of the next one."""
    queued = job.queued + len(page.refs)
    job = replace(
        job,
        queued=queued,
        waiting=min(queued, job.waiting + len(page.refs)),
        moved_at=now,
        trouble="",
    )
    if page.after is not None:
        return replace(job, after=page.after)
    at = job.at + 1
    return replace(job, at=at, after="", listed_at=now if at == len(job.steps) else None)


def _drain(job: Job, context: BackfillContext) -> Job:
    """Wait until the sync has done what was queued; then the job is done.

    What it worked through completely then counts as imported (OPP-2).
    """
    now = context.now()
    depths = [context.backlog.depth(kind) for kind in sorted(kinds_of(job))]
    is_idle = all(depth.is_idle for depth in depths)
    waiting = 0 if is_idle else min(job.queued, sum(depth.records for depth in depths))
    job = replace(job, waiting=waiting, moved_at=now, trouble="")
    if not is_idle and now < (job.listed_at or now) + DRAIN:
        return _next(job, context, 0 if any(depth.ready for depth in depths) else WAIT)
    steps = job.steps if job.type is not JobType.VERIFY else ()
    whole = [backfill_object_of(step).imported_as for step in steps if not step.ids]
    for name in dict.fromkeys(filter(None, whole)):
        context.jobs.mark_imported(job.connection, name, now)
    return context.jobs.save(replace(job, state=JobState.DONE))


def kinds_of(job: Job) -> frozenset[Kind]:
    """The kinds of the objects that a job lists."""
    return frozenset(backfill_object_of(one).kind for one in job.steps if one.object != LINKS)


def _after_error(job: Job, context: BackfillContext, error: SyncError) -> Job:
    """Wait out an error that may pass; pause the job, with the reason, for one that needs a person.

    Pages of this turn may have been stored, so the job is read again. Raises `Conflict` when
    somebody stopped it meanwhile.
    """
    stored = context.jobs.load(job.connection, job.id)
    if (
        stored is None
        or stored.state is not JobState.RUNNING
        or stored.turn_token != job.turn_token
    ):
        raise Conflict("the job was changed meanwhile")
    text = f"{error.text} {error.hint}".strip()
    if isinstance(error, OutOfTime):
        return _next(stored, context, 0)
    if isinstance(error, TryAgain):
        return _next(stored, context, round(min(LONG_WAIT, max(WAIT, error.after))), text)
    return _stop(stored, context, text)


def _next(job: Job, context: BackfillContext, after: int, trouble: str = "") -> Job:
    """Send the message of the next turn, then store its token."""
    ahead = replace(job, moved_at=context.now(), trouble=trouble).with_turn_token(
        context.new_turn_token()
    )
    context.job_messages.send(job_message_of(ahead), after=after)
    return context.jobs.save(ahead)


def _stop(job: Job, context: BackfillContext, trouble: str) -> Job:
    return context.jobs.save(
        replace(job, state=JobState.PAUSED, moved_at=context.now(), trouble=trouble)
    )
