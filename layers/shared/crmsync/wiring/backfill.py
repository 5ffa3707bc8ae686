"""The Lambda of backfills: job messages of imports, resyncs and comparisons in, a few pages of each
done; and the schedules that start the nightly comparisons and sweep the campaigns.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.campaigns import sweep_all_campaigns
from crmsync.wiring.crms import calls_of, hubspot_of, lister_of, salesforce_of
from crmsync.wiring.pauses import is_paused
from crmsync.wiring.stores import (
    Event,
    LambdaTime,
    aws_client,
    comparisons,
    concern_queues,
    cursors,
    fingerprinter,
    inbox,
    job_messages,
    jobs,
    now,
    outbox,
    settings,
    settings_for_queued_work,
    skip_if_distrusted,
    table_name,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.flows.backfill.run import BackfillContext
    from crmsync.flows.comparison.compare import Comparer
    from crmsync.flows.preview.read_only import ReadOnlyView
    from crmsync.model.operations.jobs import Job

TOKEN_LENGTH = 6


def backfill() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of imports, resyncs and comparisons: a batch of job messages in, the partial batch
    response out; or a schedule's event, which starts the nightly comparisons or sweeps campaigns.
    """
    from crmsync.flows.backfill.run import run_job_messages

    def run(event: Event) -> dict[str, Any]:
        if "verify" in event:
            return skip_if_distrusted(_start_comparisons)(event)
        if "campaigns" in event:
            return skip_if_distrusted(sweep_all_campaigns)(event)
        ran = run_job_messages(event["Records"], _context())
        for job in ran.jobs:
            _report_job(job)
        return ran.response

    return with_deadline(run)


def new_turn_token() -> str:
    """A random token, for one step of a job or as a job's name."""
    return uuid.uuid4().hex[:TOKEN_LENGTH]


@cache
def _context() -> BackfillContext:
    from crmsync.flows.backfill.run import BackfillContext
    from crmsync.gateways.aws.queues import QueueBacklog

    return BackfillContext(
        connection=lambda name: settings_for_queued_work().connection(name),
        is_paused=is_paused,
        lister=lister_of,
        calls=calls_of,
        jobs=jobs(),
        job_messages=job_messages(),
        outbox=outbox(),
        backlog=QueueBacklog(aws_client("sqs"), concern_queues()),
        new_turn_token=new_turn_token,
        now=now,
        compare=_comparer().run,
    )


def _comparer() -> Comparer:
    """What compares both CRMs and the links."""
    from crmsync.flows.comparison.compare import Comparer
    from crmsync.gateways.dynamodb.comparisons import LinkPageTable

    return Comparer(
        view=_view,
        pages=LinkPageTable(aws_client("dynamodb"), table_name("links")),
        results=comparisons(),
        jobs=jobs(),
        cursors=cursors(),
        outbox=outbox(),
        now=now,
    )


def _view(connection: Connection) -> ReadOnlyView:
    """A connection as its sync sees it now, for reading only."""
    from crmsync.wiring.concerns import opportunities_since
    from crmsync.wiring.views import read_only_view

    view = read_only_view(connection, settings(), opportunities_since(connection))
    return replace(view, context=replace(view.context, fingerprinter=fingerprinter()))


def _start_comparisons(event: Event) -> dict[str, Any]:
    """Start the nightly comparison of every connection that syncs and is not paused."""
    from crmsync.flows.backfill.jobs import JobAdmin
    from crmsync.flows.comparison.start import start_comparisons

    admin = JobAdmin(
        settings=settings,
        jobs=jobs(),
        job_messages=job_messages(),
        lister=lister_of,
        new_id=new_turn_token,
        now=now,
        sleep=time.sleep,
        inbox=inbox(),
        reader=lambda one, side: hubspot_of(one) if side is Side.HUBSPOT else salesforce_of(one),
        caller=lambda: "schedule",
    )
    names = [one.name for one in settings().connections if one.kinds and not is_paused(one.name)]
    started = start_comparisons(admin, names, repairs=event["verify"] == "repair")
    for job in started:
        logger.info("comparison started", connection=job.connection, job=job.id)
    return {"started": len(started)}


def _report_job(job: Job) -> None:
    from crmsync.flows.operator.health.comparisons import out_of_step_for_long

    logger.info(
        "backfill moved",
        connection=job.connection,
        job=job.id,
        state=str(job.state),
        queued=job.queued,
        total=job.total,
        reason=job.trouble,
    )
    metrics.add_metric("BackfillTurns", unit="Count", value=1)
    metrics.add_metric("BackfillsStopped", unit="Count", value=job.state == "paused")
    if job.comparison and job.state == "done":
        found = sum(one.found for one in job.comparison.objects)
        logger.info(
            "everything was compared",
            connection=job.connection,
            job=job.id,
            found=found,
            calls={str(side): calls for side, calls in job.comparison.calls.items()},
        )
        lasting = out_of_step_for_long(comparisons().latest(job.connection))
        metrics.add_metric("RecordsOutOfStep", unit="Count", value=found)
        metrics.add_metric(
            "OutOfStepForLong", unit="Count", value=sum(one.found for one in lasting)
        )
