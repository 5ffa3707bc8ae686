"""Intake: what the CRMs push is checked, boiled down to changes and put on the bus. Nothing is
looked up here, so it answers fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmsync.model.changes import coalesce
from crmsync.model.concerns import kinds_of
from crmsync.model.settings import Connection
from crmsync.ports.queues import Outbox
from crmsync.wire.change_event import EventTenant, read_change_event
from crmsync.wire.http import Request
from crmsync.wire.hubspot_webhook import MalformedError, WebhookTenant, read_webhook
from crmsync.wire.signature import matching_secrets

MOST_BYTES = 1 << 20
"""A hundred events take some 50 kB."""


@dataclass(frozen=True, slots=True)
class TenantSecrets:
    """A connection's webhook door with the client secrets that open it (two while a secret is being
    rotated).
    """

    door: WebhookTenant
    secrets: tuple[str, ...]


def tenant_secrets(connection: Connection, secret: Mapping[str, str]) -> TenantSecrets:
    """The door of a connection, with what its HubSpot secret holds."""
    keys = tuple(
        secret[name] for name in ("client_secret", "previous_client_secret") if secret.get(name)
    )
    door = WebhookTenant(
        connection.name,
        connection.hubspot.portal_id,
        secret.get("app_id", ""),
        kinds_of(connection),
    )
    return TenantSecrets(door, keys)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The HTTP status to answer, a word for the log, and how many changes were put on the bus."""

    status: int
    word: str
    changes: int = 0


def receive_webhook(
    request: Request,
    doors: Sequence[TenantSecrets],
    outbox: Outbox,
    now: datetime,
    *,
    shut: bool = False,
) -> Receipt:
    """Take one webhook call of HubSpot's.

    413 for a body that is longer than HubSpot's ever are, before its signature is looked at; 401
    for a bad signature; 400 for a body that is not HubSpot's though it is signed; 200 once every
    change is durably on the bus. Whatever is not ours is accepted and ignored, as HubSpot would
    otherwise send it again for a day. A door opens only to its own secret, so one portal's app
    cannot speak for another. With a door `shut`, as its secret cannot be read, a call that opens
    none of the others may be for it: 503, and HubSpot sends it again for a day. Raises `TryAgain`
    when the bus does not take it: HubSpot then sends it again.
    """
    if len(request.body) > MOST_BYTES:
        return Receipt(413, "too long")
    known = {secret for tenant_secrets in doors for secret in tenant_secrets.secrets}
    used = matching_secrets(request, sorted(known), now)
    if not used and shut:
        return Receipt(503, "a door is shut")
    if not used:
        return Receipt(401, "bad signature")
    try:
        changes = coalesce(
            read_webhook(
                request.body, [one.door for one in doors if used.intersection(one.secrets)]
            )
        )
    except MalformedError as error:
        return Receipt(400, str(error))
    if changes:
        outbox.publish(changes)
    return Receipt(200, "accepted", len(changes))


def receive_change_event(
    event: Mapping[str, Any], doors: Sequence[EventTenant], outbox: Outbox
) -> int:
    """Take one change event of Salesforce's; answers how many changes were put on the bus. Raises
    `TryAgain`.
    """
    changes = coalesce(read_change_event(event, doors))
    if changes:
        outbox.publish(changes)
    return len(changes)
