"""The troubles of connections in memory."""

from __future__ import annotations

from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.model.records import Kind
from crmsync.model.troubles import Outage, Troubles


class MemoryTroubles:
    """Implements `TroubleBook`."""

    def __init__(self) -> None:
        """All is well."""
        self.down: SyncError | None = None
        self.outages: dict[tuple[str, Kind], Outage] = {}

    def load(self, connection: str) -> Troubles:
        """As the port says."""
        self._check()
        return Troubles({kind: outage for (name, kind), outage in self.outages.items() if name == connection})

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """As the port says."""
        self._check()
        stored = self.outages.get((connection, kind))
        if outage.version != (stored.version if stored else 0):
            return None
        self.outages[connection, kind] = replace(outage, version=outage.version + 1)
        return self.outages[connection, kind]

    def end_outage(self, connection: str, kind: Kind) -> None:
        """As the port says."""
        self._check()
        self.outages.pop((connection, kind), None)

    def _check(self) -> None:
        if self.down is not None:
            raise self.down
