"""Properties that HubSpot leaves out of its responses because it no longer has them.

HubSpot does not refuse to read an unknown property: it leaves it out [V], while a blank one is null
[M: blank ones may be left out, too]. If a deleted property were taken for blank, its field would be
cleared on the other side; so a property that no row has is looked up in the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from crmsync.errors import Drifted
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.errors import SIDE
from crmsync.gateways.hubspot.versions import PLURALS

PROPERTIES = "/crm/v3/properties/{object}"

KNOWN_FOR = 60.0
"""Seconds for which an existing property that rows leave out is not looked up again."""


class ShownProperties:
    """Checks whether properties that rows leave out still exist in the account."""

    def __init__(self, client: HubspotClient, now: Callable[[], float]) -> None:
        """Call through `client`; `now` gives seconds on a clock that does not go back."""
        self._client = client
        self._now = now
        self._known: dict[tuple[str, str], float] = {}

    def check(self, kind: str, names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise `Drifted` if all rows of `kind` leave out one of `names` and the account does not
        have it. Costs a call only if a property is left out.
        """
        shown = {name for row in rows for name in row.get("properties") or ()}
        since = self._now() - KNOWN_FOR
        absent = [
            name
            for name in names
            if name not in shown and self._known.get((kind, name), since) <= since
        ]
        if not rows or not absent:
            return
        has = {
            str(row["name"])
            for row in self._client.ask("GET", PROPERTIES, inside={"object": PLURALS[kind]}).rows
        }
        gone = next((name for name in absent if name not in has), "")
        if gone:
            text = f"HubSpot does not have the property {gone}."
            raise Drifted(text, side=SIDE, code="PROPERTY_DOESNT_EXIST", fieldname=gone)
        self._known.update(dict.fromkeys(((kind, name) for name in absent), self._now()))
