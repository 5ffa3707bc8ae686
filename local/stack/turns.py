"""Whose turn it is: workers that run side by side call the CRMs and AWS one at a time, in an order
chosen by the seed.

Law: no AWS, no CRM and no process here. A call of a worker that runs side by side with others is
held until each of the others has a call waiting, or has ended; then one of the waiting workers is
chosen and its call is answered. Between two choices only the worker that was just answered
computes, so the order does not depend on anybody's speed. A caller that sends no caller's header,
or runs alone, is never held.

The seed does not decide two things:

- Which of the calls that one worker makes in several threads comes first. They get `GATHERING`
  seconds to arrive and are then taken in the order of their content; a thread that arrives later is
  taken later.
- What a worker does after `PATIENCE` seconds without a call (a retry that sleeps, a busy machine):
  the others go on without it.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

HEADER = "HTTP_X_LAPTOP_CALLER"
"""The WSGI name of the header by which a worker process names itself (``local/worker.py`` sends
it).
"""

CALLER: ContextVar[str] = ContextVar("worker process whose request is being answered", default="")

PATIENCE = 8.0
"""Real seconds that the others wait for a worker that makes no call. The SDKs give up on a call
that is held for 10.
"""

GATHERING = 0.01
"""Real seconds without a further call after which the calls of a worker's threads count as
complete.
"""

STAYING = (0.0, 0.5, 0.9)
"""How likely the worker of the last call is chosen again, drawn for each round: some errors need a
fine mixture of calls, others long runs.
"""

MAX_PASSED = 40
"""A worker that was passed over this often is next, so that no SDK gives up on a held call."""

LONGEST_LOG = 100_000

START = "start"
"""The log's name for a worker's first turn."""

Result = TypeVar("Result")


class Taken(NamedTuple):
    """One turn that was taken.

    Attributes:
        worker: The name of the worker's sandbox.
        place: Whom it called: ``aws``, ``hubspot`` or ``salesforce``.
        call: The operation, or method and path.
    """

    worker: str
    place: str
    call: str


class LostError(ConnectionAbortedError):
    """The caller's process has ended: its call is not answered and has done nothing."""


