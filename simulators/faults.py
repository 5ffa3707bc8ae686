"""The faults in force: what goes wrong, where, and how often.

Law: keeps the list and nothing else. The part that misbehaves (a simulator, the queues, the tables,
a Lambda) asks `Faults.take` at the right moment and does the damage itself. The kinds are those of
the control URL's ``/faults``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulators.clock import Clock

KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "webhook": frozenset({"duplicate", "drop", "reorder"}),
        "queue": frozenset({"duplicate", "reorder"}),
        "hubspot": frozenset(
            {
                "timeout_after_write",
                "timeout_before_write",
                "server_error",
                "rate_limit",
                "unauthorized",
            }
            | {"search_lag", "clock_skew", "scope_lost", "token_revoked"}
        ),
        "salesforce": frozenset(
            {
                "timeout_after_write",
                "timeout_before_write",
                "server_error",
                "rate_limit",
                "unauthorized",
            }
            | {
                "lock_row",
                "daily_limit",
                "drop_change_event",
                "field_removed",
                "late_commit",
                "slow_triggers",
            }
            | {"field_hidden", "token_revoked", "apex_cpu", "trigger_rewrites"}
        ),
        "dynamodb": frozenset({"throttle", "conflict"}),
        "lambda": frozenset({"kill", "timeout", "throttle"}),
    }
)

LASTING = frozenset(
    {("salesforce", "daily_limit"), ("salesforce", "lock_row")}
    | {(side, "server_error") for side in ("hubspot", "salesforce")}
)
"""Faults that, given ``seconds``, last that long, however often they strike."""

CONDITIONS = frozenset(
    {
        ("hubspot", "search_lag"),
        ("hubspot", "clock_skew"),
        ("hubspot", "scope_lost"),
        ("hubspot", "token_revoked"),
        ("salesforce", "field_removed"),
        ("salesforce", "field_hidden"),
        ("salesforce", "token_revoked"),
        ("salesforce", "late_commit"),
        ("salesforce", "slow_triggers"),
        ("salesforce", "apex_cpu"),
        ("salesforce", "trigger_rewrites"),
    }
)
"""Faults that describe a state rather than an accident: they hold until the list is replaced and
are not used up.
"""


class UnknownFaultError(ValueError):
    """The list has an unknown place or kind; the message says which."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the list.

    Attributes:
        at: The place, a key of `KINDS`.
        kind: What goes wrong there.
        times: How often it strikes.
        details: Its own details, such as ``retry_after``, ``seconds``, ``function`` or ``after``.
    """

    at: str
    kind: str
    times: int = 1
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Fault:
        """Read one JSON entry. Raises `UnknownFaultError`."""
        at, kind = str(entry.get("at")), str(entry.get("kind"))
        if kind not in KINDS.get(at, ()):
            msg = f"unknown fault: at {at!r}, kind {kind!r}"
            raise UnknownFaultError(msg)
        details = {key: value for key, value in entry.items() if key not in {"at", "kind", "times"}}
        return cls(at, kind, int(entry.get("times", 1)), details)

    @property
    def seconds(self) -> float:
        """Its ``seconds``, 0 if it has none."""
        return float(self.details.get("seconds", 0))


class Faults:
    """The list in force; safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        """Start without any fault."""
        self._clock = clock
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int]] = []
        self._since_ms = 0

    def replace(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Replace the whole list. Raises `UnknownFaultError`, and then changes nothing."""
        faults = [Fault.read(entry) for entry in entries]
        with self._lock:
            self._left = [(fault, fault.times) for fault in faults]
            self._since_ms = self._clock.now_ms()

    def in_force(self) -> list[str]:
        """Return the place and kind of every fault that can still strike."""
        with self._lock:
            return [
                f"{fault.at}: {fault.kind}"
                for fault, left in self._left
                if self._can_strike(fault, left)
            ]

    def _can_strike(self, fault: Fault, left: int) -> bool:
        if (fault.at, fault.kind) in CONDITIONS:
            return True
        if _lasts(fault):
            return self._clock.now_ms() < self._since_ms + fault.seconds * 1000
        return left > 0

    def take(self, at: str, kind: str, **match: object) -> Fault | None:
        """Use up one turn of the first fault of this place and kind whose details agree with
        `match`.

        Returns None if there is no such fault. A detail that the fault leaves out agrees with
        everything. Conditions (`CONDITIONS`), and lasting faults whose ``seconds`` are not over,
        are returned without being used up.
        """
        with self._lock:
            for index, (fault, left) in enumerate(self._left):
                if (fault.at, fault.kind) != (at, kind) or not _agrees(fault, match):
                    continue
                if not self._can_strike(fault, left):
                    continue
                if (at, kind) not in CONDITIONS and not _lasts(fault):
                    self._left[index] = (fault, left - 1)
                return fault
        return None


def _lasts(fault: Fault) -> bool:
    """Whether it strikes for a time, however often."""
    return "seconds" in fault.details and (fault.at, fault.kind) in LASTING


def _agrees(fault: Fault, match: Mapping[str, object]) -> bool:
    return all(
        fault.details[name] == wanted for name, wanted in match.items() if name in fault.details
    )
