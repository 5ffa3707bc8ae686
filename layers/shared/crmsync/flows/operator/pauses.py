"""The operator's pause of a connection: nothing is read or written for it, and nothing is lost.

Changes that HubSpot and Salesforce report go on being queued, and wait there; sweeps keep their
place and go on from it. A batch that has begun is finished; within a minute no other begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.flows.arguments import unknown_connection
from crmsync.model.operations.troubles import Pause
from crmsync.model.settings import Settings
from crmsync.ports.troubles import TroubleStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAdmin:
    """What the command does with pauses.

    Attributes:
        settings: Reads the settings in force.
        troubles: Stores the pauses.
        now: The clock (UTC).
        caller: The identity that a pause is stored with.
    """

    settings: Callable[[], Settings]
    troubles: TroubleStore
    now: Callable[[], datetime]
    caller: Callable[[], str] = lambda: ""

    def state(self, connection: str) -> Pause | None:
        """The pause of a connection, or None. Raises `Refused` for an unknown connection."""
        settings = self.settings()
        if settings.connection(connection) is None:
            raise unknown_connection(settings, connection)
        return self.troubles.load(connection).pause

    def pause(self, connection: str) -> None:
        """Pause it. Raises as `state` does."""
        self.state(connection)
        self.troubles.pause(connection, Pause(self.now(), self.caller()))

    def pause_new(self, connections: Sequence[str]) -> None:
        """Pause connections that are not in force yet, so that they begin paused. Raises
        `TryAgain`.
        """
        pause = Pause(self.now(), self.caller())
        for name in connections:
            self.troubles.pause(name, pause)

    def resume(self, connection: str) -> None:
        """End its pause. Raises as `state` does."""
        self.state(connection)
        self.troubles.resume(connection)
