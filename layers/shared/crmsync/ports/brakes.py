"""Where it is counted what may be held back."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from crmsync.model.brakes import Hold
from crmsync.model.records import Kind


class ChangeCounts(Protocol):
    """Counts per hour (UTC) what a connection overwrites, blanks and deletes on either side, kind
    by kind (Q-30).
    """

    def pull(
        self, connection: str, kind: Kind, hold: Hold, wanted: int, limit: int, now: datetime
    ) -> int:
        """How many of `wanted` may go on this hour under `limit` (0: all); those are counted, also
        beside others. Raises `TryAgain`.
        """

    def give_back(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Let so many that were counted, and then not written, be used by others."""

    def fill(self, connection: str, kind: Kind) -> float:
        """The fullest of a kind's counters when it was last pulled here, as a share of its limit: 1
        is full. Asks nobody.
        """
