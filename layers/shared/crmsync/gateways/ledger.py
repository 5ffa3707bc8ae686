"""The last conflicts of each pair, in the state table: field names, policies and winners, no values.

    pk                               sk        attributes
    settled#acme#hubspot:contact:81  settled   rows (JSON, newest first), expires_at (30 days after the newest)

One item per pair, so that a busy connection meets no hot partition. Only pairs that had a conflict are read and written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws_errors import aws_error
from crmsync.gateways.throttle import Patience, chunks
from crmsync.model.records import Ref, Side
from crmsync.model.settlements import KEPT, Settlement, kept

READ_BATCH = 100
WRITE_BATCH = 25

_WHAT = "The ledger of conflicts"
_SORT = "settled"


class LedgerTable:
    """Implements `Ledger` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str, patience: Patience | None = None) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._patience = patience or Patience()

    def note(self, connection: str, settled: Mapping[Ref, Sequence[Settlement]]) -> None:
        """As the port says: a read and a write per pair, in batches. Raises `TryAgain`."""
        news = {ref: rows for ref, rows in settled.items() if rows}
        before = self.last(connection, news)
        items = [_item(connection, ref, kept(before.get(ref, ()), rows)) for ref, rows in news.items()]
        self._write([{"PutRequest": {"Item": item}} for item in items])

    def last(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, tuple[Settlement, ...]]:
        """As the port says, strongly consistent; DynamoDB may take two days more to forget an item. Raises `TryAgain`."""
        by_key = {_key(connection, ref)["pk"]["S"]: ref for ref in refs}
        found: dict[Ref, tuple[Settlement, ...]] = {}

        def read(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            answer = self._client.batch_get_item(RequestItems=asked)
            found.update((by_key[item["pk"]["S"]], _rows(item)) for item in answer["Responses"].get(self._table, ()))
            return answer.get("UnprocessedKeys") or {}

        for part in chunks(list(by_key.values()), READ_BATCH):
            keys = [_key(connection, ref) for ref in part]
            self._until_done({self._table: {"Keys": keys, "ConsistentRead": True}}, read)
        return found

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """As the port says. Raises `TryAgain`."""
        self._write([{"DeleteRequest": {"Key": _key(connection, ref)}} for ref in dict.fromkeys(refs)])

    def _write(self, requests: list[Mapping[str, Any]]) -> None:
        def write(left: Mapping[str, Any]) -> Mapping[str, Any]:
            return self._client.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}

        for part in chunks(requests, WRITE_BATCH):
            self._until_done({self._table: part}, write)

    def _until_done(self, left: Mapping[str, Any], call: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        attempt = 1
        while left:
            try:
                left = call(left)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, _WHAT) from None
            if left and not self._patience.wait(attempt):
                raise TryAgain(f"{_WHAT} is busy.", after=5, code="UnprocessedItems")
            attempt += 1


def _key(connection: str, ref: Ref) -> dict[str, Any]:
    return {"pk": {"S": f"settled#{connection}#{ref}"}, "sk": {"S": _SORT}}


def _item(connection: str, ref: Ref, rows: Sequence[Settlement]) -> dict[str, Any]:
    told = [[one.at.isoformat(), one.hubspot, one.salesforce, one.policy, one.winner] for one in rows]
    expires = int((rows[0].at + KEPT).timestamp())
    return {**_key(connection, ref), "rows": {"S": json.dumps(told)}, "expires_at": {"N": str(expires)}}


def _rows(item: Mapping[str, Any]) -> tuple[Settlement, ...]:
    return tuple(
        Settlement(datetime.fromisoformat(at), hubspot, salesforce, policy, Side(winner) if winner else None)
        for at, hubspot, salesforce, policy, winner in json.loads(item["rows"]["S"])
    )
