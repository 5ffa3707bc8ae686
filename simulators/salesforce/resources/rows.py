"""The sObject resources: one record by id or by external id, and what changed recently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulators.salesforce import times
from simulators.salesforce.objects.fields import Field, Row
from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org import writes
from simulators.salesforce.org.ids import MalformedIdError, long_id
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.org.values import field_value, read_value, show_value
from simulators.salesforce.refusals import (
    RefusalError,
    malformed_id,
    no_such_column,
    no_such_resource,
)
from simulators.salesforce.resources.call import Call, Reply, segment

_ID_LENGTHS: Final = frozenset({15, 18})
_UPDATED_DAYS: Final = 30
_DELETED_DAYS: Final = 15
_MINUTE: Final = 60_000


def find_object(view: View, name: str) -> SObject:
    """Return the sObject of a path. Raises `RefusalError` (NOT_FOUND)."""
    found = view.sobject(name)
    if found is None:
        raise no_such_resource()
    return found


def create(org: Org, call: Call, name: str) -> Reply:
    """``POST /sobjects/{object}``."""
    view = org.view(call.user_id)
    sobject, values = find_object(view, name), call.record()
    if any(key.lower() == "id" for key in values):
        raise RefusalError(
            "INVALID_FIELD", "The Id field should not be specified in the sobject data."
        )
    with org.transaction(call.actor()) as transaction:
        record_id = writes.create(org, transaction, view, sobject, values)
    return Reply(
        201,
        {"id": record_id, "success": True, "errors": []},
        {"Location": f"{call.base}/sobjects/{sobject.name}/{record_id}"},
    )


def read(org: Org, call: Call, name: str, record_id: str) -> Reply:
    """``GET /sobjects/{object}/{id}``, all visible fields or those of ``?fields=``."""
    view = org.view(call.user_id)
    sobject = find_object(view, name)
    return _read_row(org, call, view, sobject, _row(org, sobject, segment(record_id)))


def update(org: Org, call: Call, name: str, record_id: str) -> Reply:
    """``PATCH /sobjects/{object}/{id}``."""
    view = org.view(call.user_id)
    sobject, values = find_object(view, name), call.record()
    row = _row(org, sobject, segment(record_id))
    _preconditions(call, row)
    if any(key.lower() == "id" for key in values):
        raise RefusalError(
            "INVALID_FIELD", "The Id field should not be specified in the sobject data."
        )
    with org.transaction(call.actor()) as transaction:
        writes.update(org, transaction, view, sobject, row["Id"], values)
    return Reply(204)


def delete(org: Org, call: Call, name: str, record_id: str) -> Reply:
    """``DELETE /sobjects/{object}/{id}``."""
    sobject = find_object(org.view(call.user_id), name)
    row = _row(org, sobject, segment(record_id))
    _preconditions(call, row)
    with org.transaction(call.actor()) as transaction:
        writes.delete(org, transaction, sobject, row["Id"])
    return Reply(204)


def read_by_key(org: Org, call: Call, name: str, key: str, value: str) -> Reply:
    """``GET /sobjects/{object}/{external id field}/{value}``."""
    view = org.view(call.user_id)
    sobject = find_object(view, name)
    field = key_field(view, sobject, segment(key))
    rows = rows_of_key(org, sobject, field, segment(value))
    if not rows:
        raise no_such_resource()
    if len(rows) > 1:
        return _several(call, sobject, rows)
    return _read_row(org, call, view, sobject, rows[0])


def upsert(org: Org, call: Call, name: str, key: str, value: str) -> Reply:
    """``PATCH /sobjects/{object}/{external id field}/{value}``: 201 created, 200 updated, 300 if
    the value is not unique [D].
    """
    view = org.view(call.user_id)
    sobject, values = find_object(view, name), call.record()
    field = key_field(view, sobject, segment(key))
    if any(given.lower() in {"id", field.name.lower()} for given in values):
        raise RefusalError(
            "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data."
        )
    rows = rows_of_key(org, sobject, field, segment(value))
    if len(rows) > 1:
        return _several(call, sobject, rows)
    if not rows and call.query.get("updateOnly", "").lower() == "true":
        raise no_such_resource()
    with org.transaction(call.actor()) as transaction:
        record_id, created = put_by_key(
            org, transaction, view, sobject, rows, values | {field.name: segment(value)}, field
        )
    return Reply(
        201 if created else 200,
        {"id": record_id, "success": True, "errors": [], "created": created},
    )


def delete_by_key(org: Org, call: Call, name: str, key: str, value: str) -> Reply:
    """``DELETE /sobjects/{object}/{external id field}/{value}``."""
    view = org.view(call.user_id)
    sobject = find_object(view, name)
    rows = rows_of_key(org, sobject, key_field(view, sobject, segment(key)), segment(value))
    if len(rows) != 1:
        raise no_such_resource()
    with org.transaction(call.actor()) as transaction:
        writes.delete(org, transaction, sobject, rows[0]["Id"])
    return Reply(204)


def updated(org: Org, call: Call, name: str) -> Reply:
    """``GET /sobjects/{object}/updated?start=&end=``: ids of live records written in [start, end),
    at most 30 days back [D].
    """
    sobject = find_object(org.view(call.user_id), name)
    start, end = _window(org, call, _UPDATED_DAYS)
    rows = org.store.tables[sobject.name].between("SystemModstamp", start, end - 1)
    ids = [row["Id"] for row in rows if not row.get("IsDeleted")]
    return Reply(200, {"ids": ids, "latestDateCovered": times.rest_text(end)})


def deleted(org: Org, call: Call, name: str) -> Reply:
    """``GET /sobjects/{object}/deleted?start=&end=``: what was deleted in [start, end), at most 15
    days back [D].
    """
    sobject = find_object(org.view(call.user_id), name)
    start, end = _window(org, call, _DELETED_DAYS)
    rows = org.store.tables[sobject.name].between("SystemModstamp", start, end - 1)
    found = [(r["SystemModstamp"], r["Id"]) for r in rows if r.get("IsDeleted")]
    # Records that never were in the bin are listed too [M]: getDeleted() is a call of
    # OpportunityContactRole [D].
    found += [
        (at, gone_id)
        for at, name_, gone_id in org.purged
        if name_ == sobject.name and start <= at < end
    ]
    gone = [
        {"id": record_id, "deletedDate": times.rest_text(at)} for at, record_id in sorted(found)
    ]
    earliest = times.rest_text(org.now_ms() - _DELETED_DAYS * times.DAY)
    return Reply(
        200,
        {
            "deletedRecords": gone,
            "earliestDateAvailable": earliest,
            "latestDateCovered": times.rest_text(end),
        },
    )


def show_row(
    view: View, sobject: SObject, row: Row, base: str, fields: list[Field] | None = None
) -> dict[str, Any]:
    """Return a record as REST shows it, with all visible fields if `fields` is None."""
    shown = fields if fields is not None else list(view.fields(sobject).values())
    attributes = {"type": sobject.name, "url": f"{base}/sobjects/{sobject.name}/{row['Id']}"}
    return {"attributes": attributes} | {
        field.name: show_value(field, field_value(field, row, sobject)) for field in shown
    }


def wanted_fields(view: View, sobject: SObject, names: list[str]) -> list[Field]:
    """Return the fields with these names; an unknown one fails the call. Raises `RefusalError`
    (INVALID_FIELD).
    """
    found = []
    for name in names:
        field = view.field(sobject, name.strip())
        if field is None:
            raise no_such_column(name.strip(), sobject.name)
        found.append(field)
    return found


def key_field(view: View, sobject: SObject, name: str) -> Field:
    """Return the field of an external-id path. Raises `RefusalError` (NOT_FOUND, in the org's own
    words [S]).
    """
    field = view.field(sobject, name)
    if field is None or not (field.external_id or field.id_lookup):
        raise _no_key(name)
    return field


def rows_of_key(org: Org, sobject: SObject, field: Field, value: Any) -> list[Row]:
    """Return the live records with this value in a key field."""
    if field.name == "Id":
        found = org.store.live(sobject.name, read_id(str(value)))
        return [] if found is None else [found]
    wanted = read_value(field, value)
    rows = org.store.tables[sobject.name].matching(field.name, [wanted])
    return [
        row
        for row in rows
        if not row.get("IsDeleted") and (not field.case_sensitive or row[field.name] == wanted)
    ]


def put_by_key(
    org: Org,
    transaction: Transaction,
    view: View,
    sobject: SObject,
    rows: list[Row],
    values: Mapping[str, Any],
    field: Field,
) -> tuple[str, bool]:
    """Update the one record found, or create it; return its id and whether it is new."""
    if rows:
        kept = {name: value for name, value in values.items() if name.lower() != field.name.lower()}
        writes.update(org, transaction, view, sobject, rows[0]["Id"], kept)
        return str(rows[0]["Id"]), False
    return writes.create(org, transaction, view, sobject, values), True


def read_id(text: str) -> str:
    """Return the 18-character id. Raises `RefusalError` (MALFORMED_ID)."""
    try:
        return long_id(text)
    except MalformedIdError:
        raise malformed_id(text) from None


def _no_key(text: str) -> RefusalError:
    return RefusalError(
        "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {text}"
    )


def _row(org: Org, sobject: SObject, text: str) -> Row:
    if len(text) not in _ID_LENGTHS or not text.startswith(sobject.prefix):
        raise _no_key(text)
    row = org.store.get(sobject.name, read_id(text))
    if row is None:
        raise no_such_resource()
    if row.get("IsDeleted"):
        raise RefusalError("ENTITY_IS_DELETED", "entity is deleted", [])
    return row


def _read_row(_org: Org, call: Call, view: View, sobject: SObject, row: Row) -> Reply:
    _preconditions(call, row)
    since = call.headers.get("if-modified-since")
    if since is not None and row.get("LastModifiedDate", 0) <= _http_date(since):
        return Reply(304)
    names = call.query.get("fields")
    fields = None if names is None else wanted_fields(view, sobject, names.split(","))
    headers = (
        {"Last-Modified": times.http_text(row["LastModifiedDate"])}
        if "LastModifiedDate" in row
        else {}
    )
    return Reply(200, show_row(view, sobject, row, call.base, fields), headers)


def _preconditions(call: Call, row: Row) -> None:
    """Check ``If-Unmodified-Since``, to the second [D]."""
    since = call.headers.get("if-unmodified-since")
    if since is not None and row.get("LastModifiedDate", 0) > _http_date(since):
        raise RefusalError(
            "PRECONDITION_FAILED",
            "One or more of the preconditions given in the request headers failed",
        )  # [M] text


def _http_date(text: str) -> int:
    try:
        return times.read_http(text)
    except ValueError:
        raise RefusalError("INVALID_HEADER", f"Invalid date in header: {text}") from None


def _several(call: Call, sobject: SObject, rows: list[Row]) -> Reply:
    return Reply(300, [f"{call.base}/sobjects/{sobject.name}/{row['Id']}" for row in rows])


def _window(org: Org, call: Call, days: int) -> tuple[int, int]:
    """Return the times of a replication call without their seconds. Raises `RefusalError`
    (INVALID_REPLICATION_DATE) [D].
    """
    try:
        start, end = (
            times.read_datetime(call.query[name].replace(" ", "+")) for name in ("start", "end")
        )
    except (KeyError, ValueError):
        raise RefusalError(
            "INVALID_REPLICATION_DATE", "start and end must be dates in ISO 8601 format"
        ) from None
    start, end = start - start % _MINUTE, end - end % _MINUTE
    if end - start < _MINUTE:
        raise RefusalError(
            "INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate"
        )
    if start < org.now_ms() - days * times.DAY:
        raise RefusalError(
            "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago"
        )
    return start, min(end, org.now_ms() - org.now_ms() % _MINUTE + _MINUTE)
