"""Comparisons that are started without counting first, every night and in the console: one job for
each connection, unless one runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from crmsync.errors import Conflict, Refused
from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.model.operations.jobs import Job, JobState, JobType

STILL = timedelta(hours=6)
"""How long a comparison may go without progress before the next one takes its place."""

_REPLACED = "another comparison took its place"


def start_comparisons(admin: JobAdmin, connections: Iterable[str], *, repairs: bool) -> list[Job]:
    """Start a comparison of each of these connections; makes no call to a CRM.

    A connection whose last comparison still runs is left to that. One that has stopped or does not
    move is cancelled: this one finds what it would have found. Raises `TryAgain` when our own
    tables or queues do not answer.
    """
    started: list[Job] = []
    for name in connections:
        if _is_running(admin, name):
            continue
        try:
            planned = admin.plan_comparison(only=name, repairs=repairs, counts=False)
        except Refused:
            # Nothing of this connection is switched on.
            continue
        started += admin.start(planned)
    return started


def _is_running(admin: JobAdmin, connection: str) -> bool:
    """Whether a comparison of the connection runs; those that do not move are cancelled."""
    now, is_running = admin.now(), False
    for job in admin.jobs.not_over(connection):
        if job.type is not JobType.VERIFY:
            continue
        if job.state is JobState.RUNNING and now - job.moved_at < STILL:
            is_running = True
            continue
        try:
            admin.jobs.save(replace(job, state=JobState.CANCELLED, trouble=_REPLACED, moved_at=now))
        except Conflict:
            # It has just moved, so it goes on.
            is_running = True
    return is_running
