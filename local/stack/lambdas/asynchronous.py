"""Calls whose caller does not wait: Lambda's asynchronous invocation, and the schedules that use
it.

Law: retries follow the documented rules ("Asynchronous invocation" [D]). A failed call is repeated
after one minute and once more after two; a throttled call is repeated for six hours without using
up these retries. EventBridge Scheduler calls Lambdas this way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.stack.lambdas.lambdas import Ending, Lambdas
from local.stack.template.recurrence import recurrence_of
from local.stack.template.template import Schedule
from simulators.clock import Clock

RETRY_AFTER_MS = (60_000, 120_000)
THROTTLED_AGAIN_MS = 60_000
LONGEST_WAIT_MS = 6 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class _Call:
    function: str
    event: Any
    since_ms: int
    due_ms: int
    failures: int = 0


class AsyncCalls:
    """A `Mover` that makes the calls handed to it, and repeats those that fail."""

    def __init__(self, lambdas: Lambdas, clock: Clock, retries: Mapping[str, int]) -> None:
        """Call `lambdas`; `retries` maps a logical id to the number of retries, 2 where it is
        missing.
        """
        self._lambdas = lambdas
        self._clock = clock
        self._retries = retries
        self._waiting: list[_Call] = []
        self._lock = threading.Lock()

    def hand_over(self, function: str, event: Any) -> None:
        """Accept a call; the next `move` makes it."""
        now = self._clock.now_ms()
        with self._lock:
            self._waiting.append(_Call(function, event, now, now))

    def move(self) -> bool:
        """Make the calls that are due; return whether there were any."""
        now = self._clock.now_ms()
        with self._lock:
            due = [call for call in self._waiting if call.due_ms <= now]
            self._waiting = [call for call in self._waiting if call.due_ms > now]
        for call in due:
            self._make(call)
        return bool(due)

    def next_ms(self) -> int | None:
        """Return when the next call is due, None when none waits."""
        with self._lock:
            return min((call.due_ms for call in self._waiting), default=None)

    def _make(self, call: _Call) -> None:
        outcome = self._lambdas.invoke(call.function, call.event)
        now = self._clock.now_ms()
        if outcome.ending is Ending.THROTTLED and now - call.since_ms < LONGEST_WAIT_MS:
            again = replace(call, due_ms=now + THROTTLED_AGAIN_MS)
        elif not outcome.ok and call.failures < self._retries.get(
            call.function, len(RETRY_AFTER_MS)
        ):
            again = replace(
                call, due_ms=now + RETRY_AFTER_MS[call.failures], failures=call.failures + 1
            )
        else:
            return
        with self._lock:
            self._waiting.append(again)


class Schedules:
    """A `Mover` that hands over a schedule's event whenever it is due.

    Turns that were missed while nothing moved are run once, not once each.

    Attributes:
        paused: While it is set nothing is handed over; what falls due runs afterwards, once.
    """

    def __init__(self, schedules: Iterable[Schedule], calls: AsyncCalls, clock: Clock) -> None:
        """Start all schedules now: each runs first when its first interval is over.

        Raises `UnresolvedError` for an expression it cannot read.
        """
        self.paused = False
        self._calls = calls
        self._clock = clock
        began = clock.now_ms()
        self._turns = [
            (schedule, recurrence_of(schedule.expression, began)) for schedule in schedules
        ]
        self._due: list[int | None] = [recurrence.after(began) for _, recurrence in self._turns]

    def move(self) -> bool:
        """Hand over the events of all schedules that are due; return whether there were any."""
        if self.paused:
            return False
        now = self._clock.now_ms()
        moved = False
        for index, (schedule, recurrence) in enumerate(self._turns):
            due = self._due[index]
            if due is not None and due <= now:
                self._calls.hand_over(schedule.function, schedule.event)
                self._due[index] = recurrence.after(now)
                moved = True
        return moved

    def next_ms(self) -> int | None:
        """Return when the next schedule is due, None when none will be."""
        return min((due for due in self._due if due is not None), default=None)
