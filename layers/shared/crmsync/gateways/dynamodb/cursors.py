"""Where sweeps keep their place, in the state table.

    pk               sk          attributes
    cursor#acme      contact     since (ISO 8601, UTC), seen (compressed JSON: record -> milliseconds), version

`seen` is compressed because it may hold thousands of records after a burst, and is paid for by size
at each save. The newest ones are kept.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.gateways.aws.errors import aws_error
from crmsync.ports import Cursor
from crmsync.rules.timing.sweeps import newest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class CursorTable:
    """Implements `Cursors` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table

    def load(self, connection: str, name: str) -> Cursor | None:
        """The cursor, strongly consistent, or None before the first sweep. Raises `TryAgain`."""
        try:
            answer = self._client.get_item(
                TableName=self._table, Key=_key(connection, name), ConsistentRead=True
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The sweep's cursor") from None
        item = answer.get("Item")
        if item is None:
            return None
        return Cursor(
            since=datetime.fromisoformat(item["since"]["S"]),
            seen=_seen_from(item["seen"]["B"]),
            version=int(item["version"]["N"]),
        )

    def save(self, connection: str, name: str, cursor: Cursor) -> None:
        """Store it unless another sweep has stored one since `cursor` was loaded: that one then
        counts. Raises `TryAgain`.
        """
        condition = "version = :version" if cursor.version else "attribute_not_exists(pk)"
        options: dict[str, Any] = {}
        if cursor.version:
            options["ExpressionAttributeValues"] = {":version": {"N": str(cursor.version)}}
        item = {
            **_key(connection, name),
            "since": {"S": cursor.since.isoformat()},
            "seen": {"B": _seen_bytes(cursor.seen)},
            "version": {"N": str(cursor.version + 1)},
        }
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression=condition, **options
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise aws_error(problem, "The sweep's cursor") from None
        except BotoCoreError as problem:
            raise aws_error(problem, "The sweep's cursor") from None


def _key(connection: str, name: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"cursor#{connection}"}, "sk": {"S": name}}


def _seen_bytes(seen: Mapping[str, datetime]) -> bytes:
    rows = {ref: (at - _EPOCH) // _MS for ref, at in newest(seen).items()}
    return zlib.compress(json.dumps(rows, separators=(",", ":"), sort_keys=True).encode())


def _seen_from(raw: bytes) -> dict[str, datetime]:
    return {ref: _EPOCH + ms * _MS for ref, ms in json.loads(zlib.decompress(raw)).items()}
