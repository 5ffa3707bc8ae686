"""Associations v4: single record and batches (crm-associations-v4 [V])."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, object_of, paging, text_of
from simulators.hubspot.api.rows import batch_answer
from simulators.hubspot.associations import Pair, Spec
from simulators.hubspot.errors import ApiError, invalid

READ_CEILING = 1_000
WRITE_CEILING = 2_000
PAGE_CEILING = 500


def list_page(call: Call) -> Answer:
    """GET a page of the records of another type that are associated with one record."""
    pair = _pair(call)
    record = call.portal.writes[pair[0]].living(call.ids["id"])
    rows, after = _page(
        call, pair, record.id, call.cursor(), call.number("limit", 500, PAGE_CEILING)
    )
    return Answer(200, {"results": rows} | paging(after, call.base_url))


def create(call: Call) -> Answer:
    """PUT association types between two records."""
    pair = _pair(call)
    specs = _specs(call.body)
    made = call.portal.link(pair, call.ids["id"], call.ids["other"], specs, call.actor)
    labels = [call.portal.associations.types(pair)[spec].label for spec in made]
    body = {
        "fromObjectTypeId": pair[0],
        "fromObjectId": int(call.ids["id"]),
        "toObjectTypeId": pair[1],
        "toObjectId": int(call.ids["other"]),
        "labels": [label for label in labels if label],
    }
    return Answer(201, body)


def create_default(call: Call) -> Answer:
    """PUT the association without a label between two records."""
    pair = _pair(call)
    made = call.portal.link(pair, call.ids["id"], call.ids["other"], [], call.actor)
    rows = [_default_row(call.ids["id"], call.ids["other"], spec) for spec in made]
    return Answer(200, batch_answer(rows, (), call.portal.clock.now_ms()))


def archive(call: Call) -> Answer:
    """DELETE every association between two records."""
    call.portal.unlink(_pair(call), call.ids["id"], call.ids["other"], call.actor)
    return NO_CONTENT


def batch_read(call: Call) -> Answer:
    """POST batch/read: the associations of many records; records without any are reported as not
    found [M].
    """
    pair = _pair(call)
    results, errors = [], []
    for row in call.inputs(READ_CEILING):
        record_id = text_of(row, "id")
        record = call.portal.writes[pair[0]].table.by_id(record_id)
        rows, after = _page(
            call, pair, record.id if record else record_id, row.get("after"), PAGE_CEILING
        )
        if rows:
            results.append({"from": {"id": record_id}, "to": rows} | paging(after, call.base_url))
        else:
            text = f"No {pair[1]} is associated with {pair[0]} {record_id}."
            error = ApiError(
                404, "OBJECT_NOT_FOUND", text, sub_category="crm.associations.NO_ASSOCIATIONS_FOUND"
            )
            errors.append(error.row(fromObjectId=[record_id]) | {"subCategory": error.sub_category})
    return Answer(207 if errors else 200, batch_answer(results, errors, call.portal.clock.now_ms()))


def batch_create(call: Call) -> Answer:
    """POST batch/create; each row succeeds or fails by itself, also one that names a missing record
    (`_invalid_end`).
    """
    pair = _pair(call)
    results, errors = [], []
    for row in call.inputs(WRITE_CEILING):
        from_id, to_id = _ends(row)
        if invalid_end := _invalid_end(call, pair, (from_id, to_id)):
            errors.append(invalid_end)
            continue
        try:
            made = call.portal.link(pair, from_id, to_id, _specs(row.get("types")), call.actor)
        except ApiError as error:
            errors.append(error.row(fromObjectId=[from_id], toObjectId=[to_id]))
            continue
        labels = [call.portal.associations.types(pair)[spec].label for spec in made]
        results.append(
            {
                "fromObjectTypeId": pair[0],
                "fromObjectId": int(from_id),
                "toObjectTypeId": pair[1],
                "toObjectId": int(to_id),
                "labels": [label for label in labels if label],
            }
        )
    return Answer(207 if errors else 201, batch_answer(results, errors, call.portal.clock.now_ms()))


def batch_default(call: Call) -> Answer:
    """POST batch/associate/default: associations without labels for many pairs."""
    pair = _pair(call)
    results, errors = [], []
    for row in call.inputs(WRITE_CEILING):
        from_id, to_id = _ends(row)
        if invalid_end := _invalid_end(call, pair, (from_id, to_id)):
            # Nobody has recorded this endpoint's row, so it has all that HubSpot's own document
            # demands of one.
            errors.append({**invalid_end, "context": {}, "errors": [], "links": {}})
            continue
        try:
            made = call.portal.link(pair, from_id, to_id, [], call.actor)
        except ApiError as error:
            errors.append(error.row(fromObjectId=[from_id], toObjectId=[to_id]))
            continue
        results += [_default_row(from_id, to_id, spec) for spec in made]
    return Answer(200, batch_answer(results, errors, call.portal.clock.now_ms()))


def batch_archive(call: Call) -> Answer:
    """POST batch/archive: all associations between each record and the records named."""
    pair = _pair(call)
    for row in call.inputs(WRITE_CEILING):
        from_id = text_of(object_of(row, "from"), "id")
        for to in row.get("to") or ():
            call.portal.unlink(pair, from_id, text_of(to, "id"), call.actor)
    return NO_CONTENT


def batch_archive_labels(call: Call) -> Answer:
    """POST batch/labels/archive: some types only; removing the plain type removes the labels, too
    [V].
    """
    pair = _pair(call)
    for row in call.inputs(WRITE_CEILING):
        from_id, to_id = _ends(row)
        call.portal.unlink(pair, from_id, to_id, call.actor, _specs(row.get("types")))
    return NO_CONTENT


def _pair(call: Call) -> Pair:
    pair = (
        call.portal.of(call.ids["type"]).kind.type_id,
        call.portal.of(call.ids["to"]).kind.type_id,
    )
    call.portal.associations.types(pair)
    return pair


def _invalid_end(call: Call, pair: Pair, ids: tuple[str, str]) -> dict[str, str] | None:
    """Return the error row for a missing record: only the message names it, without a context [S];
    the first end counts [M].
    """
    for type_id, record_id in zip(pair, ids, strict=True):
        writes = call.portal.writes[type_id]
        record = writes.table.by_id(record_id)
        if record is None or record.archived_ms is not None:
            message = f"{writes.kind.label}={record_id} is not valid"
            return {"status": "error", "category": "VALIDATION_ERROR", "message": message}
    return None


def _ends(row: Mapping[str, Any]) -> tuple[str, str]:
    return text_of(object_of(row, "from"), "id"), text_of(object_of(row, "to"), "id")


def _specs(rows: Any) -> list[Spec]:
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise invalid("Some required fields were not set: [types]")
    return [
        (text_of(row, "associationCategory"), int(text_of(row, "associationTypeId")))
        for row in rows
    ]


def _default_row(from_id: str, to_id: str, spec: Spec) -> dict[str, Any]:
    return {
        "from": {"id": from_id},
        "to": {"id": to_id},
        "associationSpec": {"associationCategory": spec[0], "associationTypeId": spec[1]},
    }


def _page(
    call: Call, pair: Pair, record_id: str, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    types = call.portal.associations.types(pair)
    held = call.portal.associations.of(pair, record_id)
    ids = sorted((to_id for to_id in held if after is None or int(to_id) > int(after)), key=int)
    rows = [
        {
            "toObjectId": int(to_id),
            "associationTypes": [
                {"category": spec[0], "typeId": spec[1], "label": types[spec].label}
                for spec in sorted(held[to_id])
            ],
        }
        for to_id in ids[:limit]
    ]
    return rows, ids[limit - 1] if len(ids) > limit else None
