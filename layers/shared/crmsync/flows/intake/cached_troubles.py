"""The outages, missing fields and pauses of connections, read once per invocation and again after
each change that this invocation makes.

What another worker notes in the meantime is found by the next invocation, or by the call that is
refused. Writes are conditional in the store itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crmsync.model.records import Kind
from crmsync.model.troubles import Outage, Pause, Rest, Troubles
from crmsync.ports.troubles import TroubleStore


@dataclass(slots=True)
class CachedTroubles:
    """Implements `TroubleStore` over another one, for one invocation."""

    store: TroubleStore
    _known: dict[str, Troubles] = field(default_factory=dict)

    def load(self, connection: str) -> Troubles:
        """As the port says; read once."""
        if connection not in self._known:
            self._known[connection] = self.store.load(connection)
        return self._known[connection]

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """As the port says."""
        self._known.pop(connection, None)
        return self.store.save_outage(connection, kind, outage)

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """As the port says."""
        self._known.pop(connection, None)
        return self.store.save_rest(connection, rest)

    def end_rest(self, connection: str, rest: Rest) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.end_rest(connection, rest)

    def end_outage(self, connection: str, kind: Kind) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.end_outage(connection, kind)

    def pause(self, connection: str, pause: Pause) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.pause(connection, pause)

    def resume(self, connection: str) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.resume(connection)
