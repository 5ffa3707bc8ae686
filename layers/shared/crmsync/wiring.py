"""The composition root: who is who, per Lambda. The only reader of the environment and of the real clock.

Everything is made when first needed and kept while the Lambda is warm; gateways are imported inside the functions that need them, so that
the webhook never pays for an SDK that only the sync uses.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from crmsync.model.changes import Change
from crmsync.model.links import Sealer
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection, Settings
from crmsync.telemetry import logger, metrics

if TYPE_CHECKING:
    from crmsync.flows.contact import Summary
    from crmsync.flows.intake import GuardedDoor
    from crmsync.flows.operator import Operator
    from crmsync.flows.world import World
    from crmsync.gateways.cursors import CursorTable
    from crmsync.gateways.hubspot import HubspotGateway
    from crmsync.gateways.hubspot_lists import HubspotLists
    from crmsync.gateways.outbox import EventOutbox
    from crmsync.gateways.salesforce import SalesforceGateway
    from crmsync.gateways.secrets import Secret, SecretStore
    from crmsync.gateways.settings import FreshSettings, SettingsTable
    from crmsync.wire.change_event import OrgDoor

Event = Mapping[str, Any]

DEFAULT_STACK = "crmsync"
"""The stack's name unless ``CRMSYNC_STACK`` says otherwise; samconfig.toml deploys under it."""


def hubspot_webhook() -> Callable[[Event], dict[str, Any]]:
    """The webhook: a Function URL event in, its answer out."""
    from crmsync.flows.intake import receive_webhook
    from crmsync.wire.http import answer, read_request

    def receive(event: Event) -> dict[str, Any]:
        request = read_request(event, os.environ["WEBHOOK_URL"])
        receipt = receive_webhook(request, _doors(), _outbox(), _now())
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
    kinds = {"contact": Kind.CONTACT}
    return lambda _event: {one.name: _sweep(one, Side.HUBSPOT, kinds) + _sweep_list(one) for one in _syncing()}


def contact_sync() -> Callable[[Event], dict[str, Any]]:
    """The contacts' concern: a batch of SQS messages in, the partial batch response out."""
    from crmsync.flows.queue_batch import run_batch

    return lambda event: run_batch(event["Records"], _sync_contacts)


def operator() -> Operator:
    """What the operator's command works with. Outside a Lambda the tables are found by the name of the stack (``CRMSYNC_STACK``)."""
    from crmsync.flows.operator import Operator
    from crmsync.gateways.hubspot_schema import HubspotSchema
    from crmsync.gateways.inbox import InboxTable
    from crmsync.gateways.salesforce_schema import SalesforceSchema

    return Operator(
        _settings_table(),
        InboxTable(_client("dynamodb"), _table("state"), now=_now),
        lambda one: HubspotSchema(_secrets().secret(one.hubspot.secret)),
        lambda one: SalesforceSchema(*_login(one), now=time.time),
        _now,
        os.environ.get("USER", ""),
    )


def _sync_contacts(name: str, changes: list[Change]) -> None:
    from crmsync.flows.contact import sync_contacts

    connection = _settings().connection(name)
    if connection is None or not connection.contacts.sync:
        logger.info("contacts of this connection do not sync", connection=name, changes=len(changes))
        return
    _tell(name, sync_contacts(changes, _world(connection, _our_user(connection))))


def _tell(name: str, summary: Summary) -> None:
    for decision in summary.decisions:
        logger.info("contact decided", connection=name, decision=decision)
    logger.info("contacts looked at", connection=name, counts=dict(summary.counts))
    for outcome, count in summary.counts.items():
        metrics.add_metric(f"Contacts{outcome}", unit="Count", value=count)


def _take_change_event(event: Event) -> dict[str, int]:
    from crmsync.flows.intake import receive_change_event

    doors = [door for one in _syncing() if (door := _org_door(one))]
    count = receive_change_event(event, doors, _outbox())
    metrics.add_metric("ChangesReceived", unit="Count", value=count)
    return {"changes": count}


def _poll() -> dict[str, int]:
    from crmsync.wire.change_event import KINDS

    return {one.name: _sweep(one, Side.SALESFORCE, KINDS) for one in _syncing()}


def _sweep(connection: Connection, side: Side, kinds: Mapping[str, Kind]) -> int:
    """One connection's sweep of one side; answers how many changes it found."""
    from crmsync.flows.sweep import sweep

    sweeper = _hubspot(connection) if side is Side.HUBSPOT else _salesforce(connection)
    return _found(connection, lambda: sweep(connection.name, kinds, sweeper, _cursors(), _outbox(), _now()))


def _sweep_list(connection: Connection) -> int:
    """Who entered the inclusion list, where there is one of HubSpot's."""
    from crmsync.flows.sweep import sweep_list
    from crmsync.rules.inclusion import needs_membership

    if not needs_membership(connection.contacts):
        return 0
    lists, list_id = _lists(connection), connection.contacts.inclusion_list
    return _found(connection, lambda: sweep_list(connection.name, list_id, lists, _cursors(), _outbox(), _now()))


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
    return [one for one in _settings().connections if one.contacts.sync]


