"""How far lists have got, behind its port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.errors import Conflict
from crmsync.gateways.dynamodb.campaigns import CampaignProgressTable
from crmsync.model.kinds.campaigns import CampaignTrouble, ListProgress
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb
from tests.memory.campaigns import MemoryCampaigns

FAIR, WEBINAR = ("42", "701000000000001AAA"), ("43", "701000000000002AAA")
PROGRESS = ListProgress(
    "7 a b",
    NOON,
    frozenset(range(1_000)),
    frozenset({2_000}),
    frozenset({3_000}),
    frozenset({2_000, 3_000}),
    "CODE: text",
    CampaignTrouble("NO_LIST", "No such list.", NOON),
)


@pytest.fixture(params=["memory", "dynamodb"])
def campaigns(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryCampaigns()
    else:
        with dynamodb("pk", "sk") as client:
            yield CampaignProgressTable(client, "Table")


def test_progress_is_read_back_completely(campaigns: Any) -> None:
    """Each list of each connection has its own."""
    saved = campaigns.save("acme", FAIR, PROGRESS, NOON)
    campaigns.save("acme", WEBINAR, ListProgress(), NOON)

    assert campaigns.load("acme") == {FAIR: saved, WEBINAR: ListProgress(version=1)}
    assert (saved, campaigns.load("beta")) == (replace(PROGRESS, version=1), {})


def test_what_another_sweep_stored_first_stays(campaigns: Any) -> None:
    """The second one is told, also when both are the first."""
    saved = campaigns.save("acme", FAIR, PROGRESS, NOON)
    newer = campaigns.save("acme", FAIR, replace(saved, trouble=None), NOON)

    for late in (replace(saved, mark="other"), ListProgress()):
        with pytest.raises(Conflict):
            campaigns.save("acme", FAIR, late, NOON)
    assert campaigns.load("acme") == {FAIR: newer}
