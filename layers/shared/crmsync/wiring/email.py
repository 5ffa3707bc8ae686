"""The Lambdas of e-mail events: the schedule that reads HubSpot's log, and the queue whose log
ranges become Salesforce tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crmsync.errors import Distrusted
from crmsync.model.concerns import mail_kinds_of
from crmsync.model.mail import LogRange
from crmsync.model.operations.calls import CallClass
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import (
    call_leases_of,
    calls_of,
    hubspot_client_of,
    hubspot_of,
    lists_of,
    salesforce_of,
)
from crmsync.wiring.pauses import is_paused
from crmsync.wiring.stores import (
    KEPT_CONNECTIONS,
    Event,
    LambdaTime,
    aws_client,
    cursors,
    fingerprinter,
    inbox,
    now,
    settings,
    settings_for_queued_work,
    skip_if_distrusted,
    table_name,
    task_queue,
    task_states,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.flows.email.task_run import TaskSummary
    from crmsync.gateways.hubspot.mail import HubspotMail
    from crmsync.gateways.salesforce.objects.tasks import SalesforceTasks

PAUSED = 300
"""Seconds after which log ranges of a paused connection are tried again."""

RUN = timedelta(seconds=60)
"""How long a run begins new log ranges: the rest of its two minutes is for the last calls."""


def email_events() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of the schedule that reads each connection's log, for the kinds of e-mail events
    that are switched on (SET-10).
    """
    return with_deadline(skip_if_distrusted(_read_logs))


def email_tasks() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda that makes tasks: a batch of SQS messages in, the partial batch response out."""
    from crmsync.flows.intake.sqs_batch import run_ranges

    return with_deadline(lambda event: run_ranges(event["Records"], _make_tasks))


def _read_logs(_event: Event) -> dict[str, Any]:
    reading = [
        one
        for one in settings().connections
        if mail_kinds_of(one) and not is_paused(one.name) and _has_calls(one)
    ]
    return {
        one.name: sum(_queue_events(one, kind) for kind in mail_kinds_of(one)) for one in reading
    }


def _has_calls(connection: Connection) -> bool:
    """Whether enough HubSpot calls are left to read the log, whose calls then count as a sweep's.
    The cursor waits meanwhile.
    """
    leases = call_leases_of(connection, Side.HUBSPOT)
    leases.work_as(CallClass.SWEEP)
    held = leases.hold(CallClass.SWEEP)
    if held is not None:
        logger.info(
            "event log waits for calls",
            connection=connection.name,
            code=held.code,
            reason=held.text,
        )
    return held is None


def _queue_events(connection: Connection, kind: str) -> int:
    """Read the log for one kind of event; returns how many were queued. An account that does not
    answer now is read by the next run, and other connections go on.
    """
    from crmsync.errors import OutOfTime, SyncError
    from crmsync.flows.email.scan import queue_events

    try:
        found = queue_events(connection, kind, mail_of(connection), cursors(), task_queue(), now())
    except OutOfTime:
        return 0
    except SyncError as error:
        logger.warning(
            "event log put off",
            connection=connection.name,
            kind=kind,
            code=error.code,
            reason=error.text,
        )
        metrics.add_metric("EmailLogPutOff", unit="Count", value=1)
        return 0
    metrics.add_metric("EmailEventsQueued", unit="Count", value=found)
    return found


def _make_tasks(name: str, ranges: list[LogRange]) -> list[LogRange]:
    from crmsync.flows.email.make_tasks import make_tasks
    from crmsync.flows.email.task_run import TaskContext
    from crmsync.gateways.dynamodb.links.links import LinksTable

    try:
        connection = settings_for_queued_work().connection(name)
    except Distrusted as error:
        task_queue().queue([(one, round(error.after)) for one in ranges])
        return []
    if connection is None or not mail_kinds_of(connection):
        logger.info(
            "tasks of this connection are switched off", connection=name, windows=len(ranges)
        )
        return []
    if is_paused(name):
        task_queue().queue([(one, PAUSED) for one in ranges])
        return []
    calls_of(connection).work_as(CallClass.LIVE)
    context = TaskContext(
        connection,
        log=mail_of(connection),
        hubspot=hubspot_of(connection),
        links=LinksTable(aws_client("dynamodb"), table_name("links")),
        lists=lists_of(connection),
        tasks=_tasks_of(connection),
        task_states=task_states(),
        queue=task_queue(),
        inbox=inbox(),
        fingerprinter=fingerprinter(),
        now=now,
        until=now() + RUN,
    )
    return _report_tasks(name, make_tasks(ranges, context))


def _report_tasks(name: str, summary: TaskSummary) -> list[LogRange]:
    logger.info("e-mail events worked through", connection=name, counts=dict(summary.counts))
    for kind, error in summary.refusals.items():
        logger.warning(
            "tasks refused", connection=name, kind=kind, code=error.code, reason=error.text
        )
    for outcome, count in summary.counts.items():
        metrics.add_metric(f"EmailTasks{outcome}", unit="Count", value=count)
    return summary.given_up


@lru_cache(maxsize=KEPT_CONNECTIONS)
def _tasks_of(connection: Connection) -> SalesforceTasks:
    """A connection's tasks. Kept, as it learns with its first call whether the org has an external
    id for them.
    """
    from crmsync.gateways.salesforce.objects.tasks import SalesforceTasks

    return SalesforceTasks(salesforce_of(connection).session)


@lru_cache(maxsize=KEPT_CONNECTIONS)
def mail_of(connection: Connection) -> HubspotMail:
    """The event log of a connection's HubSpot account."""
    from crmsync.gateways.hubspot.mail import HubspotMail

    return HubspotMail(hubspot_client_of(connection))
