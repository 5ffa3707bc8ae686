"""Where overwritten values are kept. Two ports: syncs can only keep values, only the operator reads
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from crmsync.model.operations.overwritten import OverwrittenBatch


class OverwrittenStore(Protocol):
    """Keeps what is about to be overwritten."""

    def keep(self, batch: OverwrittenBatch, last: timedelta) -> None:
        """Keep a batch of any size for so long.

        Returns only when all of it is durably stored; raises `SyncError` otherwise.
        """


class OverwrittenHistory(Protocol):
    """Reads what was kept."""

    def since(self, connection: str, since: datetime, now: datetime) -> Iterator[OverwrittenBatch]:
        """What was kept at `since` or later and has not expired, oldest first. Raises `SyncError`.

        A batch that was stored only in part is left out: the worker died before anything was
        overwritten.
        """
