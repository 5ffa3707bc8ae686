"""A stage for every story."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.operator import stages


@pytest.fixture
def stage() -> Iterator[stages.Stage]:
    """An account and an org that crmsync has never seen."""
    with stages.stage() as made:
        yield made
