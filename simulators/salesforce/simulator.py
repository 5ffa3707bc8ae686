"""The simulator as the stack sees it: one org, its people, its app, its HTTP side and its change
events.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import people
from simulators.salesforce.http.oauth import OAuth
from simulators.salesforce.http.routes import Api
from simulators.salesforce.http.server import Server
from simulators.salesforce.org.limits import ApiLimit
from simulators.salesforce.org.transaction import Actor
from simulators.salesforce.world import build
from simulators.salesforce.world_keys import world_complaints
from simulators.world_file import WorldError

API_VERSION: Final = "66.0"
_UI: Final = f"com/salesforce/api/soap/{API_VERSION};client=SfdcInternalAPI/"
"""The origin that change events show for the user interface [S]."""


class SalesforceSimulator:
    """A Salesforce org on loopback, made from the ``salesforce`` part of a world file.

    Attributes:
        api_version: The version to use.
        org_id: The org's id.
        event_source: Its partner event source.
        integration_user_id: The product's user.
        integration_username: The name with which the product's user logs in.
        user_id: The person who works in the org.
        access_token: The product's token.
        user_token: The person's token.
        client_id: The app's id.
        client_secret: The app's secret.
        wsgi: The WSGI callable.
    """

    def __init__(
        self, world: Mapping[str, Any], *, clock: Clock, faults: Faults, seed: int = 0
    ) -> None:
        """Build the org. Raises `ValueError` for a world that contradicts itself or has a key that
        is not known.
        """
        if wrong := world_complaints(world):
            raise WorldError("\n".join(wrong))
        chance = random.Random(seed)
        self._org, seeded = build(world, clock, faults, seed)
        self.api_version = API_VERSION
        self.org_id = self._org.org_id
        self.event_source = self._org.events.source
        self.integration_user_id = seeded.integration_user_id
        self.integration_username = seeded.integration_username
        self.user_id = seeded.person_id
        self.access_token = f"{self.org_id[:15]}!{_word(chance, 60)}"
        self.user_token = f"{self.org_id[:15]}!{_word(chance, 60)}"
        self.client_id = f"3MVG9{_word(chance, 40)}"
        self.client_secret = _word(chance, 48).upper()
        self._oauth = OAuth(
            clock,
            self.org_id,
            self.client_id,
            self.client_secret,
            self.integration_user_id,
            seeded.integration_username,
            self.access_token,
            is_sandbox=bool(world.get("sandbox", False)),
        )
        limit = ApiLimit(clock, int(world.get("daily_api_limit") or 100_000))
        users = {self.access_token: self.integration_user_id, self.user_token: self.user_id}
        self._server = Server(self._org, Api(self._org, limit), self._oauth, limit, faults, users)
        self.wsgi = self._server

    @property
    def on_product_write(self) -> Callable[[], None]:
        """Called in the server's thread after a write with the product's token was applied, before
        it is answered.
        """
        return self._server.on_product_write

    @on_product_write.setter
    def on_product_write(self, hook: Callable[[], None]) -> None:
        self._server.on_product_write = hook

    def set_instance_url(self, url: str) -> None:
        """Set the ``instance_url`` that the token endpoint answers."""
        self._oauth.instance_url = url.rstrip("/")

    def register_key(self, public_key_pem: str) -> None:
        """Let the app sign JWT bearer assertions with this key, as its certificate does in a real
        org.
        """
        self._oauth.keys.append(public_key_pem)

    def due_change_events(self) -> list[dict[str, Any]]:
        """Take the events of all changes since the last call, as EventBridge events of the partner
        event source.
        """
        with self._server.lock:
            self._org.catch_up()
            return self._org.events.take()

    def next_commit_ms(self) -> int | None:
        """Return when the next late transaction ends (the fault ``late_commit``), None if none is
        open.
        """
        with self._server.lock:
            return min((one.due_ms for one in self._org.late), default=None)

    def person(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person does in the user interface. Raises `ValueError` or `RefusalError`."""
        with self._server.lock:
            self._org.catch_up()
            return people.act(self._org, Actor(self.user_id, _UI), action)

    def values(self, sobject: str, field: str) -> list[Any]:
        """Return the present value of a field in all records of an object, for counting the result
        of a run.
        """
        with self._server.lock:
            self._org.catch_up()
            return [row.get(field) for row in self._org.store.tables[sobject]]

    def count(self, sobject: str) -> int:
        """Return how many records an object has."""
        return len(self._org.store.tables[sobject].rows)

    def stats(self) -> dict[str, Any]:
        """Return the calls made as the integration user since the start."""
        with self._server.lock:
            return self._server.stats.snapshot()


def _word(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(length))
