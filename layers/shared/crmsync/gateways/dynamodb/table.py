"""A DynamoDB table: reads and writes of items, one at a time or many, until all are processed.

Law: this module knows nothing of what the items mean. Reads are strongly consistent by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import SyncError, TryAgain
from crmsync.gateways.aws.errors import aws_error, error_of
from crmsync.gateways.dynamodb.batch_json import use_own_json
from crmsync.gateways.retry import RetryPolicy, chunks

READ_BATCH = 100
WRITE_BATCH = 25
STATEMENTS = 25
TRANSACTION = 100
"""DynamoDB's limits: items per batch read, per batch write, per batch of statements and per
transaction.
"""

Key: TypeAlias = tuple[str, ...]
"""The values of `pk` and, in tables that have one, `sk`."""

Item: TypeAlias = Mapping[str, Any]
"""An item, or some attributes of one, as the low-level client has it: `{"n": {"N": "1"}}`."""

TransactionWrite: TypeAlias = Mapping[str, Any]
"""One write of a transaction, as the low-level client takes it."""

ABSENT: Mapping[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
"""The condition that the item does not exist yet."""

NULL = {"NULL": True}
"""The value NULL."""

FINE = "None"
CONDITION_FAILED = "ConditionalCheckFailed"
"""DynamoDB's reasons for a cancelled transaction; the first one belongs to actions that did not
cause it. A statement of a batch has the second one, too.
"""

BUSY = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "RequestLimitExceeded",
        "TransactionConflict",
        "InternalServerError",
    }
)
"""Why a statement of a batch failed that may succeed in a moment (docs/vendors.md#aws)."""


class ConditionFailed(Exception):  # noqa: N818 - an outcome that each store handles, not an error
    """The condition of a write did not hold, so nothing was written.

    Attributes:
        item: The stored item, if `ReturnValuesOnConditionCheckFailure` asked for it; empty if there
            is none.
    """

    def __init__(self, item: Item) -> None:
        """Keep the stored item."""
        super().__init__()
        self.item = item


@dataclass(frozen=True, slots=True)
class ConditionalUpdate:
    """New values for some attributes of one item, if it is as expected.

    Attributes:
        key: The item's key.
        values: The attributes to set, with their new values; others stay.
        expected: What the stored item must show, the key apart.
    """

    key: Key
    values: Item
    expected: Item


class TransactionCancelled(Exception):  # noqa: N818 - as above
    """Some actions kept the whole transaction from being written.

    Attributes:
        codes: One reason per action, in order; `FINE` for those that did not cause it.
        error: The error for a caller that does not distinguish reasons.
    """

    def __init__(self, codes: Sequence[str], error: SyncError) -> None:
        """Keep the reasons."""
        super().__init__()
        self.codes = codes
        self.error = error


class DynamoTable:
    """A table with the key attribute `pk` and, unless all its keys are of length 1, `sk`.

    Every failed call raises `TryAgain`, or `Refused` for a request that is wrong in itself.
    `**options` are parameters of the API call, in its own words.
    """

    def __init__(
        self, client: Any, table: str, what: str, retry_policy: RetryPolicy | None = None
    ) -> None:
        """Use the boto3 `client` ("dynamodb"); `what` names the table's content in errors.

        From now on the client's answers to BatchGetItem, BatchExecuteStatement and Query are parsed
        here, and statements are written here, with the same result as in botocore, in a fraction of
        its processor time.
        """
        use_own_json(client)
        self.name = table
        self._client = client
        self._what = what
        self._retry_policy = retry_policy or RetryPolicy()

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """The item with this key, or None."""
        item: Item | None = self._get(key, consistent=consistent).get("Item")
        return item

    def server_time(self, key: Key) -> datetime:
        """The time at AWS (UTC, whole seconds), from the response to a read of any key."""
        return parsedate_to_datetime(self._get(key)["ResponseMetadata"]["HTTPHeaders"]["date"])

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """The items that exist, by key, a hundred per call."""
        found: dict[Key, Item] = {}
        for part in chunks(list(dict.fromkeys(keys)), READ_BATCH):
            request = {"Keys": [attributes_of(key) for key in part], "ConsistentRead": consistent}
            for answer in self._until_done(
                self._client.batch_get_item, {self.name: request}, "UnprocessedKeys"
            ):
                for item in answer["Responses"].get(self.name, ()):
                    found[key_of(item)] = item
        return found

    def query(self, pk: str, **options: Any) -> Iterator[Item]:
        """The items of a partition in the order of `sk`; the next page is read when it is needed.

        `options` may replace the condition, and then need a value for `:pk`, too.
        """
        request = {
            "TableName": self.name,
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

    def scan_page(self, after: Key, **options: Any) -> tuple[Sequence[Item], Key]:
        """A page of the table (at most a megabyte read), eventually consistent, and the key after
        which the next one begins. () stands for the first page, and for none after the last.
        """
        start = {"ExclusiveStartKey": attributes_of(after)} if after else {}
        page = self._call(self._client.scan, TableName=self.name, **start, **options)
        return page["Items"], key_of(page.get("LastEvaluatedKey", {}))

    def put(self, key: Key, attributes: Item, **options: Any) -> Item:
        """Store one item; returns the old one if `ReturnValues` asks for it, else an empty mapping.

        Raises `ConditionFailed`.
        """
        return self._write(self._client.put_item, Item=item_of(key, attributes), **options)

    def update(self, key: Key, **options: Any) -> Item:
        """Update one item; returns what `ReturnValues` asks for. Raises `ConditionFailed`."""
        return self._write(self._client.update_item, Key=attributes_of(key), **options)

    def delete(self, key: Key) -> None:
        """Delete one item, whether it exists or not."""
        self._write(self._client.delete_item, Key=attributes_of(key))

    def put_many(self, items: Mapping[Key, Item]) -> None:
        """Store items, 25 per call, given as the other attributes by key."""
        self._write_many(
            [
                {"PutRequest": {"Item": item_of(key, attributes)}}
                for key, attributes in items.items()
            ]
        )

    def delete_many(self, keys: Iterable[Key]) -> None:
        """Delete items, whether they exist or not, 25 per call."""
        self._write_many(
            [{"DeleteRequest": {"Key": attributes_of(key)}} for key in dict.fromkeys(keys)]
        )

    def update_many(
        self, updates: Sequence[ConditionalUpdate]
    ) -> Sequence[ConditionFailed | SyncError | None]:
        """Update items, 25 per call; one outcome per update, in order, None for an update that was
        done. An update that fails does not affect the others. No two may be of one item.

        It costs what conditional writes one by one cost, in a twentieth of the processor time.
        """
        outcomes: dict[int, ConditionFailed | SyncError | None] = {}
        for part in chunks(list(enumerate(updates)), STATEMENTS):
            try:
                self._update_batch(part, outcomes)
            except SyncError as error:
                outcomes.update((at, error) for at, _ in part if at not in outcomes)
        return [outcomes[at] for at in range(len(updates))]

    def put_action(self, key: Key, attributes: Item, **condition: Any) -> TransactionWrite:
        """The action of a transaction that stores an item."""
        return {"Put": {"TableName": self.name, "Item": item_of(key, attributes), **condition}}

    def delete_action(self, key: Key, **condition: Any) -> TransactionWrite:
        """The action of a transaction that deletes an item."""
        return {"Delete": {"TableName": self.name, "Key": attributes_of(key), **condition}}

    def transact(self, actions: Sequence[TransactionWrite]) -> None:
        """Do all actions or none. Raises `TransactionCancelled`.

        The client sends a token with the call, so its own retries are not applied twice.
        """
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (BotoCoreError, ClientError) as problem:
            error = aws_error(problem, self._what)
            codes = _reasons(problem)
            if len(codes) == len(actions) and set(codes) != {FINE}:
                raise TransactionCancelled(codes, error) from None
            raise error from None

    def _update_batch(
        self,
        part: Sequence[tuple[int, ConditionalUpdate]],
        outcomes: dict[int, ConditionFailed | SyncError | None],
    ) -> None:
        """Do these updates, those that met a busy item several times. Raises `SyncError` for a call
        that failed as a whole.
        """
        attempt = 1
        while part:
            statements = [self._statement(update) for _, update in part]
            answer = self._call(self._client.batch_execute_statement, Statements=statements)
            codes: dict[int, str] = {}
            for (at, _), response in zip(part, answer["Responses"], strict=True):
                error = response.get("Error") or {}
                codes[at] = error.get("Code", FINE)
                outcomes[at] = self._outcome(codes[at])
            busy = [(at, update) for at, update in part if codes[at] in BUSY]
            part = busy if busy and self._retry_policy.sleep_after(attempt) else []
            attempt += 1

    def _outcome(self, code: str) -> ConditionFailed | SyncError | None:
        if code == FINE:
            return None
        return ConditionFailed({}) if code == CONDITION_FAILED else error_of(code, self._what)

    def _statement(self, update: ConditionalUpdate) -> Mapping[str, Any]:
        # NULL stands in the text, as botocore takes some microseconds per parameter.
        wanted = {**attributes_of(update.key), **update.expected}
        given = {name: value for name, value in update.values.items() if value != NULL}
        sets = " ".join(f'SET "{one}"={"?" if one in given else "NULL"}' for one in update.values)
        conditions = " AND ".join(f'"{name}"=?' for name in wanted)
        return {
            "Statement": f'UPDATE "{self.name}" {sets} WHERE {conditions}',
            "Parameters": [*given.values(), *wanted.values()],
        }

    def _get(self, key: Key, *, consistent: bool = True) -> Mapping[str, Any]:
        return self._call(
            self._client.get_item,
            TableName=self.name,
            Key=attributes_of(key),
            ConsistentRead=consistent,
        )

    def _write(self, call: Callable[..., Any], **request: Any) -> Item:
        attributes: Item | None = self._call(call, TableName=self.name, **request).get("Attributes")
        return attributes or {}

    def _write_many(self, requests: list[Mapping[str, Any]]) -> None:
        for part in chunks(requests, WRITE_BATCH):
            for _ in self._until_done(
                self._client.batch_write_item, {self.name: part}, "UnprocessedItems"
            ):
                pass

    def _until_done(
        self, call: Callable[..., Any], left: Mapping[str, Any], rest: str
    ) -> Iterator[Mapping[str, Any]]:
        """Each answer of a batch call that is repeated with what the last answer left undone."""
        attempt = 0
        while left:
            if attempt and not self._retry_policy.sleep_after(attempt):
                raise TryAgain(f"{self._what} is busy.", after=5, code=rest)
            attempt += 1
            answer = self._call(call, RequestItems=left)
            yield answer
            left = answer.get(rest) or {}

    def _call(self, call: Callable[..., Any], **request: Any) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = call(**request)
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise ConditionFailed(problem.response.get("Item") or {}) from None
            raise aws_error(problem, self._what) from None
        except BotoCoreError as problem:
            raise aws_error(problem, self._what) from None
        return answer


def key_of(item: Item) -> Key:
    """The key of an item."""
    return tuple(item[name]["S"] for name in ("pk", "sk") if name in item)


def attributes_of(key: Key) -> dict[str, Any]:
    """The attributes of a key."""
    return {name: {"S": value} for name, value in zip(("pk", "sk"), key, strict=False)}


def item_of(key: Key, attributes: Item) -> Item:
    """The item with that key and these other attributes."""
    return {**attributes_of(key), **attributes}


def same_version(version: int) -> Mapping[str, Any]:
    """The condition that the item still has the `version` it was read with; 0 for a new item."""
    if not version:
        return ABSENT
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _reasons(problem: BotoCoreError | ClientError) -> list[str]:
    if not isinstance(problem, ClientError):
        return []
    reasons = problem.response.get("CancellationReasons") or ()
    return [str(reason.get("Code", FINE)) for reason in reasons]
