"""Who may be sent marketing e-mail: the statuses of addresses in one portal.

A status belongs to the address, not to the contact: it outlives the contact and applies to one that
is created later (PLT-4). Listeners learn of the resulting contact properties `delay_s` seconds
later: statuses and properties are two stores, and no document promises that they change together
[M]. Shapes: communication-preferences v3 and v4 [V].

An account with brands has statuses per brand (``businessUnitId``; the account itself is 0 [V]).
That a call without a brand affects the account only, and that ``hs_email_optout`` shows only an
opt-out from every brand, is [M].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.hubspot.stamps import Actor, PortalClock

SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED = "SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"
STATES = frozenset({SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED})
ACCOUNT = 0
"""The account itself among its brands."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A subscription type of the portal, or of one of its brands."""

    id: int
    name: str
    description: str
    purpose: str
    created_ms: int
    brand: int = ACCOUNT


@dataclass(frozen=True, slots=True)
class _PendingChange:
    """A change of an address's status on its way to the contact."""

    due_ms: int
    address: str
    actor: Actor


@dataclass(slots=True)
class Status:
    """What is known of one address: whether (and from which brands) it is unsubscribed from
    everything, and the state of each subscription type with its time.
    """

    is_out_of_all: bool = False
    out_of: frozenset[int] = frozenset()
    by_own_act: bool = False
    changed_ms: int = 0
    states: dict[int, tuple[str, int]] = field(default_factory=dict)


class Preferences:
    """The subscription statuses of all addresses."""

    def __init__(
        self, clock: PortalClock, *, delay_s: float = 0.0, brands: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        """Begin with two subscription types and one for each brand; `listeners` are called with
        (address, actor) for each change.
        """
        now = clock.now_ms()
        named = {int(row["id"]): str(row["name"]) for row in brands}
        self.brands: Sequence[int] = (ACCOUNT, *named)
        self.definitions = {
            row.id: row
            for row in (
                Definition(
                    9_100_001,
                    "Marketing Information",
                    "Marketing offers and updates.",
                    "Marketing",
                    now,
                ),
                Definition(9_100_002, "One to One", "One to One emails", "Sales", now),
                *(
                    Definition(
                        9_200_000 + brand,
                        f"News of {name}",
                        f"News of {name}.",
                        "Marketing",
                        now,
                        brand,
                    )
                    for brand, name in named.items()
                ),
            )
        }
        self.listeners: list[Callable[[str, Actor], None]] = []
        self.refused: set[tuple[str, int]] = set()
        """Address and brand of opt-outs that HubSpot does not carry out [M]."""
        self._delay_ms = round(delay_s * 1000)
        self._pending: deque[_PendingChange] = deque()
        self._clock = clock
        self._statuses: dict[str, Status] = {}

    def of(self, address: str) -> Status:
        """Return the status of an address; nothing is specified for an unknown one."""
        return self._statuses.get(_folded(address)) or Status()

    def state(self, address: str, definition_id: int) -> tuple[str, int]:
        """Return state and time of one subscription type; an address that is unsubscribed from
        everything is unsubscribed from each.
        """
        status = self.of(address)
        if self.definitions[definition_id].brand in status.out_of:
            return UNSUBSCRIBED, status.changed_ms
        return status.states.get(
            definition_id,
            (NOT_SPECIFIED, status.changed_ms or self.definitions[definition_id].created_ms),
        )

    def set_out_of_all(
        self,
        address: str,
        actor: Actor,
        *,
        is_out: bool,
        by_own_act: bool = False,
        brand: int | None = None,
    ) -> None:
        """Unsubscribe an address from everything (or from all of a `brand`), or undo that."""
        status = self._statuses.setdefault(_folded(address), Status())
        meant = frozenset(self.brands if brand is None else (brand,))
        status.out_of = status.out_of | meant if is_out else status.out_of - meant
        status.is_out_of_all = status.out_of == frozenset(self.brands)
        status.by_own_act = is_out and by_own_act
        status.changed_ms = self._clock.now_ms()
        if not is_out:
            status.states = {
                key: row for key, row in status.states.items() if row[0] != UNSUBSCRIBED
            }
        self._tell(address, actor)

    def set_state(
        self,
        address: str,
        definition_id: int,
        state: str,
        actor: Actor,
        *,
        by_own_act: bool = False,
    ) -> None:
        """Set one subscription type; subscribing to one ends the unsubscription from everything."""
        status = self._statuses.setdefault(_folded(address), Status())
        now = self._clock.now_ms()
        brand = self.definitions[definition_id].brand
        if brand in status.out_of and state == SUBSCRIBED:
            others = (
                row.id
                for row in self.definitions.values()
                if row.brand == brand and row.id != definition_id
            )
            status.states |= dict.fromkeys(others, (UNSUBSCRIBED, now))
            status.is_out_of_all, status.out_of = False, status.out_of - {brand}
        status.states[definition_id] = (state, now)
        status.by_own_act = by_own_act if state == UNSUBSCRIBED else False
        status.changed_ms = now
        self._tell(address, actor)

    def properties(self, address: str) -> dict[str, str]:
        """Return the contact properties that mirror an address's status."""
        status = self.of(address)
        values = {"hs_email_optout": "true" if status.is_out_of_all else ""}
        if status.changed_ms and not status.is_out_of_all:
            values["hs_email_optout"] = "false"
        for definition_id in self.definitions:
            state, _ = self.state(address, definition_id)
            values[property_of(definition_id)] = {UNSUBSCRIBED: "true", SUBSCRIBED: "false"}.get(
                state, ""
            )
        return values

    def catch_up(self) -> None:
        """Update the contacts with all changes that are old enough."""
        while self._pending and self._pending[0].due_ms <= self._clock.true_ms():
            one = self._pending.popleft()
            for listener in self.listeners:
                listener(one.address, one.actor)

    def next_ms(self) -> int | None:
        """Return when a contact will next show a changed status (milliseconds on the stack's
        clock).
        """
        return self._pending[0].due_ms if self._pending else None

    def _tell(self, address: str, actor: Actor) -> None:
        self._pending.append(
            _PendingChange(self._clock.true_ms() + self._delay_ms, _folded(address), actor)
        )
        self.catch_up()


def property_of(definition_id: int) -> str:
    """Return the contact property that mirrors one subscription type."""
    return f"hs_email_optout_{definition_id}"


def _folded(address: str) -> str:
    return address.strip().lower()
