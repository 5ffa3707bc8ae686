"""Overwritten values in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crmsync.errors import SyncError
from crmsync.model.overwritten import OverwrittenBatch


class MemoryOverwritten:
    """Implements `OverwrittenStore` and `OverwrittenHistory`; an error in `down` is raised instead of
    keeping anything.
    """

    def __init__(self) -> None:
        """Nothing was overwritten yet."""
        self.down: SyncError | None = None
        self.batches: list[tuple[OverwrittenBatch, datetime]] = []

    def keep(self, batch: OverwrittenBatch, last: timedelta) -> None:
        """As the port says."""
        if self.down is not None:
            raise self.down
        self.batches.append((batch, batch.at + last))

    def since(self, connection: str, since: datetime, now: datetime) -> Iterator[OverwrittenBatch]:
        """As the port says."""
        kept = [
            one
            for one, until in self.batches
            if one.connection == connection and one.at >= since and until > now
        ]
        yield from sorted(kept, key=lambda one: one.at)
