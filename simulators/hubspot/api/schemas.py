"""Properties v3: definitions, groups and their batches (crm-properties-v3 [V])."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, text_of
from simulators.hubspot.api.rows import batch_answer
from simulators.hubspot.errors import ApiError
from simulators.hubspot.schema.schema import Schema

BATCH_CEILING = 100


def _schema(call: Call) -> Schema:
    return call.portal.of(call.ids["type"]).table.schema


def list_all(call: Call) -> Answer:
    """GET every definition of an object type."""
    rows = _schema(call).listed(archived=call.flag("archived"))
    return Answer(200, {"results": [row.shown() for row in rows]})


def create(call: Call) -> Answer:
    """POST a definition."""
    return Answer(201, _schema(call).create(call.row, call.portal.clock.now_ms()).shown())


def read(call: Call) -> Answer:
    """GET one definition."""
    return Answer(200, _schema(call).one(call.ids["name"], archived=call.flag("archived")).shown())


def update(call: Call) -> Answer:
    """PATCH one definition."""
    return Answer(
        200, _schema(call).update(call.ids["name"], call.row, call.portal.clock.now_ms()).shown()
    )


def archive(call: Call) -> Answer:
    """DELETE one definition, which moves it to the recycle bin."""
    _schema(call).archive(call.ids["name"], call.portal.clock.now_ms())
    return NO_CONTENT


def batch_read(call: Call) -> Answer:
    """POST batch/read of definitions."""
    archived = bool(call.row.get("archived", False))
    return _batch(
        call, lambda row: _schema(call).one(text_of(row, "name"), archived=archived).shown(), 200
    )


def batch_create(call: Call) -> Answer:
    """POST batch/create of definitions; each row succeeds or fails by itself."""
    now = call.portal.clock.now_ms()
    return _batch(call, lambda row: _schema(call).create(row, now).shown(), 201)


def batch_archive(call: Call) -> Answer:
    """POST batch/archive of definitions."""
    for row in call.inputs(BATCH_CEILING):
        _schema(call).archive(text_of(row, "name"), call.portal.clock.now_ms())
    return NO_CONTENT


def list_groups(call: Call) -> Answer:
    """GET every group."""
    return Answer(200, {"results": [group.shown() for group in _schema(call).groups.values()]})


def create_group(call: Call) -> Answer:
    """POST a group."""
    return Answer(201, _schema(call).create_group(call.row).shown())


def read_group(call: Call) -> Answer:
    """GET one group."""
    return Answer(200, _schema(call).group(call.ids["name"]).shown())


def update_group(call: Call) -> Answer:
    """PATCH one group."""
    return Answer(200, _schema(call).update_group(call.ids["name"], call.row).shown())


def archive_group(call: Call) -> Answer:
    """DELETE one group."""
    _schema(call).archive_group(call.ids["name"])
    return NO_CONTENT


TAKEN = "Properties.PROPERTY_WITH_NAME_EXISTS"


def list_custom_objects(_call: Call) -> Answer:
    """GET the definitions of custom objects; this account has none."""
    return Answer(200, {"results": []})


def _batch(call: Call, one: Callable[[Mapping[str, Any]], dict[str, Any]], status: int) -> Answer:
    results, errors = [], []
    for row in call.inputs(BATCH_CEILING):
        try:
            results.append(one(row))
        except ApiError as error:
            if (
                error.sub_category == "Properties.PROPERTY_EXISTS"
            ):  # a batch has words of its own for it [S]
                error = ApiError(409, "OBJECT_ALREADY_EXISTS", error.message, sub_category=TAKEN)
            shown = error.row(name=[str(row.get("name"))])
            errors.append(
                shown | ({"subCategory": error.sub_category} if error.sub_category else {})
            )
    body = batch_answer(results, errors, call.portal.clock.now_ms())
    return Answer(207 if errors else status, body)
