"""The concerns: a batch of queued changes in, both CRMs in step, the partial batch response out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmsync.model.changes import Change
from crmsync.model.concerns import kinds_of
from crmsync.model.records import Kind
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import our_user_of, world_of
from crmsync.wiring.stores import settings

if TYPE_CHECKING:
    from crmsync.flows.outcomes import Summary

Event = Mapping[str, Any]


def contact_sync() -> Callable[[Event], dict[str, Any]]:
    """The contacts' concern: a batch of SQS messages in, the partial batch response out."""
    from crmsync.flows.queue_batch import run_batch

    return lambda event: run_batch(event["Records"], _sync_contacts)


def account_sync() -> Callable[[Event], dict[str, Any]]:
    """The accounts' concern, likewise."""
    from crmsync.flows.queue_batch import run_batch

    return lambda event: run_batch(event["Records"], _sync_accounts)


def _sync_contacts(name: str, changes: list[Change]) -> None:
    from crmsync.flows.contact import sync_contacts

    if (connection := _syncing(name, Kind.CONTACT, changes)) is None:
        return
    summary = sync_contacts(changes, world_of(connection, our_user_of(connection)))
    _tell(name, Kind.CONTACT, summary)
    for outcome, count in summary.counts.items():
        metrics.add_metric(f"Contacts{outcome}", unit="Count", value=count)


def _sync_accounts(name: str, changes: list[Change]) -> None:
    from crmsync.flows.account import sync_accounts

    if (connection := _syncing(name, Kind.ACCOUNT, changes)) is None:
        return
    summary = sync_accounts(changes, world_of(connection, our_user_of(connection)))
    _tell(name, Kind.ACCOUNT, summary)
    for outcome, count in summary.counts.items():
        metrics.add_metric(f"Accounts{outcome}", unit="Count", value=count)


def _syncing(name: str, kind: Kind, changes: Sequence[Change]) -> Connection | None:
    """The connection of that name if it has the concern switched on; messages may outlive a switch."""
    connection = settings().connection(name)
    if connection is None or kind not in kinds_of(connection):
        logger.info("this concern of this connection does not sync", connection=name, kind=kind, changes=len(changes))
        return None
    return connection


def _tell(name: str, kind: Kind, summary: Summary) -> None:
    for decision in summary.decisions:
        logger.info(f"{kind} decided", connection=name, decision=decision)
    logger.info(f"{kind}s looked at", connection=name, counts=dict(summary.counts))
