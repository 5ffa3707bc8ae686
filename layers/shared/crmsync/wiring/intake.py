"""What finds changes: HubSpot's webhook, Salesforce's change events, and the schedules that look
for what those lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmsync.errors import Distrusted
from crmsync.model.concerns import kinds_of
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import (
    account_of,
    hubspot_sweep_of,
    lists_of,
    our_user_of,
    salesforce_of,
    schemas_of,
)
from crmsync.wiring.pauses import is_paused
from crmsync.wiring.stores import (
    Event,
    LambdaTime,
    cursors,
    inbox,
    now,
    outbox,
    secrets,
    settings,
    skip_if_distrusted,
    troubles,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.flows.intake.push import Receipt, TenantSecrets
    from crmsync.ports.listing import Show
    from crmsync.ports.troubles import Described
    from crmsync.wire.change_event import EventTenant


def hubspot_webhook() -> Callable[[Event], dict[str, Any]]:
    """The webhook: a Function URL event in, its answer out."""
    from crmsync.flows.intake.push import Receipt, receive_webhook
    from crmsync.wire.http import read_request

    def receive(event: Event) -> dict[str, Any]:
        request = read_request(event, os.environ["WEBHOOK_URL"])
        try:
            connections = _syncing()
        except Distrusted:
            # HubSpot sends it again for a day, and what is lost after that is found by the sweep.
            return _answered(Receipt(503, "settings cannot be trusted"))
        doors = [door for one in connections if (door := _door(one))]
        receipt = receive_webhook(
            request, doors, outbox(), now(), shut=len(doors) < len(connections)
        )
        return _answered(receipt)

    return receive


def _answered(receipt: Receipt) -> dict[str, Any]:
    from crmsync.wire.http import answer

    logger.info(
        "webhook answered", status=receipt.status, reason=receipt.word, changes=receipt.changes
    )
    metrics.add_metric(f"Webhook{receipt.status}", unit="Count", value=1)
    metrics.add_metric("ChangesReceived", unit="Count", value=receipt.changes)
    return answer(receipt.status, receipt.word)


def salesforce_changes() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """Salesforce's side of intake: a change event of the partner bus, or the schedule's poll."""
    return with_deadline(
        skip_if_distrusted(lambda event: _poll() if "poll" in event else _take_change_event(event))
    )


def hubspot_sweep() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """HubSpot's schedules: the sweep that finds what its webhooks lost, and in between a look at
    whether it still lets us in.
    """
    return with_deadline(
        skip_if_distrusted(lambda event: _look_at_apps() if "look" in event else _sweep_hubspot())
    )


def _sweep_hubspot() -> dict[str, int]:
    return {
        one.name: _wake(one, Side.HUBSPOT)
        + _sweep(one, Side.HUBSPOT)
        + _sweep_list(one)
        + _sweep_held(one)
        + _sweep_parked(one)
        for one in _looked_at()
    }


def _look_at_apps() -> dict[str, int]:
    """Whether HubSpot takes each connection's token and what that may do; answers 1 for one that it
    refuses.
    """
    return {one.name: int(_is_refused(one)) for one in _awake()}


def _is_refused(connection: Connection) -> bool:
    """A side that cannot answer now is left for the sweep to tell: that is no refusal."""
    from crmsync.errors import SyncError
    from crmsync.flows.setup.app_rights import check_app_rights
    from crmsync.rules.timing.outages import is_refusal

    try:
        check_app_rights(connection, account_of(connection))
    except SyncError as error:
        logger.warning(
            "look put off", connection=connection.name, code=error.code, reason=error.text
        )
        metrics.add_metric("SweepsRefused", unit="Count", value=is_refusal(error))
        return is_refusal(error)
    return False


def _take_change_event(event: Event) -> dict[str, int]:
    from crmsync.flows.intake.push import receive_change_event

    doors = [door for one in _syncing() if (door := _org_door(one))]
    count = receive_change_event(event, doors, outbox())
    metrics.add_metric("ChangesReceived", unit="Count", value=count)
    return {"changes": count}


def _poll() -> dict[str, int]:
    return {one.name: _wake_now(one) + _sweep(one, Side.SALESFORCE) for one in _looked_at()}


def _sweep(connection: Connection, side: Side) -> int:
    """One connection's sweep of one side, over the objects that tell its concerns; answers how many
    changes it found.
    """
    from crmsync.flows.engine.staleness import record_poll
    from crmsync.flows.intake.sweep import sweep, sweep_scope

    watch = sweep_scope(connection, side)
    sweeper = hubspot_sweep_of(connection) if side is Side.HUBSPOT else salesforce_of(connection)
    show = _shown(connection) if side is Side.SALESFORCE else None
    found = _found(connection, lambda: sweep(watch, sweeper, cursors(), outbox(), now(), show=show))
    since = record_poll(connection.name, side, cursors(), now(), is_done=found is not None)
    metrics.add_metric("SecondsSinceLook", unit="Seconds", value=round(since.total_seconds()))
    return found or 0


def _shown(connection: Connection) -> Show:
    """Takes what a connection's org shows of its fields, and counts what is lacking."""
    from crmsync.flows.engine.resting_mappings import note_lost_rights

    def show(shown: Mapping[str, Described]) -> None:
        lacking = note_lost_rights(connection, shown, troubles(), inbox(), cursors(), now())
        metrics.add_metric("FieldsLacking", unit="Count", value=lacking)

    return show


