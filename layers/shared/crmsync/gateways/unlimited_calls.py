"""What calls to vendors are taken from where nothing limits them; `CallLeases` limits them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmsync.model.operations.calls import DailyCalls


class Unlimited:
    """Calls that are not leased: those of the operator's command."""

    def spend(self, *, search: bool = False) -> None:
        """Take a call."""

    def hear(
        self,
        *,
        day: DailyCalls | None = None,
        per_window: int = 0,
        succeeded: bool = False,
        refused: bool = False,
        full_for: float = 0.0,
    ) -> None:
        """Take note of a response."""


UNLIMITED = Unlimited()

TOLD_FROM = 5.0
"""Seconds: a longer wait is told."""


class PatientCalls(Unlimited):
    """The calls of the operator's command to HubSpot, which are not leased: once a window of
    seconds is full, the next call waits until it is over. Safe to share between threads.
    """

    def __init__(
        self, *, now: Callable[[], float], pause: Callable[[float], None] = time.sleep
    ) -> None:
        """`now` counts seconds, `pause` sleeps for so many."""
        self._now, self._pause = now, pause
        self._lock = threading.Lock()
        self._free_at = 0.0
        self.tell: Callable[[str], None] = lambda _text: None
        """Tells a person about a long wait."""

    def spend(self, *, search: bool = False) -> None:  # noqa: ARG002 - a full window is that of both
        """Take a call, after a wait if a window is full."""
        with self._lock:
            seconds = self._free_at - self._now()
            if seconds > 0:
                if seconds > TOLD_FROM:
                    self.tell(
                        f"HubSpot takes no more calls now. Waiting for {seconds:.0f} seconds."
                    )
                self._pause(seconds)

    def hear(
        self,
        *,
        day: DailyCalls | None = None,  # noqa: ARG002 - the day is no matter of seconds
        per_window: int = 0,  # noqa: ARG002 - likewise
        succeeded: bool = False,  # noqa: ARG002 - likewise
        refused: bool = False,  # noqa: ARG002 - likewise
        full_for: float = 0.0,
    ) -> None:
        """Take note of a response that refused a call, as a window is full."""
        if full_for:
            with self._lock:
                self._free_at = max(self._free_at, self._now() + full_for)
