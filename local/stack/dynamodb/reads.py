"""GetItem, BatchGetItem and Query answered directly from moto's items, in a tenth of the time that
moto takes.

Law: only whole items by their keys, and whole partitions in their order. Any other request, and any
request with a mistake, is left to moto.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.utilities import DynamoJsonEncoder, dynamo_to_dict

from local.stack.dynamodb.capacity import item_size, read_units

PLAIN_GET = frozenset({"TableName", "Key", "ConsistentRead"})
PLAIN_BATCH = frozenset({"Keys", "ConsistentRead"})
PLAIN_QUERY = frozenset(
    {
        "TableName",
        "KeyConditionExpression",
        "ExpressionAttributeValues",
        "ConsistentRead",
        "ExclusiveStartKey",
    }
)
PARTITION = "pk = :pk"
KEYS = ["pk", "sk"]
MAX_KEYS = 100
MAX_BYTES = 16 * 1024 * 1024
PAGE_BYTES = 1024 * 1024
"""How much one Query reads ("Paginating table query results" [D])."""

Answer = tuple[bytes, float]
"""The answer's body, and the capacity units that it costs."""


def plain_read(
    backend: DynamoDBBackend, operation: str, request: Mapping[str, Any]
) -> Answer | None:
    """Return the answer to a plain read, or None where moto has to answer."""
    answer = _ANSWERS.get(operation)
    return answer(backend, request) if answer else None


def stored(backend: DynamoDBBackend, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the item with that key in the wire's form, bytes as bytes; None if it does not exist.

    The table must exist and the key must fit it.
    """
    item = backend.get_item(table, dict(key))
    found: dict[str, Any] | None = dynamo_to_dict(item.attrs) if item else None
    return found


def _get(backend: DynamoDBBackend, request: Mapping[str, Any]) -> Answer | None:
    table, key = request.get("TableName", ""), request.get("Key", {})
    if not request.keys() <= PLAIN_GET or not _is_key(backend, table, key):
        return None
    item = stored(backend, table, key)
    units = read_units([item_size(item or {})], consistent=bool(request.get("ConsistentRead")))
    return _body({"Item": item} if item else {}), units


def _batch(backend: DynamoDBBackend, request: Mapping[str, Any]) -> Answer | None:
    wanted = request.get("RequestItems", {})
    if request.keys() != {"RequestItems"} or not _batch_fits(backend, wanted):
        return None
    responses: dict[str, list[dict[str, Any]]] = {}
    units, total = 0.0, 0
    for table, given in wanted.items():
        items = [stored(backend, table, key) or {} for key in given["Keys"]]
        sizes = list(map(item_size, items))
        total += sum(sizes)
        units += read_units(sizes, consistent=bool(given.get("ConsistentRead")))
        responses[table] = [item for item in items if item]
    return (
        (_body({"Responses": responses, "UnprocessedKeys": {}}), units)
        if total <= MAX_BYTES
        else None
    )


def _query(backend: DynamoDBBackend, request: Mapping[str, Any]) -> Answer | None:
    table, given = request.get("TableName", ""), request.get("ExpressionAttributeValues", {})
    start = request.get("ExclusiveStartKey", {"pk": given.get(":pk"), "sk": {"S": " "}})
    if (
        not request.keys() <= PLAIN_QUERY
        or request.get("KeyConditionExpression") != PARTITION
        or set(given) != {":pk"}
        or not _is_key(backend, table, start)
        or start["pk"] != given[":pk"]
        or backend.tables[table].table_key_attrs != KEYS
    ):
        return None
    partition: Any = backend.tables[table].items.get(DynamoType(given[":pk"]), {})
    after = start["sk"]["S"] if "ExclusiveStartKey" in request else ""
    names = sorted(key.value for key in partition if key.value > after)
    items: list[dict[str, Any]] = []
    sizes: list[int] = []
    total = 0
    for name in names:
        item = _plain(partition[DynamoType({"S": name})])
        size = item_size(item)
        if items and total + size > PAGE_BYTES:
            break
        items.append(item)
        sizes.append(size)
        total += size
    answer: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    if len(items) < len(names):
        answer["LastEvaluatedKey"] = {"pk": items[-1]["pk"], "sk": items[-1]["sk"]}
    units = read_units(sizes, consistent=bool(request.get("ConsistentRead")), together=True)
    return _body(answer), units


def _plain(item: Any) -> dict[str, Any]:
    """Return an item in the wire's form; texts and numbers, which most values are, without moto."""
    return {
        name: {value.type: value.value} if value.type in _AS_STORED else dynamo_to_dict(value)
        for name, value in item.attrs.items()
    }


def _batch_fits(backend: DynamoDBBackend, wanted: Mapping[str, Any]) -> bool:
    keys = [(table, key) for table, given in wanted.items() for key in given.get("Keys", ())]
    return (
        0 < len(keys) <= MAX_KEYS
        and len({(table, json.dumps(key, sort_keys=True)) for table, key in keys}) == len(keys)
        and all(given.keys() <= PLAIN_BATCH for given in wanted.values())
        and all(_is_key(backend, table, key) for table, key in keys)
    )


def _is_key(backend: DynamoDBBackend, table: str, key: Mapping[str, Any]) -> bool:
    known = backend.tables.get(table)
    return (
        known is not None
        and set(key) == set(known.table_key_attrs)
        and all(_is_text(value) for value in key.values())
    )


def _is_text(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("S"))


def _body(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, cls=DynamoJsonEncoder).encode()


_ANSWERS: Mapping[str, Callable[[DynamoDBBackend, Mapping[str, Any]], Answer | None]] = {
    "GetItem": _get,
    "BatchGetItem": _batch,
    "Query": _query,
}

_AS_STORED = frozenset({"S", "N", "BOOL", "NULL"})
"""Types whose values moto keeps as the wire has them."""
