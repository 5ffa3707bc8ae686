"""Overwritten values in a table of their own, encrypted before they get there.

    pk    sk                                    attributes
    acme  2026-11-02T10:15:00.123456Z#7f3a#000  b (part of the batch, encrypted), n (parts in all),
                                                c (kind), k (data key, encrypted),
                                                expires_at (DynamoDB deletes the item)

A batch is packed, compressed and encrypted as a whole, then cut into as few items as possible.
Connection, kind, time and expiry are authenticated with it: an item copied to another key cannot be
decrypted. All times have the same length, so items sort by time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from crmsync.errors import Refused
from crmsync.gateways.aws.encryption import OpeningKeys, Sealed, SealingKeys
from crmsync.gateways.dynamodb.table import DynamoTable
from crmsync.model.moments import epoch_seconds
from crmsync.model.operations.overwritten import OverwrittenBatch
from crmsync.model.records import Kind
from crmsync.wire.rows.overwritten import pack, unpack

PART = 380_000
"""Bytes per part: an item may have 400 KB, names and keys included."""

_WHAT = "The table of overwritten values"


class OverwrittenKeeper:
    """Implements `OverwrittenStore`: only adds items, and needs no right to read or delete any."""

    def __init__(self, client: Any, table: str, keys: SealingKeys) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, _WHAT)
        self._keys = keys

    def keep(self, batch: OverwrittenBatch, last: timedelta) -> None:
        """Store a batch for the time `last`. Raises `TryAgain`."""
        at, expires = _text_of(batch.at), epoch_seconds(batch.at + last)
        bound = _bound(batch.connection, batch.kind, at, expires)
        sealed = self._keys.seal(pack(batch.pairs), bound, _context(batch.connection))
        parts = [sealed.text[start : start + PART] for start in range(0, len(sealed.text), PART)]
        name = f"{at}#{os.urandom(4).hex()}"
        for number, part in enumerate(parts):
            item = {
                "b": {"B": part},
                "n": {"N": str(len(parts))},
                "c": {"S": str(batch.kind)},
                "k": {"B": sealed.key},
                "expires_at": {"N": str(expires)},
            }
            self._table.put((batch.connection, f"{name}#{number:03}"), item)


class OverwrittenReader:
    """Implements `OverwrittenHistory`."""

    def __init__(self, client: Any, table: str, keys: OpeningKeys) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, _WHAT)
        self._keys = keys

    def since(self, connection: str, since: datetime, now: datetime) -> Iterator[OverwrittenBatch]:
        """The batches since a moment, oldest first, without those that are expired or incomplete.

        Raises `TryAgain`, and `Refused` for a batch that was changed after it was stored.
        """
        rows = self._table.query(
            connection,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues={":pk": {"S": connection}, ":since": {"S": _text_of(since)}},
        )
        for name, group in groupby(rows, key=lambda row: row["sk"]["S"].rpartition("#")[0]):
            parts = list(group)
            first = parts[0]
            if (
                len(parts) == int(first["n"]["N"])
                and int(first["expires_at"]["N"]) > now.timestamp()
            ):
                yield self._batch(
                    connection,
                    name.partition("#")[0],
                    first,
                    b"".join(row["b"]["B"] for row in parts),
                )

    def _batch(
        self, connection: str, at: str, row: Mapping[str, Any], text: bytes
    ) -> OverwrittenBatch:
        kind = Kind(row["c"]["S"])
        bound = _bound(connection, kind, at, int(row["expires_at"]["N"]))
        raw = self._keys.open(Sealed(row["k"]["B"], text), bound, _context(connection))
        try:
            pairs = unpack(raw)
        except ValueError:
            raise Refused(
                "Overwritten values cannot be read by this release.", code="FORMAT"
            ) from None
        return OverwrittenBatch(connection, kind, datetime.fromisoformat(at), pairs)


def _text_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _bound(connection: str, kind: Kind, at: str, expires: int) -> bytes:
    return f"{connection}\x00{kind}\x00{at}\x00{expires}".encode()


def _context(connection: str) -> Mapping[str, str]:
    """The encryption context of a data key; CloudTrail shows it with each use of the key."""
    return {"crmsync:connection": connection}
