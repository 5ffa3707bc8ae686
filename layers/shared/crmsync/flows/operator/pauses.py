"""The operator's pause of a connection: nothing is read or written for it, and nothing is lost.

What HubSpot and Salesforce tell of goes on being queued, and waits there; sweeps stay where they
are and go on from there. A batch that has begun is finished, and then nothing begins within a
minute.
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
"""How old what is known of a pause may be before another batch begins."""


@dataclass(slots=True)
class PauseWatch:
    """Whether a connection has been paused since `looked`, when it was not. Where nobody can say,
    it was not.
    """

    connection: str
    ruleset: TroubleStore
    now: Callable[[], datetime]
    looked: datetime
    _paused: bool = field(default=False, init=False)

    def is_paused(self) -> bool:
        """Whether it is; read anew where what is known is not fresh."""
        now = self.now()
        if now - self.looked >= FRESH:
            self.looked = now
            with suppress(SyncError):
                self._paused = self.ruleset.load(self.connection).pause is not None
        return self._paused


@dataclass(frozen=True, slots=True)
class PauseAdmin:
    """What the command does about pauses; ``who`` says who acts."""

    settings: Callable[[], Settings]
    ruleset: TroubleStore
    now: Callable[[], datetime]
    who: Callable[[], str] = lambda: ""

    def state(self, connection: str) -> Pause | None:
        """Since when a connection is paused, or None. Raises `Refused` for one that is not in the
        settings.
        """
        if self.settings().connection(connection) is None:
            raise Refused(f"There is no connection {connection}.", code="CONNECTION")
        return self.ruleset.load(connection).pause

    def pause(self, connection: str) -> None:
        """Pause it. Raises as `state` does."""
        self.state(connection)
        self.ruleset.pause(connection, Pause(self.now(), self.who()))

    def resume(self, connection: str) -> None:
        """End its pause. Raises as `state` does."""
        self.state(connection)
        self.ruleset.resume(connection)
