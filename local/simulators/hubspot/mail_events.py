"""Marketing e-mail events and campaigns of one portal: kept and read back, never made here.

A person action puts events in, the old e-mail event log reads them (platforms.md 1.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class MailEvents:
    """The e-mail event log and the campaigns it names."""

    def __init__(self, portal_id: int, campaigns: Sequence[Mapping[str, Any]]) -> None:
        """Start without events; `campaigns` are the world file's rows."""
        self.campaigns = {str(row["id"]): dict(row) for row in campaigns}
        self._portal_id = portal_id
        self._events: list[dict[str, Any]] = []

    def add(self, events: Sequence[Mapping[str, Any]]) -> int:
        """Append events; the portal's id is filled in. Gives how many there are now."""
        self._events += [{"portalId": self._portal_id} | dict(event) for event in events]
        return len(self._events)

    def all(self) -> list[dict[str, Any]]:
        """Every event, newest first [M]."""
        return sorted(self._events, key=lambda event: int(event.get("created", 0)), reverse=True)
