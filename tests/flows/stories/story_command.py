"""Runs the operator's command in a story, as a process of its own against the laptop stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from local.stack import Stack


def run(stack: Stack, *words: str, key: str = "local") -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments and ``--json``; `key` is the access key for its
    requests.
    """
    ready = stack.ready()
    where = {
        "AWS_ENDPOINT_URL": ready["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": ready["aws_region"],
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    return subprocess.run(
        [sys.executable, "-m", "crmsync.cli", *words, "--json"],
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=False,
    )


def command(stack: Stack, *words: str, status: int = 0, key: str = "local") -> Any:
    """Run the command, assert its exit status, and return its JSON document."""
    done = run(stack, *words, key=key)
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)
