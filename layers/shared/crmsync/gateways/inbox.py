"""The error inbox in the state table: the newest report per record that does not sync.

    pk               sk                      attributes
    inbox#acme       hubspot:contact:81      category, text, field, hint, because, waits (whom it waits for), first, last (ISO 8601, UTC)

No personal data is stored: reports have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws_errors import aws_error
from crmsync.gateways.throttle import Patience, chunks
from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side

DELETE_BATCH = 25
THREADS = 8

_WORDS = {
    "#c": "category",
    "#t": "text",
    "#f": "field",
    "#h": "hint",
    "#b": "because",
    "#w": "waits",
    "#n": "first",
    "#l": "last",
}
_KEEP = "SET #c = :c, #t = :t, #f = :f, #h = :h, #b = :b, #w = :w, #l = :now, #n = if_not_exists(#n, :now)"


class InboxTable:
    """Implements `Inbox` on a table with the keys `pk` and `sk`."""

    def __init__(
        self, client: Any, table: str, *, now: Callable[[], datetime], patience: Patience | None = None
    ) -> None:
        """Use the boto3 `client` ("dynamodb"); `now` gives the time (UTC) at which a report was seen."""
        self._client = client
        self._table = table
        self._now = now
        self._patience = patience or Patience()

    def park(self, connection: str, reports: Sequence[Report]) -> None:
        """Keep the newest report per record, with the time of the first one. Raises `TryAgain`."""
        newest = list({report.ref: report for report in reports}.values())
        if not newest:
            return
        with ThreadPoolExecutor(min(THREADS, len(newest))) as pool:
            for _ in pool.map(lambda report: self._park(connection, report), newest):
                pass

    def clear(self, connection: str, refs: Iterable[Ref]) -> None:
        """Forget reports. Looks first which there are, in one read for the whole batch, so that a batch without any writes nothing."""
        wanted = {str(ref) for ref in refs}
        if not wanted:
            return
        parked = [key for key in self._keys(connection) if key in wanted]
        for part in chunks(parked, DELETE_BATCH):
            self._delete(connection, part)

    def waiting_for(self, connection: str, refs: Iterable[Ref]) -> Sequence[Ref]:
        """Who waits for one of these, in one read. Raises `TryAgain`."""
        wanted = set(refs)
        if not wanted:
            return []
        rows = self._query(connection, ProjectionExpression="sk, waits")
        return [_ref(row["sk"]["S"]) for row in rows if wanted & set(_waits(row))]

    def parked(self, connection: str) -> Sequence[Report]:
        """Every report that stands, oldest first. Raises `TryAgain`."""
        rows = sorted(self._query(connection), key=lambda row: (row["first"]["S"], row["sk"]["S"]))
        return [_report(row) for row in rows]

    def _park(self, connection: str, report: Report) -> None:
        values = {
            ":c": {"S": str(report.category)},
            ":t": {"S": report.text},
            ":f": {"S": report.fieldname},
            ":h": {"S": report.hint},
            ":b": {"S": " ".join(report.because)},
            ":w": {"S": " ".join(map(str, report.waits_for))},
            ":now": {"S": self._now().isoformat()},
        }
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(connection, str(report.ref)),
                UpdateExpression=_KEEP,
                ExpressionAttributeNames=_WORDS,
                ExpressionAttributeValues=values,
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The error inbox") from None

    def _keys(self, connection: str) -> Iterator[str]:
        return (row["sk"]["S"] for row in self._query(connection, ProjectionExpression="sk"))

    def _query(self, connection: str, **options: Any) -> Iterator[Mapping[str, Any]]:
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": _partition(connection)}},
            "ConsistentRead": True,
            **options,
        }
        while True:
            try:
                page = self._client.query(**request)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, "The error inbox") from None
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _delete(self, connection: str, keys: list[str]) -> None:
        left: Mapping[str, Any] = {
            self._table: [{"DeleteRequest": {"Key": _key(connection, key)}} for key in keys],
        }
        attempt = 1
        while True:
            try:
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, "The error inbox") from None
            if not left:
                return
            if not self._patience.wait(attempt):
                raise TryAgain("The error inbox is busy.", after=5, code="UnprocessedItems")
            attempt += 1


def _partition(connection: str) -> str:
    return f"inbox#{connection}"


def _key(connection: str, ref: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": _partition(connection)}, "sk": {"S": ref}}


def _report(row: Mapping[str, Any]) -> Report:
    return Report(
        ref=_ref(row["sk"]["S"]),
        category=Category(row["category"]["S"]),
        text=row["text"]["S"],
        fieldname=row["field"]["S"],
        hint=row["hint"]["S"],
        because=tuple(row["because"]["S"].split()),
        waits_for=_waits(row),
    )


def _waits(row: Mapping[str, Any]) -> tuple[Ref, ...]:
    return tuple(map(_ref, row.get("waits", {"S": ""})["S"].split()))


def _ref(text: str) -> Ref:
    side, name, identifier = text.split(":", 2)
    return Ref(Side(side), name, identifier)
