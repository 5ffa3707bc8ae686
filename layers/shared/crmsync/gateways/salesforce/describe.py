"""What Salesforce's description of an object says of its fields. No calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync.ports.troubles import Described


def described(rows: Sequence[Mapping[str, Any]]) -> Described:
    """Which fields the rows of a describe call show, and which of them cannot be written."""
    # A field that may be set when a record is created and never again is one that we may write.
    guarded = (row for row in rows if not (row.get("updateable") or row.get("createable")))
    return Described(frozenset(names_of(rows)), frozenset(names_of(guarded)))


def names_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of described fields or properties, in lower case."""
    return [str(row["name"]).lower() for row in rows]
