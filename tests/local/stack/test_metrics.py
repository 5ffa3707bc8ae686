"""CloudWatch on the laptop: figures from the lines that functions print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from local.stack.metrics import Metrics

HOUR = 3_600
NOON = 497_868 * HOUR


class Output:
    """What a function has printed."""

    text = ""

    def since(self, _function: str, start: int) -> tuple[str, int]:
        """What it has printed from a byte on, and where the next line begins."""
        return self.text[start:], len(self.text)

    def print(self, at: int, values: float | Sequence[float], **dimensions: str) -> None:
        """Print a line with values of a metric at a time."""
        directive = {
            "Namespace": "crmsync",
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": "Lag", "Unit": "Seconds"}],
        }
        stamp = {"Timestamp": at * 1000 + 999, "CloudWatchMetrics": [directive]}
        self.text += json.dumps({"_aws": stamp, **dimensions, "Lag": values}) + "\n"


def asked(metrics: Metrics, *statistics: str, **more: Any) -> list[tuple[list[int], list[float]]]:
    """The times and values of a metric in periods of an hour."""
    answer = requested(metrics, *statistics, **more)
    return [(one["Timestamps"], one["Values"]) for one in answer["MetricDataResults"]]


def requested(metrics: Metrics, *statistics: str, period: int = HOUR, **more: Any) -> Any:
    """The answer to a request for statistics of a connection."""
    metric = {
        "Namespace": "crmsync",
        "MetricName": "Lag",
        "Dimensions": [{"Name": "connection", "Value": "acme"}],
    }
    queries = [
        {"Id": f"q{at}", "MetricStat": {"Metric": metric, "Period": period, "Stat": one}}
        for at, one in enumerate(statistics)
    ]
    given = {"MetricDataQueries": queries, "StartTime": NOON, "EndTime": NOON + 2 * HOUR, **more}
    return json.loads(metrics.answer("GetMetricData", json.dumps(given).encode()).body)


def test_values_are_put_together_by_period() -> None:
    """Those of the same metric and dimensions, the newest period first; an array counts as its
    values, and a period without any has no point. The end is left out.
    """
    output = Output()
    metrics = Metrics(["sync"], output.since)
    output.text = 'START\n{"message": "no metrics"}\n'
    output.print(NOON - 1, 1_000, connection="acme")
    output.print(NOON, [1, 2, 3, 4], connection="acme")
    output.print(NOON + 10, 90, connection="beta")
    output.print(NOON + HOUR + 1, 7, connection="acme")
    first = asked(metrics, "SampleCount", "p50", "p95", "Average")
    output.print(NOON + HOUR + 2, 9, connection="acme")
    output.print(NOON + 2 * HOUR, 1_000, connection="acme")

    both = [NOON + HOUR, NOON]
    assert first == [(both, [1, 4]), (both, [7, 2]), (both, [7, 4]), (both, [7, 2.5])]
    assert asked(metrics, "Sum", ScanBy="TimestampAscending") == [([NOON, NOON + HOUR], [10, 16])]


@pytest.mark.parametrize(
    ("statistics", "more", "message"),
    [
        (["tm90"], {}, "the laptop stack does not know the statistic tm90"),
        (["p50"], {"period": 90}, "a period is a number of whole minutes, not 90 seconds"),
        (
            ["p50"],
            {"EndTime": NOON},
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
        (
            [],
            {"MetricDataQueries": [{"Id": "a", "Expression": "b / c"}]},
            "the laptop stack knows queries of one metric, and no expressions",
        ),
    ],
)
def test_what_is_not_known_is_refused(
    statistics: list[str], more: dict[str, Any], message: str
) -> None:
    """With a sentence, as CloudWatch refuses what it does not take."""
    output = Output()
    output.print(NOON, 1, connection="acme")
    refused = requested(Metrics(["sync"], output.since), *statistics, **more)

    assert refused == {"__type": "ValidationError", "message": message}


def test_other_operations_are_refused() -> None:
    """Only figures can be read."""
    reply = Metrics([], Output().since).answer("PutMetricData", b"{}")

    assert (reply.status, json.loads(reply.body)["message"]) == (
        400,
        "the laptop stack does not know PutMetricData",
    )
