"""The processes in which Lambdas run on a laptop.

Law: the standard library and time-machine only. This file is started as a script, never imports
``local`` and knows no product module by name: what a Lambda may import is what its own folder, its
layers and the installed packages hold.

The first process imports the big third-party packages once. It forks one parent for each set of
layers, which imports their modules once and then forks a worker per Lambda, so that a killed worker
is replaced within milliseconds. A module that reads the environment while it is imported is left to
the workers, because each has an environment of its own; but workers that agree about the variables
in `READ_BY_ALL` share what was imported with these. A worker stays warm as a real Lambda does:
it imports its handler once, keeps its module state between calls, has exactly the environment it
was given, and lives in simulated time (`time_machine` shifts ``time`` and ``datetime`` for the
whole process).

The first process reads one JSON object per worker from its standard input (a socket), with the
worker's own socket attached::

    {"name", "paths", "layers", "handler", "directory", "environment", "output", "added_ms",
     "function": {...}, "caller"}

and the worker speaks JSON lines on its own: first ``{"pid"}``, then for every ``{"event",
"request_id", "added_ms", "budget_ms", "lost"}`` one ``{"answer"}`` or ``{"error": {"type",
"message", "trace"}}``.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import time_machine

LONGEST_REQUEST = 1 << 20

CALLER = "X-Laptop-Caller"
"""The header that names the process that sends a request; ``;thread`` is appended if the request
comes from a thread other than the main one.
"""

READ_BY_ALL = ("PYDANTIC_DISABLE_PLUGINS",)
"""Variables that third-party packages read in nearly every module: pydantic with each model."""

_monotonic, _monotonic_ns = time.monotonic, time.monotonic_ns
_added_ms = 0
"""How far this process's monotonic clock is ahead."""


