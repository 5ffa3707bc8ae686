"""Runs the operator's command in a story, as a process of its own against the laptop stack.

The process is forked where the Lambdas are, with the command's modules imported: Python's start and
those imports take twenty times as long as the command itself.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any

from local.stack import Stack
from local.stack.operator import ROOT
from local.worker_pool import WorkerSpec, worker_pool

LONGEST = 900.0
"""Real seconds that a command may take."""


def run(stack: Stack, *words: str, key: str = "local") -> CompletedProcess[str]:
    """Run the command with these arguments and ``--json``, by the clock of the stack; `key` is the
    access key for its requests.
    """
    added_ms = stack.clock.added_ms
    with TemporaryDirectory() as folder:
        layers = [str(one) for one in next(iter(stack.cloud.functions.values())).layers]
        spec = WorkerSpec(
            name="crmsync",
            paths=[str(ROOT), *layers],
            layers=layers,
            handler="tests.flows.stories.story_process.answer",
            directory=os.getcwd(),  # noqa: PTH109 - as a text
            environment=variables(stack, key),
            output=f"{folder}/output",
            added_ms=added_ms,
            function={"name": "crmsync", "arn": "", "memory_mb": "0"},
        )
        message = {
            "event": [*words, "--json"],
            "request_id": "",
            "added_ms": added_ms,
            "budget_ms": round(LONGEST * 1000),
        }
        with closing(worker_pool().start(spec)) as worker:
            reply = worker.call(message, LONGEST)
    assert "error" not in reply, reply
    return CompletedProcess(args=[sys.executable, *words], **reply["answer"])


def variables(stack: Stack, key: str = "local") -> dict[str, str]:
    """Return the environment of the command's process."""
    ready = stack.ready()
    where = {
        "AWS_ENDPOINT_URL": ready["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": ready["aws_region"],
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    return {**os.environ, **where}


def command(stack: Stack, *words: str, status: int = 0, key: str = "local") -> Any:
    """Run the command, assert its exit status, and return its JSON document."""
    done = run(stack, *words, key=key)
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)
