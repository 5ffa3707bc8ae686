"""Properties that HubSpot leaves out of its answers because it does not have them any more.

HubSpot refuses no read for the sake of a property: one that it does not know is left out [V], a
blank one is null [M: blank ones may be left out as well]. Taken for blank, a property that is gone
would be cleared on the other side; so what no row shows is looked up.
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
"""Seconds for which a property that HubSpot has is not looked up again though rows leave it out."""


class ShownProperties:
    """Which properties the rows of an account leave out, and whether the account has them."""

    def __init__(self, client: HubspotClient, now: Callable[[], float]) -> None:
        """Look up with `client`; `now` gives seconds on any clock that does not go back."""
        self._client = client
        self._now = now
        self._known: dict[tuple[str, str], float] = {}

    def check(self, kind: str, names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Raises `Drifted` where rows of `kind` leave out one of `names` that the account does not
        have; costs a call only then.
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
