"""The conflict log behind the port."""

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
from tests.contracts.stores.tables import conflict_log_on_dynamodb, dynamodb
from tests.memory import MemoryConflictLog

DAY = timedelta(days=1)


@pytest.fixture(params=["memory", "dynamodb"])
def conflict_log(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryConflictLog()
    else:
        with conflict_log_on_dynamodb() as table:
            yield table


def a_contact_ref(number: int = 81) -> Ref:
    """The HubSpot record that identifies a pair."""
    return Ref(Side.HUBSPOT, "contact", str(number))


def phone(
    after: timedelta = timedelta(), winner: Side | None = Side.SALESFORCE
) -> ResolvedConflict:
    """A conflict about the phone number, so long after noon."""
    return ResolvedConflict(NOON + after, "phone", "Phone", "two_way", winner)


def test_conflicts_are_read_newest_first_per_pair_and_connection(conflict_log: Any) -> None:
    """Field, policy, winner or None, and time are read back; a pair without conflicts is left out."""
    conflict_log.note(
        "acme", {a_contact_ref(): [phone(), phone(DAY, None)], a_contact_ref(82): [phone()]}
    )
    conflict_log.note("beta", {a_contact_ref(): [phone(DAY)]})

    found = conflict_log.last("acme", [a_contact_ref(), a_contact_ref(82), a_contact_ref(83)])

    assert found == {a_contact_ref(): (phone(DAY, None), phone()), a_contact_ref(82): (phone(),)}
    assert conflict_log.last("beta", [a_contact_ref(), a_contact_ref(82)]) == {
        a_contact_ref(): (phone(DAY),)
    }


def test_the_newest_ten_are_kept(conflict_log: Any) -> None:
    """Ten are kept, whether stored at once or one by one."""
    hours = [phone(timedelta(hours=hour)) for hour in range(NEWEST + 3)]
    conflict_log.note("acme", {a_contact_ref(): hours[:5]})
    for one in hours[5:]:
        conflict_log.note("acme", {a_contact_ref(): [one]})

    assert conflict_log.last("acme", [a_contact_ref()]) == {
        a_contact_ref(): tuple(reversed(hours[3:]))
    }


def test_conflicts_thirty_days_older_than_the_newest_are_deleted(conflict_log: Any) -> None:
    """A pair with rare conflicts keeps no long history."""
    conflict_log.note("acme", {a_contact_ref(): [phone(), phone(DAY)]})
    conflict_log.note("acme", {a_contact_ref(): [phone(KEPT)]})

    assert conflict_log.last("acme", [a_contact_ref()]) == {
        a_contact_ref(): (phone(KEPT), phone(DAY))
    }


def test_a_forgotten_pair_has_no_conflicts(conflict_log: Any) -> None:
    """Other pairs keep theirs; forgetting an unknown pair does nothing."""
    conflict_log.note("acme", {a_contact_ref(): [phone()], a_contact_ref(82): [phone()]})

    for _ in range(2):
        conflict_log.forget("acme", [a_contact_ref(), a_contact_ref(99), a_contact_ref()])

    assert conflict_log.last("acme", [a_contact_ref(), a_contact_ref(82)]) == {
        a_contact_ref(82): (phone(),)
    }


def test_many_pairs_at_once(conflict_log: Any) -> None:
    """More pairs than fit in one read or one write."""
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


def test_an_item_expires_after_thirty_days() -> None:
    """There is one item per pair; its time to live is in whole seconds."""
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
