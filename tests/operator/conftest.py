"""A fresh deployment for every test that uses one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operator import deployments
from tests.operator.shell import Shell


@pytest.fixture
def deployment() -> Iterator[deployments.Deployment]:
    """A deployment whose account and org are new."""
    with deployments.deployment() as made:
        yield made


@pytest.fixture
def shell(
    deployment: deployments.Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A terminal with the command and a new deployment."""
    return Shell(deployment, tmp_path, capsys)


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width of whoever runs the tests changes no output."""
    monkeypatch.delenv("COLUMNS", raising=False)
