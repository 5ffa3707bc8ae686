"""Overwritten values in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crmsync.errors import SyncError
from crmsync.model.operations.overwritten import OverwrittenBatch


class MemoryOverwritten:
    """Implements `OverwrittenStore` and `OverwrittenHistory`; an error in `down` is raised instead of
    storing a batch, one in `unreadable` instead of reading.
    """

    def __init__(self) -> None:
        """No value was overwritten."""
        self.down: SyncError | None = None
        self.unreadable: SyncError | None = None
        self.batches: list[tuple[OverwrittenBatch, datetime]] = []

    def keep(self, batch: OverwrittenBatch, last: timedelta) -> None:
        """See the port."""
        if self.down is not None:
            raise self.down
        self.batches.append((batch, batch.at + last))

    def since(self, connection: str, since: datetime, now: datetime) -> Iterator[OverwrittenBatch]:
        """See the port."""
        if self.unreadable is not None:
            raise self.unreadable
        kept = [
            one
            for one, until in self.batches
            if one.connection == connection and one.at >= since and until > now
        ]
        yield from sorted(kept, key=lambda one: one.at)
