"""The search by name in HubSpot."""

from __future__ import annotations

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.names import HubspotNames
from tests.gateways.scripted import Response, script
from tests.simulated import FixedSecret

ROW = {
    "id": "81",
    "properties": {"firstname": "Ada", "lastname": "Lang", "hs_object_id": "81"},
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-02T00:00:00Z",
}


def test_a_name_is_one_search_per_object() -> None:
    """The text is a query, never a filter, and only what a person recognises is read."""
    with script(Response({"total": 1, "results": [ROW]})) as server:
        names = HubspotNames(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": server.url}))
        )
        found = names.named('Lang "x"', {"contact": ("firstname", "lastname")}, 20)

    assert [(one.ref.id, dict(one.fields)) for one in found] == [
        ("81", {"firstname": "Ada", "lastname": "Lang"})
    ]
    (request,) = server.requests
    assert request.path.endswith("/contacts/search")
    assert (request.body["query"], request.body["limit"], request.body["properties"]) == (
        'Lang "x"',
        20,
        ["firstname", "lastname"],
    )
