"""Marketing e-mail events and campaigns of one portal: kept and read back, never created here.

A person action adds events, the old e-mail event log reads them
(docs/vendors.md#hubspot-e-mail-log). An event that is added late appears at its ``created`` time,
as in the real log. An event that is added twice appears twice, as no document says that the log has
each only once [M].
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Place: TypeAlias = tuple[int, int]
"""The position of an event: when it was created (ms), and its number in the order of adding."""


class MailEvents:
    """The e-mail event log and the campaigns it names."""

    def __init__(self, portal_id: int, campaigns: Sequence[Mapping[str, Any]]) -> None:
        """Start without events; `campaigns` are the world file's rows."""
        self.campaigns = {str(row["id"]): dict(row) for row in campaigns}
        self._portal_id = portal_id
        self._places: list[Place] = []
        self._events: list[dict[str, Any]] = []

    def add(self, events: Sequence[Mapping[str, Any]]) -> int:
        """Add events with the portal's id; return how many there are now. Raises `KeyError` for one
        without ``created``.
        """
        for event in events:
            row = {"portalId": self._portal_id} | dict(event)
            insort(self._places, (int(row["created"]), len(self._events)))
            self._events.append(row)
        return len(self._events)

    def newest_first(
        self, start: int, end: int, before: Place | None = None
    ) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Return the events created from `start` to `end`, both included [D], newest first [D], and
        only those after the position `before`.
        """
        low = bisect_left(self._places, (start, -1))
        high = bisect_right(self._places, (end, len(self._events)))
        if before is not None:
            high = min(high, bisect_left(self._places, before))
        for at in range(high - 1, low - 1, -1):
            yield self._places[at], self._events[self._places[at][1]]

    def one(self, created: int, event_id: str) -> dict[str, Any] | None:
        """Return the event with this identity."""
        return next(
            (
                row
                for _, row in self.newest_first(created, created)
                if str(row.get("id")) == event_id
            ),
            None,
        )