class Context:
    """What Lambda passes to a handler besides the event (the Python runtime's context object, [D]
    Lambda developer guide).
    """

    identity = None
    client_context = None

    def __init__(
        self, function: dict[str, str], request_id: str, budget_ms: int, lost: Callable[[], int]
    ) -> None:
        """Describe one call of `function` that has `budget_ms` milliseconds; `lost` returns how
        many of them it has lost so far.
        """
        self.function_name = function["name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = function["arn"]
        self.memory_limit_in_mb = function["memory_mb"]
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = "laptop"
        self._ends = _monotonic() + budget_ms / 1000
        self._time_lost = lost

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the call is cut off, never below zero."""
        return max(0, round((self._ends - _monotonic()) * 1000) - self._time_lost())

    def log(self, text: str) -> None:
        """Write to the function's log."""
        print(text, flush=True)


class Time:
    """This process's simulated time: time-machine shifts the wall clock, and the monotonic clock,
    on which caches rely, is shifted here.
    """

    def __init__(self, added_ms: int) -> None:
        """Start `added_ms` milliseconds after the wall clock."""
        self._traveller = time_machine.travel(time.time() + added_ms / 1000, tick=True).start()
        # time-machine's clock ticks from the first reading on; `follow` makes up for what passed
        # before.
        time.time()
        self.follow(added_ms)

    def follow(self, added_ms: int) -> None:
        """Jump to `added_ms` milliseconds after the wall clock."""
        global _added_ms  # noqa: PLW0603 - a process has one clock
        behind = -time.time() + time_machine.escape_hatch.time.time() + added_ms / 1000
        self._traveller.shift(behind)
        _added_ms = added_ms


def _shift_monotonic() -> None:
    """Let the monotonic clock follow `Time`, also for modules that keep a reference to it."""
    time.monotonic = lambda: _monotonic() + _added_ms / 1000
    time.monotonic_ns = lambda: _monotonic_ns() + _added_ms * 1_000_000


class _EnvironmentReadError(BaseException):
    """A module reads the environment; no ``except Exception`` of its own may hide that."""


class _NoEnvironment:
    """What ``os.environ`` is while the modules of layers are imported: what is in `shared` can be
    read, be it set or missing.
    """

    def __init__(self, shared: Mapping[str, str | None]) -> None:
        self._shared = shared

    def get(self, name: str, default: str | None = None) -> str | None:
        if name not in self._shared:
            raise _EnvironmentReadError(name)
        found = self._shared[name]
        return default if found is None else found

    def __getattr__(self, name: str) -> Any:
        raise _EnvironmentReadError(name)

    def __getitem__(self, name: str) -> str:
        raise _EnvironmentReadError(name)

    def __contains__(self, name: object) -> bool:
        raise _EnvironmentReadError(name)

    def __iter__(self) -> Iterator[str]:
        raise _EnvironmentReadError


def fork_parents(control: socket.socket) -> None:
    """Pass every request on `control` to the parent that has imported its layers, until the other
    end is closed.
    """
    signal.signal(signal.SIGCHLD, _reap)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parents: dict[tuple[str | None, ...], socket.socket] = {}
    for message, descriptor in _requests(control):
        request = json.loads(message)
        layers: list[str] = request["layers"]
        shared = {name: request["environment"].get(name) for name in READ_BY_ALL}
        parent = (*layers, *shared.values())
        if parent not in parents:
            ours, theirs = socket.socketpair()
            if os.fork() == 0:
                try:
                    for inherited in (control, ours, *parents.values()):
                        inherited.close()
                    os.close(descriptor)
                    _import_layers(layers, shared)
                    fork_workers(theirs)
                finally:
                    os._exit(0)  # never back into the caller's loop
            theirs.close()
            parents[parent] = ours
        socket.send_fds(parents[parent], [message], [descriptor])
        os.close(descriptor)
    for ours in parents.values():
        ours.close()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def fork_workers(control: socket.socket) -> None:
    """Fork a worker for every request on `control`, until its other end is closed."""
    for message, descriptor in _requests(control):
        if os.fork() == 0:
            try:
                control.close()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    worker(json.loads(message), socket.socket(fileno=descriptor))
            finally:
                os._exit(0)  # never back into the parent's loop
        os.close(descriptor)


def _requests(control: socket.socket) -> Iterator[tuple[bytes, int]]:
    """Receive each request and the worker's socket, until the other end of `control` is closed."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 1)
        if not message:
            return
        yield message, descriptors[0]


def _reap(*_: object) -> None:
    """Wait for the children that have ended, so that this process's figures include theirs."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _import_layers(layers: Sequence[str], shared: Mapping[str, str | None]) -> None:
    """Import all modules of `layers`, as far as they need no variables but those in `shared`."""
    before, environment = sys.path[:], os.environ
    sys.path[:0] = layers
    setattr(os, "environ", _NoEnvironment(shared))  # noqa: B010 - it is read-only for the type checker
    for layer in map(Path, layers):
        for path in sorted(layer.rglob("*.py")):
            *folders, name = path.relative_to(layer).with_suffix("").parts
            if name not in {"__init__", "__main__"}:
                with contextlib.suppress(Exception, _EnvironmentReadError):
                    importlib.import_module(".".join((*folders, name)))
    setattr(os, "environ", environment)  # noqa: B010 - as above
    sys.path[:] = before
    gc.collect()
    gc.freeze()  # no worker's garbage collection needs to visit what it shares with the others


def worker(given: dict[str, Any], connection: socket.socket) -> None:
    """Run the Lambda that `given` describes until `connection` is closed."""
    _set_up(given)
    lines = connection.makefile("rwb")
    _send(lines, {"pid": os.getpid()})
    clock = Time(given["added_ms"])
    handler: Callable[[Any, Context], Any] | None = None
    with contextlib.suppress(Exception):  # the first call tries again and reports the error
        handler = _import_handler(given["handler"])
    for line in lines:
        call = json.loads(line)
        clock.follow(call["added_ms"])
        try:
            handler = handler or _import_handler(given["handler"])
            context = Context(
                given["function"], call["request_id"], call["budget_ms"], _time_lost(clock, call)
            )
            answer = json.dumps({"answer": handler(call["event"], context)}).encode()
        except BaseException as error:  # noqa: BLE001 - anything a handler raises, even SystemExit, fails the call
            traceback.print_exc()
            answer = json.dumps({"error": _error_details(error)}).encode()
        sys.stdout.flush()
        sys.stderr.flush()
        lines.write(answer + b"\n")
        lines.flush()


def _time_lost(clock: Time, call: dict[str, Any]) -> Callable[[], int]:
    """Return a function that returns how many milliseconds the call has lost so far.

    Each time it also moves the clock of this process by that much.
    """
    path = call.get("lost")

    def lost() -> int:
        milliseconds = int(Path(path).read_text()) if path else 0
        clock.follow(call["added_ms"] + milliseconds)
        return milliseconds

    return lost


def _set_up(given: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(given["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, number)
    os.close(output)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(given["environment"])
    time.tzset()
    os.chdir(given["directory"])
    sys.path[:0] = given["paths"]
    sys.argv = [given["name"]]
    _log_as_lambda_does(given["environment"])
    if given["caller"]:
        _add_caller_header(given["caller"])


def _log_as_lambda_does(environment: dict[str, str]) -> None:
    """Send what any library logs to the function's log, from the function's own log level upwards
    [D, C awslambdaric].
    """
    root = logging.getLogger()
    root.addHandler(logging.StreamHandler(sys.stdout))
    if level := environment.get("AWS_LAMBDA_LOG_LEVEL"):
        root.setLevel(level)


def _add_caller_header(caller: str) -> None:
    """Send `caller` with every HTTP request of this process.

    All SDKs send their headers through the standard library's ``endheaders``.
    """
    end = http.client.HTTPConnection.endheaders

    def endheaders(connection: http.client.HTTPConnection, *given: Any, **named: Any) -> None:
        in_main = threading.current_thread() is threading.main_thread()
        connection.putheader(CALLER, caller if in_main else f"{caller};thread")
        end(connection, *given, **named)

    setattr(http.client.HTTPConnection, "endheaders", endheaders)  # noqa: B010 - it is a method of the standard library


def _import_handler(name: str) -> Callable[[Any, Context], Any]:
    module, _, attribute = name.rpartition(".")
    found: Callable[[Any, Context], Any] = getattr(importlib.import_module(module), attribute)
    return found


def _error_details(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "message": str(error), "trace": traceback.format_exc()}


def _send(lines: Any, value: object) -> None:
    lines.write(json.dumps(value).encode() + b"\n")
    lines.flush()


def _read_descriptions(services: Sequence[str]) -> None:
    """Let all workers share one reader of botocore's descriptions of AWS's `services`; each process
    would otherwise parse the same megabytes of JSON.
    """
    sessions: Any = importlib.import_module("botocore.session")
    session = sessions.Session()
    for service in services:
        session.create_client(
            service,
            region_name="us-east-1",
            aws_access_key_id="nobody",
            aws_secret_access_key="nobody",
        )
    reader = session.get_component("data_loader")
    sessions.create_loader = lambda _path=None: reader


def _share_answers() -> None:
    """Let all workers share what botocore finds out again for every client: the present names of
    its hooks, and which functions take any keyword. That is a third of the time of a first call.
    """
    hooks: Any = importlib.import_module("botocore.hooks")
    find, takes = hooks.EventAliaser._alias_event_name, hooks.accepts_kwargs  # noqa: SLF001 - it has no public name
    names: dict[str, str] = {}
    taking: dict[Any, Any] = {}

    def alias(aliaser: Any, name: str) -> str:
        if name not in names:
            names[name] = find(aliaser, name)
        return names[name]

    def accepts_kwargs(called: Any) -> Any:
        function = getattr(called, "__func__", called)
        if function not in taking:
            taking[function] = takes(called)
        return taking[function]

    hooks.EventAliaser._alias_event_name = alias  # noqa: SLF001 - as above
    hooks.accepts_kwargs = accepts_kwargs


def main() -> None:
    """Import the modules that the arguments name, as far as they are installed, then fork workers
    on request.

    An argument ``aws:NAME`` is a service of AWS instead of a module.
    """
    own = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if path and Path(path).resolve() != own]
    services = [name.removeprefix("aws:") for name in sys.argv[1:] if name.startswith("aws:")]
    for module in (name for name in sys.argv[1:] if not name.startswith("aws:")):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    with contextlib.suppress(ImportError):
        _share_answers()
        _read_descriptions(services)
    _shift_monotonic()
    control = socket.socket(fileno=os.dup(0))
    fork_parents(control)


if __name__ == "__main__":
    main()
