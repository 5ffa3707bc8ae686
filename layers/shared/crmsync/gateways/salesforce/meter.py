"""The daily calls as Salesforce's answers tell them: every one has them in its
``Sforce-Limit-Info`` header, so nothing is asked for.

Facts: docs/vendors.md#salesforce-limits. They are everybody's calls of a rolling 24 hours and what
the org may make in them. What an org allots to one app (``per-app-api-usage``) is another number
and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from crmsync.rules.backfill.pacing import DailyCalls, KnownCalls

HEADER = "Sforce-Limit-Info"
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class SalesforceMeter:
    """Implements `Meter`. Safe to share between threads: of two answers at once either may stay."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Nothing is known yet; `now` gives seconds since the epoch."""
        self._now = now
        self._known: KnownCalls | None = None

    def hear(self, header: str) -> None:
        """Note what an answer's header tells; one that tells nothing of the org's calls ("" too)
        changes nothing.
        """
        if found := _USAGE.search(header):
            calls = DailyCalls(int(found[1]), int(found[2]))
            self._known = KnownCalls(calls, datetime.fromtimestamp(self._now(), UTC))

    def known(self) -> KnownCalls | None:
        """The calls of the last 24 hours as the newest answer told them, or None."""
        return self._known
