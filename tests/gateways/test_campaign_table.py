"""How far lists have got, in the state table: many ids take several items."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.gateways.dynamodb import campaigns
from crmsync.gateways.dynamodb.campaigns import CampaignProgressTable
from crmsync.model.kinds.campaigns import ListProgress
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb

FAIR = ("42", "701000000000001AAA")


def test_many_ids_take_several_items_and_leave_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of an older version are deleted once the newer one is there."""
    monkeypatch.setattr(campaigns, "PART", 100)
    ids = frozenset(n * n for n in range(1_000))
    with dynamodb("pk", "sk") as client:
        table = CampaignProgressTable(client, "Table")
        many = table.save("acme", FAIR, ListProgress(members=ids), NOON)
        count = len(client.scan(TableName="Table")["Items"])
        read = table.load("acme")
        few = table.save("acme", FAIR, replace(many, members=frozenset({1})), NOON)

        assert (read, table.load("acme")) == ({FAIR: many}, {FAIR: few})
        assert (count > 3, len(client.scan(TableName="Table")["Items"])) == (True, 2)
