"""The project of a HubSpot app, as files: what `hs project upload` takes, since no API makes the
webhooks of such an app (docs/vendors.md#hubspot-webhooks).

Format only: connection, scopes and subscriptions in, JSON documents out. Names of files and keys
are the developer platform's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.model.settings import Connection
from crmsync.rules.settings.scopes import scopes_of
from crmsync.rules.settings.subscriptions import Subscription, subscriptions_of

PLATFORM = "2026.03"
"""The version of HubSpot's developer platform that these files are written for."""

PARALLEL = 10
"""Deliveries at a time: HubSpot's own default (docs/vendors.md#hubspot-webhooks). A delivery costs
the receiver some milliseconds.
"""

_HUB_EVENTS = frozenset({"contact.privacyDeletion"})
"""Subscriptions that are no CRM object's but the account's."""

_UID_LENGTH = 64


def app_project(connection: Connection, webhook_url: str) -> Mapping[str, Mapping[str, Any]]:
    """The files of a connection's app: path inside the project -> JSON document. `webhook_url` is
    where its webhooks go.
    """
    name = f"crmsync-{connection.name}"[:_UID_LENGTH]
    return {
        "hsproject.json": {"name": name, "srcDir": "src", "platformVersion": PLATFORM},
        "src/app/app-hsmeta.json": {"uid": name, "type": "app", "config": _app(connection, name)},
        "src/app/webhooks/webhooks-hsmeta.json": {
            "uid": f"{name[: _UID_LENGTH - 9]}-webhooks",
            "type": "webhooks",
            "config": {
                "settings": {"targetUrl": webhook_url, "maxConcurrentRequests": PARALLEL},
                "subscriptions": _subscriptions(subscriptions_of(connection)),
            },
        },
    }


def _app(connection: Connection, name: str) -> Mapping[str, Any]:
    """An app for one account with a token of its own."""
    return {
        "name": name,
        "description": "Keeps this account in step with Salesforce.",
        "distribution": "private",
        "auth": {
            "type": "static",
            "requiredScopes": list(scopes_of(connection)),
            "optionalScopes": [],
        },
    }


def _subscriptions(wanted: Iterable[Subscription]) -> Mapping[str, Any]:
    rows = [
        {"subscriptionType": kind, **({"propertyName": name} if name else {}), "active": True}
        for kind, name in wanted
    ]
    return {
        "legacyCrmObjects": [row for row in rows if row["subscriptionType"] not in _HUB_EVENTS],
        "hubEvents": [row for row in rows if row["subscriptionType"] in _HUB_EVENTS],
    }
