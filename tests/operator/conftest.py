"""A stage for every story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operator import stages
from tests.operator.shell import Shell


@pytest.fixture
def stage() -> Iterator[stages.Stage]:
    """An account and an org that crmsync has never seen."""
    with stages.stage() as made:
        yield made


@pytest.fixture
def shell(stage: stages.Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A terminal in front of an account and an org that crmsync has never seen."""
    return Shell(stage, tmp_path, capsys)
