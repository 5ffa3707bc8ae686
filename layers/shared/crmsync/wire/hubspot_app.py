"""The project files of a HubSpot app, for `hs project upload`, as no API creates the webhooks of
such an app (docs/vendors.md#hubspot-webhooks).

Format only: from a connection, its scopes and its subscriptions to JSON documents. Names of files
and keys are those of the developer platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.model.settings import Connection
from crmsync.rules.settings.scopes import scopes_of
from crmsync.rules.settings.subscriptions import Subscription, subscriptions_of

PLATFORM = "2026.03"
"""The version of HubSpot's developer platform that the files are for."""

PARALLEL = 10
"""Concurrent deliveries: HubSpot's default (docs/vendors.md#hubspot-webhooks). A delivery takes the
receiver a few milliseconds.
"""

_HUB_EVENTS = frozenset({"contact.privacyDeletion"})
"""Subscriptions that belong to the account, not to a CRM object."""

_UID_LENGTH = 64


def app_project(connection: Connection, webhook_url: str) -> Mapping[str, Mapping[str, Any]]:
    """The files of a connection's app: path in the project -> JSON document. `webhook_url` receives
    its webhooks.
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
    """An app for one account, with a static token."""
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
