"""When a day's calls will be used up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.operations.calls import CallClass, DailyCalls
from crmsync.rules.timing.call_counts import hour_of
from crmsync.rules.timing.call_forecast import CallForecast, forecast
from crmsync.rules.timing.call_state import CallState
from tests.builders import NOON

HOUR = timedelta(hours=1)
NOW = NOON + HOUR / 2
"""Half past twelve: two hours and a half of the three whose pace counts have passed."""

STEADY = {0: 50, 1: 100, 2: 100}
"""A hundred calls an hour."""


def calls(by_hour: dict[int, int], allotment: int = 0, day: DailyCalls | None = None) -> CallState:
    """So many live calls by hours ago, the hour that runs being 0, and the limits."""
    hours = {hour_of(NOW) - ago: (count, 0, 0, 0) for ago, count in by_hour.items()}
    own = {CallClass.LIVE: sum(by_hour.values())}
    return CallState(own, allotment, day, {}, None, None, hours)


def test_calls_at_a_steady_pace_are_used_up() -> None:
    """250 of 500 calls are used at a hundred an hour: the rest lasts for two hours and a half."""
    found = forecast(calls(STEADY, allotment=500), NOW, day_ends=False)

    assert found == CallForecast(500, is_own=True, pace=100, full_at=NOW + 2.5 * HOUR, percent=100)


def test_what_is_used_already_is_used_now() -> None:
    """More than the allotment: it was lowered, or a lease had begun."""
    found = forecast(calls(STEADY, allotment=250), NOW, day_ends=False)

    assert found == CallForecast(250, is_own=True, pace=100, full_at=NOW, percent=100)


def test_calls_of_a_day_ago_make_room() -> None:
    """At one o'clock the 900 calls of the hour of a day ago leave the count, before which there are
    1,200. After that it grows by a hundred an hour, up to 2,500 until today's make room as well.
    """
    found = forecast(calls({**STEADY, 24: 900}, allotment=4_000), NOW, day_ends=False)

    assert found == CallForecast(4_000, is_own=True, pace=100, full_at=None, percent=63)


def test_at_rest_the_present_use_is_the_highest() -> None:
    """Nobody has called for three hours: 300 of 1,000 stay used, until they leave the count."""
    found = forecast(calls({0: 0, 5: 300}, allotment=1_000), NOW, day_ends=False)

    assert found == CallForecast(1_000, is_own=True, pace=0, full_at=None, percent=30)


def test_other_clients_of_a_rolling_day_go_on() -> None:
    """450 of the 700 calls are theirs and stay so; ours grow to 2,500."""
    found = forecast(calls(STEADY, day=DailyCalls(700, 5_000)), NOW, day_ends=False)

    assert found == CallForecast(5_000, is_own=False, pace=100, full_at=None, percent=59)


def test_nothing_leaves_a_day_that_ends_at_midnight() -> None:
    """Which midnight is not known: 300 calls of the day, and 2,400 more within 24 hours."""
    state = calls({**STEADY, 24: 900}, day=DailyCalls(300, 5_000))

    assert forecast(state, NOW, day_ends=True) == CallForecast(
        5_000, is_own=False, pace=100, full_at=None, percent=54
    )


def test_the_limit_that_is_reached_first_counts() -> None:
    """Of two that are reached; or else the one that comes nearest."""
    day = DailyCalls(800, 1_000)
    first = forecast(calls(STEADY, 500, day), NOW, day_ends=False)
    nearest = forecast(calls(STEADY, 100_000, DailyCalls(250, 10_000)), NOW, day_ends=False)

    assert first == CallForecast(1_000, is_own=False, pace=100, full_at=NOW + 2 * HOUR, percent=100)
    assert nearest == CallForecast(10_000, is_own=False, pace=100, full_at=None, percent=25)


def test_the_pace_of_a_new_connection_is_that_of_its_hours() -> None:
    """Fifty calls since noon, half an hour ago, are a hundred an hour."""
    found = forecast(calls({0: 50}, allotment=200), NOW, day_ends=False)

    assert found == CallForecast(200, is_own=True, pace=100, full_at=NOW + 1.5 * HOUR, percent=100)


def test_what_is_leased_and_not_made_yet_is_used_but_sets_no_pace() -> None:
    """Twenty calls are leased until six o'clock, and those of this hour set the pace."""
    found = forecast(calls({0: 50, -6: 20}, allotment=270), NOW, day_ends=False)

    assert found == CallForecast(270, is_own=True, pace=100, full_at=NOW + 2 * HOUR, percent=100)


@pytest.mark.parametrize(
    ("state", "minutes"),
    [
        (calls({}, allotment=100), 0),
        (calls({0: 9}, allotment=100), -1),
        (calls(STEADY), 0),
        (calls({-6: 20}, 100), 0),
    ],
)
def test_there_is_no_forecast_without_a_pace_and_a_limit(state: CallState, minutes: int) -> None:
    """No calls, calls of less than half an hour, or no limit that is known."""
    assert forecast(state, NOW + minutes * HOUR / 60, day_ends=False) is None
