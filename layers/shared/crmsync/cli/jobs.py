"""The words about backfills: import, resync, and the jobs that they start."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_group,
    columns,
    count,
    duration,
)
from crmsync.model.jobs import Job, JobState
from crmsync.model.records import Side
from crmsync.rules.backfill.objects import IMPORTABLE
from crmsync.rules.backfill.pacing import progress
from crmsync.wire.job_rows import shown

if TYPE_CHECKING:
    from crmsync.flows.backfill.jobs import JobAdmin, PlannedJobs
    from crmsync.flows.operator.operator import Operator
    from crmsync.rules.backfill.estimate import Calls, Price

BAR = 30


def add_commands(words: Subparsers) -> None:
    """Add ``import``, ``resync`` and ``jobs``."""
    imported = add_command(
        words,
        "import",
        _import,
        "bring in the Salesforce records that are older than the connection",
    )
    imported.add_argument("object", metavar="OBJECT", help=", ".join(IMPORTABLE))
    resync = add_command(
        words, "resync", _resync, "look at records once more: one, all of an object, or everything"
    )
    resync.add_argument(
        "--side", type=Side, choices=list(Side), metavar="SIDE", help="hubspot or salesforce"
    )
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
    for made in (imported, resync):
        made.add_argument("--connection", metavar="NAME", default="", help="this connection alone")
        made.add_argument(
            "--max-changes",
            metavar="N",
            type=count,
            default=0,
            help="refuse to look at more records",
        )
        made.add_argument("--no-wait", action="store_true", help="queue and return")
        add_apply(made)
    jobs = add_group(words, "jobs", "imports and resyncs that run or ran")
    add_command(jobs, "list", _list, "every job, newest first")
    for name, run, text in (
        ("pause", _pause, "have a job stop where it is"),
        ("resume", _resume, "have a job go on from where it stopped"),
        ("cancel", _cancel, "end a job for good"),
    ):
        add_command(jobs, name, run, text).add_argument("id", metavar="ID")


def _import(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _carry_out(
        operator.jobs, operator.jobs.plan_import(arguments.object, arguments.connection), arguments
    )


def _resync(operator: Operator, arguments: argparse.Namespace) -> Answer:
    named = any((arguments.side, arguments.object, arguments.id))
    if named if arguments.all else not (arguments.side and arguments.object):
        arguments.misused("give either --all, or --side and --object")
    office = operator.jobs
    if arguments.all:
        planned = office.plan_resync_of_all(arguments.connection)
    else:
        planned = office.plan_resync(
            arguments.side, arguments.object, arguments.id, arguments.connection
        )
    return _carry_out(office, planned, arguments)


def _carry_out(office: JobAdmin, planned: PlannedJobs, arguments: argparse.Namespace) -> Answer:
    """Show what would be done; with ``--apply`` start it, and wait for it unless told not to."""
    if not arguments.apply:
        lines = (*map(_leg_line, planned.jobs), _price_line(planned.price), "--apply starts it.")
        return Answer(
            _document(planned, planned.jobs, applied=False), "\n".join(lines), planned.remarks
        )
    jobs = office.start(planned, limit=arguments.max_changes)
    remarks, status = planned.remarks, DONE
    if not arguments.no_wait:
        jobs = _wait(office, jobs)
        status = DONE if all(job.state is JobState.DONE for job in jobs) else FINDINGS
        still = any(job.state is JobState.RUNNING for job in jobs)
        remarks += (
            "Nothing has moved lately. Jobs go on without this command; look with crmsync jobs list.",
        ) * still
    return Answer(_document(planned, jobs, applied=True), _table(jobs), remarks, status)


def _wait(office: JobAdmin, jobs: list[Job]) -> list[Job]:
    """Watch jobs until none of them runs or nothing moves any longer, with a bar on stderr for a
    person.
    """
    is_person = sys.stderr.isatty()
    for now in office.watch(jobs):
        jobs = now
        if is_person:
            print(f"\r{progress_bar(jobs)}\x1b[K", end="", file=sys.stderr, flush=True)
    if is_person:
        print(file=sys.stderr)
    return jobs


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    jobs = operator.jobs.all()
    return Answer([shown(job) for job in jobs], _table(jobs) or "There are no jobs.")


def _pause(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _one(operator.jobs.pause(arguments.id))


def _resume(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _one(operator.jobs.resume(arguments.id))


def _cancel(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _one(operator.jobs.cancel(arguments.id))


def _one(job: Job) -> Answer:
    return Answer(shown(job), _table([job]))


# What people read.


def _table(jobs: Sequence[Job]) -> str:
    return columns([_cells(job) for job in jobs])


def _cells(job: Job) -> tuple[str, ...]:
    far = f"{job.done:,} of {max(job.total, job.queued):,}"
    return (
        job.id,
        job.connection,
        f"{job.verb} {', '.join(map(str, job.legs))}",
        str(job.state),
        far,
        job.trouble,
    )


def _leg_line(job: Job) -> str:
    legs = ", ".join(f"{leg} ({leg.total:,})" for leg in job.legs)
    return f"{job.connection}: {job.verb} of {legs}"


def _price_line(price: Price) -> str:
    return (
        f"{price.records:,} records; HubSpot calls {_span(price.hubspot)}, Salesforce calls {_span(price.salesforce)};"
        f" at most {duration(price.seconds)}."
    )


def _span(calls: Calls) -> str:
    return f"{calls.least:,} to {calls.most:,}"


def progress_bar(jobs: Iterable[Job]) -> str:
    """How far jobs are together: a bar, the pace, the time that is left, and what they wait for."""
    rows = list(jobs)
    done, total = sum(job.done for job in rows), sum(max(job.total, job.queued) for job in rows)
    full = BAR * done // total if total else BAR
    paces = [progress(job) for job in rows]
    left = [pace.seconds_left for pace in paces if pace.seconds_left is not None]
    rate = sum(pace.per_second or 0 for pace in paces)
    ahead = f", {rate:,.0f} a second, {duration(max(left))} left" if rate and left else ""
    trouble = next((f"  {job.trouble}" for job in rows if job.trouble), "")
    return f"[{'#' * full}{'.' * (BAR - full)}] {done:,} of {total:,}{ahead}{trouble}"


# What programs read.


def _document(planned: PlannedJobs, jobs: Iterable[Job], *, applied: bool) -> dict[str, object]:
    price = planned.price
    return {
        "applied": applied,
        "jobs": [shown(job) for job in jobs],
        "records": price.records,
        "calls": {"hubspot": asdict(price.hubspot), "salesforce": asdict(price.salesforce)},
        "seconds": price.seconds,
    }
