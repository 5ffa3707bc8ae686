"""What the laptop adds to moto's DynamoDB: capacity units, faults, client tokens, and a report of
every applied write.

Law: one request at a time, in the wire's form; moto decides what a request does to the items. Only
Lambdas meet faults, and only their writes are reported. The stack's own calls (`quiet` keys) are
not counted.

Fault kinds (``at`` "dynamodb"); both are decided here, as no document defines them:

``throttle``
    The request is refused before it does anything: ProvisionedThroughputExceededException. The SDK
    retries by itself; with `times` above its number of tries, the error reaches the product.
``conflict``
    A conditional write meets another writer: a single write is answered
    ConditionalCheckFailedException, the first statement of a batch ConditionalCheckFailed, a
    transaction is cancelled with the reason TransactionConflict, and nothing of it is written. The
    item stays as it is, as if the other writer had come first and had put the same values back (a
    made-up newer version would need knowledge of what the product stores). Writes without a
    condition pass and do not use up the fault.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.utilities import DynamoJsonEncoder

from local.stack.dynamodb.capacity import item_size, read_units, write_units
from local.stack.dynamodb.reads import plain_read, stored
from local.stack.dynamodb.statements import written_keys
from local.stack.template.template import REGION
from simulators.clock import Clock
from simulators.faults import Faults

SINGLE_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
WRITES = SINGLE_WRITES | {"BatchWriteItem", "TransactWriteItems", "BatchExecuteStatement"}
READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})

TOKEN_LIFE_MS = 10 * 60 * 1000
"""How long TransactWriteItems remembers a ClientRequestToken [D]."""

CANCELLED = "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]"

ANSWERED = 200
JSON = {"Content-Type": "application/x-amz-json-1.0"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Forward = Callable[[bytes], Reply]


@dataclass(slots=True)
class Units:
    """Capacity units used so far."""

    reads: float = 0.0
    writes: float = 0.0


@dataclass(slots=True)
class Callers:
    """Which access key belongs to which caller.

    Attributes:
        functions: Access key id -> logical id of the function.
        quiet: The stack's own access key ids.
    """

    functions: dict[str, str] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)


class Tables:
    """Answers requests for DynamoDB in one account, with moto behind it.

    Attributes:
        units: The capacity units used so far, without the stack's own calls.
        fills: How often items were put in without a request.
    """

    def __init__(self, account: str, clock: Clock, faults: Faults, callers: Callers) -> None:
        """Begin with nothing counted."""
        self._account = account
        self._clock = clock
        self._faults = faults
        self._callers = callers
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[int, str, Reply]] = {}
        self.units = Units()
        self.fills = 0
        self.on_write: Callable[[str], None] = lambda _function: None
        """Called with a function's name after its write was applied, before it is answered."""
        self.on_foreign_write: Callable[[], object] = lambda: None
        """Called after a write of another caller was applied: the operator's command or a person's
        client.
        """

    def answer(self, operation: str, key: str, body: bytes, forward: Forward) -> Reply:
        """Answer one request of the caller with access key id `key`; `forward` lets moto answer a
        body.
        """
        if operation not in READS | WRITES:
            return forward(body)
        request = json.loads(body)
        function = self._callers.functions.get(key)
        with self._lock:
            fault = self._fault(operation, request) if function else None
            if fault:
                return fault
            known = self._remembered(operation, request, body)
            if known:
                return known
            if function and operation == "BatchExecuteStatement":
                forward = self._with_conflict(request, forward)
            reply, units = self._measured(operation, request, body, forward)
            self._remember(operation, request, body, reply)
            if key not in self._callers.quiet:
                self.units.reads += units.reads
                self.units.writes += units.writes
        if operation in WRITES and reply.status == ANSWERED:
            if function:
                self.on_write(function)
            elif key not in self._callers.quiet:
                self.on_foreign_write()
        return reply

    def fill(self, table: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Put items in the wire's form into a table, without a request: thousands a second. Nothing
        is counted or reported.
        """
        backend = dynamodb_backends[self._account][REGION]
        with self._lock:
            self.fills += 1
            for item in items:
                backend.put_item(table, dict(item))

    def _measured(
        self, operation: str, request: Any, body: bytes, forward: Forward
    ) -> tuple[Reply, Units]:
        plain = plain_read(dynamodb_backends[self._account][REGION], operation, request)
        if plain:
            return Reply(ANSWERED, JSON, plain[0]), Units(reads=plain[1])
        if operation in {"Query", "Scan"}:
            reply = forward(body)
            sizes = [item_size(item) for item in self._items_read(request, reply, forward)]
            return reply, Units(
                reads=read_units(
                    sizes, consistent=request.get("ConsistentRead", False), together=True
                )
            )
        if operation in READS:
            units = sum(
                read_units(
                    [self._size(table, key)],
                    consistent=consistent,
                    transaction=operation == "TransactGetItems",
                )
                for table, key, consistent in _read_keys(operation, request)
            )
            return forward(body), Units(reads=units)
        keys = list(self._written_keys(operation, request))
        before = [self._size(*place) for place in keys]
        reply = forward(body)
        after = [self._size(*place) for place in keys]
        pairs = zip(before, after, strict=True)
        return reply, Units(
            writes=write_units(pairs, transaction=operation == "TransactWriteItems")
        )

    def _items_read(self, request: Mapping[str, Any], reply: Reply, forward: Forward) -> list[Any]:
        """Return the items that a Query or Scan read before it filtered and projected them.

        It repeats the request without filter and projection.
        """
        if reply.status != ANSWERED:
            return []
        plain = {name: value for name, value in request.items() if name not in _NARROWING}
        if plain != request:
            used = set(re.findall(r"[#:]\w+", plain.get("KeyConditionExpression", "")))
            for section in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
                kept = {
                    name: value for name, value in plain.pop(section, {}).items() if name in used
                }
                plain |= {section: kept} if kept else {}
            reply = forward(json.dumps(plain).encode())
        found: list[Any] = json.loads(reply.body)["Items"]
        return found

    def _size(self, table: str, key: dict[str, Any]) -> int:
        backend = dynamodb_backends[self._account][REGION]
        if table not in backend.tables:
            return 0
        try:
            return item_size(stored(backend, table, key) or {})
        except (
            MockValidationException
        ):  # the key does not fit the table; moto says so when it answers
            return 0

    def _written_keys(
        self, operation: str, request: Mapping[str, Any]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        if operation == "BatchExecuteStatement":
            yield from written_keys(dynamodb_backends[self._account][REGION], request)
            return
        for table, given in _written(operation, request):
            if "Key" in given:
                yield table, given["Key"]
            else:
                known = dynamodb_backends[self._account][REGION].tables.get(table)
                names = known.table_key_attrs if known else []
                if known and all(name in given["Item"] for name in names):
                    yield table, {name: given["Item"][name] for name in names}

    def _fault(self, operation: str, request: Mapping[str, Any]) -> Reply | None:
        if self._faults.take("dynamodb", "throttle"):
            return _error(
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded. "
                "Consider increasing your provisioning level with the UpdateTable API.",
            )
        if operation == "TransactWriteItems" and self._faults.take("dynamodb", "conflict"):
            reasons = ["TransactionConflict", *["None"] * (len(request["TransactItems"]) - 1)]
            details = [{"Code": reason} for reason in reasons]
            details[0]["Message"] = "Transaction is ongoing for the item"
            message = CANCELLED.format(", ".join(reasons))
            return _error("TransactionCanceledException", message, CancellationReasons=details)
        if (
            operation in SINGLE_WRITES
            and "ConditionExpression" in request
            and self._faults.take("dynamodb", "conflict")
        ):
            return _error(
                "ConditionalCheckFailedException",
                "The conditional request failed",
                **self._old_item(operation, request),
            )
        return None

    def _with_conflict(self, request: Mapping[str, Any], forward: Forward) -> Forward:
        """Return how to answer a batch of statements of which another writer was faster at the
        first; `forward` itself while no such fault is set.
        """
        if not self._faults.take("dynamodb", "conflict"):
            return forward
        first, *others = request["Statements"]
        failed = {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            **self._old_item("BatchExecuteStatement", {**first, "Statements": [first]}),
        }

        def answer(_body: bytes) -> Reply:
            rest = (
                json.loads(forward(json.dumps({**request, "Statements": others}).encode()).body)
                if others
                else {"Responses": []}
            )
            content = {"Responses": [{"Error": failed}, *rest["Responses"]]}
            return Reply(ANSWERED, JSON, json.dumps(content, cls=DynamoJsonEncoder).encode())

        return answer

    def _old_item(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if request.get("ReturnValuesOnConditionCheckFailure") != "ALL_OLD":
            return {}
        table, key = next(self._written_keys(operation, request))
        item = stored(dynamodb_backends[self._account][REGION], table, key)
        return {"Item": item} if item else {}

    def _remembered(self, operation: str, request: Mapping[str, Any], body: bytes) -> Reply | None:
        token = request.get("ClientRequestToken")
        if operation != "TransactWriteItems" or token not in self._tokens:
            return None
        until, fingerprint, reply = self._tokens[token]
        if self._clock.now_ms() > until:
            return None
        if fingerprint != _fingerprint(body):
            return _error(
                "IdempotentParameterMismatchException",
                "A different request used the same client token.",
            )
        return reply

    def _remember(
        self, operation: str, request: Mapping[str, Any], body: bytes, reply: Reply
    ) -> None:
        token = request.get("ClientRequestToken")
        if operation == "TransactWriteItems" and token and reply.status == ANSWERED:
            now = self._clock.now_ms()
            self._tokens = {name: kept for name, kept in self._tokens.items() if kept[0] >= now}
            self._tokens[token] = (now + TOKEN_LIFE_MS, _fingerprint(body), reply)


_NARROWING = frozenset({"FilterExpression", "ProjectionExpression", "Select", "AttributesToGet"})


def _read_keys(
    operation: str, request: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    if operation == "GetItem":
        yield request["TableName"], request["Key"], request.get("ConsistentRead", False)
    elif operation == "BatchGetItem":
        for table, wanted in request["RequestItems"].items():
            for key in wanted["Keys"]:
                yield table, key, wanted.get("ConsistentRead", False)
    else:
        for item in request["TransactItems"]:
            yield item["Get"]["TableName"], item["Get"]["Key"], True


def _written(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if operation in SINGLE_WRITES:
        yield request["TableName"], request
    elif operation == "BatchWriteItem":
        for table, writes in request["RequestItems"].items():
            for write in writes:
                yield table, next(iter(write.values()))
    else:
        for item in request["TransactItems"]:
            given = next(iter(item.values()))
            yield given["TableName"], given


def _fingerprint(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _error(kind: str, message: str, **more: Any) -> Reply:
    content = {
        "__type": f"com.amazonaws.dynamodb.v20120810#{kind}",
        "message": message,
        "Message": message,
        **more,
    }
    return Reply(400, JSON, json.dumps(content, cls=DynamoJsonEncoder).encode())
