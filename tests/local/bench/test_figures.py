"""A figure is one entry of a JSON object, and a percentile is one of the measured values."""

from __future__ import annotations

import json

import pytest

from local.bench.figures import Figure, as_json, as_table, figure, percentile
from local.bench.goals import GOALS


def test_figures_are_printed_as_one_object() -> None:
    """The list has the name, value, goal and unit of each figure."""
    assert json.loads(as_json([Figure("webhook_service_ms", 7.5, "<= 8", "ms")])) == {
        "figures": [{"name": "webhook_service_ms", "value": 7.5, "goal": "<= 8", "unit": "ms"}]
    }


@pytest.mark.parametrize(("percent", "value"), [(50, 10.0), (95, 19.0), (100, 20.0), (1, 1.0)])
def test_a_percentile_is_the_nearest_rank(percent: int, value: float) -> None:
    """Of the values from 1 to 20, in any order, half lie at or below 10."""
    assert percentile([float(one) for one in range(20, 0, -1)], percent) == value


def test_no_values_have_no_percentile() -> None:
    """No values give no percentile but an error."""
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_the_table_begins_with_the_figures_that_miss_their_goal() -> None:
    """A figure that misses its goal stands above one that meets its own, and says so."""
    figures = [
        Figure("webhook_service_ms", 7.5, "<= 8", "ms"),
        Figure("memory_mib_1000", 103, None, "MiB"),
        Figure("planner_contacts_per_second", 4400, ">= 20000", "contacts/s"),
    ]
    assert as_table(figures).splitlines() == [
        "figure                       value  goal      unit",
        "planner_contacts_per_second  4,400  >= 20000  contacts/s  missed",
        "webhook_service_ms             7.5  <= 8      ms",
        "memory_mib_1000                103            MiB",
    ]


@pytest.mark.parametrize(
    ("name", "met", "missed"),
    [("webhook_ratio", 1.3, 1.31), ("backfill_share", 0.95, 0.94)],
)
def test_a_goal_is_the_most_or_the_least(name: str, met: float, missed: float) -> None:
    """The value of the goal itself still meets it."""
    assert figure(name, met, 2).is_met
    assert not figure(name, missed, 2).is_met


def test_a_figure_without_a_goal_misses_none() -> None:
    """A figure that is only published cannot miss a goal."""
    assert figure("memory_mib_1000", 1e9).is_met


def test_every_goal_can_be_read() -> None:
    """Each goal in the table is a comparison and a number, or absent."""
    bounds = [goal.limit.split() for goal in GOALS.values() if goal.limit]
    assert {sign for sign, _ in bounds} == {"<=", ">="}
    assert all(float(limit) >= 0 for _, limit in bounds)


def test_a_figure_without_an_entry_is_an_error() -> None:
    """Only the cold starts, one for each function, need no entry of their own."""
    assert figure("cold_start_ms_contact_sync", 400.4) == Figure(
        "cold_start_ms_contact_sync", 400, None, "ms"
    )
    with pytest.raises(KeyError):
        figure("made_up", 1)
