"""What the brake on deletions does behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.gateways.brake import BrakeTable
from crmsync.model.records import Kind
from tests.contracts.tables import brake_on_dynamodb, dynamodb
from tests.memory import MemoryBrake

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TABLES = {"memory": MemoryBrake, "dynamodb": None}


@pytest.fixture(params=TABLES)
def brake(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each brake in turn."""
    if request.param == "memory":
        yield MemoryBrake()
    else:
        with brake_on_dynamodb() as table:
            yield table


def pulled(brake: Any, *wanted: int, limit: int = 10, at: datetime = NOON, connection: str = "acme") -> list[int]:
    """What is let through, one pull after the other."""
    return [brake.pull(connection, Kind.CONTACT, one, limit, at) for one in wanted]


def test_as_many_go_on_as_are_left_of_the_hour(brake: Any) -> None:
    """The last pull gets the rest, and then nobody gets any (Q-30)."""
    assert pulled(brake, 4, 4, 4, 4) == [4, 4, 2, 0]


def test_more_than_the_limit_at_once_gets_the_limit(brake: Any) -> None:
    """A mass deletion is not let through because it is one."""
    assert pulled(brake, 500, 1) == [10, 0]


def test_the_next_hour_is_a_new_one_everywhere(brake: Any) -> None:
    """Hours are UTC's, wherever the clock stands."""
    local = NOON.astimezone(tz=None) + timedelta(minutes=59)

    assert pulled(brake, 10, 1) + pulled(brake, 1, at=local) == [10, 0, 0]
    assert pulled(brake, 7, at=NOON + timedelta(hours=1)) == [7]


def test_connections_brake_each_for_themselves(brake: Any) -> None:
    """One customer's mass deletion does not stop another's single one."""
    assert pulled(brake, 10, 1) + pulled(brake, 1, connection="other") == [10, 0, 1]


def test_a_limit_of_zero_is_no_brake(brake: Any) -> None:
    """That is the setting's default (Q-30)."""
    assert pulled(brake, 500, 500, limit=0) == [500, 500]


def test_nothing_wanted_is_nothing_counted(brake: Any) -> None:
    """An empty pull is answered."""
    assert pulled(brake, 0, 10) == [0, 10]


def test_a_limit_that_was_lowered_holds_at_once(brake: Any) -> None:
    """What went through under the old one counts."""
    assert pulled(brake, 8) + pulled(brake, 3, limit=5) + pulled(brake, 3) == [8, 0, 2]


def test_rows_of_the_brake_are_forgotten_after_two_days() -> None:
    """DynamoDB deletes them by their time to live, which is in whole seconds."""
    with dynamodb("pk", "sk") as client:
        BrakeTable(client, "Table").pull("acme", Kind.CONTACT, 3, 10, NOON + timedelta(minutes=12))

        rows = client.scan(TableName="Table")["Items"]

    forgotten = int((NOON + timedelta(days=2)).timestamp())
    assert rows == [
        {
            "pk": {"S": "brake#acme"},
            "sk": {"S": "contact#2026-11-02T12"},
            "n": {"N": "3"},
            "expires_at": {"N": str(forgotten)},
        }
    ]
