"""The store of task states behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.task_state import TaskStateTable
from crmsync.model.mail import TaskState
from tests.contracts.stores.tables import NO_WAIT, dynamodb
from tests.memory import MemoryTaskStates

NOON = 1_793_620_800_000


KEEP = timedelta(days=35)


@contextmanager
def table_of_task_states() -> Iterator[TaskStateTable]:
    """The gateway on moto."""
    with dynamodb("pk", "sk") as client:
        yield TaskStateTable(
            client,
            "Table",
            now=lambda: datetime.fromtimestamp(NOON / 1000, UTC),
            retry_policy=NO_WAIT,
        )


@pytest.fixture(params=["memory", "dynamodb"])
def task_states(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryTaskStates()
    else:
        with table_of_task_states() as table:
            yield table


def test_a_claim_is_exclusive_until_it_expires(task_states: Any) -> None:
    """A second claim fails until the first one has expired."""
    new = TaskState("key")
    first = task_states.claim("acme", [new], NOON, NOON + 10, KEEP)
    second = task_states.claim("acme", [new], NOON, NOON + 10, KEEP)
    (seen,) = task_states.load("acme", ["key"]).values()
    early = task_states.claim("acme", [seen], NOON + 9, NOON + 20, KEEP)
    late = task_states.claim("acme", [seen], NOON + 10, NOON + 20, KEEP)

    assert (first, second, early) == ({"key": TaskState("key", until=NOON + 10, version=1)}, {}, {})
    assert (seen, late) == (first["key"], {"key": TaskState("key", until=NOON + 20, version=2)})


def test_a_state_that_was_written_since_it_was_read_cannot_be_claimed(task_states: Any) -> None:
    """Another run has written the task in between, so its events must be read again first."""
    (read,) = task_states.claim("acme", [TaskState("key")], NOON, NOON + 10, KEEP).values()
    task_states.commit("acme", [replace(read, until=0)], KEEP)
    (seen,) = task_states.load("acme", ["key"]).values()

    outdated = task_states.claim("acme", [read], NOON + 20, NOON + 30, KEEP)
    current = task_states.claim("acme", [seen], NOON + 20, NOON + 30, KEEP)

    assert (outdated, current) == ({}, {"key": TaskState("key", until=NOON + 30, version=3)})


def test_stored_states_are_read_back(task_states: Any) -> None:
    """All fields are read back, in this connection only; a claimed task does not affect others of
    the call.
    """
    done = TaskState("a", frozenset({b"12345678", b"abcdefgh"}), 2, "00T000000000001AAA", 0, 1)
    task_states.commit("acme", [done], KEEP)

    assert task_states.load("acme", ["a", "b"]) == {"a": replace(done, version=2)}
    assert task_states.load("other", ["a"]) == {}
    assert set(
        task_states.claim("acme", [TaskState("a"), TaskState("b")], NOON, NOON + 1, KEEP)
    ) == {"b"}


def test_many_states_take_several_calls(task_states: Any) -> None:
    """More than one read or one write can have."""
    many = [TaskState(f"key-{number}") for number in range(250)]
    ours = task_states.claim("acme", many, NOON, NOON + 1, KEEP)
    task_states.commit("acme", [replace(one, counted=1) for one in ours.values()], KEEP)

    assert len(ours) == 250
    assert {one.counted for one in task_states.load("acme", ours).values()} == {1}


def test_a_state_expires_and_names_no_person() -> None:
    """The item has an expiry in whole seconds."""
    with dynamodb("pk", "sk") as client:
        table = TaskStateTable(
            client, "Table", now=lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        )
        table.commit(
            "acme", [TaskState("555001-1-e", frozenset({b"12345678"}), 1, "00T1", 0, 1)], KEEP
        )
        (item,) = client.scan(TableName="Table")["Items"]

    assert item == {
        "pk": {"S": "task#acme#555001-1-e"},
        "sk": {"S": "tally"},
        "v": {"N": "2"},
        "n": {"N": "1"},
        "u": {"N": "0"},
        "s": {"B": b"12345678"},
        "t": {"S": "00T1"},
        "expires_at": {"N": str(NOON // 1000 + 35 * 24 * 3600)},
    }
