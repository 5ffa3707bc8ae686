"""What the ledger of settled conflicts does behind the port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.conflict_log import ConflictLogTable
from crmsync.model.conflicts import KEPT, NEWEST, ResolvedConflict
from crmsync.model.records import Ref, Side
from tests.builders import NOON
from tests.contracts.tables import dynamodb, ledger_on_dynamodb
from tests.memory import MemoryLedger

DAY = timedelta(days=1)


@pytest.fixture(params=["memory", "dynamodb"])
def conflict_log(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each ledger in turn."""
    if request.param == "memory":
        yield MemoryLedger()
    else:
        with ledger_on_dynamodb() as table:
            yield table


def a_contact_ref(number: int = 81) -> Ref:
    """The HubSpot record by which a pair goes."""
    return Ref(Side.HUBSPOT, "contact", str(number))


def phone(
    after: timedelta = timedelta(), winner: Side | None = Side.SALESFORCE
) -> ResolvedConflict:
    """A conflict about the telephone number, so long after noon."""
    return ResolvedConflict(NOON + after, "phone", "Phone", "two_way", winner)


def test_settlements_come_back_newest_first_per_pair_and_connection(conflict_log: Any) -> None:
    """Field names, policy, winner or nobody, and time; a pair that had no conflict is left out."""
    conflict_log.note(
        "acme", {a_contact_ref(): [phone(), phone(DAY, None)], a_contact_ref(82): [phone()]}
    )
    conflict_log.note("beta", {a_contact_ref(): [phone(DAY)]})

    found = conflict_log.last("acme", [a_contact_ref(), a_contact_ref(82), a_contact_ref(83)])

    assert found == {a_contact_ref(): (phone(DAY, None), phone()), a_contact_ref(82): (phone(),)}
    assert conflict_log.last("beta", [a_contact_ref(), a_contact_ref(82)]) == {
        a_contact_ref(): (phone(DAY),)
    }


def test_the_newest_ten_stay(conflict_log: Any) -> None:
    """However they come: in one note or one by one."""
    hours = [phone(timedelta(hours=hour)) for hour in range(NEWEST + 3)]
    conflict_log.note("acme", {a_contact_ref(): hours[:5]})
    for one in hours[5:]:
        conflict_log.note("acme", {a_contact_ref(): [one]})

    assert conflict_log.last("acme", [a_contact_ref()]) == {
        a_contact_ref(): tuple(reversed(hours[3:]))
    }


def test_what_is_thirty_days_older_than_the_newest_goes(conflict_log: Any) -> None:
    """A pair that quarrels now and then keeps no long history."""
    conflict_log.note("acme", {a_contact_ref(): [phone(), phone(DAY)]})
    conflict_log.note("acme", {a_contact_ref(): [phone(KEPT)]})

    assert conflict_log.last("acme", [a_contact_ref()]) == {
        a_contact_ref(): (phone(KEPT), phone(DAY))
    }


def test_whoever_is_forgotten_leaves_nothing(conflict_log: Any) -> None:
    """The others stay; one of whom nothing is kept is done already."""
    conflict_log.note("acme", {a_contact_ref(): [phone()], a_contact_ref(82): [phone()]})

    for _ in range(2):
        conflict_log.forget("acme", [a_contact_ref(), a_contact_ref(99), a_contact_ref()])

    assert conflict_log.last("acme", [a_contact_ref(), a_contact_ref(82)]) == {
        a_contact_ref(82): (phone(),)
    }


def test_many_pairs_at_once(conflict_log: Any) -> None:
    """More than fit in one read or one write."""
    settled = {a_contact_ref(number): [phone()] for number in range(130)}

    conflict_log.note("acme", settled)

    assert conflict_log.last("acme", settled) == {ref: tuple(rows) for ref, rows in settled.items()}
    conflict_log.forget("acme", settled)
    assert conflict_log.last("acme", settled) == {}


def test_nothing_to_do_makes_no_call() -> None:
    """Without a client any call would fail."""
    conflict_log = ConflictLogTable(None, "Table")
    conflict_log.note("acme", {})
    conflict_log.note("acme", {a_contact_ref(): []})
    conflict_log.forget("acme", [])
    assert conflict_log.last("acme", []) == {}


def test_an_item_is_forgotten_by_dynamodb_after_thirty_days() -> None:
    """One item per pair; its time to live is in whole seconds."""
    with dynamodb("pk", "sk") as client:
        ConflictLogTable(client, "Table").note("acme", {a_contact_ref(): [phone()]})
        (item,) = client.scan(TableName="Table")["Items"]
    rows = json.loads(item.pop("rows")["S"])
    assert rows == [["2026-11-02T12:00:00+00:00", "phone", "Phone", "two_way", "salesforce"]]
    assert item == {
        "pk": {"S": "settled#acme#hubspot:contact:81"},
        "sk": {"S": "settled"},
        "expires_at": {"N": str(int((NOON + timedelta(days=30)).timestamp()))},
    }
