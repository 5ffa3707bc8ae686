"""The stages of the contract suite, by name; live ones only where the environment has an account
for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.contracts import stages
from tests.contracts.stages import Stage

STAGES: dict[str, Callable[[], Iterator[Stage]]] = {
    "memory-hubspot": stages.memory_hubspot,
    "memory-salesforce": stages.memory_salesforce,
    "simulator-hubspot": stages.simulated_hubspot,
    "simulator-hubspot-2026-03": partial(stages.simulated_hubspot, "2026-03"),
    "simulator-salesforce": stages.simulated_salesforce,
}
WITH_PERSONS: dict[str, Callable[[], Iterator[Stage]]] = {
    "memory": partial(stages.memory_salesforce, person_accounts=True),
    "simulator": partial(stages.simulated_salesforce, person_accounts=True),
}
LIVE = {
    "live-hubspot": ("CRMSYNC_LIVE_HUBSPOT_TOKEN", stages.live_hubspot),
    "live-salesforce": ("CRMSYNC_LIVE_SALESFORCE_LOGIN_URL", stages.live_salesforce),
}
for _name, (_switch, _make) in LIVE.items():
    if os.environ.get(_switch):
        STAGES[_name] = partial(_make, dict(os.environ))


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each stage in turn."""
    yield from STAGES[request.param]()


@pytest.fixture(params=[name for name in STAGES if "hubspot" in name])
def hubspot(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each HubSpot in turn."""
    yield from STAGES[request.param]()


@pytest.fixture
def hubspot_with_brands() -> Iterator[Stage]:
    """A simulated HubSpot account with a brand beside its own."""
    yield from stages.simulated_hubspot(brands=[{"id": 4711, "name": "Northwind"}])


@pytest.fixture(params=[name for name in STAGES if "salesforce" in name])
def salesforce(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each Salesforce in turn."""
    yield from STAGES[request.param]()


@pytest.fixture(params=WITH_PERSONS)
def salesforce_of_persons(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each Salesforce in turn, with person accounts switched on."""
    yield from WITH_PERSONS[request.param]()
