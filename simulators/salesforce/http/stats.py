"""Counting the calls of the integration user, for the control URL's ``/stats``."""

from __future__ import annotations

from collections import Counter
from typing import Any


class CallStats:
    """Calls, reads, writes and calls by endpoint since the start; a composite call is one call."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._reads = 0
        self._writes = 0
        self._by_endpoint: Counter[str] = Counter()

    def count(self, endpoint: str, *, reads: bool) -> None:
        """Count one call."""
        self._by_endpoint[endpoint] += 1
        if reads:
            self._reads += 1
        else:
            self._writes += 1

    def snapshot(self) -> dict[str, Any]:
        """The numbers now."""
        return {
            "calls": self._reads + self._writes,
            "reads": self._reads,
            "writes": self._writes,
            "by_endpoint": dict(sorted(self._by_endpoint.items())),
        }
