"""A malformed request gets HubSpot's refusal and never breaks the simulator."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from simulators.hubspot.http.routes import FAMILIES, ROUTES
from tests.simulators.hubspot.running import Running

IDS = {
    "type": "contacts",
    "to": "companies",
    "email": "a@example.com",
    "stage": "closedwon",
    "name": "email",
}
BODIES: tuple[Any, ...] = (
    None,
    [],
    {},
    "text",
    7,
    {"inputs": [{}]},
    {"inputs": ["x"]},
    {"inputs": {"id": "1"}},
    {"inputs": [{"id": {}, "properties": []}]},
    {"inputs": [{"id": "1", "properties": {"email": {}}, "idProperty": 5}]},
    {"inputs": [{"id": "x", "idProperty": ["email"], "properties": {}}]},
    {"inputs": [{"properties": {}, "associations": [{"to": 5, "types": [{}]}]}]},
    {"inputs": [{"properties": {}, "associations": "x"}]},
    {
        "inputs": [
            {
                "from": 1,
                "to": {"id": "x"},
                "types": [{"associationCategory": "X", "associationTypeId": "y"}],
            }
        ]
    },
    {"inputs": [{"from": {"id": "1"}, "to": [5], "types": 5}]},
    {"inputs": [{"id": "1", "after": "x"}], "properties": 5, "propertiesWithHistory": {"a": 1}},
    {"properties": {"amount": [1], "email": "é"}, "associations": {"to": 1}},
    {"filterGroups": [5], "sorts": 5, "after": "-1"},
    {"filterGroups": [{"filters": [5]}], "limit": "x"},
    {"filterGroups": 5, "properties": 5, "query": 5},
    {
        "filterGroups": [
            {"filters": [{"propertyName": "createdate", "operator": "IN", "values": 5}]}
        ]
    },
    {"sorts": [5]},
    {
        "name": 5,
        "label": [],
        "type": [],
        "fieldType": {},
        "groupName": [],
        "options": 5,
        "displayOrder": "x",
    },
    {"name": "new", "label": "x", "type": "enumeration", "fieldType": "select", "options": [{}]},
    {"name": "x", "objectTypeId": [], "processingType": "DYNAMIC", "filterBranch": 5},
    {
        "name": "x",
        "objectTypeId": "0-1",
        "processingType": "DYNAMIC",
        "filterBranch": {"filters": 5},
    },
    {"label": "x", "displayOrder": "x", "stages": 5, "metadata": 5},
    {"label": "x", "stages": [5]},
    {"emailAddress": [], "subscriptionId": {}},
    {"recordIdsToAdd": 5, "recordIdsToRemove": [[]]},
    {"associationTypeId": "x", "label": "x"},
    {"offset": "x", "count": "y", "listIds": 5, "processingTypes": 5, "query": 5},
    {"primaryObjectId": 1, "objectIdToMerge": "x"},
    {"objectId": [], "idProperty": 5},
)
QUERIES = (
    "",
    "?limit=x&after=y&archived=z&channel=EMAIL",
    "?channel=EMAIL&legacyListId=x&offset=y&startTimestamp=z",
)
PATHS = [
    (route.method, FAMILIES[family][-1] + route.path)
    for family, routes in ROUTES.items()
    for route in routes
]


@pytest.mark.parametrize(
    ("method", "path"), PATHS, ids=[f"{method} {path}" for method, path in PATHS]
)
def test_malformed_requests_are_refused(hubspot: Running, method: str, path: str) -> None:
    """No body, query or id makes an endpoint fail; invalid requests are refused with 4xx."""
    client = Client(hubspot.simulator.wsgi)
    headers = {"Authorization": f"Bearer {hubspot.portal.user_token}"}
    contact = hubspot.create(email="known@example.com")
    for ids in (
        {},
        {"id": contact, "other": "x"},
        {"type": "deals", "to": "contacts", "id": "default"},
    ):
        url = path
        for name, value in ({"id": "x", "other": "1"} | IDS | ids).items():
            url = url.replace("{" + name + "}", value)
        sent = [(query, None) for query in QUERIES] + [
            ("?channel=EMAIL", body) for body in BODIES if method != "GET"
        ]
        for query, body in sent:
            assert (
                client.open(url + query, method=method, json=body, headers=headers).status_code
                < 500
            )
