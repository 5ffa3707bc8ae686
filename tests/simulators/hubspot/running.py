"""A HubSpot simulator behind a real HTTP server on loopback, with its clients.

Every exchange is recorded, and time passes only when a test advances the clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from hubspot import HubSpot
from werkzeug.wrappers import Request, Response

from local.stack.serving import Server
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import Delivery, HubSpotSimulator, Portal

HOOK = "https://hooks.example.com/hubspot/webhook?x=1"


@dataclass(frozen=True)
class Exchange:
    """One request and its response, as they were sent."""

    method: str
    path: str
    query: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Running:
    """A running simulator and what tests need of it."""

    simulator: HubSpotSimulator
    clock: Clock
    faults: Faults
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def portal(self) -> Portal:
        """The first portal."""
        return self.simulator.portals[0]

    def sdk(self, *, person: bool = False) -> Any:
        """Return the official client with the product's token, or a person's."""
        token = self.portal.user_token if person else self.portal.access_token
        return HubSpot(access_token=token, host=self.url, base_url=self.url)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        person: bool = True,
        token: str | None = None,
    ) -> requests.Response:
        """Make a plain HTTP call."""
        bearer = token or (self.portal.user_token if person else self.portal.access_token)
        headers = {"Authorization": f"Bearer {bearer}"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=5)

    def create(self, kind: str = "contacts", *, person: bool = True, **properties: Any) -> str:
        """Create a record and return its id."""
        answer = self.call(
            "POST", f"/crm/v3/objects/{kind}", {"properties": properties}, person=person
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def values(self, record_id: str, *names: str, kind: str = "contacts") -> dict[str, Any]:
        """Return the present values of a record."""
        path = f"/crm/v3/objects/{kind}/{record_id}?properties={','.join(names)}"
        found = self.call("GET", path).json()["properties"]
        return {name: found[name] for name in names}

    def subscribe(self, *subscriptions: Sequence[str | None]) -> None:
        """Subscribe the app's webhooks, for the first portal."""
        self.simulator.subscribe(self.portal.portal_id, HOOK, subscriptions)

    def deliveries(self, status: int = 200) -> list[Delivery]:
        """Take all deliveries that are due and respond to each."""
        taken = self.simulator.due_webhooks()
        for delivery in taken:
            self.simulator.webhook_answered(delivery, status)
        return taken

    def events(self) -> list[dict[str, Any]]:
        """Return the events of all deliveries that are due, in order."""
        return [event for delivery in self.deliveries() for event in json.loads(delivery.body)]

    def pass_lag(self) -> None:
        """Advance the clock until search has caught up."""
        self.clock.advance(60)


class _Recorder:
    """Records every exchange that passes through."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = BytesIO(body)
        response = Response.from_app(self._running.simulator.wsgi, environ)
        self._running.exchanges.append(
            Exchange(
                method=request.method,
                path=request.path,
                query=request.query_string.decode(),
                request_headers=dict(request.headers),
                request_body=body,
                status=response.status_code,
                headers=dict(response.headers),
                body=response.get_data(),
            )
        )
        return response(environ, start_response)


@contextmanager
def running(*world: Mapping[str, Any]) -> Iterator[Running]:
    """Run a simulator with the portals of `world` on a free port."""
    clock = Clock()
    faults = Faults(clock)
    started = Running(HubSpotSimulator(world, clock=clock, faults=faults, seed=7), clock, faults)
    with closing(Server(_Recorder(started))) as server:
        started.url = server.url
        yield started
