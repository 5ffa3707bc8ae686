"""A running org for the tests of the Salesforce simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.simulators.salesforce.orgs import LiveOrg, start

StartOrg = Callable[..., LiveOrg]


@pytest.fixture
def start_org() -> Iterator[StartOrg]:
    """Start orgs with given start data; all are stopped at the end."""
    running: list[LiveOrg] = []

    def run(world: Mapping[str, Any] | None = None) -> LiveOrg:
        running.append(start(world))
        return running[-1]

    yield run
    for org in running:
        org.close()


@pytest.fixture
def org(start_org: StartOrg) -> LiveOrg:
    """An org with all defaults."""
    return start_org()
