"""The state of each task made from e-mail events, in the state table.

    pk                                   sk     attributes
    task#acme#555001-1767225600000-0d9e  tally  v (version), s (hashes of the counted events,
                                                bytes), n (their number), u (claimed until, ms),
                                                t (the task's id), expires_at

The key names no person: it has the event's id, or an alias of the address. Each task has a
partition of its own, so that a hundred thousand at a time meet no hot one. A claim is one
transaction for up to a hundred tasks (two write units each), storing the result an ordinary write
(one unit each).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import (
    ABSENT,
    CONDITION_FAILED,
    FINE,
    TRANSACTION,
    DynamoTable,
    Item,
    Key,
    TransactionCancelled,
    TransactionWrite,
)
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.model.mail import TaskState
from crmsync.model.moments import epoch_seconds
from crmsync.rules.email_tasks import EVENT_HASH_BYTES


class TaskStateTable:
    """Implements `TaskStates` on a table with the keys `pk` and `sk`."""

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        now: Callable[[], datetime],
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """Use the boto3 `client` ("dynamodb"); `now` gives the time (UTC) from which items are
        kept.
        """
        self._now = now
        self._retry_policy = retry_policy or RetryPolicy()
        self._table = DynamoTable(client, table, "The memory of tasks", self._retry_policy)

    def load(self, connection: str, keys: Iterable[str]) -> Mapping[str, TaskState]:
        """The stored states of these tasks, strongly consistent, a hundred per call.

        Raises `TryAgain`.
        """
        found = self._table.get_many(_key(connection, key) for key in keys)
        states = [_state(connection, item) for item in found.values()]
        return {state.key: state for state in states}

    def claim(
        self,
        connection: str,
        task_states: Sequence[TaskState],
        now: int,
        until: int,
        keep: timedelta,
    ) -> Mapping[str, TaskState]:
        """Store states as claimed from `now` until `until` (ms), and return those that could be
        claimed: unchanged since they were read, and not claimed by others. Raises `TryAgain`.
        """
        ours: dict[str, TaskState] = {}
        for part in chunks([replace(state, until=until) for state in task_states], TRANSACTION):
            for state in self._claim(connection, part, now, self._expiry(keep)):
                ours[state.key] = replace(state, version=state.version + 1)
        return ours

    def commit(self, connection: str, task_states: Sequence[TaskState], keep: timedelta) -> None:
        """Store states, 25 per call. Raises `TryAgain`."""
        expires = self._expiry(keep)
        self._table.put_many(
            {_key(connection, state.key): _attributes(state, expires) for state in task_states}
        )

    def _expiry(self, keep: timedelta) -> int:
        return epoch_seconds(self._now() + keep)

    def _claim(
        self, connection: str, part: list[TaskState], now: int, expires: int
    ) -> list[TaskState]:
        """Claim in one transaction. If it is cancelled, tasks that changed meanwhile belong to
        somebody else, and the others are tried again without them.
        """
        attempt = 1
        while part:
            try:
                self._table.transact([self._put(connection, one, now, expires) for one in part])
            except TransactionCancelled as cancelled:
                is_busy = set(cancelled.codes) - {FINE, CONDITION_FAILED}
                if is_busy and not self._retry_policy.sleep_after(attempt):
                    raise cancelled.error from None
                attempt += 1
                part = [
                    state
                    for state, code in zip(part, cancelled.codes, strict=True)
                    if code != CONDITION_FAILED
                ]
            else:
                return part
        return []

    def _put(self, connection: str, state: TaskState, now: int, expires: int) -> TransactionWrite:
        condition: Mapping[str, Any] = ABSENT
        if state.version:
            condition = {
                "ConditionExpression": "v = :v AND u <= :now",
                "ExpressionAttributeValues": {
                    ":v": {"N": str(state.version)},
                    ":now": {"N": str(now)},
                },
            }
        key = _key(connection, state.key)
        return self._table.put_action(key, _attributes(state, expires), **condition)


def _key(connection: str, key: str) -> Key:
    return f"task#{connection}#{key}", "tally"


def _attributes(state: TaskState, expires: int) -> Item:
    """The attributes under the next version."""
    numbers = {"v": state.version + 1, "n": state.counted, "u": state.until, "expires_at": expires}
    item: dict[str, Any] = {name: {"N": str(number)} for name, number in numbers.items()}
    if state.seen:
        item["s"] = {"B": b"".join(sorted(state.seen))}
    if state.task:
        item["t"] = {"S": state.task}
    return item


def _state(connection: str, item: Item) -> TaskState:
    raw = item["s"]["B"] if "s" in item else b""
    return TaskState(
        key=item["pk"]["S"].removeprefix(f"task#{connection}#"),
        seen=frozenset(
            raw[start : start + EVENT_HASH_BYTES] for start in range(0, len(raw), EVENT_HASH_BYTES)
        ),
        counted=int(item["n"]["N"]),
        task=item["t"]["S"] if "t" in item else "",
        until=int(item["u"]["N"]),
        version=int(item["v"]["N"]),
    )
