"""E-mail addresses for which one connection is about to create a record in a shared org (TEN-1).

    pk                   sk     attributes
    claim#<org>#<alias>  claim  c (connection), u (valid until, ms), expires_at

A claim lasts longer than the call that took it and is not given back. The key does not contain the
address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.moments import epoch_ms, epoch_seconds

GOOD_FOR = timedelta(minutes=5)
"""Longer than a Lambda may take from searching for the address to creating the record."""

KEPT = timedelta(days=1)
THREADS = 8


class Claims:
    """Claims of one connection on addresses, in a table with the keys `pk` and `sk`."""

    def __init__(
        self,
        client: Any,
        table: str,
        org: str,
        connection: str,
        *,
        fingerprinter: Fingerprinter,
        now: Callable[[], datetime],
    ) -> None:
        """Claim for `connection` in the org of that name, with the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The claims")
        self._org = org
        self._connection = connection
        self._fingerprinter = fingerprinter
        self._now = now

    def take(self, addresses: Iterable[str]) -> frozenset[str]:
        """Claim addresses; returns those that are ours now. The others are claimed by another
        connection at present. Raises `TryAgain`.
        """
        wanted = sorted(set(addresses))
        with ThreadPoolExecutor(THREADS) as pool:
            claimed = list(pool.map(self._take, wanted))
        return frozenset(
            address for address, is_ours in zip(wanted, claimed, strict=True) if is_ours
        )

    def _take(self, address: str) -> bool:
        now = self._now()
        values = {":c": {"S": self._connection}, ":now": {"N": _ms(now)}}
        try:
            self._table.put(
                (f"claim#{self._org}#{self._fingerprinter.alias(address)}", "claim"),
                {
                    "c": values[":c"],
                    "u": {"N": _ms(now + GOOD_FOR)},
                    "expires_at": {"N": str(epoch_seconds(now + KEPT))},
                },
                ConditionExpression="attribute_not_exists(pk) OR c = :c OR u < :now",
                ExpressionAttributeValues=values,
            )
        except ConditionFailed:
            return False
        return True


def _ms(moment: datetime) -> str:
    return str(epoch_ms(moment))
