"""How often a call is tried and how long the waits are, before the work goes back to its queue.

Only short waits belong here, because a sleeping Lambda costs money. For longer ones `TryAgain` is
raised, and the work waits in its queue. Sleeping and randomness are parameters, so that tests do
not sleep and are deterministic.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from crmsync.gateways.deadline import ENDLESS, Remaining
from crmsync.gateways.unlimited_calls import UNLIMITED, Unlimited

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a call is retried.

    Attributes:
        tries: The number of attempts.
        first: The first wait in seconds; each further one is twice as long, and half of it random.
        longest: The longest wait in seconds.
        pause: Sleeps for so many seconds.
        jitter: A random number from 0 to 1.
        remaining: The time of the invocation; calls to vendors are begun only if it is enough.
        leases: What each call to a vendor is taken from.
    """

    tries: int = 3
    first: float = 0.2
    longest: float = 2.0
    pause: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    remaining: Remaining = ENDLESS
    leases: Unlimited = UNLIMITED

    def sleep_after(self, attempt: int, asked: float | None = None) -> bool:
        """Wait after failed attempt number `attempt` (from 1); return False without waiting if
        there should be no further attempt.

        `asked` is the vendor's Retry-After in seconds.
        """
        if attempt >= self.tries or (asked or 0) > self.longest:
            return False
        grown = min(self.longest, self.first * 2 ** (attempt - 1))
        self.pause(asked if asked is not None else grown * (0.5 + self.jitter() / 2))
        return True


def rounds(items: Iterable[T], key: Callable[[T], Hashable], size: int) -> Iterator[list[T]]:
    """Split `items` into lists of at most `size`, in order, so that no list has two items with the
    same key, because vendors refuse a batch with the same row twice.
    """
    batch: list[T] = []
    seen: set[Hashable] = set()
    for item in items:
        name = key(item)
        if len(batch) == size or name in seen:
            yield batch
            batch, seen = [], set()
        batch.append(item)
        seen.add(name)
    if batch:
        yield batch


def chunks(items: list[T], size: int) -> Iterator[list[T]]:
    """Split `items` into lists of at most `size`, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
