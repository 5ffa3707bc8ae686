"""Evaluating a search: filters, free text, sorting, paging and their ceilings.

A request comes in; the matching rows of the index, or the 400, go out. Ceilings:
docs/vendors.md#hubspot-search; texts are compared without case [D].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from simulators.hubspot.errors import ApiError, invalid
from simulators.hubspot.records.search_index import SearchIndex, Seen
from simulators.hubspot.records.table import RecordTable
from simulators.hubspot.records.values import BadValueError, comparable, stored
from simulators.hubspot.schema.definitions import Property

PAGE_CEILING = 200
TOTAL_CEILING = 10_000
GROUP_CEILING = 5
FILTERS_A_GROUP = 6
FILTERS_IN_ALL = 18
QUERY_CEILING = 3_000

Comparable = int | Decimal | str
Test = Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    total: int
    rows: Sequence[Seen]
    after: str | None


_BOUNDS: Mapping[str, Callable[[int], tuple[int, int | None]]] = MappingProxyType(
    {"GTE": lambda ms: (ms, None), "GT": lambda ms: (ms + 1, None), "EQ": lambda ms: (ms, ms + 1)}
)
"""From when and up to when a time may be, by the operator that compares it."""


def search(request: Mapping[str, Any], index: SearchIndex, table: RecordTable) -> Page:
    """Answer a search request. Raises 400 above a ceiling, and for an unknown property or operator
    or a bad value.
    """
    limit, offset = _window(request)
    groups = _groups(request)
    tests = [_group_test(group, table) for group in groups]
    text = _text_test(str(request.get("query") or ""), table)
    if bounds := _last_changes(request, groups, index.modified, table):
        total, page = index.changed(*bounds, offset, limit)
    else:
        found = [
            row
            for row in index.rows()
            if text(row) and (not tests or any(test(row) for test in tests))
        ]
        _sort(found, request.get("sorts") or [], table)
        total, page = len(found), found[offset : offset + limit]
    end = offset + limit
    return Page(total, page, str(end) if end < total else None)


def _last_changes(
    request: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]],
    modified: str,
    table: RecordTable,
) -> tuple[int, int | None] | None:
    """Return the bounds of a request for records changed in a span of time, oldest first; None for
    any other request.
    """
    filters = [row for group in groups for row in group["filters"]]
    sorts = [_sort_of(sort) for sort in request.get("sorts") or []]
    if request.get("query") or sorts != [(modified, False)] or len(filters) != 1:
        return None
    (row,) = filters
    if row.get("propertyName") != modified or row.get("operator") not in _BOUNDS:
        return None
    operand = _operand(table.schema.properties[modified], row.get("value"))
    return _BOUNDS[row["operator"]](int(operand))


def _window(request: Mapping[str, Any]) -> tuple[int, int]:
    limit, after = request.get("limit"), request.get("after")
    limit = 10 if limit is None else limit
    if not isinstance(limit, int) or not 0 < limit <= PAGE_CEILING:
        raise invalid(f"The limit of a search is from 1 to {PAGE_CEILING}.")
    text = str(after or 0)
    if not text.isdigit():
        raise invalid(f"Invalid paging cursor: {text}")
    if int(text) + limit > TOTAL_CEILING:
        raise invalid(f"A search cannot be paged past {TOTAL_CEILING} results.")
    return limit, int(text)


def _groups(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    groups = request.get("filterGroups") or []
    sizes = [len(group.get("filters") or []) for group in groups]
    if (
        len(groups) > GROUP_CEILING
        or sum(sizes) > FILTERS_IN_ALL
        or any(size > FILTERS_A_GROUP for size in sizes)
    ):
        ceilings = (
            f"{GROUP_CEILING} filterGroups, {FILTERS_A_GROUP} filters each, {FILTERS_IN_ALL} in all"
        )
        raise invalid(f"Too many filters: at most {ceilings}.")
    return [group for group in groups if group.get("filters")]


def _group_test(group: Mapping[str, Any], table: RecordTable) -> Test:
    tests = [filter_test(row, table) for row in group["filters"]]
    return lambda seen: all(test(seen) for test in tests)


def filter_test(row: Mapping[str, Any], table: RecordTable) -> Test:
    """Return the test of one filter. Raises 400."""
    name, operator = str(row.get("propertyName", "")), str(row.get("operator", ""))
    definition = table.schema.properties.get(name)
    if definition is None:
        raise _refused(f"Property {name} does not exist", name)
    if operator not in _TESTS:
        raise _refused(f"Unknown operator {operator}", name)
    return _TESTS[operator](definition, row)


def _refused(text: str, name: str) -> ApiError:
    details = [{"message": text, "context": {"propertyName": [name]}}]
    return invalid(f"There was a problem with the request. {text}", details=details)


def _operand(definition: Property, raw: Any) -> Comparable:
    if raw is None or raw == "":
        raise _refused("The filter needs a value", definition.name)
    try:
        return comparable(definition, stored(definition, raw, is_open=True))
    except (BadValueError, ValueError) as error:
        raise _refused(str(error), definition.name) from error


def _held(definition: Property, seen: Seen) -> Comparable | None:
    value = seen.values.get(definition.name)
    return comparable(definition, value) if value else None


def _parts(definition: Property, seen: Seen) -> set[Comparable]:
    held = _held(definition, seen)
    if definition.is_multiple and isinstance(held, str):
        return {part for part in held.split(";") if part}
    return set() if held is None else {held}


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Property, Mapping[str, Any]], Test]:
    def make(definition: Property, row: Mapping[str, Any]) -> Test:
        operand = _operand(definition, row.get("value"))

        def test(seen: Seen) -> bool:
            held = _held(definition, seen)
            return held is not None and compare(held, operand)

        return test

    return make


def _equal(definition: Property, row: Mapping[str, Any]) -> Test:
    operand = _operand(definition, row.get("value"))
    return lambda seen: operand in _parts(definition, seen) or _held(definition, seen) == operand


def _member(definition: Property, row: Mapping[str, Any]) -> Test:
    operands = {_operand(definition, raw) for raw in row.get("values") or []}
    if not operands:
        raise _refused("The filter needs values", definition.name)
    return lambda seen: bool(operands & _parts(definition, seen))


def _between(definition: Property, row: Mapping[str, Any]) -> Test:
    low, high = _operand(definition, row.get("value")), _operand(definition, row.get("highValue"))

    def test(seen: Seen) -> bool:
        held: Any = _held(definition, seen)
        return held is not None and low <= held <= high

    return test


def _has(definition: Property, _row: Mapping[str, Any]) -> Test:
    return lambda seen: bool(seen.values.get(definition.name))


def _token(definition: Property, row: Mapping[str, Any]) -> Test:
    wanted = str(row.get("value") or "").lower()
    if not wanted:
        raise _refused("The filter needs a value", definition.name)
    pattern = re.compile("(^|[^0-9a-z])" + re.escape(wanted).replace(r"\*", ".*") + "($|[^0-9a-z])")
    return lambda seen: bool(pattern.search(seen.values.get(definition.name, "").lower()))


def _not(
    make: Callable[[Property, Mapping[str, Any]], Test],
) -> Callable[[Property, Mapping[str, Any]], Test]:
    def made(definition: Property, row: Mapping[str, Any]) -> Test:
        test = make(definition, row)
        return lambda seen: not test(seen)

    return made


_TESTS: Mapping[str, Callable[[Property, Mapping[str, Any]], Test]] = MappingProxyType(
    {
        "EQ": _equal,
        "NEQ": _not(_equal),
        "LT": _order(lambda held, operand: held < operand),
        "LTE": _order(lambda held, operand: held <= operand),
        "GT": _order(lambda held, operand: held > operand),
        "GTE": _order(lambda held, operand: held >= operand),
        "BETWEEN": _between,
        "IN": _member,
        "NOT_IN": _not(_member),
        "HAS_PROPERTY": _has,
        "NOT_HAS_PROPERTY": _not(_has),
        "CONTAINS_TOKEN": _token,
        "NOT_CONTAINS_TOKEN": _not(_token),
    }
)


def _text_test(query: str, table: RecordTable) -> Test:
    if len(query) > QUERY_CEILING:
        raise invalid(f"The query is at most {QUERY_CEILING} characters long.")
    words = query.lower().split()
    names = table.kind.searched
    return lambda seen: all(
        any(word in seen.values.get(name, "").lower() for name in names) for word in words
    )


def _sort(rows: list[Seen], sorts: Sequence[Any], table: RecordTable) -> None:
    if len(sorts) > 1:
        raise invalid("A search is sorted by one property at most.")
    rows.sort(key=lambda seen: (seen.created_ms, int(seen.id)))
    for sort in sorts:
        name, descending = _sort_of(sort)
        definition = table.schema.properties.get(name)
        if definition is None:
            raise _refused(f"Property {name} does not exist", name)
        held = [row for row in rows if row.values.get(name)]
        empty = [row for row in rows if not row.values.get(name)]
        held.sort(key=lambda seen: _sort_key(definition, seen), reverse=descending)
        rows[:] = held + empty


def _sort_key(definition: Property, seen: Seen) -> Any:
    return comparable(definition, seen.values[definition.name])


def _sort_of(sort: Any) -> tuple[str, bool]:
    if isinstance(sort, Mapping):
        return str(sort.get("propertyName", "")), sort.get("direction") == "DESCENDING"
    text = str(sort)
    return text.removeprefix("-"), text.startswith("-")
