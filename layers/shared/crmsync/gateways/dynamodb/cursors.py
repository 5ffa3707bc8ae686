"""How far each sweep has read, in the state table.

    pk           sk       attributes
    cursor#acme  contact  since (ISO 8601, UTC),
                          seen (compressed JSON: record -> milliseconds), version

`seen` is compressed because it may hold thousands of records after a burst, and every save is
charged by size. Only the newest records are kept.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable, Item, Key, same_version
from crmsync.ports.stores import Cursor
from crmsync.rules.timing.sweeps import newest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class CursorTable:
    """Implements `Cursors` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The sweep's cursor")

    def load(self, connection: str, name: str) -> Cursor | None:
        """The cursor, strongly consistent, or None before the first sweep. Raises `TryAgain`."""
        item = self._table.get(_key(connection, name))
        return None if item is None else _cursor(item)

    def load_many(self, connection: str, names: Sequence[str]) -> Mapping[str, Cursor]:
        """The cursors that there are, by name, strongly consistent. Raises `TryAgain`."""
        items = self._table.get_many(_key(connection, name) for name in names)
        return {name: _cursor(item) for (_, name), item in items.items()}

    def save(self, connection: str, name: str, cursor: Cursor) -> None:
        """Store a cursor, unless another sweep has stored one since `cursor` was loaded: then that
        one stays. Raises `TryAgain`.
        """
        attributes = {
            "since": {"S": cursor.since.isoformat()},
            "seen": {"B": _seen_bytes(cursor.seen)},
            "version": {"N": str(cursor.version + 1)},
        }
        with contextlib.suppress(ConditionFailed):
            self._table.put(_key(connection, name), attributes, **same_version(cursor.version))


def _cursor(item: Item) -> Cursor:
    return Cursor(
        since=datetime.fromisoformat(item["since"]["S"]),
        seen=_seen_from(item["seen"]["B"]),
        version=int(item["version"]["N"]),
    )


def _key(connection: str, name: str) -> Key:
    return f"cursor#{connection}", name


def _seen_bytes(seen: Mapping[str, datetime]) -> bytes:
    rows = {ref: (at - _EPOCH) // _MS for ref, at in newest(seen).items()}
    return zlib.compress(json.dumps(rows, separators=(",", ":"), sort_keys=True).encode())


def _seen_from(raw: bytes) -> dict[str, datetime]:
    return {ref: _EPOCH + ms * _MS for ref, ms in json.loads(zlib.decompress(raw)).items()}
