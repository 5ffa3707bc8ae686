"""The calls that this process has leased, and the renewal of the lease.

Each call of a CRM's gateway is taken from the lease first. Within a lease that costs nothing; a new
lease is one read and one conditional write of the usage that all workers share. The read need not
be consistent: if it was too old, the write fails. What was not used of a lease is returned with the
next one. What a process has leased and not used when it ends counts
as used.

If the table does not answer, calls are made without a lease: the CRM's own limits still hold.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import Down, SyncError
from crmsync.gateways.unlimited_calls import Unlimited
from crmsync.model.operations.calls import (
    CallClass,
    CallHold,
    CallLease,
    CallLimits,
    CallUsage,
    DailyCalls,
    KnownCalls,
)
from crmsync.model.records import Side
from crmsync.ports.calls import CallUsageStore
from crmsync.rules.timing.call_leases import (
    SHORT_CALLS,
    SHORT_LEASE,
    WINDOW_FULL,
    answered,
    hold,
    lease,
    reported,
    returned,
    used_up,
)
from crmsync.rules.timing.call_state import CallState, call_state

TRIES = 10
"""How often others may have changed the usage between our read and our write."""

LONGEST_WAIT = 15.0
"""Seconds to wait for a call of a full window. A window is over before that."""

PATIENCE = 6.0
"""Seconds after which work that has begun waits no longer for the classes before its own."""

STEP = 0.5
"""The longest sleep in seconds, after which the usage is read again."""

HELD_FOR = timedelta(minutes=1)
"""How long a hold is remembered before the usage is read again."""


@dataclass(slots=True)
class _Held:
    """A lease, what was used of it, and when responses came."""

    lease: CallLease
    used: int = 0
    searched: int = 0
    answered: list[datetime] = field(default_factory=list)

    def take(self, now: datetime, *, search: bool) -> bool:
        """Take a call; returns whether there was one."""
        if now >= self.lease.ends or self.used >= self.lease.calls:
            return False
        if search and self.searched >= self.lease.searches:
            return False
        self.used += 1
        self.searched += search
        return True


class CallLeases(Unlimited):
    """The calls of one connection to one CRM. Safe to share between threads."""

    def __init__(
        self,
        store: CallUsageStore,
        connection: str,
        side: Side,
        limits: CallLimits,
        *,
        now: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Lease from `store`; `pause` sleeps for so many seconds."""
        self._store, self._connection, self._side = store, connection, side
        self._limits, self._now, self._pause = limits, now, pause
        self._lock = threading.RLock()
        self._held: dict[CallClass, _Held] = {}
        self._usage = CallUsage()
        self._known: KnownCalls | None = None
        self._per_window = 0
        self._hold: CallHold | None = None
        self._ask_again = now()
        self._class = CallClass.LIVE
        self._expected = 0

    def work_as(self, call_class: CallClass, expected: int = 0) -> None:
        """Count the calls that follow as calls of this class; about so many are `expected`."""
        self._class, self._expected = call_class, expected

    def spend(self, *, search: bool = False) -> None:
        """Take a call, and wait for it if a window of seconds is full. Raises `Down` if no call may
        be made.
        """
        with self._lock:
            held = self._held.get(self._class)
            if held is None or not held.take(self._now(), search=search):
                self._renew(search=search)
            self._expected = max(0, self._expected - 1)

    def hear(
        self,
        *,
        day: DailyCalls | None = None,
        per_window: int = 0,
        succeeded: bool = False,
        refused: bool = False,
        full_for: float = 0.0,  # noqa: ARG002 - the leases count the windows
    ) -> None:
        """Take note of a response.

        Args:
            day: The day's calls of all clients, if the response reports them.
            per_window: The calls in ten seconds that are allowed, if it reports them.
            succeeded: Whether the call has succeeded.
            refused: Whether it was refused because the day's calls are used up.
            full_for: Seconds of the window for which it was refused, 0 for none.
        """
        with self._lock:
            if held := self._held.get(self._class):
                held.answered.append(self._now())
            if day is not None:
                self._known = KnownCalls(day, self._now())
            self._per_window = per_window or self._per_window
            if refused or (day is not None and day.used >= day.allowed):
                self._change(lambda usage: used_up(usage, self._now()))
                self._hold = None
            elif succeeded and self._usage.used_up_at is not None:
                self._change(answered)

    def hold(self, call_class: CallClass) -> CallHold | None:
        """Why work of this class must not begin now, or None; one read. If the usage cannot be
        read, nothing is held.
        """
        with self._lock, suppress(SyncError):
            return hold(self._load(), self._limits, call_class, self._now())
        return None

    def state(self) -> CallState:
        """The usage, for people. Raises `TryAgain`."""
        with self._lock:
            return call_state(self._load(), self._limits, self._now())

    def _load(self) -> CallUsage:
        self._usage = self._stored(consistent=False)
        return reported(self._usage, self._known, self._per_window)

    def _stored(self, *, consistent: bool) -> CallUsage:
        return self._store.load(self._connection, self._side, consistent=consistent)

    def _renew(self, *, search: bool) -> None:
        """Lease calls and take the first. Raises `Down`."""
        waited = 0.0
        while True:
            call_class = self._class if waited < PATIENCE else CallClass.LIVE
            try:
                found = self._lease(call_class, search=search)
            except SyncError:
                now = self._now()
                found = CallLease(call_class, SHORT_CALLS, SHORT_CALLS, now, now + SHORT_LEASE)
            if isinstance(found, CallLease):
                self._held[self._class] = _Held(found, 1, int(search))
                return
            seconds = max(0.1, (found.until - self._now()).total_seconds())
            if found.code != WINDOW_FULL or waited >= LONGEST_WAIT:
                raise Down(found.text, side=str(self._side), after=seconds, code=found.code)
            self._pause(min(seconds, STEP))
            waited += min(seconds, STEP)

    def _lease(self, call_class: CallClass, *, search: bool) -> CallLease | CallHold:
        """A lease, or why there is none. Raises `SyncError` if the usage is out of reach."""
        if self._hold is not None and self._now() < min(self._ask_again, self._hold.until):
            return self._hold
        for number in range(TRIES):
            now = self._now()
            usage = self._settled(self._stored(consistent=number > 0), now)
            usage, found = lease(
                usage, self._limits, call_class, now, search=search, expected=self._expected
            )
            if isinstance(found, CallHold):
                if found.code != WINDOW_FULL:
                    self._hold, self._ask_again = found, now + HELD_FOR
                return found
            saved = self._store.save(self._connection, self._side, usage)
            if saved is not None:
                self._usage, self._hold = saved, None
                self._held.clear()
                return found
        now = self._now()
        return CallHold(WINDOW_FULL, "Others lease calls at the same time.", now + SHORT_LEASE)

    def _settled(self, usage: CallUsage, now: datetime) -> CallUsage:
        """The usage with what this process knows: responses, and leases that it gives back."""
        usage = reported(usage, self._known, self._per_window)
        for held in self._held.values():
            usage = returned(
                usage, self._limits, held.lease, held.used, held.searched, now, held.answered
            )
        return usage

    def _change(self, change: Callable[[CallUsage], CallUsage]) -> None:
        """Store a change of the usage at once. If that fails, the next response does it."""
        with suppress(SyncError):
            for _ in range(TRIES):
                stored = self._stored(consistent=True)
                changed = change(self._settled(stored, self._now()))
                if changed == stored:
                    self._usage = stored
                    return
                saved = self._store.save(self._connection, self._side, changed)
                if saved is not None:
                    self._usage = saved
                    self._held.clear()
                    return


class ConnectionCalls:
    """Implements `CallGate` for both sides of a connection."""

    def __init__(self, *sides: CallLeases) -> None:
        """Ask the leases of `sides`."""
        self._sides = sides

    def hold(self, call_class: CallClass) -> CallHold | None:
        """The first side's reason that there is; one read of each."""
        return next(self._holds(call_class), None)

    def work_as(self, call_class: CallClass, expected: int = 0) -> None:
        """As the port says."""
        for one in self._sides:
            one.work_as(call_class, expected)

    def _holds(self, call_class: CallClass) -> Iterator[CallHold]:
        return (found for one in self._sides if (found := one.hold(call_class)) is not None)
