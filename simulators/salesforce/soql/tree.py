"""The parsed form of a query: values only, no behaviour. `at` is the position in the text, for
messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

LiteralKind = Literal["string", "number", "boolean", "null", "datetime", "date", "range"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: ``Owner.Name``."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """An aggregate: ``COUNT(Id)``; ``COUNT()`` has no path."""

    function: str
    path: Path | None
    at: int


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the SELECT list, perhaps with an alias; ``FIELDS(ALL)`` is the Call FIELDS."""

    what: Path | Call | Select
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A literal: `raw` keeps a string as written, because LIKE reads its escapes differently."""

    kind: LiteralKind
    value: Any
    at: int
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field operator value``; for IN and NOT IN the value is a tuple or a sub-select."""

    left: Path | Call
    operator: str
    right: Value | tuple[Value, ...] | Select
    at: int


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined by AND."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions joined by OR."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A negated condition."""

    part: Condition


Condition = Comparison | All | Either | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One entry of ORDER BY; nulls come first by default [D]."""

    by: Path | Call
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """A whole query. `source` is the sObject, or the child relationship in a sub-query of the
    SELECT list.
    """

    items: tuple[Item, ...]
    source: str
    at: int
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[Path, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
