"""The fields in Salesforce's description of an object. No calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync.ports.troubles import Described


def described(rows: Sequence[Mapping[str, Any]]) -> Described:
    """The fields that a describe call returns, and which of them cannot be written."""
    # A field that can only be set at creation counts as writable.
    read_only = (row for row in rows if not (row.get("updateable") or row.get("createable")))
    return Described(frozenset(names_of(rows)), frozenset(names_of(read_only)))


def names_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of described fields or properties, in lower case."""
    return [str(row["name"]).lower() for row in rows]
