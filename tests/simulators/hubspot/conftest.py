"""Fixtures of the HubSpot simulator's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.hubspot import documents
from tests.simulators.hubspot.running import Running, running

WORLD: dict[str, Any] = {
    "owners": [
        {"email": "olga@example.com", "firstName": "Olga", "lastName": "Owner"},
        {"email": "otto@example.com", "firstName": "Otto", "lastName": "Owner"},
    ],
    "lists": [
        {"listId": "77", "name": "Chosen", "objectTypeId": "0-1", "processingType": "MANUAL"}
    ],
    "properties": {
        "contacts": [{"name": "sf_id", "label": "SF", "type": "string", "hasUniqueValue": True}]
    },
}


@pytest.fixture
def hubspot() -> Iterator[Running]:
    """A portal without any set-up."""
    with running() as started:
        yield started


@pytest.fixture
def documented() -> Iterator[Running]:
    """A portal that is set up; at the end every exchange must agree with HubSpot's API documents,
    if they are available.
    """
    with running(WORLD) as started:
        yield started
        if documents.is_there():
            complaints = [documents.complaint(exchange) for exchange in started.exchanges]
            assert [text for text in complaints if text] == []
