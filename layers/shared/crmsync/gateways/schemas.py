"""What both sides say about their fields, as far as a sync that misses one has to know.

The answer is not kept: it is asked for when a side has just refused a field, and by a schedule while a mapping rests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmsync.gateways.hubspot_client import HubspotClient
from crmsync.gateways.hubspot_versions import PLURALS
from crmsync.gateways.salesforce_session import SalesforceSession
from crmsync.model.records import Side
from crmsync.ports.troubles import Described

PROPERTIES = "/crm/v3/properties/{object}"


class LiveSchemas:
    """Implements `Schemas` over the connections that a sync has open."""

    def __init__(self, hubspot: HubspotClient, salesforce: SalesforceSession) -> None:
        """Ask with the product's own rights: a field that they do not show is one that is not there."""
        self._hubspot = hubspot
        self._salesforce = salesforce

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """By object name; one call an object. Raises `SyncError`."""
        ask = self._properties if side is Side.HUBSPOT else self._fields
        return {name: ask(name) for name in names}

    def _properties(self, name: str) -> Described:
        rows = self._hubspot.ask("GET", PROPERTIES, inside={"object": PLURALS.get(name, name)}).rows
        guarded = (row for row in rows if (row.get("modificationMetadata") or {}).get("readOnlyValue"))
        return Described(frozenset(_names(rows)), frozenset(_names(guarded)))

    def _fields(self, name: str) -> Described:
        return described(self._salesforce.call("GET", f"sobjects/{name}/describe")["fields"])


def described(rows: Sequence[Mapping[str, Any]]) -> Described:
    """What Salesforce's description of an object says of its fields."""
    # A field that may be set at birth and never again is one that we may write.
    guarded = (row for row in rows if not (row.get("updateable") or row.get("createable")))
    return Described(frozenset(_names(rows)), frozenset(_names(guarded)))


def _names(rows: Any) -> list[str]:
    return [str(row["name"]).lower() for row in rows]
