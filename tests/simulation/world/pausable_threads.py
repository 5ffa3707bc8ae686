"""Threads that pause in the midst of a call, so that workers can stand still; only one of them ever
runs.

A thread that has done its task takes the next one, so that a history starts none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

_IDLE: list[PausableThread] = []


class PausableThread:
    """A thread that works until its task calls `pause`, and goes on when the caller lets it."""

    def __init__(self) -> None:
        """Start the thread; it waits for a task."""
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._task: Callable[[], None] = lambda: None
        self.is_done = True
        self._error: BaseException | None = None
        threading.Thread(target=self._work, daemon=True).start()

    def begin(self, task: Callable[[], None]) -> None:
        """Do a task until it pauses or is done. Raises what the task raises."""
        self._task, self.is_done = task, False
        self.go_on()

    def go_on(self) -> None:
        """Go on from where the task paused. Raises what the task raises."""
        self._go.release()
        self._back.acquire()
        if self.is_done:
            _IDLE.append(self)
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def pause(self) -> None:
        """Called by the task: let the caller of `begin` or `go_on` go on."""
        self._back.release()
        self._go.acquire()

    def _work(self) -> None:
        while True:
            self._go.acquire()
            try:
                self._task()
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                self._error = error
            self.is_done = True
            self._back.release()


def idle_thread() -> PausableThread:
    """A thread without a task."""
    return _IDLE.pop() if _IDLE else PausableThread()
