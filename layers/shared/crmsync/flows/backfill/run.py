"""A backfill, turn by turn: list a few pages, put their records on the bus, keep the place, go on.

However many records there are, all of them are named: every turn is a chunk, and there is no cap
(LIM-1, Q-31). Nothing is written to a CRM here: records are queued as changes to look at, and the
concerns do the rest. The place moves only after what it passed is durably queued, so a crash costs
a repetition and never a record.

One message at a time makes a job go on, the one with the job's ticket. The next ticket is sent
before it is stored: killed in between, the message that was being worked on comes back and finds
its own ticket still good, and the other one finds its turn long past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.errors import Conflict, OutOfTime, SyncError, TryAgain
from crmsync.model.changes import Cause, Change
from crmsync.model.jobs import Job, JobMessage, JobState, JobStep, errand_of
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.health import Quota
from crmsync.ports.listing import Lister, Page
from crmsync.ports.queues import Backlog, JobMessages, Outbox
from crmsync.ports.stores import Jobs
from crmsync.rules.backfill.objects import Walked, walked_of
from crmsync.rules.backfill.pacing import has_calls_left, room
from crmsync.wire.envelope import UnreadableError
from crmsync.wire.job_message import load

MOST_PAGES = 30
"""Pages of one turn: ten seconds of HubSpot's, so that a turn ends long before its time is up."""

PAGE = 2_000
"""Records of a page at most; a side gives fewer where that is its limit."""

WAIT = 5
"""Seconds until the next look where the sync is busy with what it has."""

LONG_WAIT = 900
"""Seconds until the next look where the day's calls are used up: the longest that a queue holds a
message back.
"""

DRAIN = timedelta(minutes=15)
"""How long a job waits for the sync to finish after its last page; what then still waits was put
off and goes on by itself.
"""

LEFT_OUT = "We couldn't sync all your updates for this mapping."
"""What the operator is told where something really was left out, and never otherwise (LIM-2,
Q-31).
"""


@dataclass(frozen=True, slots=True)
class BackfillContext:
    """What a backfill works with. `lister` and `quota` are made for a connection when they are
    needed; `ticket` makes a new one.

    `connection` raises `TryAgain` where nobody may go by the settings.
    """

    connection: Callable[[str], Connection | None]
    lister: Callable[[Connection, Side], Lister]
    quota: Callable[[Connection], Quota]
    jobs: Jobs
    job_messages: JobMessages
    outbox: Outbox
    backlog: Backlog
    ticket: Callable[[], str]
    now: Callable[[], datetime]
    is_paused: Callable[[str], bool] = lambda _name: False


@dataclass(frozen=True, slots=True)
class TurnResults:
    """What became of a batch of errands: SQS's partial batch response, and the jobs that were
    moved.
    """

    response: dict[str, Any]
    jobs: tuple[Job, ...]


def run_job_messages(records: Sequence[Mapping[str, Any]], desk: BackfillContext) -> TurnResults:
    """Make the turns that the messages ask for; one that cannot be read, or whose turn could not be
    made safe, comes back.
    """
    failed: list[str] = []
    moved: list[Job] = []
    for record in records:
        try:
            job = run_turn(load(record["body"]), desk)
        except (SyncError, UnreadableError):
            failed.append(record["messageId"])
            continue
        moved += [job] if job else []
    return TurnResults(
        {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}, tuple(moved)
    )


def run_turn(job_message: JobMessage, desk: BackfillContext) -> Job | None:
    """Make one turn of a job; answers the job as it stands then, or None where this errand is no
    longer wanted.

    Raises `TryAgain` when neither the turn nor the next errand could be made safe: the message
    shall then come back.
    """
    job = desk.jobs.load(job_message.connection, job_message.job)
    if job is not None and job.state is JobState.RUNNING and job_message.turn > job.turn:
        raise TryAgain("the turn before this one is not over", after=WAIT)
    if job is None or job.state is not JobState.RUNNING or job_message != errand_of(job):
        return None
    try:
        return _turn(job, desk)
    except Conflict:
        # The operator stopped it meanwhile, or the message was delivered twice: whoever was first
        # goes on.
        return None


def _turn(job: Job, desk: BackfillContext) -> Job:
    walked = walked_of(job.leg) if job.leg else None
    try:
        connection = desk.connection(job.connection)
        if connection is None:
            return _stop(job, desk, f"{job.connection} is no longer in the settings.")
        if desk.is_paused(job.connection):
            text = f"Waits, as {job.connection} is paused (crmsync resume {job.connection})."
            return _next(job, desk, LONG_WAIT, text)
        if walked is not None and not walked.syncs(connection):
            return _stop(
                job,
                desk,
                f"The {walked.section} of {job.connection} are switched off ({walked.switch}).",
            )
        if walked is None:
            return _drain(job, desk)
        return _walk(job, walked, connection, desk)
    except Conflict:
        raise
    except SyncError as error:
        return _hindered(job, desk, error)


