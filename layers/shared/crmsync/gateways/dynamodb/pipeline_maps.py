"""Which HubSpot pipeline belongs to which record type, in the state table.

    pk                  sk     attributes
    pipelines#acme      map    map (JSON)

The map is one JSON text, because its parts are never queried. It can always be rebuilt from the two
CRMs, so the last writer wins.
"""

from __future__ import annotations

from typing import Any

from crmsync.gateways.dynamodb.table import DynamoTable, Key
from crmsync.model.kinds.pipelines import PipelineMap
from crmsync.wire.rows.pipelines import from_json, to_json


class PipelineMapTable:
    """Implements `PipelineMaps` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of pipelines")

    def load(self, connection: str) -> PipelineMap | None:
        """The map as last saved, strongly consistent; None if there is none that this release can
        read. Raises `TryAgain`.
        """
        item = self._table.get(_key(connection))
        return None if item is None else from_json(item["map"]["S"])

    def save(self, connection: str, known: PipelineMap) -> None:
        """Replace the map. Raises `TryAgain`."""
        self._table.put(_key(connection), {"map": {"S": to_json(known)}})


def _key(connection: str) -> Key:
    return f"pipelines#{connection}", "map"
