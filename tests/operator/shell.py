"""The operator's command in a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crmsync.cli import main
from tests.operator.deployments import Deployment


def run_command(
    deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Run the command on `deployment`; return its exit status, stdout and stderr."""
    status = main(words, operator=deployment.operator)
    printed = capture.readouterr()
    return status, printed.out, printed.err


def run_json(
    deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str
) -> tuple[int, Any]:
    """Run the command with --json; return its exit status and its document."""
    status, out, _ = run_command(deployment, capture, *words, "--json")
    return status, json.loads(out)


class Shell:
    """A terminal with the command and a folder of files."""

    def __init__(
        self, deployment: Deployment, folder: Path, capture: pytest.CaptureFixture[str]
    ) -> None:
        """Work on `deployment`."""
        self.deployment = deployment
        self._folder = folder
        self._capture = capture

    def file(self, text: str) -> str:
        """Write a settings file; return its path."""
        path = self._folder / "settings.toml"
        path.write_text(text)
        return str(path)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run the command; return its exit status, stdout and stderr."""
        return run_command(self.deployment, self._capture, *words)

    def json(self, *words: str) -> tuple[int, Any]:
        """Run the command with --json; return its exit status and its document."""
        return run_json(self.deployment, self._capture, *words)
