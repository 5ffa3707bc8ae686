"""The CRMs of the contract suite by name; live ones only where the environment has credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.contracts.crm import implementations
from tests.contracts.crm.backend import Backend

BACKENDS: dict[str, Callable[[], Iterator[Backend]]] = {
    "memory-hubspot": implementations.memory_hubspot,
    "memory-salesforce": implementations.memory_salesforce,
    "simulator-hubspot": implementations.simulated_hubspot,
    "simulator-hubspot-2026-03": partial(implementations.simulated_hubspot, "2026-03"),
    "simulator-salesforce": implementations.simulated_salesforce,
}
WITH_PERSON_ACCOUNTS: dict[str, Callable[[], Iterator[Backend]]] = {
    "memory": partial(implementations.memory_salesforce, person_accounts=True),
    "simulator": partial(implementations.simulated_salesforce, person_accounts=True),
}
LIVE = {
    "live-hubspot": ("CRMSYNC_LIVE_HUBSPOT_TOKEN", implementations.live_hubspot),
    "live-salesforce": ("CRMSYNC_LIVE_SALESFORCE_LOGIN_URL", implementations.live_salesforce),
}
for _name, (_switch, _make) in LIVE.items():
    if os.environ.get(_switch):
        BACKENDS[_name] = partial(_make, dict(os.environ))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each CRM in turn."""
    yield from BACKENDS[request.param]()


@pytest.fixture(params=[name for name in BACKENDS if "hubspot" in name])
def hubspot(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each HubSpot in turn."""
    yield from BACKENDS[request.param]()


@pytest.fixture
def hubspot_with_brands() -> Iterator[Backend]:
    """A simulated HubSpot account with a second brand."""
    yield from implementations.simulated_hubspot(brands=[{"id": 4711, "name": "Northwind"}])


@pytest.fixture(params=[name for name in BACKENDS if "salesforce" in name])
def salesforce(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each Salesforce in turn."""
    yield from BACKENDS[request.param]()


@pytest.fixture(params=WITH_PERSON_ACCOUNTS)
def salesforce_with_person_accounts(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each Salesforce in turn, with person accounts switched on."""
    yield from WITH_PERSON_ACCOUNTS[request.param]()
