"""The concerns: a batch of queued changes in, both CRMs in step, the partial batch response out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from crmsync.errors import Distrusted, SyncError
from crmsync.model.changes import Change
from crmsync.model.concerns import kinds_of
from crmsync.model.records import Kind
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import our_user_of, world_of
from crmsync.wiring.stores import (
    Event,
    LambdaTime,
    cursors,
    fingerprinter,
    in_time,
    jobs,
    now,
    outbox,
    overwritten_keeper,
    remaining,
    settings_of_queued,
    troubles,
)

if TYPE_CHECKING:
    from crmsync.flows.engine.context import SyncContext
    from crmsync.flows.engine.results import Summary
    from crmsync.gateways.dynamodb.overwritten import OverwrittenKeeper

_MANY = {Kind.CONTACT: "contacts", Kind.ACCOUNT: "accounts", Kind.OPPORTUNITY: "opportunities"}


def contact_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The contacts' concern: a batch of SQS messages in, the partial batch response out."""
    from crmsync.flows.intake.sqs_batch import run_batch

    return in_time(lambda event: run_batch(event["Records"], _sync_contacts))


def account_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The accounts' concern, likewise."""
    from crmsync.flows.intake.sqs_batch import run_batch

    return in_time(lambda event: run_batch(event["Records"], _sync_accounts))


def opportunity_sync() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The opportunities' concern, likewise."""
    from crmsync.flows.intake.sqs_batch import run_batch

    return in_time(lambda event: run_batch(event["Records"], _sync_opportunities))


def _sync_contacts(name: str, changes: list[Change]) -> None:
    from crmsync.flows.kinds.contact import sync_contacts

    for outcome, count in _sync(name, Kind.CONTACT, changes, sync_contacts).items():
        metrics.add_metric(f"Contacts{outcome}", unit="Count", value=count)


def _sync_accounts(name: str, changes: list[Change]) -> None:
    from crmsync.flows.kinds.account import sync_accounts

    for outcome, count in _sync(name, Kind.ACCOUNT, changes, sync_accounts).items():
        metrics.add_metric(f"Accounts{outcome}", unit="Count", value=count)


def _sync_opportunities(name: str, changes: list[Change]) -> None:
    """Nothing is done before the accounts are imported; what is older then comes by an import of
    its own (OPP-2, OPP-4).
    """
    from crmsync.flows.engine.results import Summary
    from crmsync.flows.kinds.opportunity import sync_opportunities

    def sync(some: list[Change], context: SyncContext) -> Summary:
        if context.opportunities_since is not None:
            return sync_opportunities(some, context)
        logger.info(
            "opportunities wait for the import of the accounts", connection=name, changes=len(some)
        )
        return Summary()

    for outcome, count in _sync(name, Kind.OPPORTUNITY, changes, sync).items():
        metrics.add_metric(f"Opportunities{outcome}", unit="Count", value=count)


def _sync(
    name: str,
    kind: Kind,
    changes: list[Change],
    sync: Callable[[list[Change], SyncContext], Summary],
) -> Mapping[str, int]:
    """Give a concern its changes, if the connection has it switched on; answers the counts.

    Raises `SyncError` only where not even putting the changes off worked: then their messages come
    back, and the log says why.
    """
    try:
        return _synced(name, kind, changes, sync)
    except SyncError as error:
        logger.warning(
            "changes come back", connection=name, kind=kind, code=error.code, reason=error.text
        )
        raise


