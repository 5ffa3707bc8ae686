"""Filter branches of lists: from the request's tree to one test on a record.

Law: pure. Property filters and list membership are known; other filter types (events, forms,
associations) are refused, so that a list never silently means something else. Shapes: crm-lists-v3
[V]; the operators are those of the list editor [M].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from simulators.hubspot.errors import invalid
from simulators.hubspot.records.search_index import Seen
from simulators.hubspot.records.table import RecordTable

Test = Callable[[Seen], bool]
InList = Callable[[str, str], bool]
"""Whether the list with this id contains the record with this id."""


def branch_test(branch: Mapping[str, Any], table: RecordTable, in_list: InList) -> Test:
    """Return the test of a filter branch. Raises 400 for parts that this simulator does not
    evaluate.
    """
    kind = branch.get("filterBranchType")
    if kind not in {"OR", "AND"}:
        raise invalid(f"Filter branches of type {kind} are not evaluated by this simulator.")
    tests = [branch_test(part, table, in_list) for part in branch.get("filterBranches") or ()]
    tests += [_filter_test(row, table, in_list) for row in branch.get("filters") or ()]
    together = any if kind == "OR" else all
    return lambda seen: together(test(seen) for test in tests)


def _filter_test(row: Mapping[str, Any], table: RecordTable, in_list: InList) -> Test:
    kind = row.get("filterType")
    if kind == "IN_LIST":
        wanted = row.get("operator") != "NOT_IN_LIST"
        list_id = str(row.get("listId"))
        return lambda seen: in_list(list_id, seen.id) is wanted
    if kind != "PROPERTY":
        raise invalid(f"Filters of type {kind} are not evaluated by this simulator.")
    name = str(row.get("property"))
    if name not in table.schema.properties:
        raise invalid(f"Property {name} does not exist")
    return _property_test(name, row.get("operation") or {})


def _property_test(name: str, operation: Mapping[str, Any]) -> Test:
    operator = str(operation.get("operator"))
    compare = OPERATORS.get(operator)
    if compare is None:
        raise invalid(f"Unknown list operator {operator}")
    raw = (
        operation["values"]
        if "values" in operation
        else [operation.get("value", operation.get("timestamp", ""))]
    )
    wanted = {str(value).lower() for value in raw}
    when_empty = bool(operation.get("includeObjectsWithNoValueSet", False))

    def test(seen: Seen) -> bool:
        held = seen.values.get(name, "").lower()
        if not held and operator not in {"IS_KNOWN", "IS_UNKNOWN"}:
            return when_empty
        return compare(held, wanted)

    return test


def _any(check: Callable[[str, str], bool]) -> Callable[[str, set[str]], bool]:
    return lambda held, wanted: any(check(held, value) for value in wanted)


def _number(check: Callable[[Decimal, Decimal], bool]) -> Callable[[str, set[str]], bool]:
    return lambda held, wanted: all(check(Decimal(held), Decimal(value)) for value in wanted)


def _options(held: str) -> set[str]:
    return {part for part in held.split(";") if part}


OPERATORS: Mapping[str, Callable[[str, set[str]], bool]] = MappingProxyType(
    {
        "IS_EQUAL_TO": lambda held, wanted: held in wanted,
        "IS_NOT_EQUAL_TO": lambda held, wanted: held not in wanted,
        "IS": lambda held, wanted: held in wanted,
        "IS_NOT": lambda held, wanted: held not in wanted,
        "IS_ANY_OF": lambda held, wanted: bool(_options(held) & wanted),
        "IS_NONE_OF": lambda held, wanted: not _options(held) & wanted,
        "IS_EXACTLY": lambda held, wanted: _options(held) == wanted,
        "CONTAINS": _any(lambda held, value: value in held),
        "DOES_NOT_CONTAIN": lambda held, wanted: not any(value in held for value in wanted),
        "STARTS_WITH": _any(lambda held, value: held.startswith(value)),
        "ENDS_WITH": _any(lambda held, value: held.endswith(value)),
        "IS_GREATER_THAN": _number(lambda held, value: held > value),
        "IS_GREATER_THAN_OR_EQUAL_TO": _number(lambda held, value: held >= value),
        "IS_LESS_THAN": _number(lambda held, value: held < value),
        "IS_LESS_THAN_OR_EQUAL_TO": _number(lambda held, value: held <= value),
        "IS_KNOWN": lambda held, _wanted: bool(held),
        "IS_UNKNOWN": lambda held, _wanted: not held,
    }
)
