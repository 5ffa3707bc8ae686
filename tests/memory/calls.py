"""The calls of connections, in memory: their usage, and the gate that flows ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.model.operations.calls import CallClass, CallHold, CallLimits, CallUsage
from crmsync.model.records import Side
from crmsync.rules.timing.call_leases import RETRY_CALLS, hold
from tests.memory.crm import MemoryCrm


class MemoryCallUsage:
    """Implements `CallUsageStore`. `down` is raised by every call.

    Attributes:
        saves: How many writes were asked for, those that another save prevented included.
        reads: The units that reads have cost: one each, half if it need not be consistent.
        is_late: Whether a read that need not be consistent lacks the last save.
    """

    def __init__(self, *, is_late: bool = False) -> None:
        """Nothing is used."""
        self.saves = 0
        self.reads = 0.0
        self.is_late = is_late
        self.down: SyncError | None = None
        self._stored: dict[tuple[str, Side], CallUsage] = {}
        self._before: dict[tuple[str, Side], CallUsage] = {}

    def load(self, connection: str, side: Side, *, consistent: bool = True) -> CallUsage:
        """See the port."""
        if self.down is not None:
            raise self.down
        self.reads += 1.0 if consistent else 0.5
        shown = self._before if self.is_late and not consistent else self._stored
        return shown.get((connection, side), CallUsage())

    def save(self, connection: str, side: Side, usage: CallUsage) -> CallUsage | None:
        """See the port."""
        if self.down is not None:
            raise self.down
        self.saves += 1
        found = self._stored.get((connection, side), CallUsage())
        if found.version != usage.version:
            return None
        self._before[connection, side] = found
        stored = self._stored[connection, side] = replace(usage, version=usage.version + 1)
        return stored


class MemoryCallGate:
    """Implements `CallGate` for the org `crm`: only the calls that its responses report count.

    Attributes:
        worked_as: The class of the calls that follow.
    """

    def __init__(
        self, crm: MemoryCrm, now: Callable[[], datetime], allotment: int = 50_000
    ) -> None:
        """Read the daily calls of `crm`."""
        self.worked_as = CallClass.LIVE
        self._crm, self._now = crm, now
        self._limits = CallLimits("Salesforce", allotment, RETRY_CALLS)

    def hold(self, call_class: CallClass) -> CallHold | None:
        """See the port."""
        return hold(CallUsage(known=self._crm.known_calls), self._limits, call_class, self._now())

    def work_as(self, call_class: CallClass, expected: int = 0) -> None:  # noqa: ARG002 - any number
        """See the port."""
        self.worked_as = call_class


class OpenGate:
    """Implements `CallGate`: there are always calls left."""

    def hold(self, call_class: CallClass) -> CallHold | None:  # noqa: ARG002 - for all classes
        """See the port."""
        return None

    def work_as(self, call_class: CallClass, expected: int = 0) -> None:
        """See the port."""
