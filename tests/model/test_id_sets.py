"""Sets of ids behave as sets, and take little memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.id_sets import IdSet

IDS = st.lists(st.integers(0, 40) | st.integers(0, 2**64 - 1), max_size=12)
MANY = 100_000


@given(IDS, IDS)
def test_it_is_a_set_like_any_other(some: list[int], others: list[int]) -> None:
    """Whatever it is combined with, the ids are those that a `frozenset` would have, in order."""
    mine, theirs = IdSet(some), IdSet(others)
    plain, other = frozenset(some), frozenset(others)

    for left, right in ((mine, theirs), (mine, other), (plain, theirs), (mine, set(other))):
        for found, expected in (
            (left | right, plain | other),
            (left & right, plain & other),
            (left - right, plain - other),
        ):
            assert found == expected
            assert list(found) == sorted(expected)
    assert (mine == theirs, mine <= theirs) == (plain == other, plain <= other)
    assert [one in mine for one in others] == [one in plain for one in others]
    assert (len(mine), hash(mine)) == (len(plain), hash(plain))


def test_it_has_ids_alone() -> None:
    """Another value is in no set, and cannot be put into one."""
    assert "7" not in IdSet([7])
    with pytest.raises(OverflowError):
        IdSet([-1])
    assert repr(IdSet([9, 7, 7])) == "IdSet([7, 9])"


def test_it_is_read_part_by_part() -> None:
    """The last part has what is left; an empty set has none."""
    assert list(IdSet(range(5)).parts(2)) == [[0, 1], [2, 3], [4]]
    assert list(IdSet().parts(2)) == []


def test_a_hundred_thousand_ids_take_ten_bytes_each() -> None:
    """While two such sets are united, no more is at hand than a few thousand of them."""
    tracemalloc.start()
    try:
        even = IdSet(range(0, 2 * MANY, 2))
        made = tracemalloc.get_traced_memory()[1]
        odd = IdSet(range(1, 2 * MANY, 2))
        tracemalloc.reset_peak()
        both = even | odd
        peak = tracemalloc.get_traced_memory()[1]
        left, shared = both - odd, both & even
    finally:
        tracemalloc.stop()
    assert (list(both), left, shared) == (list(range(2 * MANY)), even, even)
    assert made < 10 * MANY
    assert peak < 40 * MANY
