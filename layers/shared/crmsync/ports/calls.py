"""Where the calls of a connection are counted, and what asks whether work may begin.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from typing import Protocol

from crmsync.model.calls import CallClass, CallHold, CallUsage
from crmsync.model.records import Side


class CallUsageStore(Protocol):
    """The usage of both CRMs of all connections."""

    def load(self, connection: str, side: Side) -> CallUsage:
        """The usage, strongly consistent; an empty one if nothing is stored. Raises `TryAgain`."""

    def save(self, connection: str, side: Side, usage: CallUsage) -> CallUsage | None:
        """Store a usage and answer it with its next version.

        None if `usage.version` is not the stored one (0: none is stored). Raises `TryAgain`.
        """


class CallGate(Protocol):
    """Whether a connection has calls left for a class of work, on both sides."""

    def hold(self, call_class: CallClass) -> CallHold | None:
        """Why work of this class must not begin now, or None. Makes no call."""

    def work_as(self, call_class: CallClass) -> None:
        """Count the calls that follow as calls of this class."""
