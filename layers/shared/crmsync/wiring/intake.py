"""What finds changes: HubSpot's webhook, Salesforce's change events, and the schedules that look for what those lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from crmsync.model.concerns import kinds_of, watched_of
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import hubspot_of, lists_of, our_user_of, salesforce_of, schemas_of
from crmsync.wiring.stores import cursors, inbox, now, outbox, secrets, settings, troubles

if TYPE_CHECKING:
    from crmsync.flows.intake import GuardedDoor
    from crmsync.wire.change_event import OrgDoor

Event: TypeAlias = Mapping[str, Any]


def hubspot_webhook() -> Callable[[Event], dict[str, Any]]:
    """The webhook: a Function URL event in, its answer out."""
    from crmsync.flows.intake import receive_webhook
    from crmsync.wire.http import answer, read_request

    def receive(event: Event) -> dict[str, Any]:
        request = read_request(event, os.environ["WEBHOOK_URL"])
        receipt = receive_webhook(request, _doors(), outbox(), now())
        logger.info("webhook answered", status=receipt.status, reason=receipt.word, changes=receipt.changes)
        metrics.add_metric(f"Webhook{receipt.status}", unit="Count", value=1)
        metrics.add_metric("ChangesReceived", unit="Count", value=receipt.changes)
        return answer(receipt.status, receipt.word)

    return receive


def salesforce_changes() -> Callable[[Event], dict[str, Any]]:
    """Salesforce's side of intake: a change event of the partner bus, or the schedule's poll."""
    return lambda event: _poll() if "poll" in event else _take_change_event(event)


def hubspot_sweep() -> Callable[[Event], dict[str, Any]]:
    """The schedule that finds what HubSpot's webhooks lost."""
    return lambda _event: {
        one.name: _wake(one) + _sweep(one, Side.HUBSPOT) + _sweep_list(one) + _sweep_held(one) + _sweep_parked(one)
        for one in _syncing()
    }


def _take_change_event(event: Event) -> dict[str, int]:
    from crmsync.flows.intake import receive_change_event

    doors = [door for one in _syncing() if (door := _org_door(one))]
    count = receive_change_event(event, doors, outbox())
    metrics.add_metric("ChangesReceived", unit="Count", value=count)
    return {"changes": count}


def _poll() -> dict[str, int]:
    return {one.name: _sweep(one, Side.SALESFORCE) for one in _syncing()}


def _sweep(connection: Connection, side: Side) -> int:
    """One connection's sweep of one side, over the objects that tell its concerns; answers how many changes it found."""
    from crmsync.flows.sweep import sweep

    kinds = watched_of(connection, side)
    sweeper = hubspot_of(connection) if side is Side.HUBSPOT else salesforce_of(connection)
    return _found(connection, lambda: sweep(connection.name, kinds, sweeper, cursors(), outbox(), now()))


def _sweep_list(connection: Connection) -> int:
    """Who entered the inclusion list, where there is one of HubSpot's."""
    from crmsync.flows.sweep import sweep_list
    from crmsync.rules.inclusion import needs_membership

    if Kind.CONTACT not in kinds_of(connection) or not needs_membership(connection.contacts):
        return 0
    lists, list_id = lists_of(connection), connection.contacts.inclusion_list
    return _found(connection, lambda: sweep_list(connection.name, list_id, lists, cursors(), outbox(), now()))


def _sweep_held(connection: Connection) -> int:
    """Deletions that are held back, where deals sync (Q-30)."""
    from crmsync.flows.held import queue_held

    if Kind.OPPORTUNITY not in kinds_of(connection):
        return 0
    return _found(connection, lambda: queue_held(connection, inbox(), outbox(), now()))


def _wake(connection: Connection) -> int:
    """Mappings whose field is back; what changed meanwhile is found by the sweeps."""
    from crmsync.flows.resting import wake_mappings

    def look() -> int:
        return wake_mappings(connection, troubles(), schemas_of(connection), inbox(), cursors())

    return _found(connection, look)


def _sweep_parked(connection: Connection) -> int:
    """What was given up as unavailable (RTY-1)."""
    from crmsync.flows.parked import queue_unavailable

    return _found(connection, lambda: queue_unavailable(connection, inbox(), outbox(), cursors(), now()))


def _found(connection: Connection, look: Callable[[], int]) -> int:
    """Run a sweep; a side that cannot answer now is left for the next look and does not stop the other connections."""
    from crmsync.errors import SyncError

    try:
        found = look()
    except SyncError as error:
        logger.warning("sweep put off", connection=connection.name, code=error.code, reason=error.text)
        metrics.add_metric("SweepsPutOff", unit="Count", value=1)
        return 0
    metrics.add_metric("ChangesFound", unit="Count", value=found)
    return found


def _syncing() -> list[Connection]:
    """The connections of which anything syncs."""
    return [one for one in settings().connections if kinds_of(one)]


def _org_door(connection: Connection) -> OrgDoor | None:
    """A connection's door for change events; one that cannot log in now is left to its poll and does not stop the others."""
    from crmsync.errors import SyncError
    from crmsync.wire.change_event import OrgDoor

    try:
        org_id, our_user = salesforce_of(connection).identity().org_id, our_user_of(connection)
        return OrgDoor(connection.name, org_id, our_user, kinds_of(connection))
    except SyncError as error:
        logger.warning("change event left to the poll", connection=connection.name, code=error.code, reason=error.text)
        return None


def _doors() -> list[GuardedDoor]:
    """Every connection's webhook door, with the client secrets that open it."""
    from crmsync.flows.intake import guarded

    return [guarded(one, secrets().read(one.hubspot.secret)) for one in _syncing()]
