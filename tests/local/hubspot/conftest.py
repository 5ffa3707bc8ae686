"""Fixtures of the HubSpot simulator's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.hubspot.running import Running, running


@pytest.fixture
def hubspot() -> Iterator[Running]:
    """A portal without any set-up."""
    with running() as started:
        yield started
