"""The gate of a concern: while a side is down, one record looks ahead, and what waits goes back
into the queue without a call.

While the operator has paused the connection, all of it waits.

What has to wait is put back as new messages: it uses up no receive, so it never becomes a dead
letter, and no try, so it is never parked. Should the place where outages are noted be out of reach
itself, everything waits all the same, only that every batch looks for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crmsync.errors import SyncError
from crmsync.model.changes import Change
from crmsync.model.records import Kind
from crmsync.model.troubles import Outage, Pause
from crmsync.ports.queues import Outbox
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.timing.outages import Admission, admit, after_failure, claimed, seconds_until

DEFAULT_WAIT = 60
"""Seconds to wait where nothing is known of an outage."""

PAUSED = "PAUSED"
"""The code of a wait for the operator."""

_SHORT = timedelta(minutes=10)
_LONG_WAIT = 300
"""Seconds to wait where a pause takes longer than a short one, so that it costs little."""


@dataclass(slots=True)
class CircuitBreaker:
    """One connection's gate of one concern, for one invocation."""

    connection: str
    kind: Kind
    store: TroubleStore
    outbox: Outbox
    now: Callable[[], datetime]
    outage: Outage | None = field(default=None, init=False)
    pause: Pause | None = field(default=None, init=False)

    def load(self) -> None:
        """Find out whether a side is down, or the connection paused."""
        with suppress(SyncError):
            known = self.store.load(self.connection)
            self.outage, self.pause = known.outages.get(self.kind), known.pause

    @property
    def is_open(self) -> bool:
        """Whether nothing may be looked at now, not even ahead of the others."""
        is_down = (
            self.outage is not None and self.outage.is_whole and self.now() < self.outage.next_at
        )
        return self.pause is not None or is_down

    @property
    def code(self) -> str:
        """What those that wait are waiting for."""
        return PAUSED if self.pause else self.outage.code if self.outage else ""

    def admit(self, changes: Sequence[Change]) -> Admission:
        """Who goes, who looks ahead and who waits. Of several workers that may look ahead only one
        does.
        """
        admission = admit(changes, self.outage, self.now())
        if admission.ahead is None or self.outage is None:
            return admission
        stored = None
        with suppress(SyncError):
            stored = self.store.save_outage(
                self.connection, self.kind, claimed(self.outage, self.now())
            )
        if stored is None:
            return replace(admission, ahead=None, waiting=(admission.ahead, *admission.waiting))
        self.outage = stored
        return admission

    def trip(self, error: SyncError, *, is_whole: bool) -> Outage:
        """Note that a look came to nothing; answers until when the others wait."""
        outage = after_failure(self.outage, error, self.now(), is_whole=is_whole)
        with suppress(SyncError):
            # Where somebody else has noted it meanwhile, theirs stands.
            outage = self.store.save_outage(self.connection, self.kind, outage) or outage
        self.outage = outage
        return outage

    def close(self) -> None:
        """Note that a record came through again."""
        if self.outage is not None:
            with suppress(SyncError):
                # Where it stands on, the next look ahead ends it.
                self.store.end_outage(self.connection, self.kind)
            self.outage = None

    def requeue(self, tried: Sequence[Change], untried: Sequence[Change] = ()) -> int:
        """Have changes wait for the next look ahead, and answer how many. Raises `SyncError`.

        One of them comes before the others. Where a record may have brought the outage about, it is
        one that was not `tried` just now.
        """
        marked = [replace(change, held=True) for change in tried]
        is_sure = self.outage is None or self.outage.is_sure
        rows = [*marked, *untried] if is_sure else [*untried, *marked]
        alone = not is_sure and not untried
        if rows:
            waits = self._waits()
            self.outbox.again(
                [
                    (change, waits[0 if at == 0 and not alone else 1])
                    for at, change in enumerate(rows)
                ]
            )
        return len(rows)

    def _waits(self) -> tuple[int, int]:
        """Seconds for the one that comes first, and for the others."""
        if self.pause is not None:
            wait = DEFAULT_WAIT if self.now() - self.pause.since < _SHORT else _LONG_WAIT
            return wait, wait
        if self.outage is None:
            return (DEFAULT_WAIT, DEFAULT_WAIT)
        return seconds_until(self.outage, self.now(), ahead=True), seconds_until(
            self.outage, self.now()
        )
