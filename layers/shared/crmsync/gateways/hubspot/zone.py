"""In which time zone the people of a HubSpot account see days: asked once, with account info v3
(docs/vendors.md#hubspot-account).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmsync.gateways.hubspot.client import HubspotClient

_DETAILS = "/account-info/v3/details"


class AccountZone:
    """The time zone of one HubSpot account, kept for as long as the process lives: it is set once
    in an account's life.
    """

    def __init__(self, hubspot: HubspotClient) -> None:
        """Ask over the gateway's connection."""
        self._hubspot = hubspot
        self._kept: tzinfo | None = None

    def __call__(self) -> tzinfo:
        """The zone, in one call at the first time. Raises `SyncError`."""
        if self._kept is None:
            self._kept = _zone(self._hubspot.ask("GET", _DETAILS).body)
        return self._kept


def _zone(details: Mapping[str, Any]) -> tzinfo:
    """The zone of that name; where nobody here knows the name, the offset that HubSpot gives along,
    which is right for now.
    """
    try:
        return ZoneInfo(str(details.get("timeZone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return timezone(timedelta(milliseconds=int(details.get("utcOffsetMilliseconds") or 0)))
