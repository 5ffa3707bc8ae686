"""Lambdas as AWS runs them: warm, one call at a time in each process, cut off at their timeout, and
sometimes killed in the middle.

Law: what a call is and how it can end. Who calls, and what follows from a failure (redelivery,
retry, an HTTP status), is the caller's business.

Fault kinds (``at`` "lambda"; ``function`` is a folder's name or a logical id, any function if it is
missing):

``kill``
    SIGKILL to the function's process: before it receives its event (``after`` is "start" or
    missing), or right after the next write at that place (hubspot_write, salesforce_write,
    dynamodb_write) has been applied and before it is answered. The next call gets a new process.
``timeout``
    The call does not end in time. With ``seconds`` it gets that much real time instead of the
    template's (its context reports the same). Without, it is cut off after its first write anywhere
    or, if it writes nothing, when it is about to answer.
``throttle``
    The call is not accepted (429 TooManyRequestsException), and no process sees it.

The fault ``slow_triggers`` of ``salesforce`` also acts here: each write call of the product takes
``seconds`` of simulated time. The clock moves on by that time, and the running call loses it. When
it has no time left it is cut off, and the write remains applied.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from local.stack.aws import Aws
from local.stack.lambdas.environment import access_key, function_environment
from local.stack.template.template import REGION, Function
from local.stack.turns import CALLER, Turns
from local.worker_pool import Worker, WorkerDiedError, WorkerSilentError, WorkerSpec, worker_pool
from simulators.clock import Clock
from simulators.faults import Fault, Faults

LONGEST_ERROR = 4000


class Ending(Enum):
    """How a call ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    KILLED = "killed"
    TIMED_OUT = "timed out"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: with the handler's answer, or with a sentence that says why it has none."""

    ending: Ending
    answer: Any = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether the handler answered."""
        return self.ending is Ending.ANSWERED


@dataclass(slots=True)
class _Sandbox:
    function: Function
    name: str
    """The folder's name and a number, as a function may have several sandboxes."""
    output: Path
    environment: Mapping[str, str]
    calls: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    longest: float = 0.0
    """Seconds that the longest call has used of its time."""
    seconds: float = 0.0
    """Real seconds of all calls."""
    processes: int = 0
    worker: Worker | None = None
    running: bool = False
    doomed: bool = False
    """Whether the running call is cut off at its next write."""
    ended: Ending | None = None
    ends: float = 0.0
    """When the running call is cut off, on the monotonic clock."""
    lost_ms: int = 0
    """How much time the running call has lost to calls that took simulated time."""
    published_ms: int | None = None
    """The `lost_ms` that its process can read; None before the first call."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def caller(self) -> str:
        """The name that its present process sends with each request: the sandbox's name, a slash, a
        number.
        """
        return f"{self.name}/{self.processes}"

    @property
    def lost(self) -> Path:
        """The file in which the process reads how much time its call has lost."""
        return self.output.with_suffix(".lost")


class Lambdas:
    """All functions of a template."""

    def __init__(
        self,
        functions: Iterable[Function],
        *,
        aws: Aws,
        clock: Clock,
        faults: Faults,
        outputs: Path,
        turns: Turns,
        sandboxes: Mapping[str, int],
    ) -> None:
        """Describe the functions; a process starts with `warm` or with a sandbox's first call.

        What they print goes to files in `outputs`. `sandboxes` says how many sandboxes a function
        has, by its logical id; one where it is missing.
        """
        self._clock = clock
        self._faults = faults
        self._account = aws.account
        self._turns = turns
        listed = list(functions)
        self.keys = {
            access_key(number): function.logical_id for number, function in enumerate(listed)
        }
        """Access key id of each function -> its logical id."""
        self._sandboxes = {
            function.logical_id: [
                _Sandbox(
                    function,
                    f"{function.name}.{index}",
                    outputs / f"{function.name}.log",
                    function_environment(function, number, aws.url),
                )
                for index in range(sandboxes.get(function.logical_id, 1))
            ]
            for number, function in enumerate(listed)
        }

    def warm(self) -> None:
        """Start one process for every function, so that the first call does not have to wait for
        it.
        """
        for first, *_ in self._sandboxes.values():
            with first.lock:
                self._worker(first)

    def calls(self) -> dict[str, int]:
        """Return how often each function was called, by its folder's name."""
        return {
            own[0].function.name: sum(sandbox.calls for sandbox in own)
            for own in self._sandboxes.values()
        }

    def endings(self) -> dict[str, Counter[Ending]]:
        """Return how the calls of each function ended, by its folder's name."""
        found: dict[str, Counter[Ending]] = {}
        for sandbox in self._all():
            found.setdefault(sandbox.function.name, Counter()).update(sandbox.endings)
        return found

    def longest(self) -> dict[str, float]:
        """Return how many seconds the longest call of each function has used so far, by its
        folder's name.
        """
        return {
            own[0].function.name: max(sandbox.longest for sandbox in own)
            for own in self._sandboxes.values()
        }

    def seconds(self) -> dict[str, float]:
        """Return the real seconds that all calls of each function have taken, by its folder's
        name.
        """
        return {
            own[0].function.name: sum(sandbox.seconds for sandbox in own)
            for own in self._sandboxes.values()
        }

    def output(self, name: str) -> str:
        """Return everything that the function with this folder has printed so far, including its
        log.
        """
        path = next(sandbox.output for sandbox in self._all() if sandbox.function.name == name)
        return path.read_text(errors="replace") if path.exists() else ""

    def output_since(self, name: str, start: int) -> tuple[str, int]:
        """Return the whole lines that the function with this folder has printed from the byte
        `start` on, and where the next ones begin.
        """
        path = next(sandbox.output for sandbox in self._all() if sandbox.function.name == name)
        if not path.exists() or path.stat().st_size <= start:
            return "", start
        with path.open("rb") as file:
            file.seek(start)
            whole = file.read().rpartition(b"\n")[0]
        return whole.decode(errors="replace"), start + len(whole) + 1 if whole else start

    def memory_mib(self) -> dict[str, float]:
        """Return the peak memory of each function's present processes in MiB, by its folder's name
        (Linux).
        """
        found: dict[str, float] = {}
        for sandbox in self._all():
            with contextlib.suppress(OSError, ValueError, AttributeError):
                status = Path(f"/proc/{sandbox.worker.pid}/status").read_text()  # type: ignore[union-attr]
                peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
                name = sandbox.function.name
                found[name] = max(found.get(name, 0), int(peak.split()[1]) / 1024)
        return found

    def processor_seconds(self) -> dict[str, float]:
        """Return the processor seconds of each function's present processes, by its folder's name
        (Linux).
        """
        found: dict[str, float] = {}
        for sandbox in self._all():
            with contextlib.suppress(OSError, AttributeError):
                path = Path(f"/proc/{sandbox.worker.pid}/stat")  # type: ignore[union-attr]
                fields = path.read_text().rpartition(")")[2].split()
                seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                found[sandbox.function.name] = found.get(sandbox.function.name, 0.0) + seconds
        return found

    def invoke(self, logical_id: str, event: Any) -> Outcome:
        """Call a function and wait until the call ends."""
        return self._invoke(self._sandboxes[logical_id][0], event)

    def invoke_side_by_side(self, logical_id: str, events: Sequence[Any]) -> list[Outcome]:
        """Call a function with all `events` at once and wait until the last call ends.

        There may be at most as many events as the function has sandboxes.
        """
        pairs = zip(self._sandboxes[logical_id][: len(events)], events, strict=True)
        parts = {sandbox.name: partial(self._invoke, sandbox, event) for sandbox, event in pairs}
        return self._turns.side_by_side(parts)

    def _all(self) -> Iterator[_Sandbox]:
        for own in self._sandboxes.values():
            yield from own

    def _invoke(self, sandbox: _Sandbox, event: Any) -> Outcome:
        with sandbox.lock:
            if self._fault(sandbox, "throttle"):
                return Outcome(Ending.THROTTLED, reason=f"{sandbox.function.name}: Rate exceeded")
            sandbox.calls += 1
            outcome = self._run(sandbox, event)
            sandbox.endings[outcome.ending] += 1
        if not outcome.ok:
            print(outcome.reason, file=sys.stderr, flush=True)
        return outcome

    def written(self, place: str, logical_id: str | None = None) -> None:
        """End the call that has just written at `place` ("hubspot_write" ...) if a fault says so.

        Called after the write was applied and before it is answered, in the thread that answers it.
        The request's header names the writer. Without that header it is `logical_id`, or every
        running function if that is None, too.
        """
        slow = (
            self._faults.take("salesforce", "slow_triggers")
            if place == "salesforce_write"
            else None
        )
        seconds = float(slow.details.get("seconds", 0)) if slow else 0.0
        if seconds:
            self._clock.advance(seconds)
        caller = CALLER.get()
        for sandbox in self._all():
            if not sandbox.running or logical_id not in {None, sandbox.function.logical_id}:
                continue
            if caller not in {"", sandbox.caller}:
                continue
            if seconds:
                self._lose(sandbox, seconds)
            if sandbox.doomed or sandbox.ends <= time.monotonic():
                self._end(sandbox, Ending.TIMED_OUT)
            elif self._fault(sandbox, "kill", after=place):
                self._end(sandbox, Ending.KILLED)

    def close(self) -> None:
        """End all processes."""
        for sandbox in self._all():
            if sandbox.worker:
                sandbox.worker.close()
                sandbox.worker = None

    def _run(self, sandbox: _Sandbox, event: Any) -> Outcome:
        function = sandbox.function
        timeout = self._fault(sandbox, "timeout")
        seconds = (
            float(timeout.details["seconds"])
            if timeout and "seconds" in timeout.details
            else function.timeout
        )
        worker = self._worker(sandbox)
        sandbox.doomed = timeout is not None and "seconds" not in timeout.details
        sandbox.ended = None
        if self._fault(sandbox, "kill", after="start"):
            self._end(sandbox, Ending.KILLED)
        reply = self._call(sandbox, worker, event, seconds)
        if sandbox.ended:
            worker.close()
            sandbox.worker = None
            return Outcome(sandbox.ended, reason=f"{function.name}: {sandbox.ended.value}")
        if "error" in reply:
            return Outcome(
                Ending.FAILED,
                reason=f"{function.name} failed: {reply['error']['trace'][-LONGEST_ERROR:]}",
            )
        return Outcome(Ending.ANSWERED, reply["answer"])

    def _call(
        self, sandbox: _Sandbox, worker: Worker, event: Any, seconds: float
    ) -> dict[str, Any]:
        """Return the process's reply to one call.

        Empty, with ``ended`` set, if the process does not live to reply.
        """
        message = {
            "event": event,
            "request_id": str(uuid.uuid4()),
            "added_ms": self._clock.added_ms,
            "budget_ms": round(seconds * 1000),
            "lost": str(sandbox.lost),
        }
        began = time.monotonic()
        sandbox.ends, sandbox.lost_ms = began + seconds, 0
        self._publish_lost(sandbox)
        sandbox.running = True
        try:
            reply = worker.call(message, seconds)
        except WorkerSilentError:
            self._end(sandbox, Ending.TIMED_OUT)
        except WorkerDiedError:
            self._end(sandbox, sandbox.ended or Ending.KILLED)
        else:
            if sandbox.doomed:
                self._end(sandbox, Ending.TIMED_OUT)
            return reply
        finally:
            sandbox.running = False
            took = time.monotonic() - began
            sandbox.seconds += took
            sandbox.longest = max(sandbox.longest, took + sandbox.lost_ms / 1000)
        return {}

    def _lose(self, sandbox: _Sandbox, seconds: float) -> None:
        """Take time from the running call; its process reads the new total from a file."""
        sandbox.ends -= seconds
        sandbox.lost_ms += round(seconds * 1000)
        self._publish_lost(sandbox)

    def _publish_lost(self, sandbox: _Sandbox) -> None:
        if sandbox.published_ms == sandbox.lost_ms:
            return
        new = sandbox.lost.with_suffix(".new")
        new.write_text(str(sandbox.lost_ms))
        new.replace(sandbox.lost)
        sandbox.published_ms = sandbox.lost_ms

    def _end(self, sandbox: _Sandbox, ending: Ending) -> None:
        sandbox.ended = ending
        self._turns.gone(sandbox.name, sandbox.caller)
        if sandbox.worker:
            sandbox.worker.kill()

    def _worker(self, sandbox: _Sandbox) -> Worker:
        if sandbox.worker is None:
            function = sandbox.function
            arn = f"arn:aws:lambda:{REGION}:{self._account}:function:{function.aws_name}"
            sandbox.processes += 1
            sandbox.worker = worker_pool().start(
                WorkerSpec(
                    name=function.name,
                    paths=[str(function.code), *map(str, function.layers)],
                    layers=[*map(str, function.layers)],
                    handler=function.handler,
                    directory=str(function.code),
                    environment=sandbox.environment,
                    output=str(sandbox.output),
                    added_ms=self._clock.added_ms,
                    function={
                        "name": function.aws_name,
                        "arn": arn,
                        "memory_mb": str(function.memory_mb),
                    },
                    caller=sandbox.caller,
                )
            )
        return sandbox.worker

    def _fault(self, sandbox: _Sandbox, kind: str, **match: object) -> Fault | None:
        for name in (sandbox.function.name, sandbox.function.logical_id):
            fault = self._faults.take("lambda", kind, function=name, **match)
            if fault:
                return fault
        return None