def _walk(job: Job, walked: Walked, connection: Connection, desk: BackfillContext) -> Job:
    """List and queue as many pages of a leg as the sync has room for, and the day has calls for."""
    depth = desk.backlog.depth(walked.kind)
    left = room(job, depth, desk.now())
    if left <= 0:
        waiting = min(job.queued, depth.records)
        return _next(replace(job, waiting=waiting), desk, 0 if depth.ready else WAIT)
    calls = desk.quota(connection).calls()
    if not has_calls_left(calls, connection.salesforce.daily_call_allotment):
        text = f"Waits for Salesforce calls: {calls.used:,} were used in 24 hours, the rest is kept for live changes."
        return _next(job, desk, LONG_WAIT, text)
    before = job.queued
    job = _list_leg(job, desk.lister(connection, walked.side), left, desk)
    if job.limit and job.queued >= job.limit and job.leg is not None:
        return _stop(
            job, desk, f"{LEFT_OUT} The limit of {job.limit:,} records was reached (LIM-2)."
        )
    waiting = min(job.queued, depth.records + job.queued - before)
    return _next(replace(job, waiting=waiting), desk, 0)


def _list_leg(job: Job, lister: Lister, left: int, desk: BackfillContext) -> Job:
    """Put so many records of the job's leg on the bus, page by page, and store its place after
    each.

    A record that somebody named is looked at by force: for a company that means an account,
    whatever the rules say (ACC-13).
    """
    leg, at = job.leg, job.at
    for _ in range(MOST_PAGES):
        most = min(left, job.limit - job.queued if job.limit else left)
        if leg is None or most <= 0 or job.at != at:
            break
        page = _page(leg, lister, job.after, min(most, PAGE))
        now = desk.now()
        if page.refs:
            kind, cause = walked_of(leg).kind, Cause.FORCED if leg.ids else Cause.RESYNC
            desk.outbox.publish(
                [Change(job.connection, kind, ref, cause, now) for ref in page.refs]
            )
        job = desk.jobs.save(_moved(job, page, now))
        left -= len(page.refs)
    return job


def _page(leg: JobStep, lister: Lister, after: str, size: int) -> Page:
    """The next records of a leg: those that it names, or a page of all."""
    if not leg.ids:
        return lister.page(leg.object, after, size, with_email=leg.with_email)
    start = int(after or 0)
    refs = tuple(Ref(leg.side, leg.object, one) for one in leg.ids[start : start + size])
    end = start + len(refs)
    return Page(refs, str(end) if end < len(leg.ids) else None)


def _moved(job: Job, page: Page, now: datetime) -> Job:
    """The job after a page: further on in its leg, or at the beginning of the next one."""
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
    return replace(job, at=at, after="", listed_at=now if at == len(job.legs) else None)


def _drain(job: Job, desk: BackfillContext) -> Job:
    """Wait until the sync has done what was queued; then the job is done, and what it walked to its
    end counts as imported (OPP-2).
    """
    now = desk.now()
    depths = [desk.backlog.depth(kind) for kind in {walked_of(leg).kind for leg in job.legs}]
    waiting = min(job.queued, sum(depth.records for depth in depths))
    is_over = all(depth.is_idle for depth in depths) or now >= (job.listed_at or now) + DRAIN
    job = replace(
        job,
        waiting=0 if all(depth.is_idle for depth in depths) else waiting,
        moved_at=now,
        trouble="",
    )
    if not is_over:
        return _next(job, desk, 0 if any(depth.ready for depth in depths) else WAIT)
    for leg in job.legs:
        if leg.side is Side.SALESFORCE and not leg.ids:
            desk.jobs.mark_imported(job.connection, leg.object, now)
    return desk.jobs.save(replace(job, state=JobState.DONE))


def _hindered(job: Job, desk: BackfillContext, error: SyncError) -> Job:
    """Wait out what may pass by itself; what a person must mend pauses the job, with the reason.

    Pages of this turn may have been stored, so the job is read again; a job that somebody stopped
    meanwhile stays stopped.
    """
    stored = desk.jobs.load(job.connection, job.id)
    if stored is None or stored.state is not JobState.RUNNING or stored.ticket != job.ticket:
        raise Conflict("the job was changed meanwhile")
    text = f"{error.text} {error.hint}".strip()
    if isinstance(error, OutOfTime):
        return _next(stored, desk, 0)
    if isinstance(error, TryAgain):
        return _next(stored, desk, round(min(LONG_WAIT, max(WAIT, error.after))), text)
    return _stop(stored, desk, text)


def _next(job: Job, desk: BackfillContext, after: int, trouble: str = "") -> Job:
    """Send the errand of the next turn, then store its ticket."""
    ahead = replace(job, moved_at=desk.now(), trouble=trouble).with_ticket(desk.ticket())
    desk.job_messages.send(errand_of(ahead), after=after)
    return desk.jobs.save(ahead)


def _stop(job: Job, desk: BackfillContext, trouble: str) -> Job:
    return desk.jobs.save(replace(job, state=JobState.PAUSED, moved_at=desk.now(), trouble=trouble))
