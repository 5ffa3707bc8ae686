"""The store of cursors behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.ports.stores import Cursor
from crmsync.rules.timing.sweeps import MAX_SEEN
from tests.contracts.stores.tables import cursors_on_dynamodb
from tests.memory import MemoryCursors

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "dynamodb"])
def cursors(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryCursors()
    else:
        with cursors_on_dynamodb() as table:
            yield table


def test_there_is_no_cursor_before_the_first_sweep(cursors: Any) -> None:
    """It is None, not the beginning of time."""
    assert cursors.load("acme", "contact") is None


def test_a_cursor_is_read_back_under_the_next_version(cursors: Any) -> None:
    """Times are read back to the millisecond."""
    seen = {"81": NOON + timedelta(milliseconds=7), "82": NOON}
    cursors.save("acme", "contact", Cursor(NOON, seen))

    assert cursors.load("acme", "contact") == Cursor(NOON, seen, 1)
    assert cursors.load("acme", "Lead") is None
    assert cursors.load("other", "contact") is None


def test_several_cursors_are_read_by_one_call(cursors: Any) -> None:
    """Those that are missing are left out, and another connection's are not among them."""
    cursors.save("acme", "contact", Cursor(NOON, {"81": NOON}))
    cursors.save("acme", "deal", Cursor(NOON, {}))
    cursors.save("beta", "company", Cursor(NOON, {}))

    assert cursors.load_many("acme", ["contact", "company", "deal"]) == {
        "contact": Cursor(NOON, {"81": NOON}, 1),
        "deal": Cursor(NOON, {}, 1),
    }


def test_of_two_concurrent_sweeps_the_first_saves_its_cursor(cursors: Any) -> None:
    """The second save changes nothing and raises nothing."""
    cursors.save("acme", "contact", Cursor(NOON, {}))
    cursors.save("acme", "contact", Cursor(NOON + timedelta(hours=1), {}, 1))

    cursors.save("acme", "contact", Cursor(NOON + timedelta(hours=9), {}, 1))
    cursors.save("acme", "contact", Cursor(NOON, {}))

    assert cursors.load("acme", "contact") == Cursor(NOON + timedelta(hours=1), {}, 2)


def test_only_the_newest_seen_records_are_kept(cursors: Any) -> None:
    """Ten thousand records are kept."""
    seen = {str(number): NOON + timedelta(seconds=number) for number in range(MAX_SEEN + 100)}

    cursors.save("acme", "contact", Cursor(NOON, seen))

    newest = {key: at for key, at in seen.items() if int(key) >= 100}
    assert cursors.load("acme", "contact") == Cursor(NOON, newest, 1)
