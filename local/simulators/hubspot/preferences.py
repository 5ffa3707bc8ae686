"""Who may be sent marketing e-mail: the statuses of addresses in one portal.

A status belongs to the address, not to the contact: it outlives the contact and meets one that is created later
(PLT-4). What follows for contact properties is told to `changed`. Shapes: communication-preferences v3 and v4 [V].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from local.simulators.hubspot.stamps import Actor, PortalClock

SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED = "SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"
STATES = frozenset({SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED})


@dataclass(frozen=True, slots=True)
class Definition:
    """A subscription type of the portal."""

    id: int
    name: str
    description: str
    purpose: str
    created_ms: int


@dataclass(slots=True)
class Status:
    """What is known of one address: out of everything or not, and the state per subscription type with its time."""

    is_out_of_all: bool = False
    by_own_act: bool = False
    changed_ms: int = 0
    states: dict[int, tuple[str, int]] = field(default_factory=dict)


class Preferences:
    """The subscription statuses of all addresses."""

    def __init__(self, clock: PortalClock) -> None:
        """Begin with two subscription types; `listeners` are told (address, actor) of each change."""
        now = clock.now_ms()
        self.definitions = {
            row.id: row
            for row in (
                Definition(9_100_001, "Marketing Information", "Marketing offers and updates.", "Marketing", now),
                Definition(9_100_002, "One to One", "One to One emails", "Sales", now),
            )
        }
        self.listeners: list[Callable[[str, Actor], None]] = []
        self._clock = clock
        self._statuses: dict[str, Status] = {}

    def of(self, address: str) -> Status:
        """The status of an address; one never heard of has nothing specified."""
        return self._statuses.get(_folded(address)) or Status()

    def state(self, address: str, definition_id: int) -> tuple[str, int]:
        """State and time of one subscription type; an address out of everything is unsubscribed from each."""
        status = self.of(address)
        if status.is_out_of_all:
            return UNSUBSCRIBED, status.changed_ms
        return status.states.get(
            definition_id, (NOT_SPECIFIED, status.changed_ms or self.definitions[definition_id].created_ms)
        )

    def set_out_of_all(self, address: str, actor: Actor, *, is_out: bool, by_own_act: bool = False) -> None:
        """Unsubscribe an address from everything, or take that back."""
        status = self._statuses.setdefault(_folded(address), Status())
        status.is_out_of_all, status.by_own_act = is_out, is_out and by_own_act
        status.changed_ms = self._clock.now_ms()
        if not is_out:
            status.states = {key: row for key, row in status.states.items() if row[0] != UNSUBSCRIBED}
        self._tell(address, actor)

    def set_state(
        self, address: str, definition_id: int, state: str, actor: Actor, *, by_own_act: bool = False
    ) -> None:
        """Set one subscription type; subscribing to one ends being out of everything."""
        status = self._statuses.setdefault(_folded(address), Status())
        now = self._clock.now_ms()
        if status.is_out_of_all and state == SUBSCRIBED:
            others = {key: (UNSUBSCRIBED, now) for key in self.definitions if key != definition_id}
            status.is_out_of_all, status.states = False, status.states | others
        status.states[definition_id] = (state, now)
        status.by_own_act = by_own_act if state == UNSUBSCRIBED else False
        status.changed_ms = now
        self._tell(address, actor)

    def properties(self, address: str) -> dict[str, str]:
        """The contact properties that mirror an address's status."""
        status = self.of(address)
        values = {"hs_email_optout": "true" if status.is_out_of_all else ""}
        if status.changed_ms and not status.is_out_of_all:
            values["hs_email_optout"] = "false"
        for definition_id in self.definitions:
            state, _ = self.state(address, definition_id)
            values[property_of(definition_id)] = {UNSUBSCRIBED: "true", SUBSCRIBED: "false"}.get(state, "")
        return values

    def _tell(self, address: str, actor: Actor) -> None:
        for listener in self.listeners:
            listener(_folded(address), actor)


def property_of(definition_id: int) -> str:
    """Name of the contact property that mirrors one subscription type."""
    return f"hs_email_optout_{definition_id}"


def _folded(address: str) -> str:
    return address.strip().lower()
