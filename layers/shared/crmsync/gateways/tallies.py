"""What is remembered of tasks, in the state table.

    pk                                   sk       attributes
    task#acme#555001-1767225600000-0d9e  tally    v version, s marks of events (bytes), n counted, u claimed until (ms), t task, expires_at

The key names no person: it holds the event's id, or an alias of the address. A partition of its own per task, so that a hundred thousand at
a time meet no hot one. A claim is one transaction for up to a hundred tasks (two write units each), settling an ordinary write (one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws_errors import aws_error
from crmsync.gateways.throttle import Patience, chunks
from crmsync.model.mail import Tally
from crmsync.rules.email_tasks import MARK_BYTES

GET_BATCH = 100
CLAIM_BATCH = 100
PUT_BATCH = 25

_SORT = "tally"
_TAKEN = "ConditionalCheckFailed"
_FINE = "None"
_WHAT = "The memory of tasks"

Item: TypeAlias = Mapping[str, Any]


class TallyTable:
    """Implements `Tallies` on a table with the keys `pk` and `sk`."""

    def __init__(
        self, client: Any, table: str, *, now: Callable[[], datetime], patience: Patience | None = None
    ) -> None:
        """Use the boto3 `client` ("dynamodb"); `now` gives the time (UTC) from which rows are kept."""
        self._client = client
        self._table = table
        self._now = now
        self._patience = patience or Patience()

    def look(self, connection: str, keys: Iterable[str]) -> Mapping[str, Tally]:
        """The tallies of these tasks, strongly consistent, a hundred a call. Raises `TryAgain`."""
        found: dict[str, Tally] = {}
        for part in chunks(list(dict.fromkeys(keys)), GET_BATCH):
            request: Any = {"Keys": [_key(connection, key) for key in part], "ConsistentRead": True}
            for answer in self._until_done(self._client.batch_get_item, {self._table: request}, "UnprocessedKeys"):
                for item in answer["Responses"].get(self._table, ()):
                    tally = _tally(connection, item)
                    found[tally.key] = tally
        return found

    def claim(
        self, connection: str, tallies: Sequence[Tally], now: int, until: int, keep: timedelta
    ) -> Mapping[str, Tally]:
        """Store tallies as they are, ours until a moment, unless somebody was first. Raises `TryAgain`."""
        ours: dict[str, Tally] = {}
        for part in chunks([replace(one, until=until) for one in tallies], CLAIM_BATCH):
            for one in self._claim(connection, part, now, self._expiry(keep)):
                ours[one.key] = replace(one, version=one.version + 1)
        return ours

    def settle(self, connection: str, tallies: Sequence[Tally], keep: timedelta) -> None:
        """Store tallies, 25 a call. Raises `TryAgain`."""
        expires = self._expiry(keep)
        for part in chunks(list(tallies), PUT_BATCH):
            puts = [{"PutRequest": {"Item": _item(connection, one, expires)}} for one in part]
            for _ in self._until_done(self._client.batch_write_item, {self._table: puts}, "UnprocessedItems"):
                pass

    def _expiry(self, keep: timedelta) -> int:
        return int((self._now() + keep).astimezone(UTC).timestamp())

    def _claim(self, connection: str, part: list[Tally], now: int, expires: int) -> list[Tally]:
        """All in one transaction; when it is cancelled, those to blame are somebody else's, and the others go again without them."""
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

    def _put(self, connection: str, tally: Tally, now: int, expires: int) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": _item(connection, tally, expires)}
        if not tally.version:
            return put | {"ConditionExpression": "attribute_not_exists(pk)"}
        values = {":v": {"N": str(tally.version)}, ":now": {"N": str(now)}}
        return put | {"ConditionExpression": "v = :v AND u <= :now", "ExpressionAttributeValues": values}

    def _until_done(self, call: Callable[..., Any], left: Mapping[str, Any], rest: str) -> Iterable[Any]:
        attempt = 0
        while left:
            if attempt and not self._patience.wait(attempt):
                raise TryAgain(f"{_WHAT} is busy.", after=5, code=rest)
            attempt += 1
            try:
                answer = call(RequestItems=left)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, _WHAT) from None
            yield answer
            left = answer.get(rest) or {}


def _key(connection: str, key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"task#{connection}#{key}"}, "sk": {"S": _SORT}}


def _item(connection: str, tally: Tally, expires: int) -> Item:
    """The row under its next version."""
    numbers = {"v": tally.version + 1, "n": tally.counted, "u": tally.until, "expires_at": expires}
    item: dict[str, Any] = {**_key(connection, tally.key), **{name: {"N": str(n)} for name, n in numbers.items()}}
    if tally.seen:
        item["s"] = {"B": b"".join(sorted(tally.seen))}
    if tally.task:
        item["t"] = {"S": tally.task}
    return item


def _tally(connection: str, item: Item) -> Tally:
    raw = item["s"]["B"] if "s" in item else b""
    return Tally(
        key=item["pk"]["S"].removeprefix(f"task#{connection}#"),
        seen=frozenset(raw[start : start + MARK_BYTES] for start in range(0, len(raw), MARK_BYTES)),
        counted=int(item["n"]["N"]),
        task=item["t"]["S"] if "t" in item else "",
        until=int(item["u"]["N"]),
        version=int(item["v"]["N"]),
    )


def _reasons(problem: BotoCoreError | ClientError, count: int) -> list[str]:
    """Why each row kept the transaction from happening; none where the rows are not to blame."""
    reasons = (problem.response.get("CancellationReasons") if isinstance(problem, ClientError) else None) or ()
    codes = [str(reason.get("Code", _FINE)) for reason in reasons]
    return codes if len(codes) == count and set(codes) != {_FINE} else []
