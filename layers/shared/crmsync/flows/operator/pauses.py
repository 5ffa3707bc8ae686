"""The operator's pause of a connection: nothing is read or written for it, and nothing is lost.

Changes that HubSpot and Salesforce report go on being queued, and wait there; sweeps keep their
place and go on from it. A batch that has begun is finished; within a minute no other begins.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import Refused, SyncError
from crmsync.model.settings import Settings
from crmsync.model.troubles import Pause
from crmsync.ports.troubles import TroubleStore

FRESH = timedelta(seconds=20)
"""How long the state of a pause is used before it is read again."""


@dataclass(slots=True)
class PauseWatch:
    """Whether a connection has been paused since an invocation began.

    When the store does not answer, the last known state counts.

    Attributes:
        connection: The name of the connection.
        troubles: Stores the pause.
        now: The clock (UTC).
        read_at: When the state was last read; the connection was not paused then.
    """

    connection: str
    troubles: TroubleStore
    now: Callable[[], datetime]
    read_at: datetime
    _paused: bool = field(default=False, init=False)

    def is_paused(self) -> bool:
        """Whether it is paused, read again when the known state is older than `FRESH`."""
        now = self.now()
        if now - self.read_at >= FRESH:
            self.read_at = now
            with suppress(SyncError):
                self._paused = self.troubles.load(self.connection).pause is not None
        return self._paused


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
        if self.settings().connection(connection) is None:
            raise Refused(f"There is no connection {connection}.", code="CONNECTION")
        return self.troubles.load(connection).pause

    def pause(self, connection: str) -> None:
        """Pause it. Raises as `state` does."""
        self.state(connection)
        self.troubles.pause(connection, Pause(self.now(), self.caller()))

    def resume(self, connection: str) -> None:
        """End its pause. Raises as `state` does."""
        self.state(connection)
        self.troubles.resume(connection)
