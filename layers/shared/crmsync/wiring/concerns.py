"""The sync Lambdas, one per kind: a batch of queued changes in, the partial batch response out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from crmsync.errors import Distrusted, SyncError
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import ACCOUNT
from crmsync.model.records import Kind
from crmsync.model.settings import Connection
from crmsync.telemetry import EphemeralMetrics, logger, metrics
from crmsync.wiring.conflicts import conflict_log, keep_conflicts
from crmsync.wiring.crms import our_user_of, sync_context
from crmsync.wiring.stores import (
    Event,
    LambdaTime,
    cursors,
    fingerprinter,
    jobs,
    now,
    outbox,
    overwritten_keeper,
    remaining,
    settings_for_queued_work,
    stack_name,
    task_states,
    troubles,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.flows.engine.context import SyncContext
    from crmsync.flows.engine.results import Summary
    from crmsync.gateways.dynamodb.overwritten import OverwrittenKeeper

PLACE = "\x00"
"""Where a decision stands in a message."""

VALUES = 100
"""The most values of a metric in a line (docs/vendors.md#aws-metrics)."""

Emit = Callable[[str, int], None]
"""Emits the metric of one outcome of a kind: the outcome's name and how many records had it."""


def contact_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda that syncs contacts and leads."""
    return _sync_lambda(
        Kind.CONTACT,
        lambda outcome, count: metrics.add_metric(f"Contacts{outcome}", unit="Count", value=count),
    )


def account_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda that syncs companies and accounts."""
    return _sync_lambda(
        Kind.ACCOUNT,
        lambda outcome, count: metrics.add_metric(f"Accounts{outcome}", unit="Count", value=count),
    )


def opportunity_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda that syncs deals and opportunities."""
    return _sync_lambda(
        Kind.OPPORTUNITY,
        lambda outcome, count: metrics.add_metric(
            f"Opportunities{outcome}", unit="Count", value=count
        ),
    )


def activity_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda that syncs activities with Salesforce's tasks and events."""
    return _sync_lambda(
        Kind.ACTIVITY,
        lambda outcome, count: metrics.add_metric(
            f"Activities{outcome}", unit="Count", value=count
        ),
    )


def _sync_lambda(kind: Kind, emit: Emit) -> Callable[[Event, LambdaTime], dict[str, Any]]:
    from crmsync.flows.intake.sqs_batch import run_batch
    from crmsync.wire.queue_messages import event_id

    def sync(name: str, changes: list[Change]) -> None:
        try:
            _sync(name, kind, changes, emit)
        except SyncError as error:
            # Not even putting the changes off worked: SQS delivers their messages again.
            logger.warning(
                "changes come back", connection=name, kind=kind, code=error.code, reason=error.text
            )
            raise

    def run(event: Event) -> dict[str, Any]:
        records = event["Records"]
        found = {event_id(record["body"]) for record in records} - {""}
        logger.info("messages taken", kind=kind, messages=len(records), events=sorted(found))
        return run_batch(records, sync)

    return with_deadline(run)


def _sync(name: str, kind: Kind, changes: list[Change], emit: Emit) -> None:
    """Sync the changes of one connection and one kind. Raises `SyncError`."""
    from crmsync.flows.engine.batches import sign_in_and_sync
    from crmsync.flows.engine.circuit_breaker import CircuitBreaker
    from crmsync.gateways.dynamodb.troubles import CachedTroubles

    try:
        connection = settings_for_queued_work().connection(name)
    except Distrusted as error:
        outbox().again([(change, round(error.after)) for change in changes])
        emit("PutOff", len(changes))
        return
    if connection is None or kind not in connection.kinds:
        # Messages may outlive the switch that had them queued.
        logger.info(
            "this concern of this connection does not sync",
            connection=name,
            kind=kind,
            changes=len(changes),
        )
        return
    if forgotten := {one.ref for one in changes if one.cause is Cause.FORGOTTEN}:
        conflict_log().forget(name, forgotten)
    cached = CachedTroubles(troubles())
    summary = sign_in_and_sync(
        CircuitBreaker(name, kind, cached, outbox(), now),
        changes,
        lambda: replace(
            _context_of(connection),
            troubles=cached,
            may_begin=_may_begin(name),
            claims=task_states() if kind is Kind.ACTIVITY else None,
        ),
        lambda context: _run_flow(kind, changes, context),
    )
    _report(name, kind, summary)
    _count_for_jobs(name, summary)
    for outcome, count in summary.counts.items():
        emit(outcome, count)


def _count_for_jobs(name: str, summary: Summary) -> None:
    """Keep what was counted for jobs, a write for each job. The sync is done by now, so a count
    that cannot be kept is told and lost.
    """
    for job, counts in summary.jobs.items():
        if not counts:
            continue
        try:
            jobs().count(name, job, counts, now())
        except SyncError as error:
            logger.warning(
                "counts of a job are lost",
                connection=name,
                job=job,
                counts=counts.sentence,
                code=error.code,
            )


def _run_flow(kind: Kind, changes: list[Change], context: SyncContext) -> Summary:
    """Run the flow of a kind, and report how much of its hourly limits is used up.

    Opportunities do not sync before the accounts are imported (OPP-2, OPP-4): an import of their
    own brings the older ones then.
    """
    from crmsync.flows.engine.results import Summary
    from crmsync.flows.kinds.dispatch import SYNC

    if kind is Kind.OPPORTUNITY and context.opportunities_since is None:
        logger.info(
            "opportunities wait for the import of the accounts",
            connection=context.connection.name,
            changes=len(changes),
        )
        summary = Summary()
    else:
        summary = SYNC[kind](changes, context)
    if used := context.change_counts.usage(context.connection.name, kind):
        metrics.add_metric("BrakePercent", unit="Percent", value=round(100 * used))
    return summary


def _may_begin(name: str) -> Callable[[], bool]:
    """Whether a connection's next batch may begin: enough time is left, and the operator has not
    paused the connection.
    """
    from crmsync.flows.engine.circuit_breaker import PauseWatch

    watch = PauseWatch(name, troubles(), now, read_at=now())
    return lambda: remaining().may_begin() and not watch.is_paused()


def _context_of(connection: Connection) -> SyncContext:
    """The context of a connection. Every kind gets the time since when opportunities sync: a newly
    linked contact or account requests a sync of its opportunities.
    """
    context = sync_context(connection, our_user_of(connection), opportunities_since(connection))
    context = replace(context, fingerprinter=fingerprinter())
    return replace(context, overwrites=_keeper_of(connection)) if connection.undo.hours else context


@cache
def _keeper_of(connection: Connection) -> OverwrittenKeeper | None:
    """Where the values that are overwritten are kept; None in a stack without a table for them."""
    keeper = overwritten_keeper()
    if keeper is None:
        logger.warning(
            "overwritten values are not kept: this stack keeps none", connection=connection.name
        )
    return keeper


def opportunities_since(connection: Connection) -> datetime | None:
    """Since when a connection's opportunities sync by themselves; None while they do not. A
    finished import is read from the job table once.
    """
    if Kind.OPPORTUNITY not in connection.kinds:
        return None
    finished = _finished_imports()
    if connection.name not in finished and (at := jobs().imported(connection.name, ACCOUNT)):
        finished[connection.name] = at
    return connection.opportunities_since(finished.get(connection.name))


@cache
def _finished_imports() -> dict[str, datetime]:
    """Connection name -> when the import of its accounts was finished, for those known so far."""
    return {}


class LinePerDecision(logging.Formatter):
    """Makes a line for each decision of a message whose field `decision` is `PLACE`. A thousand
    messages would take a seventh of a batch's processor time.
    """

    def __init__(self, usual: logging.Formatter, decisions: Sequence[object]) -> None:
        """Format the message with the `usual` formatter, and put each of `decisions` into it."""
        super().__init__()
        self._usual = usual
        self._decisions = decisions

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a message."""
        start, _, end = self._usual.format(record).partition(json.dumps(PLACE))
        dump = partial(json.dumps, default=str, separators=(",", ":"), ensure_ascii=False)
        return "\n".join(f"{start}{dump(one)}{end}" for one in self._decisions)


def _report(name: str, kind: Kind, summary: Summary) -> None:
    """Log the decisions and the counts, and report how old the oldest change is that was put off.

    The age counts from when the change happened, not from when it was queued.
    """
    from crmsync.flows.engine.staleness import note_waiting

    if summary.decisions:
        handler = logger.registered_handler
        usual = handler.formatter or logging.Formatter()
        handler.setFormatter(LinePerDecision(usual, summary.decisions))
        try:
            logger.info(f"{kind} decided", connection=name, decision=PLACE)
        finally:
            handler.setFormatter(usual)
    logger.info(f"{kind.plural} looked at", connection=name, counts=dict(summary.counts))
    at, age = now(), 0.0
    _report_lags(name, summary.lags)
    if summary.conflicts:
        keep_conflicts(name, summary.conflicts, at)
    if summary.oldest:
        note_waiting(name, kind, summary.oldest, cursors(), at)
        age = (at - summary.oldest.since).total_seconds()
    metrics.add_metric("OldestChangeSeconds", unit="Seconds", value=max(0, round(age)))


def _report_lags(name: str, lags: Sequence[float]) -> None:
    """Report how long each change took.

    The metric has the stack and the connection as dimensions and not the function, as percentiles
    of several metrics cannot be put together. It is given its values at once: `add_metric` takes
    longer for each than the whole line.
    """
    for start in range(0, len(lags), VALUES):
        values = [round(lag, 1) for lag in lags[start : start + VALUES]]
        EphemeralMetrics(
            metric_set={"ChangeLagSeconds": {"Unit": "Seconds", "Value": values}},
            dimension_set={"stack": stack_name(), "connection": name},
            service="",
        ).flush_metrics()
