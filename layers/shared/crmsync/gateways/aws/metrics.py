"""What the functions have measured, read from CloudWatch.

Law: one call for all connections, and none for a minute after it: CloudWatch has hardly newer
figures, and people open one page after the other. A page waits for the call, so what went wrong is
kept as long. Facts: docs/vendors.md#aws-metrics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import SyncError, TryAgain
from crmsync.gateways.aws.errors import aws_error
from crmsync.model.operations.throughput import HourOfChanges
from crmsync.rules.timing.call_counts import hour_of, start_of

KEPT = 60.0
"""Seconds for which CloudWatch is not asked again."""

_HOUR = 3600
_STATISTICS = {"count": "SampleCount", "p50": "p50", "p95": "p95"}
_CONNECTIONS = 150
"""The most connections of a call, which takes 500 queries."""

_UNANSWERED = frozenset({"InternalError", "Forbidden"})

Hours = Mapping[str, Mapping[int, HourOfChanges]]
"""Connection -> hour since the epoch -> its changes; hours without any are missing."""


class RecentChanges:
    """The changes of the last hours by connection, as they were up to a minute ago."""

    def __init__(
        self, cloudwatch: Callable[[], Any], stack: str, *, ticks: Callable[[], float]
    ) -> None:
        """`cloudwatch` makes a boto3 client when it is first needed; `ticks` counts seconds."""
        self._cloudwatch = cloudwatch
        self._stack = stack
        self._ticks = ticks
        self._kept: dict[tuple[str, ...], tuple[float, Hours | SyncError]] = {}

    def read(self, connections: Sequence[str], since: datetime, until: datetime) -> Hours:
        """The changes from the hour of one time to another (UTC). Raises `SyncError`."""
        names = tuple(connections)
        kept = self._kept.get(names)
        if kept is None or self._ticks() - kept[0] >= KEPT:
            kept = self._kept[names] = (self._ticks(), self._tried(names, since, until))
        if isinstance(kept[1], SyncError):
            raise kept[1]
        return kept[1]

    def _tried(self, names: Sequence[str], since: datetime, until: datetime) -> Hours | SyncError:
        try:
            return self._read(names, since, until)
        except SyncError as error:
            return error

    def _read(self, names: Sequence[str], since: datetime, until: datetime) -> Hours:
        values: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
        for start in range(0, len(names), _CONNECTIONS):
            some = names[start : start + _CONNECTIONS]
            for result in self._results(some, since, until):
                what, _, number = result["Id"].partition("_")
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    values[some[int(number)], hour_of(at)][what] = value
        found: dict[str, dict[int, HourOfChanges]] = {name: {} for name in names}
        for (name, hour), one in values.items():
            if len(one) == len(_STATISTICS):
                found[name][hour] = HourOfChanges(round(one["count"]), one["p50"], one["p95"])
        return found

    def _results(
        self, names: Sequence[str], since: datetime, until: datetime
    ) -> Iterator[Mapping[str, Any]]:
        queries = [
            {
                "Id": f"{what}_{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "crmsync",
                        "MetricName": "ChangeLagSeconds",
                        "Dimensions": [
                            {"Name": "connection", "Value": name},
                            {"Name": "stack", "Value": self._stack},
                        ],
                    },
                    "Period": _HOUR,
                    "Stat": statistic,
                },
            }
            for number, name in enumerate(names)
            for what, statistic in _STATISTICS.items()
        ]
        try:
            pages = self._cloudwatch().get_paginator("get_metric_data")
            for page in pages.paginate(
                MetricDataQueries=queries, StartTime=start_of(hour_of(since)), EndTime=until
            ):
                for result in page["MetricDataResults"]:
                    if result["StatusCode"] in _UNANSWERED:
                        code = result["StatusCode"]
                        raise TryAgain(f"CloudWatch could not do it now ({code}).", code=code)
                    yield result
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "CloudWatch") from None
