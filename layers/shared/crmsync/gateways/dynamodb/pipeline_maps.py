"""Which HubSpot pipeline goes with which record type, in the state table.

    pk                  sk     attributes
    pipelines#acme      map    map (JSON)

The map is one JSON text: nobody asks for its parts. It can always be made anew from the two CRMs,
so the last one who saves counts.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.gateways.aws.errors import aws_error
from crmsync.model.pipelines import PipelineMap
from crmsync.wire.pipeline_rows import from_json, to_json

_WHAT = "The table of pipelines"


class PipelineMapTable:
    """Implements `PipelineMaps` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table

    def load(self, connection: str) -> PipelineMap | None:
        """The map as last saved, strongly consistent, or None; None too for one that this release
        cannot read. Raises `TryAgain`.
        """
        try:
            answer = self._client.get_item(
                TableName=self._table, Key=_key(connection), ConsistentRead=True
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None
        item = answer.get("Item")
        return None if item is None else from_json(item["map"]["S"])

    def save(self, connection: str, known: PipelineMap) -> None:
        """Keep the map. Raises `TryAgain`."""
        item = {**_key(connection), "map": {"S": to_json(known)}}
        try:
            self._client.put_item(TableName=self._table, Item=item)
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None


def _key(connection: str) -> dict[str, Any]:
    return {"pk": {"S": f"pipelines#{connection}"}, "sk": {"S": "map"}}
