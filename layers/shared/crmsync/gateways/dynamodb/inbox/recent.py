"""The error inbox for pages: its entries as they were a few seconds ago.

Thousands of entries take a second to read, and people open one page after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.operations.inbox import InboxEntry

KEPT = 15.0
"""Seconds for which entries are not read again."""


class RecentInbox(InboxTable):
    """Implements `Inbox`; the whole inbox is read at most once in `KEPT` seconds."""

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        now: Callable[[], datetime],
        ticks: Callable[[], float],
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """As `InboxTable`."""
        super().__init__(client, table, now=now, ticks=ticks, retry_policy=retry_policy)
        self._ticks = ticks
        self._read: dict[str, tuple[float, Sequence[InboxEntry]]] = {}

    def entries(self, connection: str) -> Sequence[InboxEntry]:
        """See `Inbox`. Raises `TryAgain`."""
        kept = self._read.get(connection)
        if kept is None or self._ticks() - kept[0] >= KEPT:
            kept = self._read[connection] = (self._ticks(), super().entries(connection))
        return kept[1]
