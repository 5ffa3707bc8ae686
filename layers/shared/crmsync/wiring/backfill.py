"""The Lambda of backfills: job messages of imports and resyncs in, pages of records queued."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import calls_of, hubspot_client_of, salesforce_of
from crmsync.wiring.pauses import is_paused
from crmsync.wiring.stores import (
    KEPT_CONNECTIONS,
    Event,
    LambdaTime,
    aws_client,
    concern_queues,
    job_messages,
    jobs,
    now,
    outbox,
    settings_for_queued_work,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.flows.backfill.run import BackfillContext
    from crmsync.gateways.salesforce.listing import SalesforceLister
    from crmsync.model.jobs import Job
    from crmsync.ports.listing import Lister

TOKEN_LENGTH = 6


def backfill() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of imports and resyncs: a batch of job messages in, the partial batch response
    out.
    """
    from crmsync.flows.backfill.run import run_job_messages

    def run(event: Event) -> dict[str, Any]:
        ran = run_job_messages(event["Records"], _context())
        for job in ran.jobs:
            _report_job(job)
        return ran.response

    return with_deadline(run)


def lister_of(connection: Connection, side: Side) -> Lister:
    """Lists all records of a side of a connection, page by page."""
    from crmsync.gateways.hubspot.listing import HubspotLister

    return (
        HubspotLister(hubspot_client_of(connection))
        if side is Side.HUBSPOT
        else quota_of(connection)
    )


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
    )


@lru_cache(maxsize=KEPT_CONNECTIONS)
def quota_of(connection: Connection) -> SalesforceLister:
    """Lists all records of a connection's org, page by page, and reads its daily calls."""
    from crmsync.gateways.salesforce.listing import SalesforceLister

    return SalesforceLister(salesforce_of(connection).session)


def _report_job(job: Job) -> None:
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
