"""Some of moto's DynamoDB methods replaced: transactions, their rollback, how conditions are
parsed, and the answers' JSON.

Law: only what moto 5.2.5 does wrongly, or too slowly for thousands of records. `install` replaces
the methods for the whole process. They still do what AWS documents, so other users of moto in the
process lose nothing.

* moto copies every table concerned once **per action** before a transaction (100 actions on 2,000
  items take seconds), and checks a condition only after it has applied the actions before it. Here
  all conditions are checked first, against the items as they were, and then everything is applied;
  only the items concerned are kept for a rollback.
* moto's answer serializer searches the service model for every member of every item (100 small
  items take 0.1 s). An item's wire form is plain JSON.
* moto parses a condition each time it meets it, which takes a fifth of its time for a new link. A
  condition without names and values of its own, such as ``attribute_not_exists(pk)``, always means
  the same and is parsed once.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.dynamodb.comparisons import ConditionExpressionParser, get_filter_expression
from moto.dynamodb.exceptions import (
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.utilities import DynamoJsonEncoder
from moto.dynamodb.responses import DynamoHandler

MAX_ACTIONS = 100

PLAIN_ANSWERS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
"""Operations whose answers are items and counts, which can be serialized without the service model.
"""

NOTHING: tuple[None, None, None] = (None, None, None)


@dataclass(frozen=True, slots=True)
class _Action:
    kind: str
    given: Mapping[str, Any]
    key: dict[str, Any]
    before: Any

    @property
    def table(self) -> str:
        return str(self.given["TableName"])

    @property
    def condition(self) -> dict[str, Any]:
        names = ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")
        return dict(zip(("expression", "names", "values"), map(self.given.get, names), strict=True))


def install() -> None:
    """Replace moto's methods with those of this module."""
    setattr(DynamoDBBackend, "transact_write_items", transact_write_items)  # noqa: B010 - types forbid it, rightly
    setattr(DynamoHandler, "serialized", _serialized)  # noqa: B010 - as above
    setattr(ConditionExpressionParser, "parse", _parse)  # noqa: B010 - as above


def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Apply all actions or none, as TransactWriteItems documents it. Raises moto's exception for
    each kind of refusal.
    """
    if len(transact_items) > MAX_ACTIONS:
        raise TooManyTransactionsException
    actions = [_read(backend, item) for item in transact_items]
    if len({(action.table, json.dumps(action.key, sort_keys=True)) for action in actions}) < len(
        actions
    ):
        raise MultipleTransactionsException
    reasons: list[tuple[Any, Any, Any]] = [_refusal(action) for action in actions]
    if any(reason != NOTHING for reason in reasons):
        raise TransactionCanceledException(reasons)
    originals = [
        copy.deepcopy(action.before) if action.kind == "Update" else action.before
        for action in actions
    ]
    for number, action in enumerate(actions):
        try:
            _apply(backend, action)
        except Exception as error:
            for done, original in zip(actions[: number + 1], originals, strict=False):
                _restore(backend, done, original)
            if isinstance(error, MockValidationException):
                raise
            reasons[number] = (type(error).__name__, str(error), None)
            raise TransactionCanceledException(reasons) from error


def _read(backend: DynamoDBBackend, item: Mapping[str, Any]) -> _Action:
    if len(item) != 1:
        raise TransactWriteSingleOpException
    kind, given = next(iter(item.items()))
    table = backend.get_table(given["TableName"])
    if kind == "Put":
        key = {
            name: given["Item"][name]
            for name in (table.hash_key_attr, table.range_key_attr)
            if name is not None
        }
    else:
        key = given["Key"]
    return _Action(kind, given, key, backend.get_item(given["TableName"], key))


def _refusal(action: _Action) -> tuple[Any, Any, Any]:
    condition = action.condition
    if condition["expression"] is None:
        return NOTHING
    holds = get_filter_expression(condition["expression"], condition["names"], condition["values"])
    if holds.expr(action.before):
        return NOTHING
    wants_item = action.given.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    item = action.before.to_json()["Attributes"] if wants_item and action.before else None
    return ("ConditionalCheckFailed", "The conditional request failed", item)


def _apply(backend: DynamoDBBackend, action: _Action) -> None:
    given, names, values = action.given, action.condition["names"], action.condition["values"]
    expressions = {"expression_attribute_names": names, "expression_attribute_values": values}
    if action.kind == "Put":
        backend.put_item(action.table, given["Item"], **expressions)
    elif action.kind == "Delete":
        backend.delete_item(action.table, action.key, condition_expression=None, **expressions)
    elif action.kind == "Update":
        backend.update_item(
            action.table,
            action.key,
            update_expression=given["UpdateExpression"],
            condition_expression=None,
            **expressions,
        )


def _restore(backend: DynamoDBBackend, action: _Action, original: Any) -> None:
    table = backend.get_table(action.table)
    hash_value, range_value = backend.get_keys_value(table, action.key)
    if original is None:
        table.delete_item(hash_value, range_value)
    elif table.has_range_key:
        table.items[hash_value][range_value] = original
    else:
        table.items[hash_value] = original


def _serialized(handler: DynamoHandler, action_result: ActionResult) -> Any:
    result = action_result.result
    if (
        isinstance(result, Exception)
        or handler._get_action() not in PLAIN_ANSWERS  # noqa: SLF001
        or not isinstance(result, dict)
    ):
        return BaseResponse.serialized(handler, action_result)
    body = json.dumps(
        {name: value for name, value in result.items() if value is not None}, cls=DynamoJsonEncoder
    )
    return 200, {"Content-Type": "application/x-amz-json-1.0", **handler.response_headers}, body


_parse_anew = ConditionExpressionParser.parse
_read_once: dict[str, Any] = {}


def _parse(parser: ConditionExpressionParser) -> Any:
    text = parser.condition_expression
    if not text or parser.expression_attribute_names or parser.expression_attribute_values:
        return _parse_anew(parser)
    if text not in _read_once:
        _read_once[text] = _parse_anew(parser)
    return _read_once[text]
