"""The counts of changes, blanks and deletions behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.change_counts import ChangeCountTable
from crmsync.model.brakes import Counted, Hold
from crmsync.model.records import Kind, Side
from tests.contracts.stores.tables import change_counts_on_dynamodb, dynamodb
from tests.memory import MemoryChangeCounts

CHANGES = Hold(Side.SALESFORCE, Counted.CHANGES)
DELETES = Hold(Side.HUBSPOT, Counted.DELETES)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TABLES = {"memory": MemoryChangeCounts, "dynamodb": None}


@pytest.fixture(params=TABLES)
def brake(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryChangeCounts()
    else:
        with change_counts_on_dynamodb() as table:
            yield table


def pulled(
    brake: Any,
    *wanted: int,
    limit: int = 10,
    at: datetime = NOON,
    connection: str = "acme",
    hold: Hold = CHANGES,
) -> list[int]:
    """The numbers that are allowed, one request after the other."""
    return [brake.pull(connection, Kind.CONTACT, hold, one, limit, at) for one in wanted]


def test_the_limit_of_the_hour_is_used_up_to_the_last_record(brake: Any) -> None:
    """The last request gets the rest, later ones get nothing (Q-30)."""
    assert pulled(brake, 4, 4, 4, 4) == [4, 4, 2, 0]


def test_more_than_the_limit_at_once_gets_the_limit(brake: Any) -> None:
    """A mass deletion is not allowed because it comes in one request."""
    assert pulled(brake, 500, 1) == [10, 0]


def test_the_next_hour_starts_at_zero_in_every_time_zone(brake: Any) -> None:
    """Hours are in UTC, whatever the time zone of the clock."""
    local = NOON.astimezone(tz=None) + timedelta(minutes=59)

    assert pulled(brake, 10, 1) + pulled(brake, 1, at=local) == [10, 0, 0]
    assert pulled(brake, 7, at=NOON + timedelta(hours=1)) == [7]


def test_each_connection_has_its_own_count(brake: Any) -> None:
    """One customer's mass deletion does not stop another's single one."""
    assert pulled(brake, 10, 1) + pulled(brake, 1, connection="other") == [10, 0, 1]


def test_a_limit_of_zero_does_not_limit(brake: Any) -> None:
    """That is the setting's default (Q-30)."""
    assert pulled(brake, 500, 500, limit=0) == [500, 500]


def test_nothing_wanted_is_nothing_counted(brake: Any) -> None:
    """An empty request allows nothing and counts nothing."""
    assert pulled(brake, 0, 10) == [0, 10]


def test_a_lower_limit_applies_at_once(brake: Any) -> None:
    """What was allowed under the old limit counts."""
    assert pulled(brake, 8) + pulled(brake, 3, limit=5) + pulled(brake, 3) == [8, 0, 2]


def test_the_counters_of_a_kind_are_independent(brake: Any) -> None:
    """Overwrites in one CRM do not use up those in the other, nor blanks or deletions."""
    every = [
        DELETES,
        *(Hold(side, counted) for side in Side for counted in (Counted.CHANGES, Counted.BLANKS)),
    ]

    assert [pulled(brake, 10, 1, hold=hold) for hold in every] == [[10, 0]] * len(every)


def test_what_was_not_written_can_be_used_by_others(brake: Any) -> None:
    """A record that a CRM refused was not overwritten."""
    pulled(brake, 10)

    brake.give_back("acme", Kind.CONTACT, CHANGES, 3, NOON)

    assert pulled(brake, 4, 1) == [3, 0]


def test_the_fullest_counter_is_reported(brake: Any) -> None:
    """Half of a limit is worth a warning; other connections have their own counts."""
    pulled(brake, 5)
    pulled(brake, 2, hold=DELETES)
    pulled(brake, 9, connection="other")

    assert (brake.fill("acme", Kind.CONTACT), brake.fill("acme", Kind.ACCOUNT)) == (0.5, 0)


def test_single_changes_share_one_write() -> None:
    """A fiftieth of the limit is reserved at once and used up from memory; the limit still holds to
    the last record.
    """
    with dynamodb("pk", "sk") as client:
        brake, sent = ChangeCountTable(client, "Table"), []
        client.meta.events.register("before-call.dynamodb.UpdateItem", lambda **_: sent.append(1))

        singles = pulled(brake, *[1] * 100, limit=2000)
        writes = len(sent)
        rest = pulled(brake, 1899, 1, 1, limit=2000)

    assert (sum(singles), writes, rest) == (100, 3, [1899, 1, 0])


def test_counts_expire_after_two_days() -> None:
    """DynamoDB deletes items by their time to live, in whole seconds."""
    with dynamodb("pk", "sk") as client:
        brake = ChangeCountTable(client, "Table")
        pulled(brake, 3, at=NOON + timedelta(minutes=12), hold=DELETES)
        pulled(brake, 4, at=NOON + timedelta(minutes=12))

        rows = sorted(client.scan(TableName="Table")["Items"], key=lambda row: row["sk"]["S"])

    forgotten = int((NOON + timedelta(days=2)).timestamp())
    assert rows == [
        {
            "pk": {"S": "brake#acme"},
            "sk": {"S": "contact#2026-11-02T12"},
            "n": {"N": "3"},
            "expires_at": {"N": str(forgotten)},
        },
        {
            "pk": {"S": "brake#acme"},
            "sk": {"S": "contact#changes#salesforce#2026-11-02T12"},
            "n": {"N": "4"},
            "expires_at": {"N": str(forgotten)},
        },
    ]


def test_what_was_reserved_in_one_hour_is_not_used_in_the_next() -> None:
    """A Lambda that has reserved more than it needed starts the next hour with nothing, so that
    hour's limit holds to the last record.
    """
    with dynamodb("pk", "sk") as client:
        brake = ChangeCountTable(client, "Table")
        first = pulled(brake, 1, limit=2000)
        following = pulled(brake, 2000, 1, limit=2000, at=NOON + timedelta(hours=1))

    assert (first, following) == ([1], [2000, 0])
