"""The changes of the last hours, read from CloudWatch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import TryAgain
from crmsync.gateways.aws.metrics import KEPT, RecentChanges
from crmsync.model.operations.throughput import HourOfChanges
from crmsync.rules.timing.call_counts import hour_of
from tests.builders import NOON
from tests.gateways.scripted import Response, aws_client, script

HOUR = hour_of(NOON)
SECONDS = NOON.timestamp()
SINCE = NOON - timedelta(days=1, minutes=20)


def result(what: str, *values: tuple[float, float], status: str = "Complete") -> dict[str, Any]:
    """CloudWatch's values of one query, each with its time."""
    times, found = [at for at, _ in values], [value for _, value in values]
    return {"Id": what, "Label": "-", "Timestamps": times, "Values": found, "StatusCode": status}


def answered(*results: dict[str, Any], more: str = "") -> Response:
    """A page of an answer; `more` leads to the next one."""
    return Response({"MetricDataResults": results} | ({"NextToken": more} if more else {}))


def reader(url: str, ticks: Callable[[], float] = lambda: 0.0) -> RecentChanges:
    """A reader of the stack ``crmsync-prod``."""
    return RecentChanges(lambda: aws_client(url, "cloudwatch"), "crmsync-prod", ticks=ticks)


def test_all_connections_are_read_in_one_request() -> None:
    """Three statistics of each by whole hours, however the answer is cut into pages; an hour
    without changes is missing.
    """
    first = answered(result("count_0", (SECONDS, 12.0)), result("p50_0", (SECONDS, 1.5)), more="x")
    rest = answered(result("p95_0", (SECONDS, 20.25)), *[result(f"{one}_1") for one in _ALL])
    with script(first, rest) as aws:
        found = reader(aws.url).read(["acme", "beta"], SINCE, NOON)

    body = aws.requests[0].body
    assert found == {"acme": {HOUR: HourOfChanges(12, 1.5, 20.25)}, "beta": {}}
    assert (len(aws.requests), len(body["MetricDataQueries"])) == (2, 6)
    assert body["MetricDataQueries"][4] == {
        "Id": "p50_1",
        "MetricStat": {
            "Metric": {
                "Namespace": "crmsync",
                "MetricName": "ChangeLagSeconds",
                "Dimensions": [
                    {"Name": "connection", "Value": "beta"},
                    {"Name": "stack", "Value": "crmsync-prod"},
                ],
            },
            "Period": 3600,
            "Stat": "p50",
        },
    }
    assert _times(body) == [NOON - timedelta(days=1, hours=1), NOON]


_ALL = ("count", "p50", "p95")


def _times(body: dict[str, Any]) -> list[datetime]:
    return [datetime.fromtimestamp(body[one], NOON.tzinfo) for one in ("StartTime", "EndTime")]


def test_for_a_minute_nothing_is_asked_again() -> None:
    """Not even after a failure, because a page waits for it. Other connections are other
    questions.
    """
    time = [0.0]
    failure = Response({"__type": "ThrottlingException", "message": "-"}, 400)
    with script(failure, answered(), answered()) as aws:
        changes = reader(aws.url, lambda: time[0])
        for at in (0.0, KEPT - 1):
            time[0] = at
            with pytest.raises(TryAgain) as caught:
                changes.read(["acme"], SINCE, NOON)
            assert caught.value.code == "ThrottlingException"
        time[0] = KEPT
        assert changes.read(["acme"], SINCE, NOON) == changes.read(["acme"], SINCE, NOON)
        assert changes.read(["beta"], SINCE, NOON) == {"beta": {}}

    assert len(aws.requests) == 3


def test_half_an_answer_is_none() -> None:
    """CloudWatch may answer a query with an error inside; its hours would look empty."""
    partly = answered(result("count_0", status="InternalError"))
    with script(partly) as aws, pytest.raises(TryAgain) as caught:
        reader(aws.url).read(["acme"], SINCE, NOON)

    assert str(caught.value) == "CloudWatch could not do it now (InternalError)."
