"""The settings in force and all that were before, in a table of their own, which functions may only read.

    pk          sk          attributes
    settings    current     version, text, settings (JSON), pushed_at (ISO 8601, UTC), by
    settings    v000001     the same, one row per push, kept for ever

The newest push is stored twice, in one transaction, so that reading what is in force costs one small read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Conflict, SyncError
from crmsync.gateways.aws_errors import aws_error
from crmsync.model.settings import Settings
from crmsync.wire.settings_rows import Revision, from_json, to_json

_PARTITION = {"S": "settings"}
_CURRENT = {"pk": _PARTITION, "sk": {"S": "current"}}
_TAKEN = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


MAX_AGE = 60.0
"""Seconds after which a warm Lambda looks for new settings."""


class SettingsTable:
    """The operator's settings on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table

    def load(self) -> Settings:
        """The settings in force; none at all before the first push. Raises `TryAgain`."""
        current = self.current()
        return Settings() if current is None else current.settings

    def current(self) -> Revision | None:
        """The push in force, or None before the first one. Raises `TryAgain`."""
        return self._get(_CURRENT)

    def revision(self, version: int) -> Revision | None:
        """The push of that number, or None. Raises `TryAgain`."""
        return self._get(_row_key(version))

    def history(self) -> Sequence[Revision]:
        """Every push, newest first. Raises `TryAgain`."""
        return [_revision(row) for row in self._rows()]

    def push(self, text: str, settings: Settings, *, at: datetime, by: str = "") -> Settings:
        """Put settings in force that were checked against version `settings.version`; answers them with their own version.

        Raises `Conflict` when somebody else has pushed since, and then changes nothing; else `TryAgain`.
        """
        version = settings.version + 1
        row = {
            "version": {"N": str(version)},
            "text": {"S": text},
            "settings": {"S": to_json(settings)},
            "pushed_at": {"S": at.isoformat()},
            "by": {"S": by},
        }
        unchanged: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if settings.version:
            values = {":seen": {"N": str(settings.version)}}
            unchanged = {"ConditionExpression": "version = :seen", "ExpressionAttributeValues": values}
        history = {"Item": {**_row_key(version), **row}, "ConditionExpression": "attribute_not_exists(pk)"}
        puts = [
            {"TableName": self._table, **history},
            {"TableName": self._table, "Item": {**_CURRENT, **row}, **unchanged},
        ]
        try:
            self._client.transact_write_items(TransactItems=[{"Put": put} for put in puts])
        except (BotoCoreError, ClientError) as problem:
            raise _push_error(problem) from problem
        return Settings(settings.connections, version)

    def now(self) -> datetime:
        """The time at AWS (UTC, whole seconds), so that a push is dated alike on any operator's machine. Raises `TryAgain`."""
        answer = self._answer(_CURRENT)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def _get(self, key: Mapping[str, Any]) -> Revision | None:
        item = self._answer(key).get("Item")
        return None if item is None else _revision(item)

    def _answer(self, key: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The settings table") from problem
        return answer

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :v)",
            "ExpressionAttributeValues": {":pk": _PARTITION, ":v": {"S": "v"}},
            "ConsistentRead": True,
            "ScanIndexForward": False,
        }
        while True:
            try:
                page = self._client.query(**request)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, "The settings table") from problem
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class FreshSettings:
    """The settings in force, as a warm Lambda knows them: a push is in force everywhere a minute later."""

    def __init__(self, table: SettingsTable, *, now: Callable[[], float]) -> None:
        """Read from `table`; `now` gives seconds on any clock that does not go back."""
        self._table = table
        self._now = now
        self._kept: tuple[Settings, float] | None = None

    def settings(self) -> Settings:
        """The settings, at most `MAX_AGE` seconds old. Raises `TryAgain`."""
        if self._kept is None or self._now() - self._kept[1] >= MAX_AGE:
            self._kept = (self._table.load(), self._now())
        return self._kept[0]


def _row_key(version: int) -> dict[str, Any]:
    return {"pk": _PARTITION, "sk": {"S": f"v{version:06d}"}}


def _revision(item: Mapping[str, Any]) -> Revision:
    version = int(item["version"]["N"])
    settings = from_json(item["settings"]["S"], version)
    return Revision(
        version, item["text"]["S"], settings, datetime.fromisoformat(item["pushed_at"]["S"]), item["by"]["S"]
    )


def _push_error(problem: BotoCoreError | ClientError) -> SyncError:
    if isinstance(problem, ClientError):
        reasons = {reason.get("Code") for reason in problem.response.get("CancellationReasons", ())}
        if reasons & _TAKEN:
            return Conflict(
                "Somebody else has pushed settings meanwhile; look at them and push again.", code="SETTINGS"
            )
    return aws_error(problem, "The settings table")
