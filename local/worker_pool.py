"""The parent's side of the worker processes: start them, call them, kill them.

Law: processes and sockets only. `local.stack.lambdas.lambdas` knows what a call means, which faults
hit it and what a Lambda is.
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
    "hubspot.crm.objects",
    "hubspot.discovery.crm.objects.discovery",
    "simple_salesforce",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.typing",
)
"""Third-party packages that are imported before workers are forked. It only saves time: a Lambda
that needs other packages imports them itself.
"""

SERVICES = ("dynamodb", "events", "kms", "secretsmanager", "sqs", "sts")
"""Services of AWS whose descriptions are read before workers are forked. As above, it only saves
time.
"""

KEPT = ("PYTHONHASHSEED",)
"""Variables that workers inherit. With a fixed hash seed two runs iterate over sets in the same
order, and so make their calls in the same order.
"""


class WorkerDiedError(Exception):
    """The process ended before it replied."""


class WorkerSilentError(Exception):
    """The process did not reply in the time given."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How a worker starts; ``worker.py`` reads these fields.

    Attributes:
        name: The function's name.
        paths: Folders put in front of ``sys.path``: the function's code and its layers.
        layers: Those of `paths` whose modules are imported once for all workers with these layers.
        handler: Module and function, joined by a dot.
        directory: The working directory.
        environment: All environment variables of the process.
        output: The file to which stdout and stderr are appended.
        added_ms: How far the simulated time is ahead of the wall clock.
        function: The name, ARN and memory that the handler's context shows.
        caller: What the process sends with every HTTP request to identify itself; nothing if empty.
    """

    name: str
    paths: Sequence[str]
    layers: Sequence[str]
    handler: str
    directory: str
    environment: Mapping[str, str]
    output: str
    added_ms: int
    function: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""


class Worker:
    """One worker process, which runs one call at a time."""

    def __init__(self, connection: socket.socket) -> None:
        """Wait until the process reports its pid. Raises `WorkerDiedError`."""
        self._connection = connection
        self._lines = connection.makefile("rwb")
        self.pid = int(self._read()["pid"])
        self.alive = True

    def call(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send one message and return the reply.

        Raises `WorkerDiedError`, and `WorkerSilentError` after `seconds`.
        """
        self._connection.settimeout(seconds)
        try:
            self._lines.write(json.dumps(message).encode() + b"\n")
            self._lines.flush()
        except OSError as error:
            raise WorkerDiedError from error
        return self._read()

    def kill(self) -> None:
        """End the process at once (SIGKILL); harmless if it has already ended."""
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
    """The processes that fork workers."""

    def __init__(self) -> None:
        """Start the process; it imports in the background."""
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            services = [f"aws:{name}" for name in SERVICES]
            command = [sys.executable, str(SCRIPT), *IMPORTED_ONCE, *services]
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
        """Fork a worker. Raises `WorkerDiedError` if it does not start."""
        ours, theirs = socket.socketpair()
        request = json.dumps(asdict(spec)).encode()
        # The worker reports its pid after the request was read, so no two requests merge into one.
        with self._lock:
            with theirs:
                socket.send_fds(self._control, [request], [theirs.fileno()])
            return Worker(ours)

    def close(self) -> None:
        """End the parent processes; each worker ends when its connection is closed."""
        self._control.close()
        self._process.wait()


@cache
def worker_pool() -> WorkerPool:
    """Return the worker pool of this process, which starts with the first call and ends with the
    process.
    """
    started = WorkerPool()
    atexit.register(started.close)
    return started
