"""Imports, resyncs, comparisons and decisions about brakes: how far each is, what came of it, and
buttons that pause it, let it go on or cancel it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from crmsync.console.answers import Done, HtmlPage
from crmsync.console.reports import Reports
from crmsync.console.wording import ago
from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.model.effects import Category
from crmsync.model.operations.jobs import LINKS, NOTHING_COUNTED, Job, JobCounts, JobState, JobType
from crmsync.rules.backfill.pacing import progress
from crmsync.wire.pages import PageRequest

PATH = "/jobs"
PAUSE = "/jobs/pause"
RESUME = "/jobs/resume"
CANCEL = "/jobs/cancel"
SHOWN = 50
"""Jobs that are over that the page shows, the newest ones."""

STILL = timedelta(minutes=15)
"""How long a running job may go without progress before it can be put to work anew."""

_WHAT: Mapping[JobType, str] = {
    JobType.IMPORT: "Import",
    JobType.RESYNC: "Resync",
    JobType.VERIFY: "Comparison",
    JobType.UNDO: "Undo",
    JobType.RELEASE: "Release of a brake",
    JobType.DROP: "Drop of what a brake held",
    JobType.RETRY: "Retry of errors",
}


@dataclass(frozen=True, slots=True)
class JobCard:
    """A job.

    Attributes:
        id: Its id.
        connection: The connection.
        what: What it does.
        objects: The objects that it walks through.
        state: Its state.
        done: Records that are done.
        total: Records in all, approximately; 0 where that is not known.
        started_at: When it began (UTC).
        moved: How long ago it last made progress.
        left: The time that is left, for people; "" where nothing can be said.
        outcome: What came of it so far, a sentence each.
        by: Who started it.
        can_pause: Whether it can be paused.
        can_resume: Whether it can go on from where it stopped; also when it does not move.
    """

    id: str
    connection: str
    what: str
    objects: str
    state: str
    done: int
    total: int
    started_at: datetime
    moved: str
    left: str
    outcome: tuple[str, ...]
    by: str
    can_pause: bool
    can_resume: bool


@dataclass(frozen=True, slots=True)
class JobList:
    """What the page shows.

    Attributes:
        open: The jobs that are not over, newest first.
        over: The newest ones of those that are.
        unshown: How many more of these there are.
        told: What a button has done, a sentence; "" if none was pressed.
    """

    open: tuple[JobCard, ...]
    over: tuple[JobCard, ...]
    unshown: int
    told: str


def show(reports: Reports, request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    found = reports.jobs.all()
    view = jobs(
        found,
        reports.jobs.parked_by(found),
        reports.jobs.now(),
        request.query.get("job", ""),
        reports.jobs.counts_of(found),
    )
    return HtmlPage("jobs", "Jobs", view)


def pause(reports: Reports, request: PageRequest) -> Done:
    """Stop a job for now. Raises `SyncError`."""
    return _changed(reports, request, JobAdmin.pause)


def resume(reports: Reports, request: PageRequest) -> Done:
    """Let a job go on from where it stopped. Raises `SyncError`."""
    return _changed(reports, request, JobAdmin.resume)


def cancel(reports: Reports, request: PageRequest) -> Done:
    """Stop a job for good. Raises `SyncError`."""
    return _changed(reports, request, JobAdmin.cancel)


def jobs(
    found: Sequence[Job],
    parked: Mapping[str, Mapping[Category, int]],
    now: datetime,
    changed: str = "",
    results: Mapping[str, JobCounts] | None = None,
) -> JobList:
    """What the page shows of these jobs, newest first; `parked` as `JobAdmin.parked_by` has it,
    `changed` is the id of the job of which a button was pressed.
    """
    over = [job for job in found if job.state.is_over]

    def row(job: Job) -> JobCard:
        return _row(job, parked.get(job.id, {}), now, (results or {}).get(job.id, NOTHING_COUNTED))

    return JobList(
        tuple(row(job) for job in found if not job.state.is_over),
        tuple(map(row, over[:SHOWN])),
        max(0, len(over) - SHOWN),
        next((f"Job {job.id} is {job.state}." for job in found if job.id == changed), ""),
    )


def _changed(
    reports: Reports, request: PageRequest, change: Callable[[JobAdmin, str], Job]
) -> Done:
    job = change(reports.jobs, request.field("job"))
    facts = {"job": job.id, "connection": job.connection, "state": str(job.state)}
    return Done(f"{PATH}?{urlencode({'job': job.id})}", facts)


def _row(job: Job, parked: Mapping[Category, int], now: datetime, results: JobCounts) -> JobCard:
    left = progress(job).seconds_left
    is_open = not job.state.is_over
    return JobCard(
        job.id,
        job.connection,
        _WHAT[job.type],
        _objects(job),
        str(job.state),
        job.done,
        max(job.total, job.queued) if job.total else 0,
        job.started_at,
        ago(job.moved_at, now),
        f"about {max(1, left // 60):,} min left" if is_open and job.total and left else "",
        tuple(_outcome(job, parked, results)),
        job.by,
        can_pause=job.state is JobState.RUNNING,
        can_resume=job.type is not JobType.UNDO
        and (
            job.state is JobState.PAUSED
            or (job.state is JobState.RUNNING and now - job.moved_at >= STILL)
        ),
    )


def _objects(job: Job) -> str:
    """The objects, each once, the walk through the links left out."""
    names = (f"{one.side.label} {one.object}" for one in job.steps if one.object != LINKS)
    return ", ".join(dict.fromkeys(names))


def _outcome(job: Job, parked: Mapping[Category, int], results: JobCounts) -> Iterator[str]:
    """Why it does not go on, what became of its records, what it left out or found, and what was
    parked meanwhile.
    """
    if job.trouble:
        yield job.trouble
    if results:
        yield f"{results.sentence}."
    if job.left_out:
        yield f"{job.left_out:,} without an e-mail address were left out."
    if job.comparison is not None:
        found = sum(one.found for one in job.comparison.objects)
        repaired = sum(one.repaired for one in job.comparison.objects)
        yield f"{found:,} missing or different, {repaired:,} repaired."
    if parked:
        counts = ", ".join(f"{number:,} {name}" for name, number in sorted(parked.items()))
        yield f"Parked meanwhile: {counts}."
