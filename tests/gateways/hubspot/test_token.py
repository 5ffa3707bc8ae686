"""What HubSpot returns about our token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.gateways.hubspot.schema import HubspotSchema
from crmsync.rules.settings.scopes import App
from tests.gateways.scripted import Response, script

UNKNOWN = Response(
    {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "The token could not be found."},
    404,
)


@dataclass
class Rotated:
    """Implements `Secret` for a secret that was rotated after it was read."""

    url: str
    token: str = "pat-old"

    def current(self) -> Mapping[str, str]:
        """The old token."""
        return {"access_token": self.token, "app_id": "7", "api_url": self.url}

    def renewed(self) -> Mapping[str, str]:
        """The new token."""
        self.token = "pat-new"
        return self.current()


def test_a_rotated_token_is_read_again() -> None:
    """HubSpot no longer knows the old token; then the call is repeated with the new one."""
    with script(UNKNOWN, Response({"appId": 7, "scopes": ["content"]})) as hubspot:
        found = HubspotSchema(Rotated(hubspot.url)).app()

    assert found == App("7", "7", frozenset({"content"}))
    assert [one.body["tokenKey"] for one in hubspot.requests] == ["pat-old", "pat-new"]
