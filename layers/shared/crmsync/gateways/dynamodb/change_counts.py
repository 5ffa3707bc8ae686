"""How many records were changed, blanked and deleted per hour, side and kind, in the state table.

    pk          sk                                        attributes
    brake#acme  contact#2026-11-02T10                     n (deletions in HubSpot of that hour),
                                                          expires_at (two days later)
    brake#acme  contact#changes#salesforce#2026-11-02T10  n (contacts whose values were overwritten
                                                          in Salesforce), expires_at

Nothing is written uncounted: a conditional write raises the count before any record is written. A
small request reserves a fiftieth of the limit at once and later ones use up the rest of it from
memory, so that single changes do not cost a write each. What a Lambda has reserved but not used
when it ends, and a response that is lost, make the limit a little lower for that hour; that is
harmless.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from crmsync.errors import TryAgain
from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.moments import epoch_seconds
from crmsync.model.records import Kind

KEPT = timedelta(days=2)
TRIES = 10
"""How often the count may have changed between our read and our write."""

LEASES = 50
"""How many parts a limit is divided into; at least one part is reserved at a time."""

_WHAT = "The count of changes"

_Counter: TypeAlias = tuple[str, Kind, Hold]
"""Connection, kind, and what is counted."""


class ChangeCountTable:
    """Implements `ChangeCounts` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, _WHAT)
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._reserved: Counter[_Counter] = Counter()
        self._fill: dict[_Counter, float] = {}

    def reserve(
        self, connection: str, kind: Kind, hold: Hold, wanted: int, limit: int, now: datetime
    ) -> int:
        """How many of `wanted` records may be written in this hour (UTC) under `limit`; a limit of
        0 does not limit (Q-30). Raises `TryAgain`.
        """
        if limit <= 0 or wanted <= 0:
            return max(wanted, 0)
        self._start_hour(now)
        counter = (connection, kind, hold)
        if self._reserved[counter] < wanted:
            self._reserved[counter] += self._reserve(
                counter, wanted - self._reserved[counter], limit
            )
        allowed = min(wanted, self._reserved[counter])
        self._reserved[counter] -= allowed
        return allowed

    def return_unused(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Keep what was not used for later requests of the same hour to this object."""
        self._start_hour(now)
        self._reserved[connection, kind, hold] += unused

    def usage(self, connection: str, kind: Kind) -> float:
        """The fullest counter of a kind when this object last read it, as a share of its limit; 0
        if nothing was counted in this hour.
        """
        shares = [
            share
            for (name, counted_kind, _), share in self._fill.items()
            if (name, counted_kind) == (connection, kind)
        ]
        return max(shares, default=0)

    def _start_hour(self, now: datetime) -> None:
        """Forget what belongs to an earlier hour."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour = hour
            self._reserved.clear()
            self._fill.clear()

    def _reserve(self, counter: _Counter, needed: int, limit: int) -> int:
        """Count what is `needed`, or a lease if that is more, as far as the limit allows; returns
        how many were counted.
        """
        wanted = min(max(needed, limit // LEASES), limit)
        for _ in range(TRIES):
            counted, is_ours = self._count(counter, wanted, limit)
            self._fill[counter] = counted / limit
            if is_ours:
                return wanted
            wanted = min(wanted, limit - counted)
            if wanted <= 0:
                return 0
        raise TryAgain(f"{_WHAT} is busy.", after=5, code="BUSY")

    def _count(self, counter: _Counter, more: int, limit: int) -> tuple[int, bool]:
        """Count `more`, unless that would exceed `limit`; returns the count after that, and whether
        `more` is in it.
        """
        connection, kind, hold = counter
        values = {
            ":more": more,
            ":room": limit - more,
            ":expires": epoch_seconds(self._hour + KEPT),
        }
        try:
            after = self._table.update(
                (f"brake#{connection}", f"{_prefix(kind, hold)}#{self._hour:%Y-%m-%dT%H}"),
                UpdateExpression="SET expires_at = :expires ADD n :more",
                ConditionExpression="attribute_not_exists(n) OR n <= :room",
                ExpressionAttributeValues={
                    name: {"N": str(value)} for name, value in values.items()
                },
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failed:
            return int(failed.item["n"]["N"]), False
        return int(after["n"]["N"]), True


def _prefix(kind: Kind, hold: Hold) -> str:
    return (
        str(kind) if hold.counted is ChangeLimit.DELETES else f"{kind}#{hold.counted}#{hold.side}"
    )
