"""Aggregate queries: COUNT, MAX, MIN, SUM, AVG and GROUP BY."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.org.store import index_key
from simulators.salesforce.org.values import show_value
from simulators.salesforce.soql.columns import Column
from simulators.salesforce.soql.lexer import malformed
from simulators.salesforce.soql.tree import Call, Item, Path, Select

ColumnOf = Callable[[Path], Column]

_FOLDS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = MappingProxyType(
    {
        "COUNT": len,
        "COUNT_DISTINCT": lambda values: len({index_key(value) for value in values}),
        "MAX": lambda values: max(values, default=None),
        "MIN": lambda values: min(values, default=None),
        "SUM": lambda values: sum(values) if values else None,
        "AVG": lambda values: sum(values) / len(values) if values else None,
    }
)
_ROWS: Final = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG"})


def is_aggregate(select: Select) -> bool:
    """Return whether the query answers groups instead of records."""
    return bool(select.group_by) or any(
        isinstance(item.what, Call) and item.what.function != "FIELDS" for item in select.items
    )


def is_plain_count(select: Select) -> bool:
    """Return whether this is ``SELECT COUNT() FROM ...``, which answers only a total [D]."""
    what = select.items[0].what
    return (
        len(select.items) == 1
        and isinstance(what, Call)
        and what.function == "COUNT"
        and what.path is None
    )


def grouped(select: Select, rows: list[Row], column: ColumnOf, text: str) -> list[Row]:
    """Return one AggregateResult per group; fields without alias keep their names, functions are
    expr0, expr1... [D].
    """
    keys = [column(path) for path in select.group_by]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(index_key(key.read(row)) for key in keys), []).append(row)
    if not keys:
        groups.setdefault((), [])
    makers = _makers(select, column, text)
    results = [
        {"attributes": {"type": "AggregateResult"}}
        | {name: make(members) for name, make in makers.items()}
        for members in groups.values()
    ]
    for order in reversed(select.order):
        name = _order_name(select, order.by, makers, text)
        results.sort(
            key=lambda result: (result[name] is not None, index_key(result[name])),
            reverse=order.descending,
        )
    return results


def _makers(select: Select, column: ColumnOf, text: str) -> dict[str, Callable[[list[Row]], Any]]:
    makers: dict[str, Callable[[list[Row]], Any]] = {}
    unnamed = 0
    for item in select.items:
        if isinstance(item.what, Call):
            name = item.alias or f"expr{unnamed}"
            unnamed += item.alias is None
            makers[name] = _fold(item.what, column, text)
        elif isinstance(item.what, Path):
            makers[item.alias or item.what.names[-1]] = _group_value(item, select, column, text)
        else:
            raise malformed(text, item.what.at, "Nested queries are not allowed in a grouped query")
    return makers


def _fold(call: Call, column: ColumnOf, text: str) -> Callable[[list[Row]], Any]:
    if call.path is None:
        raise malformed(text, call.at, "unexpected token: ')'")
    found, fold = column(call.path), _FOLDS[call.function]

    def make(members: list[Row]) -> Any:
        values = [value for row in members if (value := found.read(row)) is not None]
        result = fold(values)
        return result if call.function in _ROWS else show_value(found.field, result)

    return make


def _group_value(
    item: Item, select: Select, column: ColumnOf, text: str
) -> Callable[[list[Row]], Any]:
    path = item.what
    if not isinstance(path, Path) or path.names not in {group.names for group in select.group_by}:
        name = ".".join(path.names) if isinstance(path, Path) else ""
        raise malformed(text, 0, f"Field must be grouped or aggregated: {name}")
    found = column(path)
    return lambda members: show_value(found.field, found.read(members[0])) if members else None


def _order_name(select: Select, by: Path | Call, makers: Mapping[str, Any], text: str) -> str:
    for item, name in zip(select.items, makers, strict=True):
        same_path = (
            isinstance(by, Path) and isinstance(item.what, Path) and by.names == item.what.names
        )
        same_call = (
            isinstance(by, Call)
            and isinstance(item.what, Call)
            and (by.function, by.path and by.path.names)
            == (item.what.function, item.what.path and item.what.path.names)
        )
        if same_path or same_call:
            return name
    raise malformed(text, by.at, "Ordered field must be grouped or aggregated")
