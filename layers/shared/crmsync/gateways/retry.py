"""How often a call is tried, and how long is waited in between, before the work goes back to its
queue.

Only short waits belong here: a Lambda that sleeps is paid for. Longer ones are a `TryAgain`, and
the queue does the waiting. Sleeping and chance are parameters, so that tests neither sleep nor
gamble.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from crmsync.gateways.deadline import ENDLESS, Remaining

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `tries` attempts; waits grow from `first` seconds, half of each by chance; nobody
    waits longer than `longest` seconds.

    Vendors' calls are begun only while the invocation has time for them (`remaining`).
    """

    tries: int = 3
    first: float = 0.2
    longest: float = 2.0
    pause: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    remaining: Remaining = ENDLESS

    def wait(self, attempt: int, asked: float | None = None) -> bool:
        """Wait after failed attempt number `attempt` (from 1); False, at once, when it should not
        be tried again here.

        `asked` is what the vendor's Retry-After said, in seconds.
        """
        if attempt >= self.tries or (asked or 0) > self.longest:
            return False
        grown = min(self.longest, self.first * 2 ** (attempt - 1))
        self.pause(asked if asked is not None else grown * (0.5 + self.jitter() / 2))
        return True


def rounds(items: Iterable[T], key: Callable[[T], Hashable], size: int) -> Iterator[list[T]]:
    """Cut `items` into lists of at most `size`, in order, in none of which two items have the same
    key: vendors refuse a doubled row.
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
    """Cut `items` into lists of at most `size`, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
