"""Which account and which org a connection belongs to: stored once, and compared ever after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmsync.errors import Down, TryAgain
from crmsync.gateways.dynamodb.crm_ids import CrmIdTable
from crmsync.model.records import Side
from tests.builders import NOON
from tests.contracts.stores.tables import NO_WAIT, dynamodb


def a_table(client: Any, *, keeps: bool = True) -> CrmIdTable:
    """The ids in ``Table``, as a function sees them, or as the command does."""
    return CrmIdTable(client, "Table", now=lambda: NOON, keeps=keeps, retry_policy=NO_WAIT)


@pytest.fixture
def client() -> Iterator[Any]:
    """A client and an empty table."""
    with dynamodb("pk", "sk") as made:
        yield made


def stored(client: Any) -> dict[tuple[str, str], str]:
    """The stored ids, by the two keys of their rows."""
    rows = client.scan(TableName="Table")["Items"]
    return {(row["pk"]["S"], row["sk"]["S"]): row["id"]["S"] for row in rows}


def test_the_first_sign_in_stores_whose_records_these_are(client: Any) -> None:
    """For each connection and side by itself; the row says since when."""
    ids = a_table(client)
    ids.check("acme", Side.HUBSPOT, "555001")
    ids.check("acme", Side.SALESFORCE, "00D1")
    ids.check("beta", Side.HUBSPOT, "555002")

    assert stored(client) == {
        ("crm-id#acme", "hubspot"): "555001",
        ("crm-id#acme", "salesforce"): "00D1",
        ("crm-id#beta", "hubspot"): "555002",
    }
    (first, *_) = client.scan(TableName="Table")["Items"]
    assert first["since"] == {"S": NOON.isoformat()}


@pytest.mark.parametrize(
    ("side", "code", "name"),
    [
        (Side.HUBSPOT, "OTHER_ACCOUNT", "HubSpot account"),
        (Side.SALESFORCE, "OTHER_ORG", "Salesforce org"),
    ],
)
def test_another_id_is_refused_and_the_first_one_stays(
    client: Any, side: Side, code: str, name: str
) -> None:
    """The error is that of a side that is down, with both ids and what to do; the first id is
    accepted again.
    """
    a_table(client).check("acme", side, "one")

    with pytest.raises(Down) as raised:
        a_table(client).check("acme", side, "two")

    assert (raised.value.code, raised.value.side) == (code, str(side))
    assert raised.value.text == (
        f"The secret leads to the {name} two, but this connection belongs to one."
    )
    assert raised.value.hint.startswith("Put the former address and secret back.")
    a_table(client).check("acme", side, "one")
    assert stored(client) == {("crm-id#acme", str(side)): "one"}


def test_of_two_first_sign_ins_the_first_one_counts(client: Any) -> None:
    """A worker that has read the empty table and comes second compares with what the first one
    stored.
    """
    first = iter([a_table(client)])

    def be_first(**_: object) -> None:
        for one in first:
            one.check("acme", Side.HUBSPOT, "555001")

    client.meta.events.register("before-call.dynamodb.PutItem", be_first)
    try:
        with pytest.raises(Down, match="belongs to 555001"):
            a_table(client).check("acme", Side.HUBSPOT, "555009")
    finally:
        client.meta.events.unregister("before-call.dynamodb.PutItem", be_first)

    assert stored(client) == {("crm-id#acme", "hubspot"): "555001"}


def test_who_may_only_read_stores_nothing(client: Any) -> None:
    """The operator's command compares, and takes any id while none is stored."""
    reader = a_table(client, keeps=False)
    reader.check("acme", Side.HUBSPOT, "555009")
    assert stored(client) == {}

    a_table(client).check("acme", Side.HUBSPOT, "555001")
    with pytest.raises(Down):
        reader.check("acme", Side.HUBSPOT, "555009")


def test_a_table_that_does_not_answer_decides_nothing(client: Any) -> None:
    """The sign-in is tried again later, instead of being accepted unseen."""
    client.delete_table(TableName="Table")

    with pytest.raises(TryAgain):
        a_table(client).check("acme", Side.HUBSPOT, "555001")
