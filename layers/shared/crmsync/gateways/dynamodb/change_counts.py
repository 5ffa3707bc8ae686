"""Counts per hour, in the state table, what may be held back: changes, blanks and deletions, per
side and kind.

    pk               sk                                           attributes
    brake#acme       contact#2026-11-02T10                        n (deletions in HubSpot of that hour), expires_at (two days later)
    brake#acme       contact#changes#salesforce#2026-11-02T10     n (contacts whose values were overwritten in Salesforce), expires_at

Nobody is let through uncounted: the count is raised by a conditional write before anything is
written. Who needs few takes a fiftieth of the limit at once and uses it up from memory, so that
single changes do not cost a write each. What a Lambda has taken and not used up when it ends, and
an answer that got lost, brake a little early and harm nobody.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws.errors import aws_error
from crmsync.model.brakes import Counted, Hold
from crmsync.model.records import Kind

KEPT = timedelta(days=2)
TRIES = 10
"""How often the count may have moved between our look and our write."""

LEASES = 50
"""Into how many parts a limit is divided: one is taken at a time at least."""

_WHAT = "The count of changes"

_Key: TypeAlias = tuple[str, Kind, Hold]


class ChangeCountTable:
    """Implements `ChangeCounts` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._leases: Counter[_Key] = Counter()
        self._fill: dict[_Key, float] = {}

    def pull(
        self, connection: str, kind: Kind, hold: Hold, wanted: int, limit: int, now: datetime
    ) -> int:
        """How many of `wanted` may go on in this hour (UTC) under `limit`; a limit of 0 is no brake
        (Q-30). Raises `TryAgain`.
        """
        if limit <= 0 or wanted <= 0:
            return max(wanted, 0)
        self._begin(now)
        key = (connection, kind, hold)
        if self._leases[key] < wanted:
            self._leases[key] += self._take(key, wanted - self._leases[key], limit)
        allowed = min(wanted, self._leases[key])
        self._leases[key] -= allowed
        return allowed

    def give_back(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Keep what was not used for whoever pulls next here, within the hour."""
        self._begin(now)
        self._leases[connection, kind, hold] += unused

    def fill(self, connection: str, kind: Kind) -> float:
        """The fullest counter of a kind, as it was last read here, as a share of its limit; 0 in an
        hour without any count.
        """
        return max(
            (
                share
                for (name, one, _), share in self._fill.items()
                if (name, one) == (connection, kind)
            ),
            default=0,
        )

    def _begin(self, now: datetime) -> None:
        """Forget what belongs to an hour that is over."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour = hour
            self._leases.clear()
            self._fill.clear()

    def _take(self, key: _Key, needed: int, limit: int) -> int:
        """Count what is `needed`, or a lease where that is more, as far as there is room; answers
        how many were counted.
        """
        wanted = min(max(needed, limit // LEASES), limit)
        for _ in range(TRIES):
            counted, is_ours = self._count(key, wanted, limit)
            self._fill[key] = counted / limit
            if is_ours:
                return wanted
            wanted = min(wanted, limit - counted)
            if wanted <= 0:
                return 0
        raise TryAgain(f"{_WHAT} is busy.", after=5, code="BUSY")

    def _count(self, key: _Key, more: int, limit: int) -> tuple[int, bool]:
        """Count `more`, unless that would go beyond `limit`: the count as it stands, and whether
        they are in it.
        """
        connection, kind, hold = key
        values = {
            ":more": more,
            ":room": limit - more,
            ":expires": int((self._hour + KEPT).timestamp()),
        }
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={
                    "pk": {"S": f"brake#{connection}"},
                    "sk": {"S": f"{_prefix(kind, hold)}#{self._hour:%Y-%m-%dT%H}"},
                },
                UpdateExpression="SET expires_at = :expires ADD n :more",
                ConditionExpression="attribute_not_exists(n) OR n <= :room",
                ExpressionAttributeValues={
                    name: {"N": str(value)} for name, value in values.items()
                },
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise aws_error(problem, _WHAT) from None
            return int(problem.response["Item"]["n"]["N"]), False
        except BotoCoreError as problem:
            raise aws_error(problem, _WHAT) from None
        return int(answer["Attributes"]["n"]["N"]), True


def _prefix(kind: Kind, hold: Hold) -> str:
    return str(kind) if hold.counted is Counted.DELETES else f"{kind}#{hold.counted}#{hold.side}"
