"""The operator on the laptop: a worker process that runs `local.preparation`.

Law: this process never imports the product. What an operator would do with the command is done by
the product in a process of its own, which has the environment variables of all functions.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from local.stack.aws import OWN_KEY
from local.stack.cloud import Cloud
from local.stack.lambdas.environment import endpoint_environment
from local.worker_pool import Worker, WorkerDiedError, WorkerSilentError, WorkerSpec, worker_pool
from simulators.clock import Clock

ROOT = Path(__file__).resolve().parents[2]
TASK_SECONDS = 120.0
"""Real seconds that one task may take."""


class OperatorError(Exception):
    """A task of the operator failed; the message carries the product's own traceback."""


class Operator:
    """Runs tasks of the product's operator, in a process that starts with the first task."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        """Describe the process; it does not start yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        variables: dict[str, str] = {}
        layers: dict[str, None] = {}
        for function in cloud.functions.values():
            variables |= function.environment
            layers |= dict.fromkeys(map(str, function.layers))
        self._spec = WorkerSpec(
            name="operator",
            paths=[str(ROOT), *layers],
            layers=[*layers],
            handler="local.preparation.answer",
            directory=str(ROOT),
            environment={
                **variables,
                **endpoint_environment(cloud.aws.url, OWN_KEY),
                "POWERTOOLS_SERVICE_NAME": "operator",
            },
            output=str(cloud.outputs / "operator.log"),
            added_ms=clock.added_ms,
            function={"name": "operator", "arn": "", "memory_mb": "0"},
        )

    def run(self, task: str, *, within: float = TASK_SECONDS, **arguments: Any) -> Any:
        """Run a task of `local.preparation`, which may take `within` real seconds, and return its
        answer. Raises `OperatorError`.
        """
        message = {
            "event": {"task": task, **arguments},
            "request_id": task,
            "added_ms": self._clock.added_ms,
            "budget_ms": round(within * 1000),
        }
        with self._lock:
            if self._worker is None:
                self._worker = worker_pool().start(self._spec)
            try:
                reply = self._worker.call(message, within)
            except (WorkerDiedError, WorkerSilentError) as error:
                raise OperatorError(f"{task}: the operator's process did not answer") from error
        if "error" in reply:
            raise OperatorError(f"{task}: {reply['error']['trace']}")
        return reply["answer"]

    def close(self) -> None:
        """End the process."""
        if self._worker:
            self._worker.close()
