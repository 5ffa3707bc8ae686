"""The log of decided conflicts in the state table. It has ids and names of fields, and no values.

pk              sk                             attributes
conflicts#acme  2026-01-31T10:15:00.123456#7f  rows (JSON), expires_at
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from crmsync.gateways.dynamodb.table import DynamoTable
from crmsync.gateways.retry import chunks
from crmsync.model.conflicts import LoggedConflict
from crmsync.model.links import HISTORY_KEPT
from crmsync.model.moments import epoch_seconds
from crmsync.model.records import Ref
from crmsync.wire.rows.conflicts import conflicts_from_json, conflicts_to_json

PER_ITEM = 1_000
"""Conflicts in one item: some 100 KB, of the 400 that an item may have."""

READ = 10
"""Items in one call."""


class ConflictLog:
    """Keeps conflicts for as long as links keep their decisions."""

    def __init__(self, client: Any, table: str, *, new_id: Callable[[], str]) -> None:
        """Use the boto3 `client` ("dynamodb"); `new_id` makes a text that no other batch has."""
        self._table = DynamoTable(client, table, "The log of conflicts")
        self._new_id = new_id

    def add(self, connection: str, conflicts: Sequence[LoggedConflict], at: datetime) -> None:
        """Log what a batch has decided at a time (UTC); one write for a thousand conflicts. Raises
        `TryAgain`.
        """
        for part in chunks(list(conflicts), PER_ITEM):
            self._table.put(
                (_partition(connection), f"{at:%Y-%m-%dT%H:%M:%S.%f}#{self._new_id()}"),
                {
                    "rows": {"S": conflicts_to_json(part)},
                    "expires_at": {"N": str(epoch_seconds(at + HISTORY_KEPT))},
                },
            )

    def newest(
        self, connection: str, until: str = ""
    ) -> Iterator[tuple[str, Sequence[LoggedConflict]]]:
        """The items of a connection with their keys, newest first; `until` is the key of the first
        one, "" for the newest. They are read ten at a time, when they are needed. Raises
        `TryAgain`.
        """
        items = self._table.query(
            _partition(connection),
            KeyConditionExpression="pk = :pk AND sk <= :until",
            ExpressionAttributeValues={
                ":pk": {"S": _partition(connection)},
                ":until": {"S": until or "9"},
            },
            ScanIndexForward=False,
            ConsistentRead=False,
            Limit=READ,
        )
        for item in items:
            key = item["sk"]["S"]
            yield key, conflicts_from_json(item["rows"]["S"], _at(key))

    def forget(self, connection: str, contacts: Collection[Ref]) -> None:
        """Remove the conflicts of HubSpot contacts that were deleted for privacy (CH-9). Reads the
        whole log of the connection. Raises `TryAgain`.
        """
        items = self._table.query(
            _partition(connection),
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _partition(connection)}},
        )
        for item in items:
            place = (_partition(connection), item["sk"]["S"])
            logged = conflicts_from_json(item["rows"]["S"], _at(place[1]))
            kept = [one for one in logged if one.hubspot not in contacts]
            if not kept:
                self._table.delete(place)
            elif len(kept) < len(logged):
                rows = {"rows": {"S": conflicts_to_json(kept)}, "expires_at": item["expires_at"]}
                self._table.put(place, rows)


def _partition(connection: str) -> str:
    return f"conflicts#{connection}"


def _at(key: str) -> datetime:
    """When an item was logged (UTC)."""
    return datetime.fromisoformat(f"{key.partition('#')[0]}+00:00")
