"""The Lambdas that find changes: HubSpot's webhook, Salesforce's change events, and the schedules
that find what those have lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmsync.errors import Distrusted
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import (
    account_of,
    call_leases_of,
    calls_of,
    hubspot_sweep_of,
    lists_of,
    our_user_of,
    recycle_bin_of,
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
    """The Lambda of HubSpot's webhook: a Function URL event in, the HTTP response out."""
    from crmsync.flows.intake.push import Receipt, receive_webhook
    from crmsync.wire.http import read_request

    def receive(event: Event) -> dict[str, Any]:
        request = read_request(event, os.environ["WEBHOOK_URL"])
        try:
            connections = _syncing()
        except Distrusted:
            # HubSpot repeats the call for a day; what is lost after that is found by the sweep.
            return _answered(Receipt(503, "settings cannot be trusted"))
        tenants = [tenant for one in connections if (tenant := _webhook_tenant(one))]
        receipt = receive_webhook(
            request,
            tenants,
            outbox(),
            now(),
            is_incomplete=len(tenants) < len(connections),
        )
        return _answered(receipt)

    return receive


def _answered(receipt: Receipt) -> dict[str, Any]:
    from crmsync.wire.http import answer

    logger.info(
        "webhook answered",
        status=receipt.status,
        reason=receipt.word,
        changes=receipt.changes,
        events=outbox().accepted if receipt.changes else [],
    )
    metrics.add_metric(f"Webhook{receipt.status}", unit="Count", value=1)
    metrics.add_metric("ChangesReceived", unit="Count", value=receipt.changes)
    return answer(receipt.status, receipt.word)


def salesforce_changes() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of Salesforce's change events: a batch of them from their queue, or the schedule's
    poll.
    """
    return with_deadline(
        skip_if_distrusted(lambda event: _poll() if "poll" in event else _take_change_events(event))
    )


def hubspot_sweep() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of HubSpot's schedules: the sweep that finds what webhooks have lost, and in
    between a check whether HubSpot still accepts our tokens.
    """
    return with_deadline(
        skip_if_distrusted(lambda event: _check_apps() if "look" in event else _sweep_hubspot())
    )


def _sweep_hubspot() -> dict[str, int]:
    return {
        one.name: _resume_mappings(one, Side.HUBSPOT)
        + _sweep(one, Side.HUBSPOT)
        + _sweep_list(one)
        + _queue_deferred(one)
        + _queue_unavailable(one)
        + _queue_outsiders(one)
        + _sweep_recycle_bin(one)
        for one in _scheduled()
        if _has_calls_for_sweep(one, Side.HUBSPOT)
    }


def _check_apps() -> dict[str, int]:
    """Check each connection's token and its scopes; returns 1 for a connection that is refused."""
    return {
        one.name: int(_is_app_refused(one))
        for one in _not_paused()
        if _has_calls_for_sweep(one, Side.HUBSPOT)
    }


def _is_app_refused(connection: Connection) -> bool:
    """Whether HubSpot refuses a connection's token. One that does not answer now has not refused
    it; the sweep reports that.
    """
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


def _take_change_events(event: Event) -> dict[str, int]:
    from crmsync.flows.intake.push import receive_change_events

    tenants = [tenant for one in _syncing() if (tenant := _event_tenant(one))]
    count = receive_change_events([one["body"] for one in event["Records"]], tenants, outbox())
    metrics.add_metric("ChangesReceived", unit="Count", value=count)
    return {"changes": count}


def _poll() -> dict[str, int]:
    return {
        one.name: _resume_at_quarters(one) + _sweep(one, Side.SALESFORCE)
        for one in _scheduled()
        if _has_calls_for_sweep(one, Side.SALESFORCE)
    }


def _has_calls_for_sweep(connection: Connection, side: Side) -> bool:
    """Whether enough calls to a side are left for a sweep, whose calls then count as such. Reports
    how many are used. A sweep that only comes later is not overdue.
    """
    from crmsync.errors import SyncError
    from crmsync.flows.engine.staleness import record_poll
    from crmsync.model.operations.calls import CallClass

    calls_of(connection).work_as(CallClass.SWEEP)
    try:
        state = call_leases_of(connection, side).state()
    except SyncError:
        return True
    metrics.add_metric("CallsUsedPercent", unit="Percent", value=state.percent)
    held = state.holds.get(CallClass.SWEEP)
    if held is None:
        return True
    logger.info(
        "sweep waits for calls",
        connection=connection.name,
        side=side,
        code=held.code,
        reason=held.text,
        until=held.until.isoformat(),
    )
    since = 0.0
    if state.hold is not None:
        since = record_poll(connection.name, side, cursors(), now(), is_done=False).total_seconds()
    metrics.add_metric("SecondsSinceLook", unit="Seconds", value=round(since))
    return False


def _sweep(connection: Connection, side: Side) -> int:
    """Sweep one side of a connection; returns how many changes were found."""
    from crmsync.flows.engine.staleness import record_poll
    from crmsync.flows.intake.sweep import sweep, sweep_scope

    scope = sweep_scope(connection, side)
    sweeper = hubspot_sweep_of(connection) if side is Side.HUBSPOT else salesforce_of(connection)
    show = _show_for(connection) if side is Side.SALESFORCE else None
    found = _run_sweep(
        connection, lambda: sweep(scope, sweeper, cursors(), outbox(), now(), show=show)
    )
    since = record_poll(connection.name, side, cursors(), now(), is_done=found is not None)
    metrics.add_metric("SecondsSinceLook", unit="Seconds", value=round(since.total_seconds()))
    return found or 0