def _synced(
    name: str,
    kind: Kind,
    changes: list[Change],
    sync: Callable[[list[Change], SyncContext], Summary],
) -> Mapping[str, int]:
    from crmsync.flows.engine.circuit_breaker import CircuitBreaker
    from crmsync.flows.engine.sign_in import sign_in_and_sync
    from crmsync.flows.intake.cached_troubles import CachedTroubles

    try:
        connection = _syncing(name, kind, changes)
    except Distrusted as error:
        outbox().again([(change, round(error.after)) for change in changes])
        return {"PutOff": len(changes)}
    if connection is None:
        return {}
    known = CachedTroubles(troubles())
    breaker = CircuitBreaker(name, kind, known, outbox(), now)
    summary = sign_in_and_sync(
        breaker,
        changes,
        lambda: replace(_world(connection), troubles=known, may_begin=_may_begin(name)),
        lambda context: _counted(sync(changes, context), kind, context),
    )
    _tell(name, kind, summary)
    _tell_oldest(name, kind, summary)
    return summary.counts


def _may_begin(name: str) -> Callable[[], bool]:
    """Whether another batch of a connection may begin: there is time, and the operator has not
    paused it since.
    """
    from crmsync.flows.operator.pauses import PauseWatch

    watch = PauseWatch(name, troubles(), now, looked=now())
    return lambda: remaining().may_begin() and not watch.is_paused()


def _counted(summary: Summary, kind: Kind, context: SyncContext) -> Summary:
    """What came of the changes, once it is told how much of an hour's limit is used up."""
    if fill := context.brake.fill(context.connection.name, kind):
        metrics.add_metric("BrakePercent", unit="Percent", value=round(100 * fill))
    return summary


def _world(connection: Connection) -> SyncContext:
    """The world of a connection. All concerns know since when opportunities sync: who finds a
    counterpart has them looked at.
    """
    context = world_of(connection, our_user_of(connection), _opportunities_since(connection))
    context = replace(context, fingerprinter=fingerprinter())
    return replace(context, overwrites=_keeper_of(connection)) if connection.undo.hours else context


@cache
def _keeper_of(connection: Connection) -> OverwrittenKeeper | None:
    """Where the values are kept that a connection overwrites, which wants them kept."""
    keeper = overwritten_keeper()
    if keeper is None:
        logger.warning(
            "overwritten values are not kept: this stack keeps none", connection=connection.name
        )
    return keeper


def _opportunities_since(connection: Connection) -> datetime | None:
    """Since when the opportunities of a connection sync by themselves; an import that is finished
    is asked for once.
    """
    from crmsync.model.crm_names import ACCOUNT
    from crmsync.rules.settings.order import opportunities_since

    if Kind.OPPORTUNITY not in kinds_of(connection):
        return None
    finished = _finished_imports()
    if connection.name not in finished and (at := jobs().imported(connection.name, ACCOUNT)):
        finished[connection.name] = at
    return opportunities_since(connection, finished.get(connection.name))


@cache
def _finished_imports() -> dict[str, datetime]:
    """When the import of the accounts was finished, by connection, as far as somebody has asked."""
    return {}


def _syncing(name: str, kind: Kind, changes: Sequence[Change]) -> Connection | None:
    """The connection of that name if it has the concern switched on; messages may outlive a switch.
    Raises as `settings` does.
    """
    connection = settings_of_queued().connection(name)
    if connection is None or kind not in kinds_of(connection):
        logger.info(
            "this concern of this connection does not sync",
            connection=name,
            kind=kind,
            changes=len(changes),
        )
        return None
    return connection


def _tell_oldest(name: str, kind: Kind, summary: Summary) -> None:
    """Since when the oldest change that was put off has waited, counted from when it happened."""
    from crmsync.flows.engine.staleness import note_waiting

    at = now()
    if summary.oldest:
        note_waiting(name, kind, summary.oldest, cursors(), at)
    age = (at - summary.oldest.since).total_seconds() if summary.oldest else 0
    metrics.add_metric("OldestChangeSeconds", unit="Seconds", value=max(0, round(age)))


def _tell(name: str, kind: Kind, summary: Summary) -> None:
    for decision in summary.decisions:
        logger.info(f"{kind} decided", connection=name, decision=decision)
    logger.info(f"{_MANY[kind]} looked at", connection=name, counts=dict(summary.counts))
