"""Histories that once came to a wrong end come to a right one."""

from __future__ import annotations

import pytest

from tests.simulation.histories.kept import KEPT
from tests.simulation.play import play


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_history_ends_well(name: str) -> None:
    """Every invariant holds."""
    assert play(KEPT[name]).problems == []