def _show_for(connection: Connection) -> Show:
    """A function that takes the fields that an org shows, and counts those that are missing."""
    from crmsync.flows.engine.resting_mappings import note_lost_rights

    def show(shown: Mapping[str, Described]) -> None:
        lacking = note_lost_rights(connection, shown, troubles(), inbox(), cursors(), now())
        metrics.add_metric("FieldsLacking", unit="Count", value=lacking)

    return show


def _sweep_list(connection: Connection) -> int:
    """Sweep the inclusion list, if it is one of HubSpot's lists."""
    from crmsync.flows.intake.sweep import sweep_list
    from crmsync.rules.kinds.contact.inclusion import needs_membership

    if Kind.CONTACT not in connection.kinds or not needs_membership(connection.contacts):
        return 0
    lists = lists_of(connection)
    return (
        _run_sweep(connection, lambda: sweep_list(connection, lists, cursors(), outbox(), now()))
        or 0
    )


def _sweep_recycle_bin(connection: Connection) -> int:
    """Queue what was deleted in HubSpot and not reported; only the first sweep of a day reads."""
    from crmsync.flows.intake.recycle_bin import sweep_recycle_bin

    def read() -> int:
        return sweep_recycle_bin(connection, recycle_bin_of(connection), cursors(), outbox(), now())

    return _run_sweep(connection, read) or 0


def _queue_deferred(connection: Connection) -> int:
    """Queue deferred deletions, if deals sync (Q-30)."""
    from crmsync.flows.intake.requeue import queue_deferred

    if Kind.OPPORTUNITY not in connection.kinds:
        return 0
    return _run_sweep(connection, lambda: queue_deferred(connection, inbox(), outbox(), now())) or 0


def _resume_at_quarters(connection: Connection) -> int:
    """Resume mappings whose field is back in Salesforce; only one poll in fifteen checks."""
    from crmsync.flows.engine.resting_mappings import is_field_check_due

    return _resume_mappings(connection, Side.SALESFORCE) if is_field_check_due(now()) else 0


def _resume_mappings(connection: Connection, side: Side) -> int:
    """Resume mappings whose field is back on a side; the sweeps find what has changed meanwhile."""
    from crmsync.flows.engine.resting_mappings import resume_mappings

    def resume() -> int:
        return resume_mappings(
            connection, side, troubles(), schemas_of(connection), inbox(), cursors()
        )

    return _run_sweep(connection, resume) or 0


def _queue_unavailable(connection: Connection) -> int:
    """Queue records that were parked as unavailable (RTY-1)."""
    from crmsync.flows.intake.requeue import queue_unavailable

    return (
        _run_sweep(
            connection, lambda: queue_unavailable(connection, inbox(), outbox(), cursors(), now())
        )
        or 0
    )


def _queue_outsiders(connection: Connection) -> int:
    """Queue contacts in the error inbox that left the inclusion list; only the first sweep of a day
    asks HubSpot.
    """
    from crmsync.flows.intake.outsiders import queue_outsiders
    from crmsync.rules.kinds.contact.inclusion import needs_membership

    if Kind.CONTACT not in connection.kinds or not needs_membership(connection.contacts):
        return 0
    lists = lists_of(connection)

    def queue() -> int:
        return queue_outsiders(connection, lists, inbox(), cursors(), outbox(), now())

    return _run_sweep(connection, queue) or 0


def _run_sweep(connection: Connection, run: Callable[[], int]) -> int | None:
    """Run a sweep; returns None if a side does not answer now. The next sweep tries again, and
    other connections go on.
    """
    from crmsync.errors import OutOfTime, SyncError
    from crmsync.rules.timing.outages import is_refusal

    try:
        found = run()
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


def _scheduled() -> list[Connection]:
    """The connections that a schedule handles, with another one first each time. If there are none,
    nothing is overdue.
    """
    from crmsync.rules.timing.rotation import rotated

    connections = _not_paused()
    if not connections:
        metrics.add_metric("SecondsSinceLook", unit="Seconds", value=0)
    return rotated(connections, now())


def _not_paused() -> list[Connection]:
    """The connections with a kind that syncs that are not paused."""
    return [one for one in _syncing() if not is_paused(one.name)]


def _syncing() -> list[Connection]:
    """The connections with a kind that syncs."""
    return [one for one in settings().connections if one.kinds]


def _event_tenant(connection: Connection) -> EventTenant | None:
    """A connection as change events see it; None if it cannot sign in now: its poll finds the
    change, and other connections go on.
    """
    from crmsync.errors import SyncError
    from crmsync.wire.change_event import EventTenant

    try:
        org_id, our_user = salesforce_of(connection).identity().org_id, our_user_of(connection)
        return EventTenant(connection.name, org_id, our_user, connection.kinds)
    except SyncError as error:
        logger.warning(
            "change event left to the poll",
            connection=connection.name,
            code=error.code,
            reason=error.text,
        )
        return None


def _webhook_tenant(connection: Connection) -> TenantSecrets | None:
    """A connection with the client secrets of its webhook; None if they cannot be read, which does
    not affect other connections.
    """
    from crmsync.errors import SyncError
    from crmsync.flows.intake.push import tenant_secrets
    from crmsync.rules.settings.secret_names import signing_secret

    with_token = os.environ["SIGNING_SECRETS"] == "with_tokens"
    name = connection.hubspot.secret if with_token else signing_secret(connection.hubspot.secret)
    try:
        tenant = tenant_secrets(connection, secrets().read(name))
    except SyncError as error:
        logger.warning(
            "webhook door shut", connection=connection.name, code=error.code, reason=error.text
        )
        tenant = None
    if tenant is None or not tenant.secrets:
        metrics.add_metric("DoorsShut", unit="Count", value=1)
        return None
    return tenant
