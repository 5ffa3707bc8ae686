"""The log of conflicts in the state table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from crmsync.gateways.dynamodb.conflict_log import PER_ITEM, READ, ConflictLog
from crmsync.model.conflicts import LoggedConflict
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.fields import Update
from crmsync.model.records import Kind, Ref, Side
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb


def a_conflict(number: int, side: Side | None = Side.HUBSPOT) -> LoggedConflict:
    """A conflict as it was decided at noon."""
    decision = Decision(
        DecisionType.CONFLICT, side, "name", "MAP-1", Update.PREFER_SALESFORCE, at=NOON
    )
    return LoggedConflict(
        Kind.ACCOUNT,
        Ref(Side.HUBSPOT, "company", str(number)),
        Ref(Side.SALESFORCE, "Account", f"001{number}"),
        decision,
        NOON,
    )


def test_what_a_batch_has_decided_is_read_back_newest_first() -> None:
    """A thousand conflicts in one item, with nothing of other connections; reading goes on where it
    ended.
    """
    numbers = count()
    with dynamodb("pk", "sk") as client:
        log = ConflictLog(client, "Table", new_id=lambda: f"{next(numbers):04}")
        log.add("acme", [a_conflict(one) for one in range(PER_ITEM + 1)], NOON)
        log.add("other", [a_conflict(7)], NOON)
        for minute in range(1, READ + 1):
            log.add("acme", [a_conflict(minute, None)], NOON + timedelta(minutes=minute))

        items = list(log.newest("acme"))
        rest = list(log.newest("acme", items[-2][0]))

    assert [len(conflicts) for _, conflicts in items] == [*[1] * READ, 1, PER_ITEM]
    assert items[-1][1][0] == a_conflict(0)
    assert items[0][1][0].decision.side is None
    assert items[0][1][0].at == NOON + timedelta(minutes=READ)
    assert rest == items[-2:]


@pytest.mark.rule("CH-9")
def test_a_privacy_deletion_leaves_nothing_of_the_contact() -> None:
    """Its conflicts go, the others of its items stay, and so does the log of other connections."""
    numbers = count()
    with dynamodb("pk", "sk") as client:
        log = ConflictLog(client, "Table", new_id=lambda: f"{next(numbers):04}")
        log.add("acme", [a_conflict(1), a_conflict(2), a_conflict(1)], NOON)
        log.add("acme", [a_conflict(1)], NOON + timedelta(minutes=1))
        log.add("acme", [a_conflict(3)], NOON + timedelta(minutes=2))
        log.add("other", [a_conflict(1)], NOON)
        kept = client.scan(TableName="Table")["Items"]

        log.forget("acme", {a_conflict(1).hubspot})
        items = [conflicts for _, conflicts in log.newest("acme")]
        left = client.scan(TableName="Table")["Items"]

        assert items == [
            [
                replace(
                    a_conflict(3),
                    at=NOON + timedelta(minutes=2),
                    decision=replace(a_conflict(3).decision, at=NOON + timedelta(minutes=2)),
                )
            ],
            [a_conflict(2)],
        ]
        assert [list(one) for _, one in log.newest("other")] == [[a_conflict(1)]]
    expiries = {one["sk"]["S"]: one["expires_at"] for one in kept}
    assert {one["sk"]["S"]: one["expires_at"] for one in left}.items() <= expiries.items()


def test_nothing_is_written_for_a_batch_without_conflicts() -> None:
    """Most batches have none."""
    with dynamodb("pk", "sk") as client:
        log = ConflictLog(client, "Table", new_id=lambda: "1")
        log.add("acme", [], NOON)

        assert list(log.newest("acme")) == []
