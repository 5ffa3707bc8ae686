"""Where the calls of a connection are counted, and what asks whether work may begin.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from typing import Protocol

from crmsync.model.operations.calls import CallClass, CallHold, CallUsage
from crmsync.model.records import Side


class CallUsageStore(Protocol):
    """The usage of both CRMs of all connections."""

    def load(self, connection: str, side: Side, *, consistent: bool = True) -> CallUsage:
        """The usage; an empty one if nothing is stored. Raises `TryAgain`.

        Unless it is `consistent`, it may lack what was saved in the last second. That costs half.
        """

    def save(self, connection: str, side: Side, usage: CallUsage) -> CallUsage | None:
        """Store a usage and answer it with its next version.

        None if `usage.version` is not the stored one (0: none is stored). Raises `TryAgain`.
        """


class CallGate(Protocol):
    """Whether a connection has calls left for a class of work, on both sides."""

    def hold(self, call_class: CallClass) -> CallHold | None:
        """Why work of this class must not begin now, or None. Makes no call."""

    def work_as(self, call_class: CallClass, expected: int = 0) -> None:
        """Count the calls that follow as calls of this class.

        `expected` is how many calls to HubSpot will probably follow; 0 if nobody knows.
        """
