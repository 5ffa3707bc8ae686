"""The WHERE clause: a test for one row, and the rows worth testing.

`compile_condition` turns a condition into a function. `candidates` uses the indexes for a superset
of the answer, so that a list of 400 e-mail addresses or a moment in time never reads the whole
table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce.objects.fields import NUMERIC, TEXTUAL, Field, Row
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.ids import MalformedIdError, long_id
from simulators.salesforce.org.store import TIMES, Table, index_key
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.soql.columns import Column, Resolver
from simulators.salesforce.soql.lexer import malformed
from simulators.salesforce.soql.ranges import Span, span
from simulators.salesforce.soql.tree import (
    All,
    Call,
    Comparison,
    Condition,
    Either,
    Not,
    Path,
    Select,
    Value,
)
from simulators.salesforce.times import day_of

Test = Callable[[Row], bool]
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {"<": lt, "<=": le, ">": gt, ">=": ge}
)
_FILTERED_AREA: Final = 255


@dataclass(frozen=True, slots=True)
class Scope:
    """The context of a condition: the object and its alias, how to run a sub-select, and the
    time.
    """

    resolver: Resolver
    sobject: SObject
    alias: str | None
    inner: Callable[[Select], set[Any]]
    now_ms: int

    def column(self, left: Path | Call) -> Column:
        """Return the column on the left side; WHERE has no aggregates."""
        if isinstance(left, Call):
            raise malformed(self.resolver.text, left.at, f"unexpected token: '{left.function}'")
        column = self.resolver.column(left, self.sobject, self.alias)
        long_area = column.field.type == "textarea" and column.field.length > _FILTERED_AREA
        if long_area or column.field.type in {"address", "complexvalue"}:
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise malformed(self.resolver.text, left.at, message, "INVALID_FIELD")
        return column


def compile_condition(condition: Condition, scope: Scope) -> Test:
    """Return a function that tests a row. Raises `RefusalError` for an invalid condition."""
    if isinstance(condition, All):
        tests = [compile_condition(part, scope) for part in condition.parts]
        return lambda row: all(test(row) for test in tests)
    if isinstance(condition, Either):
        tests = [compile_condition(part, scope) for part in condition.parts]
        return lambda row: any(test(row) for test in tests)
    if isinstance(condition, Not):
        test = compile_condition(condition.part, scope)
        return lambda row: not test(row)
    return _comparison(condition, scope)


def candidates(condition: Condition | None, scope: Scope, table: Table) -> Iterable[Row]:
    """Return the rows worth testing: found by an index if one fits, else all."""
    found = None if condition is None else _narrow(condition, scope, table)
    return table if found is None else found


def span_of(
    condition: Condition | None, scope: Scope, table: Table, name: str
) -> tuple[int | None, int | None] | None:
    """Return the bounds of the time `name` in matching rows; None if the condition sets none, or
    another index finds fewer rows.
    """
    parts = condition.parts if isinstance(condition, All) else (condition,)
    plain = [part for part in parts if isinstance(part, Comparison)]
    spans = [bounds for part in plain if (bounds := _bounds(part, scope, name))]
    if not spans or any(_is_indexed(part, scope, table) for part in plain):
        return None
    lows, highs = (
        [bound for bound in some if bound is not None] for some in zip(*spans, strict=True)
    )
    return max(lows, default=None), min(highs, default=None)


def _bounds(condition: Comparison, scope: Scope, name: str) -> tuple[int | None, int | None] | None:
    """Return the bounds that a comparison sets for the time `name`; None if it is about another
    field.
    """
    column = scope.column(condition.left)
    if not column.direct or column.field.name != name:
        return None
    if not isinstance(condition.right, Value) or condition.right.kind != "datetime":
        return None
    at = condition.right.value
    known = {"=": (at, at), ">": (at, None), ">=": (at, None), "<": (None, at), "<=": (None, at)}
    return known.get(condition.operator)


def _is_indexed(condition: Comparison, scope: Scope, table: Table) -> bool:
    """Return whether an index finds the rows of a comparison."""
    column = scope.column(condition.left)
    is_known = column.field.name == "Id" or table.has_index(column.field.name)
    return column.direct and is_known and condition.operator in {"=", "IN"}


def _narrow(condition: Condition, scope: Scope, table: Table) -> list[Row] | None:
    if isinstance(condition, Not):
        return None
    if isinstance(condition, All):
        lists = [
            found for part in condition.parts if (found := _narrow(part, scope, table)) is not None
        ]
        return min(lists, key=len, default=None)
    if isinstance(condition, Either):
        parts = [_narrow(part, scope, table) for part in condition.parts]
        if any(part is None for part in parts):
            return None
        return list({row["Id"]: row for part in parts if part is not None for row in part}.values())
    return _narrow_one(condition, scope, table)


def _narrow_one(condition: Comparison, scope: Scope, table: Table) -> list[Row] | None:
    column = scope.column(condition.left)
    name = column.field.name
    if not column.direct or (isinstance(condition.right, Value) and condition.right.kind == "null"):
        return None
    if name in TIMES and isinstance(condition.right, Value) and condition.right.kind == "datetime":
        bounds = _bounds(condition, scope, name)
        return None if bounds is None else table.between(name, *bounds)
    if not _is_indexed(condition, scope, table):
        return None
    wanted = _values(condition, column.field, scope)
    return None if None in wanted else table.matching(name, wanted)


def _comparison(condition: Comparison, scope: Scope) -> Test:
    column = scope.column(condition.left)
    read, operator = column.read, condition.operator
    if operator in {"IN", "NOT IN"}:
        wanted = _wanted(condition, column.field, scope)
        return (
            (lambda row: index_key(read(row)) in wanted)
            if operator == "IN"
            else (lambda row: index_key(read(row)) not in wanted)
        )
    if not isinstance(condition.right, Value):
        raise malformed(scope.resolver.text, condition.at, "unexpected token: '('")
    if operator == "LIKE":
        return _like(condition.right, column, scope)
    value = _literal(condition.right, column.field, scope)
    if isinstance(value, Span):
        return _in_span(operator, value, column)
    if operator in {"=", "!="}:
        wanted_value = index_key(value)
        if operator == "=":
            return lambda row: index_key(read(row)) == wanted_value
        return lambda row: index_key(read(row)) != wanted_value
    return _ordered(operator, value, column, condition, scope)


def _ordered(
    operator: str, value: Any, column: Column, condition: Comparison, scope: Scope
) -> Test:
    if column.field.type == "boolean":
        raise _wrong_operator(scope, condition, column.field)
    holds, read, bound = _ORDERED[operator], column.read, index_key(value)
    if bound is None:
        return lambda _row: False
    return lambda row: (mine := index_key(read(row))) is not None and holds(mine, bound)


def _in_span(operator: str, value: Span, column: Column) -> Test:
    start: Any = value.start if column.field.type == "datetime" else day_of(value.start)
    end: Any = value.end if column.field.type == "datetime" else day_of(value.end)
    tests: dict[str, Callable[[Any], bool]] = {
        "=": lambda mine: start <= mine < end,
        "!=": lambda mine: not start <= mine < end,
        "<": lambda mine: mine < start,
        "<=": lambda mine: mine < end,
        ">": lambda mine: mine >= end,
        ">=": lambda mine: mine >= start,
    }
    test, read = tests[operator], column.read
    return lambda row: (mine := read(row)) is not None and test(mine)


def _like(value: Value, column: Column, scope: Scope) -> Test:
    if column.field.type not in TEXTUAL or value.kind != "string":
        message = f"invalid operator on {column.field.type} field"
        raise malformed(scope.resolver.text, value.at, message, "INVALID_QUERY_FILTER_OPERATOR")
    pattern, read = _pattern(value.raw), column.read
    return lambda row: (mine := read(row)) is not None and pattern.fullmatch(mine) is not None


def _pattern(raw: str) -> re.Pattern[str]:
    """``%`` is any text, ``_`` any character, a backslash escapes the next character; without case
    [D].
    """
    parts, place = [], 0
    while place < len(raw):
        letter = raw[place]
        if letter == "\\" and place + 1 < len(raw):
            parts.append(re.escape(raw[place + 1]))
            place += 1
        else:
            parts.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
        place += 1
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _wanted(condition: Comparison, field: Field, scope: Scope) -> set[Any]:
    """Return the values of a list, in the form in which values are compared."""
    return {index_key(value) for value in _values(condition, field, scope)}


def _values(condition: Comparison, field: Field, scope: Scope) -> set[Any]:
    """Return the values of ``=`` or a list, as they are stored."""
    if isinstance(condition.right, Select):
        return scope.inner(condition.right)
    values = condition.right if isinstance(condition.right, tuple) else (condition.right,)
    return {_literal(value, field, scope) for value in values}


def _literal(value: Value, field: Field, scope: Scope) -> Any:
    """Return the value of a literal for this field. Raises `RefusalError` if the types do not match
    [D: texts].
    """
    if value.kind == "null" or (
        value.kind == "string" and value.value == "" and field.type != "boolean"
    ):
        return None
    if value.kind == "range":
        found = span(value.value[0], value.value[1], scope.now_ms)
        if found is None:
            raise malformed(scope.resolver.text, value.at, f"unexpected token: '{value.value[0]}'")
        if field.type in {"date", "datetime"}:
            return found
        raise _wrong_type(scope, value, field)
    if field.type in {"reference", "id"} and value.kind == "string":
        try:
            return long_id(value.value)
        except MalformedIdError:
            message = f"invalid ID field: {value.value}"
            raise malformed(
                scope.resolver.text, value.at, message, "INVALID_QUERY_FILTER_OPERATOR"
            ) from None
    if value.kind != _kind_of(field):
        raise _wrong_type(scope, value, field)
    return value.value


def _kind_of(field: Field) -> str:
    if field.type in NUMERIC:
        return "number"
    return field.type if field.type in {"boolean", "date", "datetime"} else "string"


def _wrong_type(scope: Scope, value: Value, field: Field) -> RefusalError:
    kind = {"datetime": "dateTime"}.get(
        field.type, field.type if _kind_of(field) != "string" else "string"
    )
    quotes = (
        "should be enclosed in quotes"
        if _kind_of(field) == "string"
        else "should not be enclosed in quotes"
    )
    message = (
        f"value of filter criterion for field '{field.name}' must be of type {kind} and {quotes}"
    )
    return malformed(scope.resolver.text, value.at, message, "INVALID_FIELD")


def _wrong_operator(scope: Scope, condition: Comparison, field: Field) -> RefusalError:
    return malformed(
        scope.resolver.text,
        condition.at,
        f"invalid operator on {field.type} field",
        "INVALID_FIELD",
    )