@lru_cache(maxsize=16)
def _world(connection: Connection, our_user: str) -> World:
    from crmsync.flows.world import World
    from crmsync.gateways.brake import BrakeTable
    from crmsync.gateways.inbox import InboxTable
    from crmsync.gateways.links import LinksTable
    from crmsync.gateways.owners import OwnersDirectory

    hubspot, salesforce, table = _hubspot(connection), _salesforce(connection), _client("dynamodb")
    return World(
        connection,
        hubspot,
        salesforce,
        preferences=hubspot,
        deleter=hubspot,
        lists=_lists(connection),
        accounts=salesforce,
        directory=OwnersDirectory(hubspot.client, salesforce.session, now=time.monotonic),
        links=LinksTable(table, _table("links")),
        outbox=_outbox(),
        inbox=InboxTable(table, _table("state"), now=_now),
        brake=BrakeTable(table, _table("state")),
        sealer=_sealer(),
        our_user=our_user,
        our_app=f"INTEGRATION/{_secrets().read(connection.hubspot.secret).get('app_id', '')}",
        now=_now,
    )


@lru_cache(maxsize=16)
def _hubspot(connection: Connection) -> HubspotGateway:
    from crmsync.gateways.hubspot import HubspotGateway

    return HubspotGateway(_secrets().secret(connection.hubspot.secret))


@lru_cache(maxsize=16)
def _salesforce(connection: Connection) -> SalesforceGateway:
    from crmsync.gateways.salesforce import SalesforceGateway

    return SalesforceGateway(*_login(connection), now=time.time)


def _login(connection: Connection) -> tuple[str, Secret]:
    return connection.salesforce.login_url, _secrets().secret(connection.salesforce.secret)


@lru_cache(maxsize=16)
def _lists(connection: Connection) -> HubspotLists:
    from crmsync.gateways.hubspot_lists import HubspotLists

    return HubspotLists(_hubspot(connection).client)


def _org_door(connection: Connection) -> OrgDoor | None:
    """A connection's door for change events; one that cannot log in now is left to its poll and does not stop the others."""
    from crmsync.errors import SyncError
    from crmsync.wire.change_event import OrgDoor

    try:
        return OrgDoor(connection.name, _salesforce(connection).identity().org_id, _our_user(connection))
    except SyncError as error:
        logger.warning("change event left to the poll", connection=connection.name, code=error.code, reason=error.text)
        return None


def _our_user(connection: Connection) -> str:
    """The Salesforce user by whom a connection knows its own writes.

    Nobody where several connections share the org: what one of them wrote is news to the others (TEN-1).
    """
    from crmsync.rules.settings_checks import org_of

    org = org_of(connection)
    shared = sum(org_of(one) == org for one in _settings().connections) > 1
    return "" if shared else _salesforce(connection).identity().user_id


def _doors() -> list[GuardedDoor]:
    """Every connection's webhook door, with the client secrets that open it."""
    from crmsync.flows.intake import guarded

    return [guarded(one, _secrets().read(one.hubspot.secret)) for one in _syncing()]


def _settings() -> Settings:
    return _fresh_settings().settings()


@cache
def _fresh_settings() -> FreshSettings:
    from crmsync.gateways.settings import FreshSettings

    return FreshSettings(_settings_table(), now=time.monotonic)


@cache
def _settings_table() -> SettingsTable:
    from crmsync.gateways.settings import SettingsTable

    return SettingsTable(_client("dynamodb"), _table("state"))


@cache
def _cursors() -> CursorTable:
    from crmsync.gateways.cursors import CursorTable

    return CursorTable(_client("dynamodb"), _table("state"))


@cache
def _outbox() -> EventOutbox:
    from crmsync.gateways.outbox import EventOutbox

    queues = {
        kind: os.environ[f"{kind.upper()}_QUEUE_URL"] for kind in Kind if f"{kind.upper()}_QUEUE_URL" in os.environ
    }
    return EventOutbox(_client("events"), _client("sqs"), os.environ.get("CHANGE_BUS", ""), queues)


@cache
def _secrets() -> SecretStore:
    from crmsync.gateways.secrets import SecretStore

    return SecretStore(_client("secretsmanager"), now=time.monotonic)


@cache
def _sealer() -> Sealer:
    return Sealer(_secrets().text(os.environ["LINK_KEY_SECRET"]).encode())


def _table(name: str) -> str:
    """A table's name: the Lambda's own variable, or for the operator the name that the template gives it."""
    return os.environ.get(f"{name.upper()}_TABLE") or f"{os.environ.get('CRMSYNC_STACK', DEFAULT_STACK)}-{name}"


@cache
def _client(service: str) -> Any:  # noqa: ANN401 - boto3 has no types
    from crmsync.gateways.aws import client

    return client(service)


def _now() -> datetime:
    return datetime.now(UTC)
