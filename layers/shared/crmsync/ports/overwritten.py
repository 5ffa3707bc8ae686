"""Where overwritten values are kept, as the flows ask for it. Two ports: who syncs may only keep,
the operator alone reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from crmsync.model.overwritten import OverwrittenBatch


class KeepsOverwritten(Protocol):
    """Keeps what is about to be overwritten."""

    def keep(self, batch: OverwrittenBatch, last: timedelta) -> None:
        """Keep a batch for so long, however large it is. Returns only when all of it is durably
        kept; raises `SyncError` otherwise.
        """


class ReadsOverwritten(Protocol):
    """Reads what was kept."""

    def since(self, connection: str, since: datetime, now: datetime) -> Iterator[OverwrittenBatch]:
        """What was kept at `since` or later and has not expired, oldest first. Raises `SyncError`.

        A batch that was kept in part only is left out: whoever kept it died before anything was
        overwritten.
        """
