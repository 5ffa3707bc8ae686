"""HubSpot's rows: properties to fields, and results and errors back to the effects that they belong
to. No calls.

HubSpot returns the rows of a batch in any order; a row is identified by its id, its key or its
trace id, never by its position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmsync.errors import Gone, SyncError
from crmsync.gateways.hubspot.errors import row_error
from crmsync.model.records import Origin, PastValue, Record, Ref, Side, Value
from crmsync.ports.crm import Written

TRACE = "objectWriteTraceId"
"""Our id for a row of a batch. If rows have one, HubSpot reports errors row by row instead of
refusing the batch.
"""


def moment(text: str) -> datetime:
    """The time in HubSpot's text (ISO 8601, UTC)."""
    return datetime.fromisoformat(text)


def is_id(text: str) -> bool:
    """Whether the text can be a HubSpot record id; HubSpot refuses a whole call for any other."""
    return text.isascii() and text.isdecimal()


def sent(fields: Mapping[str, Any]) -> dict[str, str]:
    """Fields as HubSpot expects them: text, and "" to clear a property."""
    return {name: _text(value) for name, value in fields.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Value]:
    """The fields of `names` that the row has; blank is None."""
    properties = row.get("properties") or {}
    return {name: properties[name] or None for name in names if name in properties}


def record(kind: str, row: Mapping[str, Any], names: Sequence[str]) -> Record:
    """The record of a result row, with exactly the fields of `names`."""
    properties = row.get("properties") or {}
    return Record(
        ref=Ref(Side.HUBSPOT, kind, str(row["id"])),
        fields={name: properties.get(name) or None for name in names},
        created_at=moment(row["createdAt"]),
        modified_at=moment(row["updatedAt"]),
        origins={name: versions[0] for name, versions in origins_of(row).items() if versions},
        past=_past(row.get("propertiesWithHistory") or {}),
    )


def origins_of(row: Mapping[str, Any]) -> dict[str, list[Origin]]:
    """How each property got its values, newest first, if the row was read with history."""
    histories: Mapping[str, Sequence[Mapping[str, Any]]] = row.get("propertiesWithHistory") or {}
    return {
        name: sorted(map(_origin, versions), key=lambda one: one.at, reverse=True)
        for name, versions in histories.items()
    }


def _origin(version: Mapping[str, Any]) -> Origin:
    return Origin(
        moment(version["timestamp"]),
        _source(version),
        by_user=bool(version.get("updatedByUserId")),
    )


def _past(
    histories: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, tuple[PastValue, ...]]:
    return {
        name: tuple(
            sorted(
                (
                    PastValue(moment(row["timestamp"]), row.get("value") or None, _source(row))
                    for row in rows
                ),
                key=lambda one: one.at,
            )
        )
        for name, rows in histories.items()
    }


def _source(row: Mapping[str, Any]) -> str:
    """``INTEGRATION/990077``: the kind of source, and its id if HubSpot gives it."""
    parts = (str(row.get("sourceType") or ""), str(row.get("sourceId") or ""))
    return "/".join(part for part in parts if part)


def written(kind: str, row: Mapping[str, Any], fields: Mapping[str, Any]) -> Written:
    """The outcome of a row after `fields` were written to it."""
    return Written(Ref(Side.HUBSPOT, kind, str(row["id"])), shown(row, fields))


def errors_by_row(errors: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The error entries of a 207, by every id and trace id that they name."""
    named: dict[str, Mapping[str, Any]] = {}
    for error in errors:
        context = error.get("context") or {}
        single = [error[TRACE]] if error.get(TRACE) else []
        for name in [
            *single,
            *(context.get(TRACE) or ()),
            *(context.get("ids") or ()),
            *(context.get("id") or ()),
        ]:
            named.setdefault(str(name), error)
    return named


def update_error(
    error: Mapping[str, Any], fields: Mapping[str, Any], *, status: int = 400
) -> SyncError:
    """The error of one written row; `Gone` if HubSpot does not have the record."""
    made = row_error(error, fields, status=status)
    if isinstance(made, Gone):
        return Gone("The HubSpot record no longer exists.", code=made.code)
    return made
