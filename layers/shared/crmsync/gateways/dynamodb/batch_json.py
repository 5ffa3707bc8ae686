"""The JSON of calls with many items or statements, written and read without botocore's description
of the service.

botocore looks up each value there, although of all forms of a value in JSON only bytes differ from
those in Python ("DynamoDB low-level API" [D]). The result is the same.
"""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

_STATEMENTS = "crmsync-statements"
"""Where the context of a request keeps its statements."""

_ITEMS = frozenset({"Responses", "Items"})
"""What an answer with items has: that of a batch, or that of a query."""

_WITH_BYTES = frozenset({"B", "BS", "L", "M"})
"""The forms of values that are bytes or may contain some."""


def use_own_json(client: Any) -> None:
    """Write statements and read the answers to BatchExecuteStatement, BatchGetItem and Query here
    for a boto3 `client` ("dynamodb"), however often this is called for it.
    """
    for event, handler in _HANDLERS.items():
        client.meta.events.register(event, handler, unique_id=f"crmsync-{event}")


def _keep_statements(
    params: dict[str, Any], context: MutableMapping[str, Any], **_others: object
) -> dict[str, Any]:
    """Keep the statements of a batch from botocore, which gets the first one to look at."""
    context[_STATEMENTS] = params["Statements"]
    return {**params, "Statements": params["Statements"][:1]}


def _write_statements(
    params: MutableMapping[str, Any], context: Mapping[str, Any], **_others: object
) -> None:
    """Write all statements into the request."""
    body = {**json.loads(params["body"]), "Statements": context[_STATEMENTS]}
    params["body"] = json.dumps(body, default=_base64).encode()


def _base64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


def _parse_items(
    response_dict: MutableMapping[str, Any],
    customized_response_dict: MutableMapping[str, Any] | None = None,
    **_others: object,
) -> None:
    """Parse the items of a response, and leave botocore an empty body. It parses errors itself, and
    everything in versions of mid-2024, which have no place for a result.
    """
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:
        return
    if customized_response_dict is None or _ITEMS.isdisjoint(answer):
        return
    for item in _items(answer):
        for name, value in item.items():
            if not _WITH_BYTES.isdisjoint(value):
                item[name] = _with_bytes(value)
    customized_response_dict.update(answer)
    response_dict["body"] = b"{}"


def _items(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What holds values: items, and the key after which the next page begins."""
    responses = answer.get("Responses", ())
    if isinstance(responses, dict):
        for of_table in responses.values():
            yield from of_table
    else:
        yield from (one["Item"] for one in responses if "Item" in one)
    yield from answer.get("Items", ())
    if "LastEvaluatedKey" in answer:
        yield answer["LastEvaluatedKey"]


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """A value with bytes in place of base64 texts."""
    ((form, content),) = value.items()
    if form == "B":
        return {form: a2b_base64(content)}
    if form == "BS":
        return {form: [a2b_base64(one) for one in content]}
    if form == "L":
        return {form: [_with_bytes(one) for one in content]}
    if form == "M":
        return {form: {name: _with_bytes(one) for name, one in content.items()}}
    return value


_HANDLERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "provide-client-params.dynamodb.BatchExecuteStatement": _keep_statements,
        "before-call.dynamodb.BatchExecuteStatement": _write_statements,
        "before-parse.dynamodb.BatchExecuteStatement": _parse_items,
        "before-parse.dynamodb.BatchGetItem": _parse_items,
        "before-parse.dynamodb.Query": _parse_items,
    }
)
"""botocore's events, and what is done at them."""