def _sweep_list(connection: Connection) -> int:
    """Who entered the inclusion list, where there is one of HubSpot's."""
    from crmsync.flows.intake.sweep import sweep_list
    from crmsync.rules.kinds.contact.inclusion import needs_membership

    if Kind.CONTACT not in kinds_of(connection) or not needs_membership(connection.contacts):
        return 0
    lists = lists_of(connection)
    return (
        _found(connection, lambda: sweep_list(connection, lists, cursors(), outbox(), now())) or 0
    )


def _sweep_held(connection: Connection) -> int:
    """Deletions that are held back, where deals sync (Q-30)."""
    from crmsync.flows.intake.deferred import queue_deferred

    if Kind.OPPORTUNITY not in kinds_of(connection):
        return 0
    return _found(connection, lambda: queue_deferred(connection, inbox(), outbox(), now())) or 0


def _wake_now(connection: Connection) -> int:
    """Mappings whose field is back in Salesforce; asked for by a few of the polls."""
    from crmsync.flows.engine.resting_mappings import is_field_check_due

    return _wake(connection, Side.SALESFORCE) if is_field_check_due(now()) else 0


def _wake(connection: Connection, side: Side) -> int:
    """Mappings whose field is back on a side; what changed meanwhile is found by the sweeps. Each
    side is asked by its own sweep.
    """
    from crmsync.flows.engine.resting_mappings import resume_mappings

    def look() -> int:
        return resume_mappings(
            connection, side, troubles(), schemas_of(connection), inbox(), cursors()
        )

    return _found(connection, look) or 0


def _sweep_parked(connection: Connection) -> int:
    """What was given up as unavailable (RTY-1)."""
    from crmsync.flows.intake.parked import queue_unavailable

    return (
        _found(
            connection, lambda: queue_unavailable(connection, inbox(), outbox(), cursors(), now())
        )
        or 0
    )


def _found(connection: Connection, look: Callable[[], int]) -> int | None:
    """Run a sweep; a side that cannot answer now (None) is left for the next look and does not stop
    the other connections.
    """
    from crmsync.errors import OutOfTime, SyncError
    from crmsync.rules.timing.outages import is_refusal

    try:
        found = look()
    except OutOfTime:
        logger.info("the next look goes on where this one ends", connection=connection.name)
        return 0
    except SyncError as error:
        logger.warning(
            "sweep put off", connection=connection.name, code=error.code, reason=error.text
        )
        metrics.add_metric("SweepsPutOff", unit="Count", value=1)
        metrics.add_metric("SweepsRefused", unit="Count", value=is_refusal(error))
        return None
    metrics.add_metric("ChangesFound", unit="Count", value=found)
    return found


def _looked_at() -> list[Connection]:
    """The connections that a schedule looks at; with none, nothing stands still."""
    connections = _awake()
    if not connections:
        metrics.add_metric("SecondsSinceLook", unit="Seconds", value=0)
    return connections


def _awake() -> list[Connection]:
    """The connections of which anything syncs and that are not paused."""
    return [one for one in _syncing() if not is_paused(one.name)]


def _syncing() -> list[Connection]:
    """The connections of which anything syncs."""
    return [one for one in settings().connections if kinds_of(one)]


def _org_door(connection: Connection) -> EventTenant | None:
    """A connection's door for change events; one that cannot log in now is left to its poll and
    does not stop the others.
    """
    from crmsync.errors import SyncError
    from crmsync.wire.change_event import EventTenant

    try:
        org_id, our_user = salesforce_of(connection).identity().org_id, our_user_of(connection)
        return EventTenant(connection.name, org_id, our_user, kinds_of(connection))
    except SyncError as error:
        logger.warning(
            "change event left to the poll",
            connection=connection.name,
            code=error.code,
            reason=error.text,
        )
        return None


def _door(connection: Connection) -> TenantSecrets | None:
    """A connection's webhook door with the client secrets that open it; one whose secret cannot be
    used shuts no other.
    """
    from crmsync.errors import SyncError
    from crmsync.flows.intake.push import tenant_secrets
    from crmsync.rules.settings.secret_names import signing_secret

    beside_token = os.environ["SIGNING_SECRETS"] == "with_tokens"
    name = connection.hubspot.secret if beside_token else signing_secret(connection.hubspot.secret)
    try:
        door = tenant_secrets(connection, secrets().read(name))
    except SyncError as error:
        logger.warning(
            "webhook door shut", connection=connection.name, code=error.code, reason=error.text
        )
        door = None
    if door is None or not door.secrets:
        metrics.add_metric("DoorsShut", unit="Count", value=1)
        return None
    return door
