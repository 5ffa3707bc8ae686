"""What is remembered of tasks, in the state table.

    pk                                   sk       attributes
    task#acme#555001-1767225600000-0d9e  tally    v version, s marks of events (bytes), n counted, u claimed until (ms), t task, expires_at

The key names no person: it holds the event's id, or an alias of the address. A partition of its own
per task, so that a hundred thousand at a time meet no hot one. A claim is one transaction for up to
a hundred tasks (two write units each), settling an ordinary write (one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.dynamodb.table import DynamoTable, Key, item_of
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.model.mail import TaskState
from crmsync.rules.email_tasks import MARK_BYTES

CLAIM_BATCH = 100

_SORT = "tally"
_TAKEN = "ConditionalCheckFailed"
_FINE = "None"
_WHAT = "The memory of tasks"

Item: TypeAlias = Mapping[str, Any]


class TaskStateTable:
    """Implements `TaskStates` on a table with the keys `pk` and `sk`."""

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        now: Callable[[], datetime],
        patience: RetryPolicy | None = None,
    ) -> None:
        """Use the boto3 `client` ("dynamodb"); `now` gives the time (UTC) from which rows are
        kept.
        """
        self._client = client
        self._table = table
        self._now = now
        self._patience = patience or RetryPolicy()
        self._items = DynamoTable(client, table, _WHAT, self._patience)

    def look(self, connection: str, keys: Iterable[str]) -> Mapping[str, TaskState]:
        """The tallies of these tasks, strongly consistent, a hundred a call. Raises `TryAgain`."""
        found = self._items.many(_key(connection, key) for key in keys)
        return {tally.key: tally for tally in (_tally(connection, item) for item in found.values())}

    def claim(
        self,
        connection: str,
        task_states: Sequence[TaskState],
        now: int,
        until: int,
        keep: timedelta,
    ) -> Mapping[str, TaskState]:
        """Store tallies as they are, ours until a moment, unless somebody was first. Raises
        `TryAgain`.
        """
        ours: dict[str, TaskState] = {}
        for part in chunks([replace(one, until=until) for one in task_states], CLAIM_BATCH):
            for one in self._claim(connection, part, now, self._expiry(keep)):
                ours[one.key] = replace(one, version=one.version + 1)
        return ours

    def settle(self, connection: str, task_states: Sequence[TaskState], keep: timedelta) -> None:
        """Store tallies, 25 a call. Raises `TryAgain`."""
        expires = self._expiry(keep)
        self._items.put(
            {_key(connection, one.key): _attributes(one, expires) for one in task_states}
        )

    def _expiry(self, keep: timedelta) -> int:
        return int((self._now() + keep).astimezone(UTC).timestamp())

    def _claim(
        self, connection: str, part: list[TaskState], now: int, expires: int
    ) -> list[TaskState]:
        """All in one transaction; when it is cancelled, those to blame are somebody else's, and the
        others go again without them.
        """
        attempt = 1
        while part:
            puts = [{"Put": self._put(connection, one, now, expires)} for one in part]
            try:
                self._client.transact_write_items(TransactItems=puts)
            except (BotoCoreError, ClientError) as problem:
                codes = _reasons(problem, len(part))
                if not codes or (set(codes) - {_FINE, _TAKEN} and not self._patience.wait(attempt)):
                    raise aws_error(problem, _WHAT) from None
                attempt += 1
                part = [one for one, code in zip(part, codes, strict=True) if code != _TAKEN]
            else:
                return part
        return []

    def _put(self, connection: str, tally: TaskState, now: int, expires: int) -> dict[str, Any]:
        item = item_of(_key(connection, tally.key), _attributes(tally, expires))
        put: dict[str, Any] = {"TableName": self._table, "Item": item}
        if not tally.version:
            return put | {"ConditionExpression": "attribute_not_exists(pk)"}
        values = {":v": {"N": str(tally.version)}, ":now": {"N": str(now)}}
        return put | {
            "ConditionExpression": "v = :v AND u <= :now",
            "ExpressionAttributeValues": values,
        }


def _key(connection: str, key: str) -> Key:
    return f"task#{connection}#{key}", _SORT


def _attributes(tally: TaskState, expires: int) -> Item:
    """What the row holds under its next version."""
    numbers = {"v": tally.version + 1, "n": tally.counted, "u": tally.until, "expires_at": expires}
    item: dict[str, Any] = {name: {"N": str(n)} for name, n in numbers.items()}
    if tally.seen:
        item["s"] = {"B": b"".join(sorted(tally.seen))}
    if tally.task:
        item["t"] = {"S": tally.task}
    return item


def _tally(connection: str, item: Item) -> TaskState:
    raw = item["s"]["B"] if "s" in item else b""
    return TaskState(
        key=item["pk"]["S"].removeprefix(f"task#{connection}#"),
        seen=frozenset(raw[start : start + MARK_BYTES] for start in range(0, len(raw), MARK_BYTES)),
        counted=int(item["n"]["N"]),
        task=item["t"]["S"] if "t" in item else "",
        until=int(item["u"]["N"]),
        version=int(item["v"]["N"]),
    )


def _reasons(problem: BotoCoreError | ClientError, count: int) -> list[str]:
    """Why each row kept the transaction from happening; none where the rows are not to blame."""
    reasons = (
        problem.response.get("CancellationReasons") if isinstance(problem, ClientError) else None
    ) or ()
    codes = [str(reason.get("Code", _FINE)) for reason in reasons]
    return codes if len(codes) == count and set(codes) != {_FINE} else []
