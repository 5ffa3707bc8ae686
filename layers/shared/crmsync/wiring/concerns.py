"""The concerns: a batch of queued changes in, both CRMs in step, the partial batch response out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmsync.model.changes import Change
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


def _sync_contacts(name: str, changes: list[Change]) -> None:
    from crmsync.flows.contact import sync_contacts

    connection = settings().connection(name)
    if connection is None or not connection.contacts.sync:
        logger.info("contacts of this connection do not sync", connection=name, changes=len(changes))
        return
    _tell(name, sync_contacts(changes, world_of(connection, our_user_of(connection))))


def _tell(name: str, summary: Summary) -> None:
    for decision in summary.decisions:
        logger.info("contact decided", connection=name, decision=decision)
    logger.info("contacts looked at", connection=name, counts=dict(summary.counts))
    for outcome, count in summary.counts.items():
        metrics.add_metric(f"Contacts{outcome}", unit="Count", value=count)
