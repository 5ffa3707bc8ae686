"""Days whose calls are used up: every call is refused, and the real leases keep calls back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import Down
from crmsync.gateways.call_leases import CallLeases
from crmsync.model.operations.calls import CallLimits
from crmsync.model.records import Side
from crmsync.rules.timing.call_leases import PROBE_EVERY
from tests.memory import MemoryCallUsage

HALF_A_DAY = timedelta(hours=10)
"""An outage of a CRM that is at least so long is a day whose calls are used up."""


@dataclass
class CallDays:
    """The used-up days of both CRMs, which every process of the product leases its calls under.

    Attributes:
        now: The clock.
        refused: Side -> how many calls were refused in its present used-up day.
    """

    now: Callable[[], datetime]
    refused: dict[str, int] = field(default_factory=dict)
    _store: MemoryCallUsage = field(default_factory=MemoryCallUsage)
    _processes: dict[tuple[str, str], CallLeases] = field(default_factory=dict)
    _began: dict[str, datetime] = field(default_factory=dict)
    _until: dict[str, datetime] = field(default_factory=dict)

    def use_up(self, side: str, length: timedelta) -> None:
        """The calls of a side are used up for so long."""
        self._began[side], self._until[side] = self.now(), self.now() + length
        self.refused[side] = 0

    def clear(self) -> None:
        """Calls are free again; the product has still to find that out."""
        self._until = {side: min(until, self.now()) for side, until in self._until.items()}

    def found_free_at(self, side: str) -> datetime:
        """When it is known at the latest that calls are free again: by a probe every quarter of an
        hour.
        """
        return self._until[side] + PROBE_EVERY

    def take(self, side: str, process: str) -> None:
        """A call of a process. Raises `Down` if it is refused, or is not made at all."""
        if side not in self._began:
            return
        key = (side, process)
        if key not in self._processes:
            self._processes[key] = CallLeases(
                self._store,
                "acme",
                Side(side),
                CallLimits(side),
                now=self.now,
                pause=lambda _seconds: None,
            )
        leases = self._processes[key]
        leases.spend()
        if self.now() >= self._until[side]:
            leases.hear(succeeded=True)
            return
        self.refused[side] += 1
        leases.hear(refused=True)
        raise Down(
            "The day is used up.", side=side, sure=True, after=900, code="REQUEST_LIMIT_EXCEEDED"
        )

    def most(self, side: str) -> int:
        """The most calls that may have been refused since the day was used up: one of each process
        that had a lease, and a probe every quarter of an hour.
        """
        processes = sum(name == side for name, _ in self._processes)
        return processes + (self.now() - self._began[side]) // PROBE_EVERY + 1
