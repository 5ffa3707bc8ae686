"""The fields of both sides that are visible to us, for a sync that finds one missing.

The result is not kept: it is read when a side has just refused a field, and by a schedule while a
mapping is suspended.
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
    """Implements `Schemas` with the connections that a sync uses."""

    def __init__(self, hubspot: HubspotClient, salesforce: SalesforceSession) -> None:
        """Call through both clients, with our own rights: a field that is not visible to us counts
        as missing.
        """
        self._hubspot = hubspot
        self._salesforce = salesforce

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """The fields of each object, by its name; one call per object. Raises `SyncError`."""
        ask = self._properties if side is Side.HUBSPOT else self._fields
        return {name: ask(name) for name in names}

    def _properties(self, name: str) -> Described:
        rows = self._hubspot.ask("GET", PROPERTIES, inside={"object": PLURALS.get(name, name)}).rows
        read_only = (
            row for row in rows if (row.get("modificationMetadata") or {}).get("readOnlyValue")
        )
        return Described(frozenset(names_of(rows)), frozenset(names_of(read_only)))

    def _fields(self, name: str) -> Described:
        return described(self._salesforce.call("GET", f"sobjects/{name}/describe")["fields"])
