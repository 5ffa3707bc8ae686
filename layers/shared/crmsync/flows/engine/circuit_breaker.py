"""The circuit breaker of one kind: while a side is down, one record probes it and the others go
back into the queue without a call. While the operator has paused the connection, all of them do.

A change that waits is queued as a new message. It uses up no receive, so it never becomes a dead
letter, and no try, so it is never parked. If the table in which outages are noted cannot be reached
either, the changes wait all the same; only each batch then finds the outage for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crmsync.errors import SyncError
from crmsync.model.changes import Change
from crmsync.model.operations.troubles import Outage, Pause
from crmsync.model.records import Kind
from crmsync.ports.queues import Outbox
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.timing.outages import Admission, admit, after_failure, claimed, seconds_until

DEFAULT_WAIT = 60
"""Seconds to wait where nothing is known of an outage, and during the first minutes of a pause."""

PAUSED = "PAUSED"
"""The code of a change that waits because the connection is paused."""

PAUSE_FRESH = timedelta(seconds=20)
"""How long the state of a pause is used before it is read again."""

_SHORT_PAUSE = timedelta(minutes=10)
_LONG_PAUSE_WAIT = 300
"""Seconds to wait during a longer pause, so that it costs few messages."""


@dataclass(slots=True)
class CircuitBreaker:
    """The circuit breaker of one connection and one kind, for one invocation.

    Attributes:
        connection: the connection's name.
        kind: the kind of record whose changes it admits.
        store: where outages and pauses are kept.
        outbox: the queue that changes go back into.
        now: the clock (UTC).
        outage: the outage, as last read or noted; None while both sides answer.
        pause: the operator's pause, as last read.
    """

    connection: str
    kind: Kind
    store: TroubleStore
    outbox: Outbox
    now: Callable[[], datetime]
    outage: Outage | None = field(default=None, init=False)
    pause: Pause | None = field(default=None, init=False)

    def load(self) -> None:
        """Read whether a side is down or the connection paused."""
        with suppress(SyncError):
            known = self.store.load(self.connection)
            self.outage, self.pause = known.outages.get(self.kind), known.pause

    @property
    def is_open(self) -> bool:
        """Whether no change may be synced now, not even to probe a side."""
        if self.pause is not None:
            return True
        return self.outage is not None and self.outage.is_whole and self.now() < self.outage.next_at

    @property
    def code(self) -> str:
        """The code of what the changes wait for; "" for nothing."""
        if self.pause:
            return PAUSED
        return self.outage.code if self.outage else ""

    def admit(self, changes: Sequence[Change]) -> Admission:
        """Which changes are synced, which one probes the side, and which wait: all are synced while
        both sides answer. Only one of several workers gets the probe.
        """
        if self.outage is None:
            return Admission(tuple(changes))
        admission = admit(changes, self.outage, self.now())
        if admission.probe is None:
            return admission
        stored = None
        with suppress(SyncError):
            stored = self.store.save_outage(
                self.connection, self.kind, claimed(self.outage, self.now())
            )
        if stored is None:
            return replace(admission, probe=None, waiting=(admission.probe, *admission.waiting))
        self.outage = stored
        return admission

    def trip(self, error: SyncError, *, is_whole: bool) -> Outage:
        """Note a failed call, and return the outage with the time until which the others wait.

        With `is_whole` nothing can be synced; without, only records that need what was refused.
        """
        outage = after_failure(self.outage, error, self.now(), is_whole=is_whole)
        with suppress(SyncError):
            # If another worker has noted the outage in the meantime, that note stays.
            outage = self.store.save_outage(self.connection, self.kind, outage) or outage
        self.outage = outage
        return outage

    def close(self) -> None:
        """Note that a call succeeded again."""
        if self.outage is not None:
            with suppress(SyncError):
                # If the note stays, the next probe removes it.
                self.store.end_outage(self.connection, self.kind)
            self.outage = None

    def requeue(self, tried: Sequence[Change], untried: Sequence[Change] = ()) -> int:
        """Queue changes until the next probe, and return how many. Raises `SyncError`.

        One of them comes back before the others, as the probe. Where a single record may have
        caused the outage, the probe is one that was not among `tried`.
        """
        marked = [replace(change, held=True) for change in tried]
        is_sure = self.outage is None or self.outage.is_sure
        rows = [*marked, *untried] if is_sure else [*untried, *marked]
        if not rows:
            return 0
        probe_wait, wait = self._waits()
        if not is_sure and not untried:
            probe_wait = wait
        self.outbox.again([(rows[0], probe_wait), *((change, wait) for change in rows[1:])])
        return len(rows)

    def _waits(self) -> tuple[int, int]:
        """Seconds until the probe comes back, and until the others do."""
        if self.pause is not None:
            is_short = self.now() - self.pause.since < _SHORT_PAUSE
            wait = DEFAULT_WAIT if is_short else _LONG_PAUSE_WAIT
            return wait, wait
        if self.outage is None:
            return DEFAULT_WAIT, DEFAULT_WAIT
        now = self.now()
        return seconds_until(self.outage, now, probe=True), seconds_until(self.outage, now)


@dataclass(slots=True)
class PauseWatch:
    """Whether a connection has been paused since an invocation began: a batch that has begun is
    finished, and within a minute no other begins.

    When the store does not answer, the last known state counts.

    Attributes:
        connection: the connection's name.
        troubles: where the pause is kept.
        now: the clock (UTC).
        read_at: when the state was last read; the connection was not paused then.
    """

    connection: str
    troubles: TroubleStore
    now: Callable[[], datetime]
    read_at: datetime
    _paused: bool = field(default=False, init=False)

    def is_paused(self) -> bool:
        """Whether it is paused, read again when the known state is older than `PAUSE_FRESH`."""
        now = self.now()
        if now - self.read_at >= PAUSE_FRESH:
            self.read_at = now
            with suppress(SyncError):
                self._paused = self.troubles.load(self.connection).pause is not None
        return self._paused
