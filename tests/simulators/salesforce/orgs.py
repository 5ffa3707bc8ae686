"""Orgs for tests: a simulator behind a real HTTP server on loopback, and the clients of its two
users.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from simple_salesforce import Salesforce

from local.stack.serving import Server
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator

HOST = "https://acme.my.salesforce.com"


class Loopback(requests.Session):
    """Sends calls to any Salesforce host to one loopback address."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.trust_env = False

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send the request to the loopback address instead."""
        parts = urlsplit(str(url))
        rest = str(url)[len(f"{parts.scheme}://{parts.netloc}") :]
        kwargs.setdefault("timeout", 10)
        return super().request(method, self._base + rest, *args, **kwargs)


@dataclass
class LiveOrg:
    """A running org: the simulator, its clock and faults, and its address."""

    sim: SalesforceSimulator
    clock: Clock
    faults: Faults
    server: Server
    sessions: list[Loopback] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The loopback URL."""
        return self.server.url

    def session(self) -> Loopback:
        """Return a session for this org, which is closed with it."""
        session = Loopback(self.base)
        self.sessions.append(session)
        return session

    def client(self, token: str) -> Salesforce:
        """Return simple-salesforce in direct mode with this token."""
        return Salesforce(
            instance_url=HOST, session_id=token, version="66.0", session=self.session()
        )

    @property
    def product(self) -> Salesforce:
        """The client of the integration user."""
        return self.client(self.sim.access_token)

    @property
    def person(self) -> Salesforce:
        """The client of a person who works in the org."""
        return self.client(self.sim.user_token)

    def call(
        self, method: str, path: str, *, token: str | None = None, **more: Any
    ) -> requests.Response:
        """Make a plain call below the API version, by default as the integration user."""
        headers = {
            "Authorization": f"Bearer {token or self.sim.access_token}",
            **more.pop("headers", {}),
        }
        return self.session().request(
            method, f"{HOST}/services/data/v66.0{path}", headers=headers, **more
        )

    def headers_of_change(self) -> list[dict[str, Any]]:
        """Take the waiting change events and return their headers."""
        return [
            event["detail"]["payload"]["ChangeEventHeader"]
            for event in self.sim.due_change_events()
        ]

    def close(self) -> None:
        """Stop the server and close the sessions."""
        for session in self.sessions:
            session.close()
        self.server.close()


def start(world: Mapping[str, Any] | None = None) -> LiveOrg:
    """Start an org with this start data."""
    clock = Clock()
    faults = Faults(clock)
    sim = SalesforceSimulator(world or {}, clock=clock, faults=faults)
    org = LiveOrg(sim, clock, faults, Server(sim.wsgi))
    sim.set_instance_url(org.base)
    return org


def lead(**values: Any) -> dict[str, Any]:
    """Return a valid lead."""
    return {"LastName": "Lang", "Company": "Acme"} | values


def typed(sobject: str, **values: Any) -> dict[str, Any]:
    """Return a record of a Collections call."""
    return {"attributes": {"type": sobject}} | values


def rows(result: Any, *names: str) -> list[tuple[Any, ...]]:
    """Return the named values of a query's records."""
    return [tuple(record[name] for name in names) for record in result["records"]]


def soql(*parts: str) -> str:
    """Return a query made of several parts."""
    return " ".join(parts)


def quoted(text: str) -> str:
    """Return a text as a SOQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def refusal(org: LiveOrg, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Return status and body of a refused call."""
    answer = org.call(method, path, json=body)
    return answer.status_code, answer.json()


CUSTOM_FIELDS: dict[str, Any] = {
    "custom_fields": {
        "Lead": [
            {"name": "Hub_Id__c", "type": "string", "length": 32, "externalId": True, "unique": True},
            {"name": "Loose__c", "type": "string", "length": 32, "externalId": True},
            {"name": "Colour__c", "type": "picklist", "restrictedPicklist": True,
             "picklistValues": [{"value": "Red"}, {"value": "Blue"}]},
            {"name": "Score__c", "type": "double", "precision": 5, "scale": 1},
            {"name": "Vip__c", "type": "boolean"},
            {"name": "Since__c", "type": "date"},
            {"name": "Seen__c", "type": "datetime"},
        ]
    }
}  # fmt: skip
