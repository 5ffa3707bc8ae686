"""The fields in Salesforce's description of an object. No calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync.model.schema import Option, SalesforceField
from crmsync.ports.troubles import Described


def described(rows: Sequence[Mapping[str, Any]]) -> Described:
    """The fields that a describe call returns, and which of them cannot be written."""
    # A field that can only be set at creation counts as writable.
    read_only = (row for row in rows if not (row.get("updateable") or row.get("createable")))
    return Described(frozenset(names_of(rows)), frozenset(names_of(read_only)))


def names_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of described fields or properties, in lower case."""
    return [str(row["name"]).lower() for row in rows]


def field_of(row: Mapping[str, Any]) -> SalesforceField:
    """A field as a mapping needs it. Integer fields have digits instead of a precision."""
    options = (one for one in row.get("picklistValues") or () if one.get("active"))
    return SalesforceField(
        str(row["name"]),
        str(row["type"]),
        int(row.get("length") or 0),
        int(row.get("precision") or row.get("digits") or 0),
        int(row.get("scale") or 0),
        tuple(Option(str(one["value"]), str(one.get("label") or one["value"])) for one in options),
        is_restricted=bool(row.get("restrictedPicklist")),
        is_read_only=bool(row.get("calculated") or not row.get("updateable")),
        refers_to=tuple(map(str, row.get("referenceTo") or ())),
        is_external_id=bool(row.get("externalId")),
    )
