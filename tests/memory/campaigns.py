"""How far lists have got, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from crmsync.errors import Conflict
from crmsync.model.campaigns import CampaignKey, ListProgress


class MemoryCampaigns:
    """Implements `CampaignStore`."""

    def __init__(self) -> None:
        """Nothing was swept yet."""
        self._progress: dict[tuple[str, CampaignKey], ListProgress] = {}

    def load(self, connection: str) -> Mapping[CampaignKey, ListProgress]:
        """See the port."""
        return {key: one for (name, key), one in self._progress.items() if name == connection}

    def save(
        self, connection: str, key: CampaignKey, progress: ListProgress, _now: datetime
    ) -> ListProgress:
        """See the port."""
        stored = self._progress.get((connection, key), ListProgress())
        if stored.version != progress.version:
            raise Conflict("Another sweep has stored this campaign first.")
        saved = replace(progress, version=progress.version + 1)
        self._progress[connection, key] = saved
        return saved
