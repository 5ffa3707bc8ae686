"""What keeps connections from syncing whole, in the state table.

    pk               sk               attributes
    trouble#acme     down:contact     side, code, text, hint, since, seen, next (ISO 8601, UTC), fails, whole, sure, version,
                                      expires_at (90 days after `seen`: of a connection that was taken out of the settings)
    trouble#acme     pause            since (ISO 8601, UTC), by (an ARN): the operator has paused the connection
    trouble#acme     field:salesforce:Lead:Title       since (ISO 8601, UTC), needed, edit, over

An item stands only while there is such a trouble, so in good times a look is one read that finds
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.dynamodb.table import DynamoTable
from crmsync.model.records import Kind, Side
from crmsync.model.troubles import Outage, Pause, Rest, Troubles

KEPT = timedelta(days=90)
DOWN = "down:"
FIELD = "field:"
PAUSE = "pause"
_WHAT = "The list of troubles"


class TroubleTable:
    """Implements `TroubleStore` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._items = DynamoTable(client, table, _WHAT)

    def load(self, connection: str) -> Troubles:
        """What stands, strongly consistent, in one read. Raises `TryAgain`."""
        rows = list(self._items.under(_partition(connection)))
        outages = {
            Kind(row["sk"]["S"].removeprefix(DOWN)): _outage(row) for row in rows if _is_outage(row)
        }
        rests = tuple(_rest(row) for row in rows if row["sk"]["S"].startswith(FIELD))
        return Troubles(
            outages, rests, next((_pause(row) for row in rows if row["sk"]["S"] == PAUSE), None)
        )

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """Store it under its next version, or answer None where another one is stored. Raises
        `TryAgain`.
        """
        stored = replace(outage, version=outage.version + 1)
        item = {**_key(connection, f"{DOWN}{kind}"), **_item(stored)}
        return stored if self._put(item, outage.version) else None

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """Store it; answers whether nothing was known of this field. Raises `TryAgain`."""
        item = {
            **_key(connection, _place(rest)),
            "since": {"S": rest.since.isoformat()},
            "needed": {"BOOL": rest.is_needed},
            "edit": {"BOOL": rest.needs_edit},
            "over": {"BOOL": rest.is_over},
        }
        try:
            old = self._client.put_item(TableName=self._table, Item=item, ReturnValues="ALL_OLD")
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None
        return not old.get("Attributes")

    def end_rest(self, connection: str, rest: Rest) -> None:
        """Forget it. Raises `TryAgain`."""
        self._delete(connection, _place(rest))

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Forget it. Raises `TryAgain`."""
        self._delete(connection, f"{DOWN}{kind}")

    def pause(self, connection: str, pause: Pause) -> None:
        """Have nothing of the connection synced; where it is paused already, that stands. Raises
        `TryAgain`.
        """
        self._put(
            {
                **_key(connection, PAUSE),
                "since": {"S": pause.since.isoformat()},
                "by": {"S": pause.by},
            },
            0,
        )

    def resume(self, connection: str) -> None:
        """End the pause. Raises `TryAgain`."""
        self._delete(connection, PAUSE)

    def _put(self, item: Mapping[str, Any], version: int) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except (BotoCoreError, ClientError) as problem:
            if isinstance(problem, ClientError) and _is_outrun(problem):
                return False
            raise aws_error(problem, _WHAT) from None
        return True

    def _delete(self, connection: str, name: str) -> None:
        try:
            self._client.delete_item(TableName=self._table, Key=_key(connection, name))
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None


def _is_outrun(problem: ClientError) -> bool:
    return bool(problem.response["Error"]["Code"] == "ConditionalCheckFailedException")


def _partition(connection: str) -> str:
    return f"trouble#{connection}"


def _key(connection: str, name: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": _partition(connection)}, "sk": {"S": name}}


def _is_outage(row: Mapping[str, Any]) -> bool:
    return bool(row["sk"]["S"].startswith(DOWN))


def _pause(row: Mapping[str, Any]) -> Pause:
    return Pause(datetime.fromisoformat(row["since"]["S"]), row["by"]["S"])


def _place(rest: Rest) -> str:
    return f"{FIELD}{rest.side}:{rest.object}:{rest.field}"


def _rest(row: Mapping[str, Any]) -> Rest:
    side, name, field = row["sk"]["S"].removeprefix(FIELD).split(":", 2)
    since = datetime.fromisoformat(row["since"]["S"])
    needed, edit, over = (row[one]["BOOL"] for one in ("needed", "edit", "over"))
    return Rest(Side(side), name, field, since, is_needed=needed, needs_edit=edit, is_over=over)


def _item(outage: Outage) -> dict[str, Any]:
    return {
        "side": {"S": outage.side},
        "code": {"S": outage.code},
        "text": {"S": outage.text},
        "hint": {"S": outage.hint},
        "since": {"S": outage.since.isoformat()},
        "seen": {"S": outage.seen_at.isoformat()},
        "next": {"S": outage.next_at.isoformat()},
        "fails": {"N": str(outage.fails)},
        "whole": {"BOOL": outage.is_whole},
        "sure": {"BOOL": outage.is_sure},
        "version": {"N": str(outage.version)},
        "expires_at": {"N": str(int((outage.seen_at + KEPT).timestamp()))},
    }


def _outage(row: Mapping[str, Any]) -> Outage:
    return Outage(
        side=row["side"]["S"],
        code=row["code"]["S"],
        text=row["text"]["S"],
        hint=row["hint"]["S"],
        since=datetime.fromisoformat(row["since"]["S"]),
        seen_at=datetime.fromisoformat(row["seen"]["S"]),
        next_at=datetime.fromisoformat(row["next"]["S"]),
        fails=int(row["fails"]["N"]),
        is_whole=row["whole"]["BOOL"],
        is_sure=row["sure"]["BOOL"],
        version=int(row["version"]["N"]),
    )
