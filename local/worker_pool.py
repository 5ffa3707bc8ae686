"""This side of the worker processes: start them, send them calls, kill them.

Law: processes and sockets only; what a call means, which faults hit it and what a Lambda is belongs
to `local.stack.lambdas`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parent / "worker.py"

IMPORTED_ONCE = (
    "boto3",
    "botocore.client",
    "jwt",
    "pydantic",
    "requests",
    "hubspot",
    "simple_salesforce",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
)
"""Third-party packages that the nursery imports before it forks. A saving of time only: a Lambda
that needs others imports them itself.
"""

KEPT = ("PYTHONHASHSEED",)
"""What whoever wants two runs to be alike sets: the order of a set decides the order of calls."""


class WorkerDiedError(Exception):
    """The process ended before it answered."""


class WorkerSilentError(Exception):
    """No answer within the time given."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How a worker begins; the fields are those that ``worker.py`` reads."""

    name: str
    paths: Sequence[str]
    handler: str
    directory: str
    environment: Mapping[str, str]
    output: str
    added_ms: int
    function: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""
    """What the process says of itself with every HTTP request; nothing where empty."""


class Worker:
    """One worker process; a call at a time."""

    def __init__(self, connection: socket.socket) -> None:
        """Wait for the process's first word. Raises `WorkerDiedError`."""
        self._connection = connection
        self._lines = connection.makefile("rwb")
        self.pid = int(self._read()["pid"])
        self.alive = True

    def call(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send one message and wait for its answer. Raises `WorkerDiedError` or, after `seconds`,
        `WorkerSilentError`.
        """
        self._connection.settimeout(seconds)
        try:
            self._lines.write(json.dumps(message).encode() + b"\n")
            self._lines.flush()
        except OSError as error:
            raise WorkerDiedError from error
        return self._read()

    def kill(self) -> None:
        """End the process at once (SIGKILL); harmless when it has ended already."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process and close the connection."""
        self.kill()
        with contextlib.suppress(OSError):
            self._lines.close()
        self._connection.close()

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except TimeoutError as error:
            raise WorkerSilentError from error
        except OSError as error:
            raise WorkerDiedError from error
        if not line.endswith(b"\n"):
            raise WorkerDiedError
        answer: dict[str, Any] = json.loads(line)
        return answer


class WorkerPool:
    """The process that forks workers."""

    def __init__(self) -> None:
        """Start it; it imports in the background while this process goes on."""
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, str(SCRIPT), *IMPORTED_ONCE]
            bare = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PYTHON", "AWS_"))
            }
            bare |= {name: os.environ[name] for name in KEPT if name in os.environ}
            self._process = subprocess.Popen(
                command, stdin=theirs.fileno(), env=bare, start_new_session=True
            )

    def start(self, spec: WorkerSpec) -> Worker:
        """Fork a worker. Raises `WorkerDiedError` when it does not come to life."""
        ours, theirs = socket.socketpair()
        with (
            self._lock
        ):  # the worker's first word says that the request was read: no two run into one
            with theirs:
                socket.send_fds(
                    self._control, [json.dumps(asdict(spec)).encode()], [theirs.fileno()]
                )
            return Worker(ours)

    def close(self) -> None:
        """End the nursery; workers end by themselves when their connection is closed."""
        self._control.close()
        self._process.wait()


@cache
def worker_pool() -> WorkerPool:
    """The nursery of this process, started by the first who asks and ended with the process."""
    started = WorkerPool()
    atexit.register(started.close)
    return started
