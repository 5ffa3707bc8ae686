"""Simulators on a free port of the loopback, and the secrets and retry policies that gateways use
with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from crmsync.gateways.retry import RetryPolicy
from crmsync.model.names import HUBSPOT_GROUP, HUBSPOT_KEY, SALESFORCE_KEY
from local.stack.serving import Server
from simulators.clock import Clock


def retry_policy(clock: Clock) -> RetryPolicy:
    """Return a policy that waits by advancing the clock."""
    return RetryPolicy(pause=clock.advance, jitter=lambda: 0.5)


@dataclass(frozen=True, slots=True)
class FixedSecret:
    """A secret that never changes."""

    content: Mapping[str, str]

    def current(self) -> Mapping[str, str]:
        """Return the content."""
        return self.content

    def renewed(self) -> Mapping[str, str]:
        """Return the same content."""
        return self.content


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve a WSGI app on a free port of the loopback; yield its URL."""
    with closing(Server(app)) as server:
        yield server.url


def set_up_hubspot(url: str, token: str) -> None:
    """Create our unique property, as `crmsync setup` does; an existing one is kept."""
    headers = {"Authorization": f"Bearer {token}"}
    group = {"name": HUBSPOT_GROUP, "label": "crmsync"}
    definition = {
        "name": HUBSPOT_KEY,
        "label": "Salesforce id",
        "groupName": HUBSPOT_GROUP,
        "hasUniqueValue": True,
    }
    definition |= {"type": "string", "fieldType": "text"}
    for kind in (
        *("contacts", "companies", "deals"),
        *("calls", "emails", "meetings", "notes", "tasks"),
    ):
        requests.post(
            f"{url}/crm/v3/properties/{kind}/groups", json=group, headers=headers, timeout=30
        )
        requests.post(
            f"{url}/crm/v3/properties/{kind}", json=definition, headers=headers, timeout=30
        )


OUR_FIELD = {
    "name": SALESFORCE_KEY,
    "label": "HubSpot id",
    "type": "string",
    "length": 80,
    "externalId": True,
    "unique": True,
    "idLookup": True,
}


OUR_OBJECTS = (
    "Lead",
    "Contact",
    "Account",
    "Opportunity",
    "OpportunityContactRole",
    "Task",
    "Event",
)
