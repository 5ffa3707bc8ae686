"""The time zone of an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.zone import AccountZone
from tests.gateways.scripted import Response, script
from tests.simulated import FixedSecret

SUMMER = datetime(2027, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("details", "hours"),
    [
        pytest.param(
            {"timeZone": "US/Eastern", "utcOffsetMilliseconds": -18_000_000},
            -4,
            id="a name, old ones too",
        ),
        pytest.param(
            {"timeZone": "Asia/Nowhere", "utcOffsetMilliseconds": 28_800_000},
            8,
            id="an unknown name",
        ),
        pytest.param({"timeZone": "../etc", "utcOffsetMilliseconds": 0}, 0, id="no name at all"),
        pytest.param({}, 0, id="neither"),
    ],
)
def test_the_zone_is_read_once(details: dict[str, object], hours: int) -> None:
    """It comes from its name, else from the offset; a process reads it once."""
    with script(Response({"portalId": 1, **details})) as server:
        zone = AccountZone(HubspotClient(FixedSecret({"access_token": "t", "api_url": server.url})))
        assert [SUMMER.astimezone(zone()).utcoffset() for _ in range(2)] == [
            timedelta(hours=hours)
        ] * 2
        assert [one.path for one in server.requests] == ["/account-info/2026-03/details"]
