"""The latest conflicts of each pair, in the state table: field names, policies and winners.

    pk                               sk        attributes
    settled#acme#hubspot:contact:81  settled   rows (JSON, newest first),
                                               expires_at (30 days after the newest)

Values are not stored. One item per pair, so that a busy connection has no hot partition. Only pairs
that had a conflict are read and written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmsync.gateways.dynamodb.table import DynamoTable, Item, Key
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.conflicts import KEPT, ResolvedConflict, kept
from crmsync.model.moments import epoch_seconds
from crmsync.model.records import Ref, Side


class ConflictLogTable:
    """Implements `ConflictLog` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str, retry_policy: RetryPolicy | None = None) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The conflict log", retry_policy)

    def note(self, connection: str, settled: Mapping[Ref, Sequence[ResolvedConflict]]) -> None:
        """Add conflicts to what is known of their pairs: a read and a write per pair, in batches.

        Raises `TryAgain`.
        """
        new = {ref: rows for ref, rows in settled.items() if rows}
        before = self.last(connection, new)
        self._table.put_many(
            {
                _key(connection, ref): _attributes(kept(before.get(ref, ()), rows))
                for ref, rows in new.items()
            }
        )

    def last(
        self, connection: str, refs: Iterable[Ref]
    ) -> Mapping[Ref, tuple[ResolvedConflict, ...]]:
        """The latest conflicts of pairs, newest first, strongly consistent. Raises `TryAgain`.

        DynamoDB may take two more days to delete an item that has expired.
        """
        by_key = {_key(connection, ref): ref for ref in refs}
        return {by_key[key]: _rows(item) for key, item in self._table.get_many(by_key).items()}

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """Delete what is known of pairs. Raises `TryAgain`."""
        self._table.delete_many(_key(connection, ref) for ref in refs)


def _key(connection: str, ref: Ref) -> Key:
    return f"settled#{connection}#{ref}", "settled"


def _attributes(rows: Sequence[ResolvedConflict]) -> Item:
    cells = [
        [row.at.isoformat(), row.hubspot, row.salesforce, row.policy, row.winner] for row in rows
    ]
    expires = epoch_seconds(rows[0].at + KEPT)
    return {"rows": {"S": json.dumps(cells)}, "expires_at": {"N": str(expires)}}


def _rows(item: Item) -> tuple[ResolvedConflict, ...]:
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
