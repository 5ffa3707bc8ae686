"""Sets of ids as few bytes."""

from __future__ import annotations

import pytest

from crmsync.wire.rows.campaigns import packed, unpacked

IDS = range(90_000_000_001, 90_050_000_001, 5_000)


@pytest.mark.parametrize(
    "sets", [[set(), {7}], [{0, 127, 128, 2**63}, set()], [set(IDS), {1, 2, 3}]]
)
def test_sets_are_read_back(sets: list[set[int]]) -> None:
    """Empty ones and great numbers, too."""
    assert unpacked(packed(sets), len(sets)) == [frozenset(one) for one in sets]


def test_ten_thousand_ids_take_less_than_three_bytes_each() -> None:
    """Ids of one account are close to each other."""
    assert len(packed([IDS])) < 3 * len(IDS)


@pytest.mark.parametrize("data", [b"", b"nothing of ours", packed([{1, 2}])[:-3]])
def test_other_data_are_refused(data: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="not a packed set of ids"):
        unpacked(data, 1)


def test_a_set_that_is_missing_is_refused() -> None:
    """As many sets are read as were asked for, or none."""
    with pytest.raises(ValueError, match="not a packed set of ids"):
        unpacked(packed([{1}]), 2)
