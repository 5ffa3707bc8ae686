"""``crmsync import``, ``crmsync resync`` and ``crmsync jobs``: backfills."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from crmsync.cli import progress as progress_line
from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_connection,
    add_group,
    count,
    duration,
    one_of,
)
from crmsync.cli.entries import minute
from crmsync.cli.tables import listed
from crmsync.model.operations.jobs import NOTHING_COUNTED, Job, JobCounts, JobState
from crmsync.model.records import Side
from crmsync.rules.backfill.objects import IMPORTABLE
from crmsync.rules.backfill.pacing import progress
from crmsync.wire.rows.jobs import shown

if TYPE_CHECKING:
    from crmsync.flows.backfill.jobs import JobAdmin, PlannedJobs
    from crmsync.flows.operator.operator import Operator
    from crmsync.model.effects import Category
    from crmsync.rules.backfill.estimate import CallEstimate, Calls

Parked: TypeAlias = "Mapping[str, Mapping[Category, int]]"
"""Job id -> how many records were parked while it ran, by category."""

STANDSTILL = timedelta(seconds=15)
"""Without progress for so long, the time that is left says nothing."""

_NAMED = 2
"""The most steps of a job that are named."""

_GO_ON = "Jobs go on without this command; crmsync jobs list shows them."
_STILL = f"Nothing has moved lately. {_GO_ON}"


def add_commands(commands: Subparsers) -> None:
    """Add ``import``, ``resync`` and ``jobs``."""
    imports = add_command(
        commands,
        "import",
        _import,
        "bring in records that are older than the connection, or than the switch of a kind",
        "crmsync import contacts --apply --no-wait",
    )
    imports.add_argument("object", metavar="OBJECT", help=", ".join(IMPORTABLE))
    resync = add_command(
        commands,
        "resync",
        _resync,
        "sync records again: one, all of an object, or everything",
        "crmsync resync --side hubspot --object contact --id 81 --apply",
    )
    resync.add_argument("--side", type=one_of(Side), metavar="SIDE", help="hubspot or salesforce")
    resync.add_argument(
        "--object",
        metavar="OBJECT",
        help="contact, company, deal; Lead, Contact, Account, Opportunity",
    )
    resync.add_argument(
        "--id",
        metavar="ID",
        action="append",
        default=[],
        help="this record alone; several may be given",
    )
    resync.add_argument(
        "--all", action="store_true", help="everything that is switched on, parents first"
    )
    resync.set_defaults(misused=resync.error)
    for parser in (imports, resync):
        add_connection(parser)
        parser.add_argument(
            "--max-changes", metavar="N", type=count, default=0, help="refuse more records than N"
        )
        parser.add_argument("--no-wait", action="store_true", help="queue and return")
        add_apply(parser)
    jobs = add_group(commands, "jobs", "imports and resyncs that run or ran")
    add_command(jobs, "list", _list, "list every job, newest first", "crmsync jobs list")
    for name, run, text in (
        ("pause", _pause, "stop a job for now"),
        ("resume", _resume, "let a job go on from where it stopped"),
        ("cancel", _cancel, "stop a job for good"),
    ):
        add_command(jobs, name, run, text, f"crmsync jobs {name} 7f3a2c").add_argument(
            "id", metavar="ID", help="the job's id"
        )


def _import(operator: Operator, arguments: argparse.Namespace) -> Answer:
    planned = operator.jobs.plan_import(arguments.object, arguments.connection)
    return _start(operator.jobs, planned, arguments)


def _resync(operator: Operator, arguments: argparse.Namespace) -> Answer:
    is_named = any((arguments.side, arguments.object, arguments.id))
    is_misused = is_named if arguments.all else not (arguments.side and arguments.object)
    if is_misused:
        arguments.misused("give either --all, or --side and --object")
    if arguments.all:
        planned = operator.jobs.plan_resync_of_all(arguments.connection)
    else:
        planned = operator.jobs.plan_resync(
            arguments.side, arguments.object, arguments.id, arguments.connection
        )
    return _start(operator.jobs, planned, arguments)


def _start(admin: JobAdmin, planned: PlannedJobs, arguments: argparse.Namespace) -> Answer:
    """Show what would be done; with ``--apply`` start it, and wait for it unless told not to."""
    if not arguments.apply:
        admin.check_limit(planned, arguments.max_changes)
        lines = (
            *map(_job_line, planned.jobs),
            _estimate_line(planned.estimate),
            "--apply starts it.",
        )
        document = _document(planned, planned.jobs, applied=False)
        return Answer(document, "\n".join(lines), planned.remarks)
    jobs = admin.start(planned, limit=arguments.max_changes)
    remarks, status = planned.remarks, DONE
    if not arguments.no_wait:
        jobs, still = wait_for(admin, jobs)
        remarks = (*remarks, *still)
        if any(job.state is not JobState.DONE for job in jobs):
            status = FINDINGS
    return Answer(
        _document(planned, jobs, applied=True),
        _table(jobs, admin.parked_by(jobs), admin.counts_of(jobs)),
        remarks,
        status,
    )


def wait_for(admin: JobAdmin, jobs: list[Job]) -> tuple[list[Job], tuple[str, ...]]:
    """Watch jobs until none is running or nothing moves, or the operator presses Ctrl-C; the jobs
    as they are then, and a remark if some go on without the command.
    """
    remark = _STILL
    try:
        for now in admin.watch(jobs):
            jobs = now
            progress_line.show(progress_bar(jobs, admin.now()))
    except KeyboardInterrupt:
        remark = _GO_ON
    progress_line.finish()
    is_running = any(job.state is JobState.RUNNING for job in jobs)
    return jobs, (remark,) if is_running else ()


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    jobs = operator.jobs.all()
    if not jobs:
        return Answer([], "There are no jobs.")
    parked = operator.jobs.parked_by(jobs)
    counts = operator.jobs.counts_of(jobs)
    document = [
        shown(job)
        | {"parked": dict(parked.get(job.id, {}))}
        | asdict(counts.get(job.id, NOTHING_COUNTED))
        for job in jobs
    ]
    return Answer(document, _table(jobs, parked, counts))


def _pause(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _one(operator.jobs.pause(arguments.id))


def _resume(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _one(operator.jobs.resume(arguments.id))


def _cancel(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _one(operator.jobs.cancel(arguments.id))


def _one(job: Job) -> Answer:
    return Answer(shown(job), _table([job], {}, {}))


# What people read.

_HEADING = ("ID", "CONNECTION", "JOB", "STATE", "RECORDS", "STARTED (UTC)", "OUTCOME")


def _table(jobs: Sequence[Job], parked: Parked, counts: Mapping[str, JobCounts]) -> str:
    return listed(
        [
            _HEADING,
            *(
                _cells(job, parked.get(job.id, {}), counts.get(job.id, NOTHING_COUNTED))
                for job in jobs
            ),
        ]
    )


def _cells(job: Job, parked: Mapping[Category, int], counts: JobCounts) -> tuple[str, ...]:
    return (
        job.id,
        job.connection,
        f"{job.type} {_steps(job)}",
        str(job.state),
        f"{job.done:,} of {max(job.total, job.queued):,}",
        minute(job.started_at),
        _outcome(job, parked, counts),
    )


def _steps(job: Job) -> str:
    named = ", ".join(map(str, job.steps[:_NAMED]))
    more = len(job.steps) - _NAMED
    return f"{named} and {more} more objects" if more > 0 else named


def _outcome(job: Job, parked: Mapping[Category, int], results: JobCounts) -> str:
    """Why it does not go on, what became of its records, what it left out, and what was parked
    meanwhile.
    """
    parts = [job.trouble, results.sentence if results else ""]
    if job.left_out:
        parts.append(f"{job.left_out:,} without e-mail left out")
    if parked:
        counts = ", ".join(f"{number:,} {name}" for name, number in sorted(parked.items()))
        since = f"{job.started_at:%Y-%m-%dT%H:%M}"
        parts.append(f"parked meanwhile: {counts} (crmsync errors list --since {since})")
    return "; ".join(filter(None, parts))


def _job_line(job: Job) -> str:
    steps = ", ".join(f"{step} ({step.total:,})" for step in job.steps)
    return f"{job.connection}: {job.type} of {steps}"


def _estimate_line(estimate: CallEstimate) -> str:
    return (
        f"{estimate.records:,} records; HubSpot calls {_span(estimate.hubspot)}, Salesforce calls "
        f"{_span(estimate.salesforce)};"
        f" under the limits these calls need up to {duration(estimate.seconds)}."
    )


def _span(calls: Calls) -> str:
    return f"{calls.least:,} to {calls.most:,}"


def progress_bar(jobs: Iterable[Job], now: datetime) -> str:
    """How far jobs are together: a bar, the pace, the time that is left, and what they wait for.

    When nothing has moved for a while, it says for how long instead of a time that is left.
    """
    rows = list(jobs)
    done, total = sum(job.done for job in rows), sum(max(job.total, job.queued) for job in rows)
    paces = [progress(job) for job in rows]
    left = [pace.seconds_left for pace in paces if pace.seconds_left is not None]
    rate = sum(pace.per_second or 0 for pace in paces)
    still = min((now - job.moved_at for job in rows), default=timedelta())
    ahead = ""
    if any(job.state is JobState.RUNNING for job in rows) and still >= STANDSTILL:
        ahead = f", nothing for {duration(int(still.total_seconds()))}"
    elif rate and left:
        ahead = f", {rate:,.0f} a second, {duration(max(left))} left"
    trouble = next((f"  {job.trouble}" for job in rows if job.trouble), "")
    return f"{progress_line.bar(done, total)} {done:,} of {total:,}{ahead}{trouble}"


# What programs read.


def _document(planned: PlannedJobs, jobs: Iterable[Job], *, applied: bool) -> dict[str, object]:
    estimate = planned.estimate
    return {
        "applied": applied,
        "jobs": [shown(job) for job in jobs],
        "records": estimate.records,
        "calls": {"hubspot": asdict(estimate.hubspot), "salesforce": asdict(estimate.salesforce)},
        "seconds": estimate.seconds,
    }
