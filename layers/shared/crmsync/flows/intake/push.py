"""Intake of what the CRMs push: verify it, reduce it to changes, and put them on the bus. Nothing
is read from a CRM, so it answers fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.model.changes import coalesce
from crmsync.model.settings import Connection
from crmsync.ports.queues import Outbox
from crmsync.wire.change_event import EventTenant, load_change_event, read_change_event
from crmsync.wire.http import Request
from crmsync.wire.hubspot_webhook import MalformedError, WebhookTenant, read_webhook
from crmsync.wire.signature import matching_secrets

MAX_BYTES = 1 << 20
"""Longer bodies are refused. HubSpot's hundred events take some 50 kB."""


@dataclass(frozen=True, slots=True)
class TenantSecrets:
    """A connection that takes webhook calls, and the client secrets that sign them.

    Attributes:
        tenant: the connection as the webhook sees it.
        secrets: its app's client secrets; two while a secret is being rotated.
    """

    tenant: WebhookTenant
    secrets: tuple[str, ...]


def tenant_secrets(connection: Connection, secret: Mapping[str, str]) -> TenantSecrets:
    """A connection with what its HubSpot secret contains."""
    tenant = WebhookTenant(
        connection.name,
        connection.hubspot.portal_id,
        secret.get("app_id", ""),
        connection.kinds,
    )
    names = ("client_secret", "previous_client_secret")
    return TenantSecrets(tenant, tuple(secret[name] for name in names if secret.get(name)))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a webhook call.

    Attributes:
        status: the HTTP status.
        word: why, for the log and the body.
        changes: how many changes were put on the bus.
    """

    status: int
    word: str
    changes: int = 0


def receive_webhook(
    request: Request,
    tenants: Sequence[TenantSecrets],
    outbox: Outbox,
    now: datetime,
    *,
    is_incomplete: bool = False,
) -> Receipt:
    """Take one webhook call of HubSpot.

    | Status | When |
    |---|---|
    | 413 | the body is longer than HubSpot's ever are; checked before the signature |
    | 503 | no secret fits, and with `is_incomplete` some secrets could not be read |
    | 401 | no secret fits |
    | 400 | the body is signed and not HubSpot's format |
    | 200 | every change is durably on the bus |

    HubSpot repeats a call for a day after any other status than 200. That is why events that do not
    concern us are accepted and ignored. A secret is valid only for events of its own connections,
    so the app of one portal cannot speak for another. Raises `TryAgain` when the bus does not take
    the changes; HubSpot then repeats the call.
    """
    if len(request.body) > MAX_BYTES:
        return Receipt(413, "too long")
    known = {secret for one in tenants for secret in one.secrets}
    used = matching_secrets(request, sorted(known), now)
    if not used and is_incomplete:
        return Receipt(503, "a door is shut")
    if not used:
        return Receipt(401, "bad signature")
    signers = [one.tenant for one in tenants if used.intersection(one.secrets)]
    try:
        changes = coalesce(read_webhook(request.body, signers))
    except MalformedError as error:
        return Receipt(400, str(error))
    if changes:
        outbox.publish(changes)
    return Receipt(200, "accepted", len(changes))


def receive_change_events(
    bodies: Sequence[str], tenants: Sequence[EventTenant], outbox: Outbox
) -> int:
    """Take change events of Salesforce, as the relay's rule queues them; returns how many changes
    were put on the bus. Raises `TryAgain`.

    A body that cannot be read names no record, so it is left out; the poll finds its record.
    """
    events = [event for body in bodies if (event := load_change_event(body))]
    changes = coalesce([one for event in events for one in read_change_event(event, tenants)])
    if changes:
        outbox.publish(changes)
    return len(changes)
