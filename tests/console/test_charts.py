"""Charts of hours: from figures to shapes."""

from __future__ import annotations

import pytest

from crmsync.console.charts import Bar, Line, gaps, stacked, stepped, top_of, top_of_durations


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (10, 10), (11, 20), (240_001, 500_000)],
)
def test_a_scale_of_counts_ends_at_a_round_number(most: int, top: int) -> None:
    """1, 2 or 5 with noughts; never below what is shown."""
    assert top_of(most) == top


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 1), (0.4, 1), (6.5, 10), (31, 60), (61, 120), (3_601, 7_200), (90_000, 172_800)],
)
def test_a_scale_of_durations_ends_at_a_round_time(most: float, top: int) -> None:
    """Seconds, minutes and hours, and then whole days."""
    assert top_of_durations(most) == top


def test_bars_of_an_hour_stand_on_each_other() -> None:
    """The first series is lowest; what is zero or not known has no bar."""
    assert stacked([[5, 0, None], [15, 10, None]], top=20) == (
        Bar(series=0, x=1, y=75, width=8, height=25),
        Bar(series=1, x=1, y=0, width=8, height=75),
        Bar(series=1, x=11, y=50, width=8, height=50),
    )


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    """It is level during an hour, steps to the next one, and begins again after a gap."""
    assert stepped(1, [10, 5, None, 0, None], top=10) == Line(1, "M0 0H10V50H20M30 100H40")
    assert stepped(0, [None, None], top=10) == Line(0, "")


def test_gaps_are_known_by_their_left_edge() -> None:
    """Zero is no gap."""
    assert gaps([None, 0, 3, None]) == (0, 30)
