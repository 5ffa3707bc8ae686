"""Results of comparisons in the state table, and the links that a comparison walks through.

pk               sk              attributes
compared#acme    hubspot contact result (JSON), expires_at
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from crmsync.gateways.dynamodb.links.link_items import record_of, state_of
from crmsync.gateways.dynamodb.table import DynamoTable
from crmsync.model.links import LinkState
from crmsync.model.moments import epoch_seconds
from crmsync.model.operations.comparison import ObjectComparison
from crmsync.model.records import Kind
from crmsync.ports.comparison import LinkedPair, LinkPage
from crmsync.wire.rows.comparisons import from_json, to_json

KEPT = timedelta(days=90)
"""How long the last result of an object can be shown, which may have been switched off since."""


class ComparisonTable:
    """Implements `Comparisons` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of comparisons")

    def save(self, connection: str, results: Sequence[ObjectComparison]) -> None:
        """Store results in place of those before. Raises `TryAgain`."""
        self._table.put_many(
            {
                (_partition(connection), f"{one.side} {one.object}"): {
                    "result": {"S": to_json(one)},
                    **({"expires_at": {"N": str(epoch_seconds(one.at + KEPT))}} if one.at else {}),
                }
                for one in results
            }
        )

    def latest(self, connection: str) -> Sequence[ObjectComparison]:
        """The last results, by side and object. Raises `TryAgain`."""
        return [
            from_json(item["result"]["S"]) for item in self._table.query(_partition(connection))
        ]


class LinkPageTable:
    """Implements `LinkPages` on the links table, by a scan that is eventually consistent: half a
    read unit per 4 KB of the table.
    """

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The link table")

    def page(self, connection: str, after: str, size: int) -> LinkPage:
        """Up to `size` links of existing pairs, in the table's own order. Raises `TryAgain`.

        Half of the items are pointers, and other connections have theirs, so a page may have
        few links or none.
        """
        items, key = self._table.scan_page(
            (after,) if after else (),
            Limit=size,
            FilterExpression="attribute_exists(v) AND begins_with(pk, :mine)",
            ExpressionAttributeValues={":mine": {"S": f"{connection}#"}},
            ProjectionExpression="pk, k, t, s",
        )
        pairs = tuple(
            LinkedPair(Kind(item["k"]["S"]), record_of(item["pk"]["S"]), record_of(item["s"]["S"]))
            for item in items
            if state_of(item) is LinkState.ACTIVE
        )
        return LinkPage(pairs, key[0] if key else None)


def _partition(connection: str) -> str:
    return f"compared#{connection}"
