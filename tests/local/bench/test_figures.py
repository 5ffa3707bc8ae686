"""A figure is one entry of a JSON object, and a percentile is one of the measured values."""

from __future__ import annotations

import json

import pytest

from local.bench.figures import Figure, as_json, percentile


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
