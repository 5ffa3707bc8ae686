"""BatchExecuteStatement with updates of single items, which moto 5.2.5 answers wrongly.

Law: what AWS documents for UPDATE statements in a batch, and no other statement: those are refused
with a sentence, as the product uses none. `install` replaces moto's method for the whole process.

moto reads every table into text for each statement, and a statement whose WHERE clause does not
hold counts as done. AWS answers it with the error ConditionalCheckFailed, and with the item if the
statement asks for it [D "PartiQL update statements for DynamoDB", "BatchStatementError"]. A missing
item fails in the same way. Each statement stands for itself: an error stops none of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend

MAX_STATEMENTS = 25
"""The most statements of one batch [D]."""

_UPDATE = re.compile(
    r'UPDATE "(?P<table>[\w.-]+)"(?P<sets>(?: SET "\w+"=(?:\?|NULL))+) WHERE (?P<where>.+)'
)
_SET = re.compile(r' SET "(\w+)"=(\?|NULL)')
_CONDITION = re.compile(r'"(\w+)"=\?')


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """An UPDATE statement.

    Attributes:
        table: The table.
        values: Attribute -> its new value.
        wanted: Attribute -> the value that it must have; the key is among them.
        returns_item: Whether a failed condition is answered with the stored item.
    """

    table: str
    values: Mapping[str, Any]
    wanted: Mapping[str, Any]
    returns_item: bool = False


def read_update(statement: Mapping[str, Any]) -> UpdateStatement:
    """Read a statement of the request. Raises moto's `MockValidationException` for one that is not
    an UPDATE of the form ``UPDATE "T" SET "a"=? SET "b"=NULL WHERE "pk"=? AND "v"=?``.
    """
    text, parameters = str(statement["Statement"]), list(statement.get("Parameters", ()))
    found = _UPDATE.fullmatch(text)
    conditions = found["where"].split(" AND ") if found else []
    if not found or not all(map(_CONDITION.fullmatch, conditions)):
        raise MockValidationException(f"The laptop stack does not know this statement: {text}")
    sets = _SET.findall(found["sets"])
    names = [*(name for name, value in sets if value == "?"), *_CONDITION.findall(found["where"])]
    if len(parameters) != len(names):
        raise MockValidationException("Number of parameters in request and statement don't match.")
    given = iter(parameters)
    values = {name: next(given) if value == "?" else {"NULL": True} for name, value in sets}
    wanted = dict(zip(_CONDITION.findall(found["where"]), given, strict=True))
    returns = statement.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return UpdateStatement(found["table"], values, wanted, returns)


def updates_of(request: Mapping[str, Any]) -> Iterator[UpdateStatement]:
    """Yield the statements of a request that can be read; `execute_batch` refuses the others."""
    for statement in request["Statements"]:
        with suppress(MockValidationException):
            yield read_update(statement)


def written_keys(
    backend: DynamoDBBackend, request: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield table and key of each statement of a request."""
    for update in updates_of(request):
        table = backend.tables.get(update.table)
        names = table.table_key_attrs if table else []
        if table and all(name in update.wanted for name in names):
            yield update.table, {name: update.wanted[name] for name in names}


def install() -> None:
    """Replace moto's method with that of this module."""
    setattr(DynamoDBBackend, "batch_execute_statement", execute_batch)  # noqa: B010 - types forbid it, rightly


def execute_batch(
    backend: DynamoDBBackend, statements: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Apply each statement by itself; returns one answer per statement, in order. Raises moto's
    `MockValidationException` for a request that AWS would refuse as a whole.
    """
    if not 1 <= len(statements) <= MAX_STATEMENTS:
        raise MockValidationException(
            "Member must have length less than or equal to 25 and greater than 0"
        )
    return [_apply(backend, read_update(one)) for one in statements]


def _apply(backend: DynamoDBBackend, update: UpdateStatement) -> dict[str, Any]:
    if update.table not in backend.tables:
        return _error("ResourceNotFound", "Requested resource not found")
    names = backend.tables[update.table].table_key_attrs
    if not all(name in update.wanted for name in names):
        return _error("ValidationError", "Where clause does not contain a mandatory equality")
    item = backend.get_item(update.table, {name: update.wanted[name] for name in names})
    shown = item.to_json()["Attributes"] if item else {}
    if any(shown.get(name) != value for name, value in update.wanted.items()):
        return _error(
            "ConditionalCheckFailed",
            "The conditional request failed",
            **({"Item": shown} if shown and update.returns_item else {}),
        )
    backend.put_item(update.table, {**shown, **update.values})
    return {"TableName": update.table}


def _error(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message, **more}}
