"""How far lists have got, in the state table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.errors import Conflict
from crmsync.gateways.dynamodb import campaigns
from crmsync.gateways.dynamodb.campaigns import CampaignProgressTable
from crmsync.model.campaigns import ListProgress
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb

FAIR, WEBINAR = ("42", "701000000000001AAA"), ("43", "701000000000002AAA")
PROGRESS = ListProgress(
    "7 a b",
    NOON,
    frozenset(range(1_000)),
    frozenset({2_000}),
    frozenset({3_000}),
    frozenset({2_000, 3_000}),
    "CODE: text",
    "trouble",
)


@pytest.fixture
def client() -> Iterator[Any]:
    """A table."""
    with dynamodb("pk", "sk") as made:
        yield made


def test_progress_is_read_back_completely(client: Any) -> None:
    """Each list of each connection has its own."""
    table = CampaignProgressTable(client, "Table")
    saved = table.save("acme", FAIR, PROGRESS, NOON)
    table.save("acme", WEBINAR, ListProgress(), NOON)

    assert table.load("acme") == {FAIR: saved, WEBINAR: ListProgress(version=1)}
    assert (saved, table.load("beta")) == (replace(PROGRESS, version=1), {})


def test_what_another_sweep_stored_first_stays(client: Any) -> None:
    """The second one is told."""
    table = CampaignProgressTable(client, "Table")
    saved = table.save("acme", FAIR, PROGRESS, NOON)
    newer = table.save("acme", FAIR, replace(saved, trouble=""), NOON)

    with pytest.raises(Conflict):
        table.save("acme", FAIR, replace(saved, mark="other"), NOON)
    assert table.load("acme") == {FAIR: newer}


def test_many_ids_take_several_items_and_leave_none_behind(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts of an older version are deleted once the newer one is there."""
    monkeypatch.setattr(campaigns, "PART", 100)
    table = CampaignProgressTable(client, "Table")
    many = table.save(
        "acme", FAIR, ListProgress(members=frozenset(n * n for n in range(1_000))), NOON
    )
    count = len(client.scan(TableName="Table")["Items"])
    read = table.load("acme")
    few = table.save("acme", FAIR, replace(many, members=frozenset({1})), NOON)

    assert (read, table.load("acme")) == ({FAIR: many}, {FAIR: few})
    assert (count > 3, len(client.scan(TableName="Table")["Items"])) == (True, 2)
