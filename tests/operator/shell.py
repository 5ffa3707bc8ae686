"""A terminal with the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crmsync.cli import main
from tests.operator.deployments import Deployment


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
        """The path of a settings file."""
        path = self._folder / "settings.toml"
        path.write_text(text)
        return str(path)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of the command."""
        status = main(words, operator=self.deployment.operator)
        said = self._capture.readouterr()
        return status, said.out, said.err

    def json(self, *words: str) -> tuple[int, Any]:
        """Exit status and document of the command."""
        status, out, _ = self.run(*words, "--json")
        return status, json.loads(out)
