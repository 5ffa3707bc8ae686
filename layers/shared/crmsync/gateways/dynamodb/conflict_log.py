"""The last conflicts of each pair, in the state table: field names, policies and winners, no
values.

    pk                               sk        attributes
    settled#acme#hubspot:contact:81  settled   rows (JSON, newest first), expires_at (30 days after the newest)

One item per pair, so that a busy connection meets no hot partition. Only pairs that had a conflict
are read and written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmsync.gateways.dynamodb.table import DynamoTable, Key
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.conflicts import KEPT, ResolvedConflict, kept
from crmsync.model.records import Ref, Side

_SORT = "settled"


class ConflictLogTable:
    """Implements `ConflictLog` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str, patience: RetryPolicy | None = None) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._items = DynamoTable(client, table, "The ledger of conflicts", patience)

    def note(self, connection: str, settled: Mapping[Ref, Sequence[ResolvedConflict]]) -> None:
        """As the port says: a read and a write per pair, in batches. Raises `TryAgain`."""
        news = {ref: rows for ref, rows in settled.items() if rows}
        before = self.last(connection, news)
        self._items.put(
            {
                _key(connection, ref): _attributes(kept(before.get(ref, ()), rows))
                for ref, rows in news.items()
            }
        )

    def last(
        self, connection: str, refs: Iterable[Ref]
    ) -> Mapping[Ref, tuple[ResolvedConflict, ...]]:
        """As the port says, strongly consistent; DynamoDB may take two days more to forget an item.
        Raises `TryAgain`.
        """
        by_key = {_key(connection, ref): ref for ref in refs}
        return {by_key[key]: _rows(item) for key, item in self._items.many(by_key).items()}

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """As the port says. Raises `TryAgain`."""
        self._items.delete(_key(connection, ref) for ref in refs)


def _key(connection: str, ref: Ref) -> Key:
    return f"settled#{connection}#{ref}", _SORT


def _attributes(rows: Sequence[ResolvedConflict]) -> dict[str, Any]:
    told = [
        [one.at.isoformat(), one.hubspot, one.salesforce, one.policy, one.winner] for one in rows
    ]
    expires = int((rows[0].at + KEPT).timestamp())
    return {"rows": {"S": json.dumps(told)}, "expires_at": {"N": str(expires)}}


def _rows(item: Mapping[str, Any]) -> tuple[ResolvedConflict, ...]:
    return tuple(
        ResolvedConflict(
            datetime.fromisoformat(at),
            hubspot,
            salesforce,
            policy,
            Side(winner) if winner else None,
        )
        for at, hubspot, salesforce, policy, winner in json.loads(item["rows"]["S"])
    )
