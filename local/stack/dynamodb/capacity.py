"""What DynamoDB charges: capacity units by the documented rules.

Law: pure arithmetic on items in the wire's form (``{"name": {"S": "..."}}``).

Sizes and units follow the DynamoDB developer guide [D], "DynamoDB item sizes and formats" and "read
and write operations". A strongly consistent read costs one unit per 4 KiB, an eventually consistent
one half of that, and a write one unit per KiB of the larger of the item before and after. A
transaction costs twice as much. A read that finds nothing and a write whose condition fails still
cost the smallest amount. Secondary indexes are not counted.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

READ_UNIT = 4096
WRITE_UNIT = 1024
CONTAINER = 3
"""Bytes that a list or a map takes besides its content; every element takes one more."""


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of an item: the names and values of its attributes."""
    size = 0
    for name, value in item.items():
        text = value.get("S")  # what most values are
        size += len(name.encode()) + (value_size(value) if text is None else len(text.encode()))
    return size


def value_size(value: Mapping[str, Any]) -> int:
    """Return the bytes of one attribute value."""
    kind, content = next(iter(value.items()))
    if len(kind) == 2:  # a set: SS, NS or BS
        return sum(value_size({kind[0]: inner}) for inner in content)
    return _SIZES[kind](content)


def number_size(text: str) -> int:
    """Return the bytes of a number: about one per two significant digits, plus one, and one more if
    it is negative.
    """
    digits = text.lstrip("+-").lower().split("e")[0].replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + text.startswith("-")


def read_units(
    sizes: Iterable[int], *, consistent: bool, together: bool = False, transaction: bool = False
) -> float:
    """Return the units for reading items of these sizes.

    `together` rounds once over the sum, as a Query or Scan does.
    """
    per_unit = 2.0 if transaction else 1.0 if consistent else 0.5
    rounded = [sum(sizes)] if together else sizes
    return per_unit * sum(max(1, math.ceil(size / READ_UNIT)) for size in rounded)


def write_units(sizes: Iterable[tuple[int, int]], *, transaction: bool = False) -> float:
    """Return the units for writing items, given their sizes before and after; 0 stands for
    no item.
    """
    return (2.0 if transaction else 1.0) * sum(
        max(1, math.ceil(max(pair) / WRITE_UNIT)) for pair in sizes
    )


def _binary(content: str | bytes) -> int:
    return len(content if isinstance(content, bytes) else base64.b64decode(content))


_SIZES: Mapping[str, Callable[[Any], int]] = MappingProxyType(
    {
        "S": lambda text: len(text.encode()),
        "N": lambda number: number_size(str(number)),
        "B": _binary,
        "BOOL": lambda _: 1,
        "NULL": lambda _: 1,
        "L": lambda inner: CONTAINER + sum(1 + value_size(value) for value in inner),
        "M": lambda inner: CONTAINER + len(inner) + item_size(inner),
    }
)
