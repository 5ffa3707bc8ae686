"""How many calls each connection makes to its CRMs, in the state table.

    pk          sk          attributes
    calls#acme  salesforce  hours ("495683": calls of that hour by class), window and searches ("3":
                            calls by the tenth of a second from which they count), per_window, used,
                            allowed and known (a response's count of all clients, and when), closed
                            and probe (the day is used up), sweep (when a sweep would be due),
                            version, expires_at (three days after it was saved). Moments are ISO
                            8601, UTC.

One item per connection and CRM. It is saved with each lease of calls, not with each call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import (
    ConditionFailed,
    DynamoTable,
    Item,
    Key,
    same_version,
)
from crmsync.model.operations.calls import CallUsage, DailyCalls, KnownCalls
from crmsync.model.records import Side

KEPT = timedelta(days=3)
_HOUR = 3600


class CallUsageTable:
    """Implements `CallUsageStore` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The count of calls")

    def load(self, connection: str, side: Side, *, consistent: bool = True) -> CallUsage:
        """The usage; an empty one if nothing is stored. Raises `TryAgain`."""
        item = self._table.get(_key(connection, side), consistent=consistent)
        return CallUsage() if item is None else _usage(item)

    def save(self, connection: str, side: Side, usage: CallUsage) -> CallUsage | None:
        """Store a usage and answer it with its next version; None if another one was stored since
        it was loaded. Raises `TryAgain`.
        """
        stored = replace(usage, version=usage.version + 1)
        try:
            self._table.put(_key(connection, side), _item(stored), **same_version(usage.version))
        except ConditionFailed:
            return None
        return stored


def _key(connection: str, side: Side) -> Key:
    return f"calls#{connection}", str(side)


def _item(usage: CallUsage) -> Item:
    item: dict[str, Any] = {
        "hours": {
            "M": {
                str(hour): {"L": [{"N": str(one)} for one in calls]}
                for hour, calls in usage.hours.items()
            }
        },
        "window": _counts(usage.window),
        "searches": _counts(usage.searches),
        "per_window": {"N": str(usage.per_window)},
        "version": {"N": str(usage.version)},
    }
    if usage.hours:
        end = timedelta(seconds=(max(usage.hours) + 1) * _HOUR) + KEPT
        item["expires_at"] = {"N": str(round(end.total_seconds()))}
    if usage.known is not None:
        item["used"] = {"N": str(usage.known.calls.used)}
        item["allowed"] = {"N": str(usage.known.calls.allowed)}
    moments = {
        "known": usage.known.at if usage.known else None,
        "closed": usage.used_up_at,
        "probe": usage.probe_at,
        "sweep": usage.sweep_at,
    }
    return item | {name: {"S": at.isoformat()} for name, at in moments.items() if at is not None}


def _usage(item: Item) -> CallUsage:
    known = None
    if "known" in item:
        calls = DailyCalls(int(item["used"]["N"]), int(item["allowed"]["N"]))
        known = KnownCalls(calls, datetime.fromisoformat(item["known"]["S"]))
    return CallUsage(
        {
            int(hour): tuple(int(one["N"]) for one in calls["L"])
            for hour, calls in item["hours"]["M"].items()
        },
        _numbers(item["window"]),
        _numbers(item["searches"]),
        known,
        int(item["per_window"]["N"]),
        _moment(item, "closed"),
        _moment(item, "probe"),
        _moment(item, "sweep"),
        int(item["version"]["N"]),
    )


def _counts(counts: Mapping[int, int]) -> Mapping[str, Any]:
    return {"M": {str(key): {"N": str(count)} for key, count in counts.items()}}


def _numbers(attribute: Mapping[str, Any]) -> dict[int, int]:
    return {int(key): int(count["N"]) for key, count in attribute["M"].items()}


def _moment(item: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]["S"]) if name in item else None
