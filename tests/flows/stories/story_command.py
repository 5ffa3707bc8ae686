"""The operator's command in stories: run as a process of its own against the laptop stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from local.stack import Stack


def command(stack: Stack, *words: str, status: int = 0, key: str = "local") -> Any:
    """What the operator's command answers to these words, when it ends with that status. `key` is
    the access key that it signs with.
    """
    ready = stack.ready()
    where = {
        "AWS_ENDPOINT_URL": ready["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": ready["aws_region"],
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    line = [sys.executable, "-m", "crmsync.cli", *words, "--json"]
    done = subprocess.run(
        line, env={**os.environ, **where}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)
