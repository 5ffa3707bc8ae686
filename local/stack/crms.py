"""The two simulators on their addresses, and what they send: webhooks and change events.

Law: carries what the CRMs send to where the deployed system receives it, webhooks by HTTP, and does
not interpret any of it.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from local.stack.partner_bus import PartnerBus
from local.stack.serving import Server
from local.stack.turns import Turns
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator

HUBSPOT_WAITS = 30.0
"""Real seconds after which a webhook counts as not answered. HubSpot gives up after 5 [D]; a busy
laptop must not look like an outage.
"""


class BusyTime:
    """How long at least one request was being answered, in real seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._since = 0.0
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """The seconds up to now."""
        with self._lock:
            going_on = time.perf_counter() - self._since if self._open else 0.0
            return self._seconds + going_on

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count the time of one request; requests at the same time count once."""
        with self._lock:
            if not self._open:
                self._since = time.perf_counter()
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    self._seconds += time.perf_counter() - self._since

    def wsgi(self, application: Callable[..., Iterable[bytes]]) -> Callable[..., list[bytes]]:
        """Return the application that counts its requests here."""

        def counted(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            with self.request():
                return list(application(environ, start_response))

        return counted


class Crms:
    """HubSpot's portals and Salesforce's org.

    Attributes:
        busy: How long both have answered requests.
        hubspot: The simulator of HubSpot.
        salesforce: The simulator of Salesforce.
        hubspot_url: HubSpot's address.
        salesforce_url: Salesforce's address.
    """

    def __init__(
        self,
        world: Mapping[str, Any],
        *,
        clock: Clock,
        faults: Faults,
        seed: int,
        ports: Sequence[int] = (0, 0),
        turns: Turns | None = None,
    ) -> None:
        """Build both from a world file's content and answer on loopback; workers take their
        `turns`.

        Raises `ValueError` for a world that contradicts itself.
        """
        turns = turns or Turns(seed)
        self.hubspot = HubSpotSimulator(
            world.get("hubspot") or [], clock=clock, faults=faults, seed=seed
        )
        self.salesforce = SalesforceSimulator(
            world.get("salesforce") or {}, clock=clock, faults=faults, seed=seed
        )
        self._subscribed: dict[int, tuple[tuple[str | None, ...], ...]] = {}
        sides = (("hubspot", self.hubspot.wsgi), ("salesforce", self.salesforce.wsgi))
        self.busy = BusyTime()
        self._servers = [
            Server(self.busy.wsgi(turns.wsgi(*side)), port)
            for side, port in zip(sides, ports, strict=True)
        ]
        self.hubspot_url, self.salesforce_url = (server.url for server in self._servers)
        self.salesforce.set_instance_url(self.salesforce_url)

    def subscribe(
        self, target_url: str, by_portal: Iterable[tuple[int, Iterable[Sequence[str | None]]]]
    ) -> None:
        """Deploy the app's webhook file in each portal, as a developer would, unless it is deployed
        already.
        """
        for portal_id, subscriptions in by_portal:
            rows = tuple(tuple(row) for row in subscriptions)
            if self._subscribed.get(portal_id) != rows:
                self._subscribed[portal_id] = rows
                self.hubspot.subscribe(portal_id, target_url, rows)

    def hubspot_secret(self, portal_id: int) -> dict[str, Any] | None:
        """Return the secret that the product needs to work as the app in that portal.

        None for a portal that the world does not have.
        """
        found = next(
            (portal for portal in self.hubspot.portals if portal.portal_id == portal_id), None
        )
        if found is None:
            return None
        secret = {
            "access_token": found.access_token,
            "app_id": str(found.app_id),
            "client_secret": found.client_secret,
            "api_url": self.hubspot_url,
        }
        previous = found.previous_client_secret
        return secret | ({"previous_client_secret": previous} if previous else {})

    def salesforce_secret(self) -> dict[str, Any]:
        """Return the secret that the product needs to work as the integration user.

        Every login host leads to the simulator.
        """
        sim = self.salesforce
        return {
            "client_id": sim.client_id,
            "client_secret": sim.client_secret,
            "login_url": self.salesforce_url,
        }

    def administrator_secret(self) -> dict[str, Any]:
        """Return the secret of an administrator's session.

        Set-up uses it where the integration user may not set anything up.
        """
        return {"access_token": self.salesforce.user_token, "instance_url": self.salesforce_url}

    def close(self) -> None:
        """Stop answering."""
        for server in self._servers:
            server.close()


class Webhooks:
    """A `Mover` that delivers HubSpot's webhooks by HTTP and reports how they were answered."""

    def __init__(self, hubspot: HubSpotSimulator) -> None:
        """Deliver nothing yet."""
        self._hubspot = hubspot

    def move(self) -> bool:
        """Deliver what is due; return whether there was anything."""
        due = self._hubspot.due_webhooks()
        for delivery in due:
            self._hubspot.webhook_answered(
                delivery, post(delivery.method, delivery.url, delivery.headers, delivery.body)
            )
        return bool(due)

    def next_ms(self) -> int | None:
        """Return when the next delivery or redelivery is due."""
        return self._hubspot.next_webhook_ms()


class ChangeEvents:
    """A `Mover` that puts Salesforce's change events on the partner bus, as its Event Relay
    does.
    """

    def __init__(self, salesforce: SalesforceSimulator, bus: PartnerBus) -> None:
        """Relay nothing yet."""
        self._salesforce = salesforce
        self._bus = bus

    def move(self) -> bool:
        """Relay the events that wait; return whether there were any."""
        events = self._salesforce.due_change_events()
        self._bus.put(events)
        return bool(events)

    def next_ms(self) -> int | None:
        """Return when the next delayed transaction commits. Any other event appears with the write
        that causes it.
        """
        return self._salesforce.next_commit_ms()


def post(method: str, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send one request; return its status, or 0 when no answer came."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=HUBSPOT_WAITS)
    try:
        connection.request(method, path, body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
