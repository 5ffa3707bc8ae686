"""Where it is kept what keeps a connection from syncing whole."""

from __future__ import annotations

from typing import Protocol

from crmsync.model.records import Kind
from crmsync.model.troubles import Outage, Troubles


class TroubleBook(Protocol):
    """The troubles of all connections."""

    def load(self, connection: str) -> Troubles:
        """What stands, strongly consistent, in one read. Raises `TryAgain`."""

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """Store and answer it under its next version, if `outage.version` is the stored one (0: none is); else None. Raises `TryAgain`."""

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Forget it; one that is not there is fine. Raises `TryAgain`."""
