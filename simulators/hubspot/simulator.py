"""The HubSpot simulator as the laptop stack sees it: portals, webhooks, people, figures.

Law: only the interface of docs/local.md#control-it; everything is delegated. Nothing moves by
itself: webhooks leave when they are taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot.errors import ApiError
from simulators.hubspot.http.server import Server
from simulators.hubspot.people import act
from simulators.hubspot.portal import Portal
from simulators.hubspot.stamps import PortalClock
from simulators.hubspot.webhooks import Delivery
from simulators.hubspot.world_keys import world_complaints
from simulators.world_file import WorldError


def _nothing() -> None:
    """Do nothing: the default of `on_product_write`."""


class HubSpotSimulator:
    """Several portals behind one WSGI callable.

    Attributes:
        portals: The portals in the order of the world file.
        on_product_write: Called after each applied write with the product's token, before its
            answer.
    """

    def __init__(
        self, world: Sequence[Mapping[str, Any]], *, clock: Clock, faults: Faults, seed: int = 0
    ) -> None:
        """Set up the portals of the world file, or portal 555001 if it has none.

        Raises `WorldError` for a portal that cannot be set up or has a key that is not known.
        """
        if wrong := world_complaints(world):
            raise WorldError("\n".join(wrong))
        self._lock = threading.RLock()
        self._clock = PortalClock(clock, faults)
        try:
            self.portals: tuple[Portal, ...] = tuple(
                Portal(row, clock=self._clock, faults=faults, seed=seed) for row in (world or ({},))
            )
        except ApiError as error:
            msg = f"HubSpot refuses what the world file sets up: {error.message}"
            raise WorldError(msg) from error
        self._by_id = {portal.portal_id: portal for portal in self.portals}
        self.on_product_write: Callable[[], None] = _nothing
        self._server = Server(self.portals, faults, self._lock, self._product_wrote, seed)

    def _product_wrote(self) -> None:
        """Call `on_product_write`, which may have been replaced since the start."""
        self.on_product_write()

    @property
    def wsgi(self) -> Server:
        """The WSGI callable."""
        return self._server

    def subscribe(
        self, portal_id: int, target_url: str, subscriptions: Iterable[Sequence[str | None]]
    ) -> None:
        """Deploy the app's webhook file for a portal: (type, property name or None[, object type id
        of a generic type]).
        """
        with self._lock:
            self._by_id[portal_id].webhooks.subscribe(target_url, subscriptions)

    def due_webhooks(self) -> list[Delivery]:
        """Take the deliveries that are due now; they are signed now."""
        with self._lock:
            for portal in self.portals:
                portal.preferences.catch_up()
            return [delivery for portal in self.portals for delivery in portal.webhooks.due()]

    def webhook_answered(self, delivery: Delivery, status: int) -> None:
        """Report how a delivery was answered; 0 means no answer."""
        with self._lock:
            self._by_id[delivery.portal_id].webhooks.answered(delivery, status)

    def next_webhook_ms(self) -> int | None:
        """Return when the next delivery, or the cause of one, is due (milliseconds on the stack's
        clock); None when nothing waits.
        """
        with self._lock:
            due = [
                one.next_ms()
                for portal in self.portals
                for one in (portal.webhooks, portal.preferences)
            ]
        return min((moment for moment in due if moment is not None), default=None)

    def person(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person does in the portal. Raises `people.UnknownActionError` and
        `ApiError`.
        """
        with self._lock:
            for portal in self.portals:
                portal.preferences.catch_up()
            return act(self._by_id, action)

    def stats(self) -> dict[str, Any]:
        """Return the calls, reads and writes with the product's token since the start."""
        with self._lock:
            return self._server.calls.shown()
