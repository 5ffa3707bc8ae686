"""How many changes there were lately: what can be read, and what is said where it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from crmsync.errors import TryAgain
from crmsync.flows.operator.health.throughput import Hours, Throughput, ThroughputReader
from crmsync.model.operations.throughput import HourOfChanges
from tests.builders import NOON

FOUND = {"acme": {497_868: HourOfChanges(3, 1.0, 2.0)}}


def test_the_last_day_is_read() -> None:
    """Of all connections at once; without any, nothing is read."""
    asked: list[tuple[Sequence[str], datetime, datetime]] = []

    def read(names: Sequence[str], since: datetime, until: datetime) -> Hours:
        asked.append((names, since, until))
        return FOUND

    reader = ThroughputReader(read)

    assert reader.last_day(["acme"], NOON) == Throughput(FOUND)
    assert reader.last_day([], NOON) == Throughput({})
    assert asked == [(["acme"], NOON - timedelta(days=1), NOON)]


def test_a_failure_becomes_a_sentence() -> None:
    """So that the rest is shown, with what the role needs."""

    def read(_names: Sequence[str], _since: datetime, _until: datetime) -> Hours:
        raise TryAgain("CloudWatch could not be reached (ConnectTimeoutError).")

    assert ThroughputReader(read).last_day(["acme"], NOON) == Throughput(
        {},
        "CloudWatch could not be reached (ConnectTimeoutError). The console's role needs "
        "cloudwatch:GetMetricData and a way to CloudWatch; the figures are kept and show again by "
        "themselves.",
    )
