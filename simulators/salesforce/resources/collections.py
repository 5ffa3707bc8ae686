"""sObject Collections: up to 200 records written, or up to 2,000 read, in one call. Rows are
answered in the order of the request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org import writes
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.refusals import RefusalError, bad_json
from simulators.salesforce.resources import rows as rows_api
from simulators.salesforce.resources.call import Call, Reply, segment

MAX_WRITE: Final = 200
MAX_READ: Final = 2000
_Write = Callable[[Transaction], dict[str, Any]]


def create(org: Org, call: Call) -> Reply:
    """``POST /composite/sobjects``; mixed types are allowed."""
    view = org.view(call.user_id)

    def write(record: dict[str, Any]) -> _Write:
        def run(transaction: Transaction) -> dict[str, Any]:
            values = {name: value for name, value in record.items() if name.lower() != "id"}
            return _good(writes.create(org, transaction, view, _type_of(view, record), values))

        return run

    return _run(org, call, [write(record) for record in _records(call)])


def update(org: Org, call: Call) -> Reply:
    """``PATCH /composite/sobjects``; the same record a second time is refused [M]."""
    view = org.view(call.user_id)
    seen: set[str] = set()

    def write(record: dict[str, Any]) -> _Write:
        def run(transaction: Transaction) -> dict[str, Any]:
            sobject = _type_of(view, record)
            given = next((value for name, value in record.items() if name.lower() == "id"), None)
            if not given:
                raise RefusalError("MISSING_ARGUMENT", "Id not specified in an update call", [])
            record_id = rows_api.read_id(str(given))
            if record_id in seen:
                raise RefusalError("DUPLICATE_VALUE", f"duplicate id specified: {record_id}", [])
            seen.add(record_id)
            values = {name: value for name, value in record.items() if name.lower() != "id"}
            writes.update(org, transaction, view, sobject, record_id, values)
            return _good(record_id)

        return run

    return _run(org, call, [write(record) for record in _records(call)])


def upsert(org: Org, call: Call, name: str, key: str) -> Reply:
    """``PATCH /composite/sobjects/{object}/{external id field}``; a key that occurs twice is
    refused each time [S].
    """
    view = org.view(call.user_id)
    sobject = rows_api.find_object(view, name)
    field = rows_api.key_field(view, sobject, segment(key))
    records = _records(call)
    keys = [
        next((v for k, v in record.items() if k.lower() == field.name.lower()), None)
        for record in records
    ]
    often = Counter(str(value).lower() for value in keys if value is not None)

    def write(record: dict[str, Any], value: Any) -> _Write:
        def run(transaction: Transaction) -> dict[str, Any]:
            if _type_of(view, record).name != sobject.name:
                raise RefusalError(
                    "INVALID_TYPE", f"All records must be of type {sobject.name}", []
                )
            if (value is None or value == "") and field.name != "Id":
                raise RefusalError("MISSING_ARGUMENT", f"{field.name} not specified", [])
            if often[str(value).lower()] > 1:
                raise RefusalError(
                    "DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [field.name]
                )
            rows = rows_api.rows_of_key(org, sobject, field, value) if value is not None else []
            if field.name == "Id" and value is not None and not rows:
                raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
            if len(rows) > 1:
                message = (
                    "More than one record found for external id field: "
                    f"{[row['Id'] for row in rows]}"
                )
                raise RefusalError("DUPLICATE_EXTERNAL_ID", message, [])
            record_id, created = rows_api.put_by_key(
                org, transaction, view, sobject, rows, record, field
            )
            return _good(record_id) | {"created": created}

        return run

    return _run(
        org, call, [write(record, value) for record, value in zip(records, keys, strict=True)]
    )


def delete(org: Org, call: Call) -> Reply:
    """``DELETE /composite/sobjects?ids=...``."""
    view = org.view(call.user_id)
    ids = [text.strip() for text in call.query.get("ids", "").split(",") if text.strip()]
    _limit(len(ids))

    def write(text: str) -> _Write:
        def run(transaction: Transaction) -> dict[str, Any]:
            record_id = rows_api.read_id(text)
            sobject = next((item for item in view.sobjects() if item.prefix == record_id[:3]), None)
            if sobject is None:
                raise RefusalError("MALFORMED_ID", f"malformed id {text}", [])
            writes.delete(org, transaction, sobject, record_id)
            return _good(record_id)

        return run

    return _run(
        org,
        call,
        [write(text) for text in ids],
        all_or_none=call.query.get("allOrNone", "").lower() == "true",
    )


def read_get(org: Org, call: Call, name: str) -> Reply:
    """``GET /composite/sobjects/{object}?ids=&fields=``."""
    return _read(
        org,
        call,
        name,
        call.query.get("ids", "").split(","),
        call.query.get("fields", "").split(","),
    )


def read_post(org: Org, call: Call, name: str) -> Reply:
    """``POST /composite/sobjects/{object}`` with ids and fields in the body."""
    body = call.record()
    ids, fields = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(fields, list):
        raise bad_json("ids and fields must be arrays")
    return _read(org, call, name, ids, fields)


def _read(org: Org, call: Call, name: str, ids: Iterable[str], names: list[str]) -> Reply:
    view = org.view(call.user_id)
    sobject = rows_api.find_object(view, name)
    wanted = [rows_api.read_id(str(text).strip()) for text in ids]
    if len(wanted) > MAX_READ:
        raise RefusalError(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_READ} records in this call",
        )
    # Id always comes along [M].
    named = [str(text) for text in names if str(text).strip().lower() != "id"]
    fields = rows_api.wanted_fields(view, sobject, ["Id", *named])
    rows = [org.store.live(sobject.name, record_id) for record_id in wanted]
    # Only queryAll is said to return archived activities; that this does not is [M].
    return Reply(
        200,
        [
            None
            if row is None or row.get("IsArchived")
            else rows_api.show_row(view, sobject, row, call.base, fields)
            for row in rows
        ],
    )


def _run(org: Org, call: Call, steps: list[_Write], *, all_or_none: bool | None = None) -> Reply:
    """Run each row in the one transaction of the call; a refused row is rolled back alone, or with
    all others.
    """
    strict = all_or_none if all_or_none is not None else bool(call.record().get("allOrNone", False))
    if _is_too_much_for_triggers(org, call, max(len(steps), call.rows_beside)):
        return Reply(200, [_out_of_cpu_time() for _ in steps])
    with org.transaction(call.actor()) as transaction:
        begin = transaction.mark()
        results = [_attempt(step, transaction) for step in steps]
        if strict and not all(result["success"] for result in results):
            transaction.rollback(begin)
            results = [_rolled_back() if result["success"] else result for result in results]
    return Reply(200, results)


def _is_too_much_for_triggers(org: Org, call: Call, count: int) -> bool:
    """Return whether the triggers of so many rows use up the CPU time of the transaction: a call of
    the product with more rows than the fault `apex_cpu` allows. That the collections of a composite
    call share the time is [M].
    """
    if not call.product:
        return False
    fault = org.faults.take("salesforce", "apex_cpu")
    return fault is not None and count > int(fault.details.get("rows", 0))


def _out_of_cpu_time() -> dict[str, Any]:
    """A governor limit cannot be caught: it refuses every row of the transaction [S]."""
    message = "ExampleTrigger: System.LimitException: Apex CPU time limit exceeded"
    return RefusalError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, []).row()


def _attempt(step: _Write, transaction: Transaction) -> dict[str, Any]:
    mark = transaction.mark()
    try:
        return step(transaction)
    except RefusalError as refusal:
        transaction.rollback(mark)
        return refusal.row()


def _good(record_id: str) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": []}


def _rolled_back() -> dict[str, Any]:
    message = (
        "Record rolled back because not all records were valid and the request was using "
        "AllOrNone header"
    )
    return RefusalError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).row()


def _records(call: Call) -> list[dict[str, Any]]:
    records = call.record().get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise bad_json("records must be an array of sobjects")
    if not records:
        raise RefusalError("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    _limit(len(records))
    return records


def _limit(count: int) -> None:
    if count > MAX_WRITE:
        message = (
            f"record limit reached. cannot submit more than {MAX_WRITE} records into this call"
        )
        raise RefusalError("EXCEEDED_ID_LIMIT", message)


def _type_of(view: View, record: dict[str, Any]) -> SObject:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    found = view.sobject(str(name)) if name else None
    if found is None:
        raise RefusalError("INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
    return found