@dataclass(slots=True, eq=False)
class _Call:
    """A call that waits for its turn, has it, or will never get it."""

    process: str
    place: str
    call: str
    body: bytes = b""
    complete_at: float = 0.0
    granted: bool = False
    lost: bool = False

    @property
    def waits(self) -> bool:
        return not (self.granted or self.lost)


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker that runs side by side with others."""

    name: str
    since: float
    """When it was last answered."""
    held: list[_Call] = field(default_factory=list)
    passed: int = 0

    @property
    def keeps_waiting_until(self) -> float:
        """Until when nobody is chosen because of this worker."""
        return max(call.complete_at for call in self.held) if self.held else self.since + PATIENCE


class Turns:
    """The turns of one stack.

    Attributes:
        workers: The most workers of one function that run side by side.
        log: The latest turns taken, oldest first, without those of workers that ran alone.
    """

    def __init__(self, seed: int = 0, workers: int = 1) -> None:
        """Let `seed` choose among up to `workers` workers of one function."""
        self.workers = workers
        self._rng = random.Random(f"turns {seed}")
        self._changed = threading.Condition()
        self._workers: dict[str, _Worker] = {}
        self._gone: set[str] = set()
        self._taken: _Call | None = None
        self._staying = 0.0
        self._last = ""
        self.log: deque[Taken] = deque(maxlen=LONGEST_LOG)

    def side_by_side(self, parts: Mapping[str, Callable[[], Result]]) -> list[Result]:
        """Run all `parts`, by the names of their workers, side by side; return their results in
        order.

        Raises what the first failing part raised.
        """
        if len(parts) == 1:
            return [part() for part in parts.values()]
        returned: dict[str, Result] = {}
        raised: dict[str, BaseException] = {}

        def run(name: str, part: Callable[[], Result]) -> None:
            try:
                with self._turn(name, _Call(name, "", START)):
                    pass
                returned[name] = part()
            except BaseException as error:  # noqa: BLE001 - it is raised again where the parts were handed in
                raised[name] = error
            finally:
                self._leave(name)

        threads = [threading.Thread(target=run, args=part, daemon=True) for part in parts.items()]
        with self._changed:
            self._staying = self._rng.choice(STAYING)
            self._workers |= {name: _Worker(name, time.monotonic()) for name in parts}
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in raised.values():
            raise error
        return [returned[name] for name in parts]

    def gone(self, worker: str, process: str) -> None:
        """End a worker's process: its calls that still wait are never made."""
        with self._changed:
            one = self._workers.get(worker)
            if one is None:
                return
            self._gone.add(process)
            for call in one.held:
                call.lost = True
            one.held.clear()
            self._changed.notify_all()

    def wsgi(self, place: str, application: Any) -> Any:
        """Return `application` with the requests of workers waiting for their turn; `place` is its
        name in the log.
        """

        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            process, _, thread = environ.pop(HEADER, "").partition(";")
            CALLER.set(process)
            if not process or not (self._workers or self._gone):
                return application(environ, start_response)
            call = _Call(process, place, _name_of(environ))
            if thread:
                call.complete_at = time.monotonic() + GATHERING
                call.body = environ["wsgi.input"].getvalue()
            with self._turn(process.partition("/")[0], call):
                if call.granted and _hung_up(environ.get("werkzeug.socket")):
                    raise LostError
                return application(environ, start_response)

        return answer

    @contextmanager
    def _turn(self, worker: str, call: _Call) -> Iterator[None]:
        """Wait for the turn of `call` and keep it inside the block. Raises `LostError`."""
        with self._changed:
            if call.process in self._gone:
                raise LostError
            one = self._workers.get(worker)
            if one:
                one.held.append(call)
                self._changed.notify_all()
            while one and call.waits:
                again = self._choose()
                if call.waits:
                    self._changed.wait(again)
            if call.lost:
                raise LostError
        try:
            yield
        finally:
            with self._changed:
                if one:
                    one.since = time.monotonic()
                if self._taken is call:
                    self._taken = None
                    self._changed.notify_all()

    def _choose(self) -> float | None:
        """Grant a turn if none is taken and every worker has a call waiting.

        Returns in how many seconds to try again, None if only a change can help.
        """
        if self._taken:
            return None
        now = time.monotonic()
        late = [until for one in self._workers.values() if (until := one.keeps_waiting_until) > now]
        if late:
            return min(late) - now
        waiting = [one for one in self._workers.values() if one.held]
        if waiting:
            self._grant(self._one_of(waiting), waiting)
        return None

    def _one_of(self, waiting: Sequence[_Worker]) -> _Worker:
        last = next((one for one in waiting if one.name == self._last), None)
        stays = self._rng.random() < self._staying
        chosen = self._rng.choice(waiting)
        passed = next((one for one in waiting if one.passed >= MAX_PASSED), None)
        return passed or (last if last and stays else chosen)

    def _grant(self, chosen: _Worker, waiting: Sequence[_Worker]) -> None:
        for one in waiting:
            one.passed = 0 if one is chosen else one.passed + 1
        call = min(chosen.held, key=lambda held: (held.place, held.call, held.body))
        chosen.held.remove(call)
        call.granted = True
        self._taken = call
        self._last = chosen.name
        self.log.append(Taken(chosen.name, call.place, call.call))
        self._changed.notify_all()

    def _leave(self, worker: str) -> None:
        with self._changed:
            one = self._workers.pop(worker)
            for call in one.held:
                call.lost = True
            self._changed.notify_all()


def _name_of(environ: Mapping[str, Any]) -> str:
    """Return the log's name for a request: the operation of an AWS service, or method and path."""
    operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).partition(".")[2]
    return operation or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _hung_up(connection: socket.socket | None) -> bool:
    """Return whether the caller has closed the connection meanwhile, as an SDK that gave up
    does.
    """
    if connection is None:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
