"""The operator's part on the laptop: a worker process that runs `local.preparation`.

Law: no product import in this process; what the operator would do with the command is done by the
product in a process of its own, with the variables of all functions together.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from local.stack.aws import OWN_KEY
from local.stack.cloud import Cloud
from local.stack.environment import endpoint_environment
from local.worker_pool import Worker, WorkerDiedError, WorkerSilentError, WorkerSpec, worker_pool
from simulators.clock import Clock

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
"""Real seconds that a deed may take."""


class OperatorError(Exception):
    """The product could not do what the operator asked; the message is its own."""


class Operator:
    """Calls the product's operator; started with the first call."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        """Describe the process."""
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

    def do(self, deed: str, **more: Any) -> Any:
        """Have the product do something. Raises `OperatorError`."""
        message = {
            "event": {"do": deed, **more},
            "request_id": deed,
            "added_ms": self._clock.added_ms,
            "budget_ms": round(PATIENCE * 1000),
        }
        with self._lock:
            if self._worker is None:
                self._worker = worker_pool().start(self._spec)
            try:
                said = self._worker.call(message, PATIENCE)
            except (WorkerDiedError, WorkerSilentError) as error:
                raise OperatorError(f"{deed}: the operator's process did not answer") from error
        if "error" in said:
            raise OperatorError(f"{deed}: {said['error']['trace']}")
        return said["answer"]

    def close(self) -> None:
        """End the process."""
        if self._worker:
            self._worker.close()
