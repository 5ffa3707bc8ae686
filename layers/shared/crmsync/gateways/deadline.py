"""How much time is left until Lambda ends this invocation, and what may still be begun in it.

Law: nothing is begun that could be cut off half way. The shares are of the whole time, so they fit
a function of any length: a batch is begun in the first half; a call while there is time for the
call and for storing what it answered; and no call is waited for so long that nothing could be
stored any more. Of 120 seconds: 60, 45 and 20. Outside Lambda there is all the time in the world.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from crmsync.errors import OutOfTime

BATCH = 1 / 2
CALL = 3 / 8
STORE = 1 / 6


class Remaining:
    """The time of the invocation that runs; one for a process, as it has one invocation at a
    time.
    """

    def __init__(self) -> None:
        """Begin outside any invocation."""
        self._left: Callable[[], float] = lambda: math.inf
        self._whole = math.inf

    def start(self, left: Callable[[], float]) -> None:
        """An invocation begins: `left` gives the seconds that remain of it."""
        self._left = left
        self._whole = left()

    def may_begin(self) -> bool:
        """Whether another batch may be begun."""
        return math.isinf(self._whole) or self._left() >= self._whole * BATCH

    def for_a_call(self, longest: float) -> float:
        """How many seconds a call may take that is begun now, `longest` at most. Raises `OutOfTime`
        when it must not be begun any more.
        """
        if math.isinf(self._whole):
            return longest
        left = self._left()
        if left < self._whole * CALL:
            raise OutOfTime
        return min(longest, left - self._whole * STORE)


ENDLESS = Remaining()
"""For whoever works outside Lambda."""
