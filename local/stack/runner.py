"""What moves, and when: `settle` runs everything that is due, `advance` moves the clock from one
due time to the next.

Law: no AWS and no CRM here. A `Mover` is anything whose work falls due: webhooks, change events,
queues, schedules, retries.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simulators.clock import Clock

MAX_ROUNDS = 500
"""A stack that still moves after this many rounds never settles: two rules undo each other for
ever.
"""

SHORTEST_STEP_MS = 10
"""The clock moves on by at least this much, even if a mover does not do its work when it is due."""


class Mover(Protocol):
    """Something that has work from time to time."""

    def move(self) -> bool:
        """Do what is due now; return whether there was anything."""

    def next_ms(self) -> int | None:
        """Return when there will be work next, in milliseconds since the epoch; None if only an
        action from outside can cause some.
        """


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        settled: Whether nothing was left to do.
        rounds: How many rounds in which something moved it took.
    """

    settled: bool
    rounds: int


class Runner:
    """Runs movers in their order, round by round; one control call at a time."""

    def __init__(self, clock: Clock, movers: Sequence[Mover]) -> None:
        """Move nothing yet."""
        self._clock = clock
        self._movers = movers
        self._one_at_a_time = threading.RLock()

    def settle(self) -> RunResult:
        """Run everything that is due, until nothing is."""
        with self._one_at_a_time:
            for rounds in range(MAX_ROUNDS):
                moved = [mover.move() for mover in self._movers]
                if not any(moved):
                    return RunResult(settled=True, rounds=rounds)
        return RunResult(settled=False, rounds=MAX_ROUNDS)

    def advance(self, seconds: float, *, settle: bool = True) -> RunResult:
        """Move the clock by `seconds`, stopping wherever something falls due on the way, then
        settle.

        Without `settle` only the clock moves. The clock also runs while work is done, so the end is
        reached when the clock shows it.
        """
        with self._one_at_a_time:
            if not settle:
                self._clock.advance(seconds)
                return RunResult(settled=False, rounds=0)
            end = self._clock.now_ms() + round(seconds * 1000)
            rounds = 0
            while True:
                done = self.settle()
                rounds += done.rounds
                now = self._clock.now_ms()
                if now >= end or not done.settled:
                    return RunResult(done.settled, rounds)
                self._clock.advance((min(self._next_ms(end), end) - now) / 1000)

    def _next_ms(self, end: int) -> int:
        now = self._clock.now_ms()
        due = [when for mover in self._movers if (when := mover.next_ms()) is not None]
        return max(now + SHORTEST_STEP_MS, min(due, default=end))
