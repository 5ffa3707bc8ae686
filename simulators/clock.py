"""The clock that the simulators and the laptop stack share.

Law: everything under ``simulators`` and ``local`` that needs the time takes a `Clock`; nothing else
there reads the wall clock. The clock runs on by itself, jumps forward when told to, and never goes
back.
"""

from __future__ import annotations

import threading
import time


class Clock:
    """The wall clock plus what `advance` has added, in milliseconds since the epoch."""

    def __init__(self) -> None:
        """Start with nothing added."""
        self._added_ms = 0
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """Return the milliseconds since the epoch, including the jumps."""
        return time.time_ns() // 1_000_000 + self._added_ms

    def advance(self, seconds: float) -> None:
        """Jump forward by `seconds`. Raises `ValueError` for a negative number."""
        if seconds < 0:
            msg = "the clock never goes back"
            raise ValueError(msg)
        with self._lock:
            self._added_ms += round(seconds * 1000)

    @property
    def added_ms(self) -> int:
        """How far the clock is ahead of the wall clock, in milliseconds."""
        return self._added_ms
