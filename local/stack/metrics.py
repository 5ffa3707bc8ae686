"""CloudWatch's metrics on the laptop: what the functions print in the embedded metric format, and
GetMetricData about it.

Law: the lines that functions really print are the only source, and they are read when somebody
asks. What is not known here is refused with a sentence. Facts: docs/vendors.md#aws-metrics; the
rank of a percentile is not documented, and here it is the nearest one [M].
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from local.stack.dynamodb.tables import Reply

SERVICE = "monitoring"
"""The name with which calls to CloudWatch are signed."""

Series = tuple[str, str, frozenset[tuple[str, str]]]
"""The namespace, the name and the dimensions of a metric."""

_SIMPLE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SampleCount": len,
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
}
_MINUTE = 60


class RefusedError(Exception):
    """CloudWatch, or the laptop, does not take the request."""


class Metrics:
    """The metrics of all functions of a deployment."""

    def __init__(
        self, functions: Iterable[str], output: Callable[[str, int], tuple[str, int]]
    ) -> None:
        """Take the names of functions, and what returns the whole lines that one has printed from a
        byte on, and where the next ones begin.
        """
        self._read_to = dict.fromkeys(functions, 0)
        self._output = output
        self._values: defaultdict[Series, list[tuple[int, float]]] = defaultdict(list)
        """Each value with its minute, in seconds since the epoch."""

    def answer(self, operation: str, body: bytes) -> Reply:
        """Return CloudWatch's answer to a request in its JSON protocol."""
        try:
            return _reply(200, self._data(operation, body))
        except RefusedError as refused:
            return _reply(400, {"__type": "ValidationError", "message": str(refused)})

    def _read(self) -> None:
        for name, start in self._read_to.items():
            text, self._read_to[name] = self._output(name, start)
            for line in text.splitlines():
                if line.startswith("{") and '"CloudWatchMetrics"' in line:
                    for series, at, value in values_of(json.loads(line)):
                        self._values[series].append((at, value))

    def _data(self, operation: str, body: bytes) -> Mapping[str, Any]:
        if operation != "GetMetricData":
            raise RefusedError(f"the laptop stack does not know {operation or 'this protocol'}")
        asked = json.loads(body)
        self._read()
        start, end = int(asked["StartTime"]) // _MINUTE * _MINUTE, int(asked["EndTime"])
        if start >= end:
            raise RefusedError("The parameter StartTime must be less than the parameter EndTime.")
        is_up = asked.get("ScanBy") == "TimestampAscending"
        return {
            "Messages": [],
            "MetricDataResults": [
                self._result(query, start, end, is_up=is_up)
                for query in asked["MetricDataQueries"]
                if query.get("ReturnData", True)
            ],
        }

    def _result(
        self, query: Mapping[str, Any], start: int, end: int, *, is_up: bool
    ) -> dict[str, Any]:
        if "MetricStat" not in query:
            raise RefusedError("the laptop stack knows queries of one metric, and no expressions")
        asked = query["MetricStat"]
        metric, period = asked["Metric"], int(asked["Period"])
        if period % _MINUTE or not period:
            raise RefusedError(f"a period is a number of whole minutes, not {period} seconds")
        given = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
        values = self._values.get((metric["Namespace"], metric["MetricName"], given), ())
        periods: defaultdict[int, list[float]] = defaultdict(list)
        for at, value in values:
            if start <= at < end:
                periods[at - (at - start) % period].append(value)
        points = sorted(periods.items(), reverse=not is_up)
        return {
            "Id": query["Id"],
            "Label": query.get("Label", metric["MetricName"]),
            "Timestamps": [at for at, _ in points],
            "Values": [float(_statistic(asked["Stat"], found)) for _, found in points],
            "StatusCode": "Complete",
        }


def values_of(line: Mapping[str, Any]) -> Iterator[tuple[Series, int, float]]:
    """Yield the values of a line in the embedded metric format, each with its metric and its
    minute (seconds since the epoch).
    """
    at = int(line["_aws"]["Timestamp"]) // 1000 // _MINUTE * _MINUTE
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, str(line[name])) for name in names)
            for metric in directive["Metrics"]:
                found = line[metric["Name"]]
                for value in found if isinstance(found, list) else [found]:
                    yield (directive["Namespace"], metric["Name"], dimensions), at, value


def _statistic(name: str, values: Sequence[float]) -> float:
    if name in _SIMPLE:
        return _SIMPLE[name](values)
    percent = name.removeprefix("p")
    if not name.startswith("p") or not percent.isdigit():
        raise RefusedError(f"the laptop stack does not know the statistic {name}")
    return sorted(values)[max(0, -(-int(percent) * len(values) // 100) - 1)]


def _reply(status: int, content: Mapping[str, Any]) -> Reply:
    return Reply(
        status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(content).encode()
    )
