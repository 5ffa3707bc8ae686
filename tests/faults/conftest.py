"""Fixtures of the fault tests: the whole laptop stack, as the stories have it, but one for each
test, because a fault may leave reports that another test would find.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, new_stack, own_writes, people, product, stack

__all__ = ["new_stack", "own_writes", "people", "product", "stack"]


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for one test."""
    with Stack(SETTINGS, WORLD) as own:
        yield own
