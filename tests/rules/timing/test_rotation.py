"""A schedule begins with another connection each minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmsync.rules.timing.rotation import rotated

START = datetime(2026, 11, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_every_connection_is_visited_once(count: int) -> None:
    """Their cyclic order stays; only the first one changes."""
    connections = list(range(count))
    for minute in range(60):
        order = rotated(connections, START + timedelta(minutes=minute))
        first = order[0] if order else 0
        assert order == [(first + at) % count for at in range(count)]


@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
def test_nobody_is_left_out_for_long(minutes: int) -> None:
    """If the time suffices for a third of them, a dozen visits reach all, whatever the schedule."""
    connections = list(range(900))
    seen: set[int] = set()
    for visit in range(12):
        seen |= set(rotated(connections, START + visit * timedelta(minutes=minutes))[:300])
    assert seen == set(connections)


def test_the_first_one_changes_each_minute() -> None:
    """Two minutes in a row begin with different connections."""
    first, second = (rotated("abcdefgh", START + timedelta(minutes=one)) for one in range(2))
    assert first[0] != second[0]
