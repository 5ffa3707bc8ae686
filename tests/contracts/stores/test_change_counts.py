"""The counts of changes, blanks and deletions behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.change_counts import ChangeCountTable
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.records import Kind, Side
from tests.contracts.stores.tables import change_counts_on_dynamodb, dynamodb
from tests.memory import MemoryChangeCounts

CHANGES = Hold(Side.SALESFORCE, ChangeLimit.CHANGES)
DELETES = Hold(Side.HUBSPOT, ChangeLimit.DELETES)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TABLES = {"memory": MemoryChangeCounts, "dynamodb": None}


@pytest.fixture(params=TABLES)
def change_counts(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryChangeCounts()
    else:
        with change_counts_on_dynamodb() as table:
            yield table


def pulled(
    change_counts: Any,
    *wanted: int,
    limit: int = 10,
    at: datetime = NOON,
    connection: str = "acme",
    hold: Hold = CHANGES,
) -> list[int]:
    """The numbers that are allowed, one request after the other."""
    return [change_counts.reserve(connection, Kind.CONTACT, hold, one, limit, at) for one in wanted]


def test_the_limit_of_the_hour_is_used_up_to_the_last_record(change_counts: Any) -> None:
    """The last request gets the rest, later ones get nothing (Q-30)."""
    assert pulled(change_counts, 4, 4, 4, 4) == [4, 4, 2, 0]


def test_more_than_the_limit_at_once_gets_the_limit(change_counts: Any) -> None:
    """A mass deletion is not allowed because it comes in one request."""
    assert pulled(change_counts, 500, 1) == [10, 0]


def test_the_next_hour_starts_at_zero_in_every_time_zone(change_counts: Any) -> None:
    """Hours are in UTC, whatever the time zone of the clock."""
    local = NOON.astimezone(tz=None) + timedelta(minutes=59)

    assert pulled(change_counts, 10, 1) + pulled(change_counts, 1, at=local) == [10, 0, 0]
    assert pulled(change_counts, 7, at=NOON + timedelta(hours=1)) == [7]


def test_each_connection_has_its_own_count(change_counts: Any) -> None:
    """One customer's mass deletion does not stop another's single one."""
    assert pulled(change_counts, 10, 1) + pulled(change_counts, 1, connection="other") == [10, 0, 1]


def test_a_limit_of_zero_does_not_limit(change_counts: Any) -> None:
    """That is the setting's default (Q-30)."""
    assert pulled(change_counts, 500, 500, limit=0) == [500, 500]


def test_nothing_wanted_is_nothing_counted(change_counts: Any) -> None:
    """An empty request allows nothing and counts nothing."""
    assert pulled(change_counts, 0, 10) == [0, 10]


def test_a_lower_limit_applies_at_once(change_counts: Any) -> None:
    """What was allowed under the old limit counts."""
    assert pulled(change_counts, 8) + pulled(change_counts, 3, limit=5) + pulled(
        change_counts, 3
    ) == [8, 0, 2]


def test_the_counters_of_a_kind_are_independent(change_counts: Any) -> None:
    """Overwrites in one CRM do not use up those in the other, nor blanks or deletions."""
    every = [
        DELETES,
        *(
            Hold(side, counted)
            for side in Side
            for counted in (ChangeLimit.CHANGES, ChangeLimit.BLANKS)
        ),
    ]

    assert [pulled(change_counts, 10, 1, hold=hold) for hold in every] == [[10, 0]] * len(every)


def test_what_was_not_written_can_be_used_by_others(change_counts: Any) -> None:
    """A record that a CRM refused was not overwritten."""
    pulled(change_counts, 10)

    change_counts.return_unused("acme", Kind.CONTACT, CHANGES, 3, NOON)

    assert pulled(change_counts, 4, 1) == [3, 0]


def test_the_fullest_counter_is_reported(change_counts: Any) -> None:
    """Half of a limit is worth a warning; other connections have their own counts."""
    pulled(change_counts, 5)
    pulled(change_counts, 2, hold=DELETES)
    pulled(change_counts, 9, connection="other")

    assert (
        change_counts.usage("acme", Kind.CONTACT),
        change_counts.usage("acme", Kind.ACCOUNT),
    ) == (0.5, 0)


def test_single_changes_share_one_write() -> None:
    """A fiftieth of the limit is reserved at once and used up from memory; the limit still holds to
    the last record.
    """
    with dynamodb("pk", "sk") as client:
        change_counts, sent = ChangeCountTable(client, "Table"), []
        client.meta.events.register("before-call.dynamodb.UpdateItem", lambda **_: sent.append(1))

        singles = pulled(change_counts, *[1] * 100, limit=2000)
        writes = len(sent)
        rest = pulled(change_counts, 1899, 1, 1, limit=2000)

    assert (sum(singles), writes, rest) == (100, 3, [1899, 1, 0])


def test_counts_expire_after_two_days() -> None:
    """DynamoDB deletes items by their time to live, in whole seconds."""
    with dynamodb("pk", "sk") as client:
        change_counts = ChangeCountTable(client, "Table")
        pulled(change_counts, 3, at=NOON + timedelta(minutes=12), hold=DELETES)
        pulled(change_counts, 4, at=NOON + timedelta(minutes=12))

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
        change_counts = ChangeCountTable(client, "Table")
        first = pulled(change_counts, 1, limit=2000)
        following = pulled(change_counts, 2000, 1, limit=2000, at=NOON + timedelta(hours=1))

    assert (first, following) == ([1], [2000, 0])
