"""The charts of the first page: hours with figures, hours at rest, and hours without figures."""

from __future__ import annotations

from datetime import timedelta

from crmsync.console.charts import Bar, Chart, Line
from crmsync.console.pages.overview_charts import (
    calls_chart,
    changes_chart,
    hours_at_work,
    lag_chart,
)
from crmsync.model.operations.throughput import HourOfChanges
from crmsync.rules.timing.call_counts import hour_of
from crmsync.rules.timing.call_state import CallState
from tests.builders import NOON

NOW = NOON + timedelta(minutes=30)
THIS = hour_of(NOW)
AT_WORK = frozenset({THIS - 2, THIS - 1, THIS})
FOUND = {THIS - 3: HourOfChanges(3, 0.4, 90.0), THIS - 1: HourOfChanges(10, 2.5, 45.0)}
EARLIER = tuple(range(0, 210, 10))
"""The left edges of the hours before those with figures."""


def state(hours: dict[int, tuple[int, ...]], **limits: object) -> CallState:
    """The calls of these hours ago, by class."""
    given = {"own": {}, "allotment": 0, "day": None, "holds": {}, "used_up_at": None}
    by_hour = {THIS - ago: calls for ago, calls in hours.items()}
    return CallState(**{**given, **limits}, sweep_every=None, hours=by_hour)  # type: ignore[arg-type]


def rows(*cells: tuple[str, ...], none: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The rows of a table from the present hour back; the other hours have the cells of `none`."""
    hours = [f"{NOON - timedelta(hours=ago):%Y-%m-%d %H:%M} UTC" for ago in range(25)]
    filled = [*cells, *[none] * (25 - len(cells))]
    return tuple((hour, *found) for hour, found in zip(hours, filled, strict=True))


def test_changes_are_counted_by_hour() -> None:
    """An hour in which crmsync ran without a change is zero, and one in which it did not is a gap."""
    assert changes_chart(FOUND, AT_WORK, NOW) == Chart(
        title="Changes per hour",
        summary="13 in all; most in the hour from 11:00: 10.",
        series=("changes",),
        top="10",
        since="2026-11-01 12:00 UTC",
        until="now",
        width=250,
        bars=(Bar(0, 211, 70.0, 8, 30.0), Bar(0, 231, 0.0, 8, 100.0)),
        gaps=EARLIER,
        table=(
            ("Hour from", "Changes"),
            *rows(("0",), ("10",), ("0",), ("3",), none=("-",)),
        ),
    )


def test_lags_are_drawn_for_the_hours_that_have_some() -> None:
    """Two lines, each in two parts; an hour without a change has no lag."""
    assert lag_chart(FOUND, AT_WORK, NOW) == Chart(
        title="From a change to its write",
        summary="Last, in the hour from 11:00: half took at most 2.5 s, 95 percent at most 45 s. "
        "Slowest, in the hour from 09:00: 95 percent took at most 1 min 30 s.",
        series=("half took at most (p50)", "95 percent took at most (p95)"),
        top="2 min",
        since="2026-11-01 12:00 UTC",
        until="now",
        width=250,
        lines=(Line(0, "M210 99.7H220M230 97.9H240"), Line(1, "M210 25H220M230 62.5H240")),
        gaps=EARLIER,
        table=(
            ("Hour from", "Half took at most", "95 percent took at most"),
            *rows(
                ("-", "-"), ("2.5 s", "45 s"), ("-", "-"), ("0.4 s", "1 min 30 s"), none=("-", "-")
            ),
        ),
    )


def test_calls_are_stacked_by_class() -> None:
    """Before the first call that is known there is a gap; calls that are only leased do not count."""
    calls = state({0: (4, 0, 1, 0), 2: (0, 2, 0, 3), -5: (20, 0, 0, 0)})

    assert calls_chart("HubSpot", calls, NOW) == Chart(
        title="Calls to HubSpot per hour",
        summary="10 in all; most in the hour from 10:00: 5.",
        series=("live", "retry", "sweep", "backfill"),
        top="5",
        since="2026-11-01 12:00 UTC",
        until="now",
        width=250,
        bars=(
            Bar(0, 241, 20.0, 8, 80.0),
            Bar(1, 221, 60.0, 8, 40.0),
            Bar(2, 241, 0.0, 8, 20.0),
            Bar(3, 221, 0.0, 8, 60.0),
        ),
        gaps=(*EARLIER, 210),
        table=(
            ("Hour from", "Live", "Retry", "Sweep", "Backfill"),
            *rows(("4", "0", "1", "0"), ("0",) * 4, ("0", "2", "0", "3"), none=("-",) * 4),
        ),
    )


def test_without_figures_charts_say_so() -> None:
    """Nothing is drawn, and every hour is a gap."""
    every = tuple(range(0, 250, 10))
    shown = [changes_chart({}, frozenset(), NOW), lag_chart({}, frozenset(), NOW)]
    shown.append(calls_chart("HubSpot", state({}), NOW))

    assert [(one.summary, one.bars, one.gaps) for one in shown] == [
        ("None in 24 hours.", (), every),
        ("No change in 24 hours.", (), every),
        ("None in 24 hours.", (), every),
    ]
    assert [line.path for line in shown[1].lines] == ["", ""]


def test_crmsync_was_at_work_where_it_called_a_crm() -> None:
    """Whichever it was."""
    assert hours_at_work([state({0: (1, 0, 0, 0), 1: (0,) * 4}), state({3: (0, 0, 2, 0)})]) == {
        THIS,
        THIS - 3,
    }
