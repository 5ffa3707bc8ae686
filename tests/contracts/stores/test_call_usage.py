"""The usage of calls behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.model.operations.calls import CallUsage, DailyCalls, KnownCalls
from crmsync.model.records import Side
from tests.builders import NOON
from tests.contracts.stores.tables import call_usage_on_dynamodb
from tests.memory import MemoryCallUsage

FULL = CallUsage(
    {498_228: (1, 2, 3, 4), 498_229: (0, 0, 0, 9)},
    {3_587_241_600: 8},
    {3_587_241_602: 2},
    KnownCalls(DailyCalls(18, 5_000), NOON),
    190,
    NOON - timedelta(hours=1),
    NOON + timedelta(microseconds=1),
    NOON + timedelta(minutes=3),
)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryCallUsage()
    else:
        with call_usage_on_dynamodb() as table:
            yield table


@pytest.mark.parametrize("usage", [CallUsage(), FULL])
def test_a_usage_is_loaded_as_it_was_saved(store: Any, usage: CallUsage) -> None:
    """Under the next version, and only for its connection and side."""
    saved = store.save("acme", Side.SALESFORCE, usage)

    assert saved == replace(usage, version=1)
    assert store.load("acme", Side.SALESFORCE) == saved
    assert store.load("acme", Side.HUBSPOT) == store.load("beta", Side.SALESFORCE) == CallUsage()


def test_of_two_that_save_at_once_one_wins(store: Any) -> None:
    """The other has to read it again."""
    first = store.save("acme", Side.HUBSPOT, FULL)

    assert store.save("acme", Side.HUBSPOT, FULL) is None
    assert store.save("acme", Side.HUBSPOT, replace(first, per_window=250)) == replace(
        first, per_window=250, version=2
    )
    assert store.save("acme", Side.HUBSPOT, first) is None
    assert store.load("acme", Side.HUBSPOT).per_window == 250
