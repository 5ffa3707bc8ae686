"""Items of a DynamoDB table, read and written many at a time until the last one is through.

Law: no word about what the items mean. Every read is strongly consistent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.retry import RetryPolicy, chunks

READ_BATCH = 100
WRITE_BATCH = 25

Key: TypeAlias = tuple[str, str]
"""What stands under `pk` and `sk`."""


class DynamoTable:
    """A table with the keys `pk` and `sk`; `what` names its content in errors, all of which are
    `TryAgain` unless the fault is ours.
    """

    def __init__(
        self, client: Any, table: str, what: str, patience: RetryPolicy | None = None
    ) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._what = what
        self._patience = patience or RetryPolicy()

    def one(self, key: Key) -> Mapping[str, Any] | None:
        """The item under a key, if there is one."""
        answer = self._call(
            self._client.get_item, TableName=self._table, Key=_key(key), ConsistentRead=True
        )
        found: Mapping[str, Any] | None = answer.get("Item")
        return found

    def many(self, keys: Iterable[Key]) -> dict[Key, Mapping[str, Any]]:
        """The items that there are, by key, a hundred a call."""
        found: dict[Key, Mapping[str, Any]] = {}
        for part in chunks(list(dict.fromkeys(keys)), READ_BATCH):
            request: Any = {"Keys": list(map(_key, part)), "ConsistentRead": True}
            for answer in self._until_done(
                self._client.batch_get_item, {self._table: request}, "UnprocessedKeys"
            ):
                found.update(
                    (key_of(item), item) for item in answer["Responses"].get(self._table, ())
                )
        return found

    def under(self, pk: str, **options: Any) -> Iterator[Mapping[str, Any]]:
        """The items of a partition in their order, page by page as far as they are asked for."""
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
            **options,
        }
        while True:
            page = self._call(self._client.query, **request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(self, items: Mapping[Key, Mapping[str, Any]]) -> None:
        """Store items, 25 a call; what is given by key are their other attributes, of which there
        may be none.
        """
        self._write(
            [{"PutRequest": {"Item": item_of(key, others)}} for key, others in items.items()]
        )

    def add(self, key: Key, others: Mapping[str, Any]) -> None:
        """Store one item, by a call that needs no right to delete any."""
        self._call(self._client.put_item, TableName=self._table, Item=item_of(key, others))

    def delete(self, keys: Iterable[Key]) -> None:
        """Delete items, whether they are there or not, 25 a call."""
        self._write([{"DeleteRequest": {"Key": _key(key)}} for key in dict.fromkeys(keys)])

    def update(self, key: Key, **options: Any) -> Mapping[str, Any]:
        """Update an item; answers what `ReturnValues` asks for. A condition that does not hold is
        `botocore`'s own error.
        """
        try:
            answer = self._client.update_item(TableName=self._table, Key=_key(key), **options)
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise
            raise aws_error(problem, self._what) from None
        except BotoCoreError as problem:
            raise aws_error(problem, self._what) from None
        attributes: Mapping[str, Any] = answer.get("Attributes") or {}
        return attributes

    def _write(self, requests: Sequence[Mapping[str, Any]]) -> None:
        for part in chunks(list(requests), WRITE_BATCH):
            for _ in self._until_done(
                self._client.batch_write_item, {self._table: part}, "UnprocessedItems"
            ):
                pass

    def _until_done(
        self, call: Callable[..., Any], left: Mapping[str, Any], rest: str
    ) -> Iterator[Any]:
        attempt = 0
        while left:
            if attempt and not self._patience.wait(attempt):
                raise TryAgain(f"{self._what} is busy.", after=5, code=rest)
            attempt += 1
            answer = self._call(call, RequestItems=left)
            yield answer
            left = answer.get(rest) or {}

    def _call(self, call: Callable[..., Any], **request: Any) -> Any:
        try:
            return call(**request)
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, self._what) from None


def key_of(item: Mapping[str, Any]) -> Key:
    """The key of an item."""
    return item["pk"]["S"], item["sk"]["S"]


def item_of(key: Key, others: Mapping[str, Any]) -> dict[str, Any]:
    """The item with that key and these other attributes."""
    return {**_key(key), **others}


def _key(key: Key) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
