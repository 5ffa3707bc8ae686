"""How much time is left until Lambda ends this invocation, and what may still be begun in it.

Law: nothing is begun that could be cut off half-way. The shares are fractions of the whole time, so
they suit a function with any timeout: a batch is begun only in the first half; a call only if there
is time for it and for storing its result; and the timeout of a call always leaves time for storing.
Of 120 seconds, that is 60, 45 and 20. Outside Lambda the time is unlimited.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from crmsync.errors import OutOfTime

BATCH = 1 / 2
CALL = 3 / 8
STORE = 1 / 6


class Remaining:
    """The time of the current invocation; one object per process, as it runs one invocation at a
    time.
    """

    def __init__(self) -> None:
        """Begin outside an invocation."""
        self._left: Callable[[], float] = lambda: math.inf
        self._whole = math.inf

    def start(self, left: Callable[[], float]) -> None:
        """Begin an invocation; `left` gives the seconds that remain of it."""
        self._left = left
        self._whole = left()

    def may_begin(self) -> bool:
        """Whether another batch may be begun."""
        return math.isinf(self._whole) or self._left() >= self._whole * BATCH

    def for_a_call(self, longest: float) -> float:
        """How many seconds a call that is begun now may take, at most `longest`. Raises `OutOfTime`
        if it must not be begun any more.
        """
        if math.isinf(self._whole):
            return longest
        left = self._left()
        if left < self._whole * CALL:
            raise OutOfTime
        return min(longest, left - self._whole * STORE)


ENDLESS = Remaining()
"""Unlimited time, outside Lambda."""
