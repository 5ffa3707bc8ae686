"""Counts deletions per hour in the state table.

    pk               sk                        attributes
    brake#acme       contact#2026-11-02T10     n (deletions of that hour), expires_at (two days later: DynamoDB forgets the row)

Nobody is let through uncounted: the count is raised by a conditional write before anything is deleted. An answer that got lost may count
twice, which brakes a little early and harms nobody.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws_errors import aws_error
from crmsync.model.records import Kind

KEPT = timedelta(days=2)
TRIES = 10
"""How often the count may have moved between our look and our write."""


class BrakeTable:
    """Implements `Brake` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table

    def pull(self, connection: str, kind: Kind, wanted: int, limit: int, now: datetime) -> int:
        """How many of `wanted` deletions may go on in this hour (UTC) under `limit`; a limit of 0 is no brake (Q-30). Raises `TryAgain`."""
        if limit <= 0 or wanted <= 0:
            return max(wanted, 0)
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        key = {"pk": {"S": f"brake#{connection}"}, "sk": {"S": f"{kind}#{hour:%Y-%m-%dT%H}"}}
        may = min(wanted, limit)
        for _ in range(TRIES):
            used = self._count(key, may, limit, int((hour + KEPT).timestamp()))
            if used is None:
                return may
            may = limit - used
            if may <= 0:
                return 0
        raise TryAgain("The brake on deletions is busy.", after=5, code="BUSY")

    def _count(self, key: dict[str, Any], more: int, limit: int, expires_at: int) -> int | None:
        """Count `more` deletions, unless that would go beyond `limit`: then how many are counted already."""
        values = {":more": more, ":room": limit - more, ":expires": expires_at}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET expires_at = :expires ADD n :more",
                ConditionExpression="attribute_not_exists(n) OR n <= :room",
                ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise aws_error(problem, "The brake on deletions") from None
            return int(problem.response["Item"]["n"]["N"])
        except BotoCoreError as problem:
            raise aws_error(problem, "The brake on deletions") from None
        return None
