"""A shell for tests that follow a page: the operator's command in a process of its own, with
nothing but a terminal's environment.

The process lives as long as the shell, so the command's modules are imported once.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from crmsync.cli import main
from local.stack import Stack
from local.stack.aws import OWN_KEY
from local.stack.lambdas.environment import endpoint_environment
from local.worker_pool import WorkerSpec, worker_pool
from tests.docs.pages import ROOT

PATIENCE = 120.0
"""Real seconds that a command may take."""


def answer(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Run ``event["words"]`` as the operator's command; return its exit status and its output on
    both channels.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = main(event["words"])
        except SystemExit as stopped:
            status = int(stopped.code or 0)
    return {"status": status, "said": said.getvalue()}


class Shell:
    """A terminal in a folder, with a laptop stack as its AWS. A context manager."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        """Start the process."""
        self._clock = stack.clock
        spec = WorkerSpec(
            name="command",
            paths=[layer := str(ROOT / "layers" / "shared"), str(ROOT)],
            layers=[layer],
            handler="tests.docs.shell.answer",
            directory=str(folder),
            environment=endpoint_environment(stack.cloud.aws.url, OWN_KEY),
            output=str(folder / "command.log"),
            added_ms=stack.clock.added_ms,
            function={"name": "command", "arn": "", "memory_mb": "0"},
        )
        self._worker = worker_pool().start(spec)

    def __enter__(self) -> Self:
        """Return the shell itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._worker.close()

    def run(
        self, words: Sequence[str], meanwhile: Callable[[], object] | None = None
    ) -> tuple[int, str]:
        """Run a command; return its status and output. `meanwhile` is called again and again until
        it ends.
        """
        message = {
            "event": {"words": list(words)},
            "request_id": "command",
            "added_ms": self._clock.added_ms,
            "budget_ms": round(PATIENCE * 1000),
        }
        answers: list[dict[str, Any]] = []
        typed = threading.Thread(
            target=lambda: answers.append(self._worker.call(message, PATIENCE))
        )
        typed.start()
        while meanwhile is not None and typed.is_alive():
            meanwhile()
        typed.join()
        (said,) = answers
        if "error" in said:
            raise AssertionError(said["error"]["trace"])
        return said["answer"]["status"], said["answer"]["said"]
