"""Finds records of a HubSpot account by words, for a person who looks for one.

Only the search index knows names, and it lags (docs/vendors.md#hubspot-search): a record that was
just created is not found yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.rows import record
from crmsync.model.records import Record
from crmsync.ports.crm import Fields


class HubspotNames:
    """Implements `NameSearch`."""

    def __init__(self, client: HubspotClient) -> None:
        """Call through `client`."""
        self._client = client

    def named(self, text: str, fields: Fields, most: int) -> Sequence[Record]:
        """One search per object: the records in whose name, address or domain each word of the text
        is found. Raises `SyncError`.
        """
        found: list[Record] = []
        for name, wanted in fields.items():
            body = {
                "query": text,
                "filterGroups": [],
                "sorts": [],
                "properties": list(wanted),
                "limit": most,
                "after": "0",
            }
            rows = self._client.search(name, body).rows
            found += [record(name, row, list(wanted)) for row in rows]
        return found
