"""Lambdas as AWS runs them: warm, one call at a time in each process, cut off after their timeout,
and sometimes gone in the middle.

Law: what a call is and how it can end. Who calls and what follows from a failure (redelivery,
retry, an HTTP status) is the caller's business.

Fault kinds (``at`` "lambda"; ``function`` is a folder's name or a logical id, left out = any):

``kill``
    SIGKILL to the function's process: before it sees its event (``after`` start, or none given), or right after the
    next write of that place (hubspot_write, salesforce_write, dynamodb_write) was applied and before it is answered.
    The next call finds a new process.
``timeout``
    The call does not end in time. With ``seconds`` it gets that much real time instead of the template's (its context
    says so too); without, it is cut off after its first write anywhere, or, when it writes nothing, when it is about to
    answer.
``throttle``
    The call is not taken at all (429 TooManyRequestsException); no process sees it.

``slow_triggers`` of ``salesforce`` is carried out here as well: each write call of the product
takes ``seconds`` of simulated time, by which the clock moves on and the running call has less time
left. When it has none it is cut off, and the write stays applied.
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
from local.stack.environment import access_key, function_environment
from local.stack.template import REGION, Function
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
    """What became of a call: the handler's answer, or a sentence saying why there is none."""

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
    """The folder's name and a number: a function may have several sandboxes."""
    output: Path
    environment: Mapping[str, str]
    calls: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    longest: float = 0.0
    """Seconds of its time that the longest call has used."""
    processes: int = 0
    worker: Worker | None = None
    running: bool = False
    doomed: bool = False
    """A write ends the running call: its time is over."""
    ended: Ending | None = None
    ends: float = 0.0
    """When the running call is cut off, on the real clock that does not go back."""
    lost_ms: int = 0
    """What the running call has lost of its time to calls that took simulated time."""
    told_ms: int | None = None
    """What its process can read of that; nothing before the first call."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def caller(self) -> str:
        """Who its present process says it is, the sandbox's name before the slash."""
        return f"{self.name}/{self.processes}"

    @property
    def lost(self) -> Path:
        """Where the process reads how much of its time is lost."""
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
        """Describe them; processes start with `warm` or with a sandbox's first call. What they
        print goes to files in `outputs`.

        A function has as many sandboxes as `sandboxes` says, by its logical id, and one where that
        says nothing.
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
        """Start a process for every function, so that the first call does not pay for it; further
        ones start when they are needed.
        """
        for first, *_ in self._sandboxes.values():
            with first.lock:
                self._worker(first)

    def calls(self) -> dict[str, int]:
        """How often each function was called, by its folder's name."""
        return {
            own[0].function.name: sum(sandbox.calls for sandbox in own)
            for own in self._sandboxes.values()
        }

    def endings(self) -> dict[str, Counter[Ending]]:
        """How the calls of each function ended, by its folder's name."""
        found: dict[str, Counter[Ending]] = {}
        for sandbox in self._all():
            found.setdefault(sandbox.function.name, Counter()).update(sandbox.endings)
        return found

    def longest(self) -> dict[str, float]:
        """How many seconds of its time the longest call of each function has used so far, by its
        folder's name.
        """
        return {
            own[0].function.name: max(sandbox.longest for sandbox in own)
            for own in self._sandboxes.values()
        }

    def output(self, name: str) -> str:
        """Everything the function (folder's name) has printed so far, its log included."""
        path = next(sandbox.output for sandbox in self._all() if sandbox.function.name == name)
        return path.read_text(errors="replace") if path.exists() else ""

    def memory_mib(self) -> dict[str, float]:
        """The most memory that a present process of each function has had so far, by its folder's
        name (Linux).
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
        """How much processor time the present processes of each function have had, by its folder's
        name (Linux).
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
        """Call a function and wait for the end."""
        return self._invoke(self._sandboxes[logical_id][0], event)

    def invoke_side_by_side(self, logical_id: str, events: Sequence[Any]) -> list[Outcome]:
        """Call a function with all `events` at once, no more than it has sandboxes, and wait for
        the last to end.
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
        The writer is whose request that is; where the request does not say so, it is `logical_id`,
        or without one whoever runs.
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
        said = self._call(sandbox, worker, event, seconds)
        if sandbox.ended:
            worker.close()
            sandbox.worker = None
            return Outcome(sandbox.ended, reason=f"{function.name}: {sandbox.ended.value}")
        if "error" in said:
            return Outcome(
                Ending.FAILED,
                reason=f"{function.name} failed: {said['error']['trace'][-LONGEST_ERROR:]}",
            )
        return Outcome(Ending.ANSWERED, said["answer"])

    def _call(
        self, sandbox: _Sandbox, worker: Worker, event: Any, seconds: float
    ) -> dict[str, Any]:
        """What the process says to one call; nothing, with ``ended`` set, when it does not live to
        say it.
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
        self._tell_lost(sandbox)
        sandbox.running = True
        try:
            said = worker.call(message, seconds)
        except WorkerSilentError:
            self._end(sandbox, Ending.TIMED_OUT)
        except WorkerDiedError:
            self._end(sandbox, sandbox.ended or Ending.KILLED)
        else:
            if sandbox.doomed:
                self._end(sandbox, Ending.TIMED_OUT)
            return said
        finally:
            sandbox.running = False
            sandbox.longest = max(
                sandbox.longest, time.monotonic() - began + sandbox.lost_ms / 1000
            )
        return {}

    def _lose(self, sandbox: _Sandbox, seconds: float) -> None:
        """Take time from the running call; its process reads of it in a file."""
        sandbox.ends -= seconds
        sandbox.lost_ms += round(seconds * 1000)
        self._tell_lost(sandbox)

    def _tell_lost(self, sandbox: _Sandbox) -> None:
        if sandbox.told_ms == sandbox.lost_ms:
            return
        new = sandbox.lost.with_suffix(".new")
        new.write_text(str(sandbox.lost_ms))
        new.replace(sandbox.lost)
        sandbox.told_ms = sandbox.lost_ms

    def _end(self, sandbox: _Sandbox, ending: Ending) -> None:
        sandbox.ended = ending
        self._turns.gone(sandbox.name, sandbox.caller)
        if sandbox.worker:
            sandbox.worker.kill()

    def _worker(self, sandbox: _Sandbox) -> Worker:
        if sandbox.worker is None:
            function = sandbox.function
            sandbox.processes += 1
            sandbox.worker = worker_pool().start(
                WorkerSpec(
                    name=function.name,
                    paths=[str(function.code), *map(str, function.layers)],
                    handler=function.handler,
                    directory=str(function.code),
                    environment=sandbox.environment,
                    output=str(sandbox.output),
                    added_ms=self._clock.added_ms,
                    function={
                        "name": function.aws_name,
                        "arn": f"arn:aws:lambda:{REGION}:{self._account}:function:{function.aws_name}",
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
