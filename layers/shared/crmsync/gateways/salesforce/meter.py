"""The org's daily API calls, from the ``Sforce-Limit-Info`` header of every response, so that no
call is needed to know them.

Facts: docs/vendors.md#salesforce-limits. The header has the calls of all apps within the last 24
hours and the org's limit. The share that an org may reserve for one app (``per-app-api-usage``) is
another number and is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from crmsync.rules.backfill.pacing import DailyCalls, KnownCalls

HEADER = "Sforce-Limit-Info"
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class SalesforceMeter:
    """Implements `Meter`. Safe to share between threads: of two responses at once, either may
    win.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Begin without any number; `now` gives seconds since the epoch."""
        self._now = now
        self._known: KnownCalls | None = None

    def hear(self, header: str) -> None:
        """Store the numbers of a response's header; a header without them ("" too) changes
        nothing.
        """
        if found := _USAGE.search(header):
            calls = DailyCalls(int(found[1]), int(found[2]))
            self._known = KnownCalls(calls, datetime.fromtimestamp(self._now(), UTC))

    def known(self) -> KnownCalls | None:
        """The calls of the last 24 hours from the newest response, or None."""
        return self._known
