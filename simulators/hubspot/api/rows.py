"""Records as answers show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulators.hubspot.associations import Associations
from simulators.hubspot.errors import ApiError, invalid
from simulators.hubspot.portal import Portal
from simulators.hubspot.records.search_index import Seen
from simulators.hubspot.records.table import Record, Version
from simulators.hubspot.schema.catalog import BY_NAME, ObjectType
from simulators.hubspot.stamps import iso

COMPUTED = (
    "lifecyclestage",
    "hs_object_source",
    "hs_object_source_id",
    "hs_email_domain",
    "pipeline",
)
"""Those values set by HubSpot itself that an answer to a write shows here; recorded answers have
some twenty more [S].
"""


def record_row(
    record: Record, kind: ObjectType, names: Sequence[str] = (), history: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a record with the requested properties, or the default ones, and the requested
    histories.
    """
    row: dict[str, Any] = {
        "id": record.id,
        "properties": _chosen(record.values, kind, names),
        "createdAt": iso(record.created_ms),
        "updatedAt": iso(record.updated_ms),
        "archived": record.archived_ms is not None,
    }
    if record.archived_ms is not None:
        row["archivedAt"] = iso(record.archived_ms)
    if history:
        row["propertiesWithHistory"] = {
            name: [_version_row(version) for version in record.history.get(name, ())]
            for name in history
        }
    return row


def seen_row(seen: Seen, kind: ObjectType, names: Sequence[str]) -> dict[str, Any]:
    """Return a record as the search index has it."""
    return {
        "id": seen.id,
        "properties": _chosen(seen.values, kind, names),
        "createdAt": iso(seen.created_ms),
        "updatedAt": iso(seen.updated_ms),
        "archived": False,
    }


def written_row(record: Record, kind: ObjectType, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record after a write: what was written and what HubSpot set by itself; a property
    without a value is missing [S].
    """
    row = record_row(record, kind, (*COMPUTED, *raw))
    row["properties"] = {
        name: value for name, value in row["properties"].items() if value is not None or name in raw
    }
    return row


def associations_part(
    portal: Portal, kind: ObjectType, record: Record, wanted: Iterable[str]
) -> dict[str, Any]:
    """Return the ``associations`` part of a single or listed record: the ids per requested type,
    each once per association type [V].
    """
    part: dict[str, Any] = {}
    for name in wanted:
        other = BY_NAME.get(name.lower())
        if other is None:
            raise invalid(f"Unable to infer object type from: {name}")
        rows = _v3_rows(portal.associations, kind, other, record.id)
        if rows:
            part[other.plural] = {"results": rows}
    return {"associations": part} if part else {}


def batch_answer(
    results: Sequence[Any], errors: Sequence[Mapping[str, Any]], now_ms: int
) -> dict[str, Any]:
    """Return the body of a batch answer. The order of results differs from that of the inputs, as
    HubSpot promises no order.
    """
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": list(reversed(results)),
        "startedAt": iso(now_ms),
        "completedAt": iso(now_ms),
    }
    return body | ({"numErrors": len(errors), "errors": list(errors)} if errors else {})


def missing_rows(kind: ObjectType, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the one error that names all ids of a batch without a record [S]."""
    text = (
        f"Could not get some {kind.label} objects, they may be deleted or not exist. Check that "
        "ids are valid."
    )
    return [ApiError(404, "OBJECT_NOT_FOUND", text).row(ids=ids)] if ids else []


def _chosen(
    values: Mapping[str, str], kind: ObjectType, names: Sequence[str]
) -> dict[str, str | None]:
    wanted = {*names, kind.created, kind.modified, "hs_object_id"} if names else set(kind.shown)
    return {name: values.get(name) for name in sorted(wanted)}


def _version_row(version: Version) -> dict[str, Any]:
    row: dict[str, Any] = {
        "value": version.value,
        "timestamp": iso(version.at_ms),
        "sourceType": version.actor.change_source,
        "sourceId": version.actor.source_id,
    }
    return row | (
        {} if version.actor.user_id is None else {"updatedByUserId": version.actor.user_id}
    )


def _v3_rows(
    associations: Associations, kind: ObjectType, other: ObjectType, record_id: str
) -> list[dict[str, str]]:
    pair = (kind.type_id, other.type_id)
    rows = []
    for to_id, specs in associations.of(pair, record_id).items():
        for spec in sorted(specs):
            label = associations.types(pair)[spec].label
            name = f"{kind.name}_to_{other.name}"
            rows.append({"id": to_id, "type": name if label is None else f"{name}_{label.lower()}"})
    return rows
