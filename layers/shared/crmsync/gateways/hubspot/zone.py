"""The time zone of a HubSpot account, read once, with account info v3
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
    """The time zone of one HubSpot account. It is kept while the process lives, as an account
    hardly ever changes it.
    """

    def __init__(self, hubspot: HubspotClient) -> None:
        """Call through `hubspot`."""
        self._hubspot = hubspot
        self._kept: tzinfo | None = None

    def __call__(self) -> tzinfo:
        """The zone; one call the first time. Raises `SyncError`."""
        if self._kept is None:
            self._kept = _zone(self._hubspot.ask("GET", _DETAILS).body)
        return self._kept


def _zone(details: Mapping[str, Any]) -> tzinfo:
    """The zone of that name. If the name is unknown here, the offset that HubSpot returns with it,
    which is right at present.
    """
    try:
        return ZoneInfo(str(details.get("timeZone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return timezone(timedelta(milliseconds=int(details.get("utcOffsetMilliseconds") or 0)))
