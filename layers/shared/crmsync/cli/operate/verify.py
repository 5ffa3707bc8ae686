"""``crmsync verify``: whether everything is in step, and the repair of what is not."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_connection,
    duration,
)
from crmsync.cli.operate.jobs import wait_for
from crmsync.cli.tables import table, wrapped
from crmsync.model.operations.comparison import Comparison, ObjectComparison, Standing
from crmsync.model.operations.jobs import LINKS, Job, JobState
from crmsync.model.records import Ref, Side
from crmsync.wire.rows import comparisons as comparison_rows
from crmsync.wire.rows import jobs as job_rows

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator

SAMPLES = 5
"""Findings of an object that people are shown; programs get all that were kept."""

_HEADING = (
    "CONNECTION",
    "OBJECT",
    "RECORDS",
    *(str(one).replace("_", " ").upper() for one in Standing),
)
_NOT_APPLIED = "Nothing was queued: --repair --apply queues what is missing or different."
_REPAIRED = (
    "{:,} records were queued, and have synced as far as the limits on changes let them. Run "
    "crmsync verify again to see what is left."
)


def add_commands(commands: Subparsers) -> None:
    """Add ``verify``."""
    text = (
        "compare both CRMs and the links: what is in step, waits, is parked, outside, missing or "
        "different"
    )
    example = "crmsync verify --object contacts --repair --apply"
    verify = add_command(commands, "verify", _verify, text, example)
    verify.add_argument(
        "--object",
        metavar="OBJECT",
        default="",
        help="this object and its counterparts alone, such as leads or companies",
    )
    add_connection(verify)
    verify.add_argument(
        "--repair",
        action="store_true",
        help="with --apply, queue what is missing or different, as a resync does",
    )
    verify.add_argument("--no-wait", action="store_true", help="start it and return")
    add_apply(verify)


def _verify(operator: Operator, arguments: argparse.Namespace) -> Answer:
    repairs = arguments.repair and arguments.apply
    planned = operator.jobs.plan_comparison(arguments.object, arguments.connection, repairs=repairs)
    jobs, remarks = operator.jobs.start(planned), planned.remarks
    if not arguments.no_wait:
        jobs, still = wait_for(operator.jobs, jobs)
        remarks = (*remarks, *still)
    found = sum(one.found for job in jobs for one in _results(job))
    is_done = all(job.state is JobState.DONE for job in jobs)
    status = FINDINGS if found or not (is_done or arguments.no_wait) else DONE
    lines = "\n".join(_lines(jobs, found, is_done=is_done, repairs=repairs))
    return Answer(_document(jobs, repairs=repairs), lines, remarks, status)


def _results(job: Job) -> list[ObjectComparison]:
    """The results of a comparison so far, in the order of its steps."""
    comparison = job.comparison or Comparison()
    return [comparison.of(one.side, one.object) for one in job.steps if one.object != LINKS]


def _lines(jobs: Sequence[Job], found: int, *, is_done: bool, repairs: bool) -> Iterator[str]:
    rows = [_cells(job, one) for job in jobs for one in _results(job) if one.records]
    if rows:
        yield table(_HEADING, rows)
    for job in jobs:
        for one in _results(job):
            yield from _samples(one)
    for job in jobs:
        if job.comparison and job.queued:
            yield wrapped(_cost(job, job.comparison))
        if job.state is not JobState.DONE:
            yield wrapped(f"{job.connection}: job {job.id} is {job.state}. {job.trouble}".rstrip())
    if is_done and not found:
        yield "Everything is in step, waits, is parked or is outside."
    if found and repairs:
        yield wrapped(_REPAIRED.format(sum(one.repaired for job in jobs for one in _results(job))))
    elif found:
        yield _NOT_APPLIED


def _cells(job: Job, one: ObjectComparison) -> tuple[str, ...]:
    counts = (one.counts.get(standing, 0) for standing in Standing)
    numbers = (f"{count:,}" if count else "" for count in counts)
    return job.connection, f"{one.side} {one.object}", f"{one.records:,}", *numbers


def _samples(one: ObjectComparison) -> Iterator[str]:
    for found in one.findings[:SAMPLES]:
        yield wrapped(f"{_named(found.ref)} is {found.standing}: {found.reason}", "  ")
    if one.found > SAMPLES and one.findings:
        yield f"  ... and {one.found - SAMPLES:,} more of {one.side} {one.object}"


def _named(ref: Ref) -> str:
    return f"{ref.side} {ref.object} {ref.id}"


def _cost(job: Job, comparison: Comparison) -> str:
    calls = comparison.calls
    seconds = round((job.moved_at - job.started_at).total_seconds())
    return (
        f"{job.connection}: {job.queued:,} records were compared in {duration(seconds)}, with "
        f"{calls.get(Side.HUBSPOT, 0):,} HubSpot and {calls.get(Side.SALESFORCE, 0):,} Salesforce "
        "calls."
    )


def _document(jobs: Sequence[Job], *, repairs: bool) -> dict[str, object]:
    return {
        "applied": repairs,
        "jobs": [
            {
                **job_rows.shown(job),
                "calls": {
                    str(side): (job.comparison or Comparison()).calls.get(side, 0) for side in Side
                },
                "objects": [comparison_rows.shown(one) for one in _results(job)],
            }
            for job in jobs
        ],
    }
