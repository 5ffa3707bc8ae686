"""The order of a table's items, found in a tenth of the time that moto takes.

Law: the same order as moto's. `install` replaces two of moto's functions for the whole process: it
sorts a whole table for each Query, and for each comparison asks nine questions about the type of
both values.
"""

from __future__ import annotations

from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_PLAIN = frozenset({"S", "B", "BOOL"})
"""Types whose values are compared as they are stored."""

_CAST: Any = DynamoType.cast_value


def install() -> None:
    """Patch moto; calling it again changes nothing."""
    setattr(DynamoType, "cast_value", property(_cast))  # noqa: B010 - it is read-only for the type checker
    setattr(Table, "all_items", _all_items)  # noqa: B010 - it is a method there


def _cast(value: Any) -> Any:
    """Return what a value is compared by."""
    return value.value if value.type in _PLAIN else _CAST.fget(value)


def _all_items(table: Any) -> list[Any]:
    """Return a table's items in the order of their keys.

    All keys of a table are of the same types, so their plain values can be compared.
    """
    if not table.range_key_attr:
        return sorted(table.items.values(), key=lambda item: item.hash_key.cast_value)
    items = [item for items in table.items.values() for item in items.values()]
    return sorted(items, key=lambda item: (item.hash_key.cast_value, item.range_key.cast_value))
