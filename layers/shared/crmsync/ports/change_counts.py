"""Counters for what the limits on changes may hold back."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from crmsync.model.change_limits import Hold
from crmsync.model.records import Kind


class ChangeCounts(Protocol):
    """Counts per hour (UTC) what a connection overwrites, blanks and deletes on either side, kind
    by kind (Q-30).
    """

    def reserve(
        self, connection: str, kind: Kind, hold: Hold, wanted: int, limit: int, now: datetime
    ) -> int:
        """How many of `wanted` may be written this hour under `limit` (0 for no limit).

        These are counted at once, also against concurrent workers. Raises `TryAgain`.
        """

    def return_unused(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Return what was counted and then not written."""

    def usage(self, connection: str, kind: Kind) -> float:
        """How full the fullest counter of a kind is, as a share of its limit: 1 is full.

        As last seen by this process; costs no call.
        """
