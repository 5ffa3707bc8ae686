"""What both sides say about their fields, as far as a sync that misses one has to know.

The answer is not kept: it is asked for when a side has just refused a field, and by a schedule
while a mapping rests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.versions import PLURALS
from crmsync.gateways.salesforce.describe import described, names_of
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.records import Side
from crmsync.ports.troubles import Described

PROPERTIES = "/crm/v3/properties/{object}"


class LiveSchemas:
    """Implements `Schemas` over the connections that a sync has open."""

    def __init__(self, hubspot: HubspotClient, salesforce: SalesforceSession) -> None:
        """Ask with the product's own rights: a field that they do not show is one that is not
        there.
        """
        self._hubspot = hubspot
        self._salesforce = salesforce

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """By object name; one call an object. Raises `SyncError`."""
        ask = self._properties if side is Side.HUBSPOT else self._fields
        return {name: ask(name) for name in names}

    def _properties(self, name: str) -> Described:
        rows = self._hubspot.ask("GET", PROPERTIES, inside={"object": PLURALS.get(name, name)}).rows
        guarded = (
            row for row in rows if (row.get("modificationMetadata") or {}).get("readOnlyValue")
        )
        return Described(frozenset(names_of(rows)), frozenset(names_of(guarded)))

    def _fields(self, name: str) -> Described:
        return described(self._salesforce.call("GET", f"sobjects/{name}/describe")["fields"])
