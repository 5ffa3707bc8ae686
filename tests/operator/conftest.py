"""A fresh deployment, account and org for every test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operator import deployments
from tests.operator.shell import Shell


@pytest.fixture
def deployment() -> Iterator[deployments.Deployment]:
    """An account and an org that crmsync has never seen."""
    with deployments.deployment() as made:
        yield made


@pytest.fixture
def shell(
    deployment: deployments.Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A terminal in front of an account and an org that crmsync has never seen."""
    return Shell(deployment, tmp_path, capsys)
