"""Lists v3: the lists themselves (crm-lists-v3 [V])."""

from __future__ import annotations

from typing import Any

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, object_of
from simulators.hubspot.errors import invalid, not_found
from simulators.hubspot.lists import RecordList

SEARCH_CEILING = 500


def _answer(call: Call, name: str, row: RecordList) -> Answer:
    return Answer(200, {name: row.shown(with_filters=call.flag("includeFilters"))})


def list_some(call: Call) -> Answer:
    """GET the lists with the given ids."""
    wanted = set(call.names("listIds"))
    rows = [row for row in call.portal.lists.living() if row.id in wanted]
    return Answer(
        200, {"lists": [row.shown(with_filters=call.flag("includeFilters")) for row in rows]}
    )


def create(call: Call) -> Answer:
    """POST a list."""
    return Answer(200, {"list": call.portal.lists.create(call.row).shown(with_filters=True)})


def read(call: Call) -> Answer:
    """GET one list by id."""
    return _answer(call, "list", call.portal.lists.one(call.ids["id"]))


def read_by_name(call: Call) -> Answer:
    """GET one list by object type and name."""
    type_id = call.portal.of(call.ids["type"]).kind.type_id
    for row in call.portal.lists.living():
        if (row.type_id, row.name) == (type_id, call.ids["name"]):
            return _answer(call, "list", row)
    raise not_found(f"List does not exist with name {call.ids['name']}.")


def search(call: Call) -> Answer:
    """POST a search by ids, part of the name and processing types."""
    query, ids = str(call.row.get("query") or "").lower(), set(call.row.get("listIds") or ())
    types = set(call.row.get("processingTypes") or ())
    found = [
        row
        for row in call.portal.lists.living()
        if query in row.name.lower()
        and (not ids or row.id in ids)
        and (not types or row.processing in types)
    ]
    offset, count = int(call.row.get("offset") or 0), int(call.row.get("count") or 20)
    if not 0 < count <= SEARCH_CEILING:
        raise invalid(f"Invalid count: {count}; it must be from 1 to {SEARCH_CEILING}.")
    page = found[offset : offset + count]
    body = {
        "lists": [_search_row(row) for row in page],
        "total": len(found),
        "offset": offset + len(page),
        "hasMore": offset + len(page) < len(found),
    }
    return Answer(200, body)


def delete(call: Call) -> Answer:
    """DELETE one list, which can be restored."""
    call.portal.lists.delete(call.ids["id"])
    return NO_CONTENT


def restore(call: Call) -> Answer:
    """PUT a deleted list back."""
    call.portal.lists.restore(call.ids["id"])
    return NO_CONTENT


def rename(call: Call) -> Answer:
    """PUT another name for a list."""
    return _answer(
        call,
        "updatedList",
        call.portal.lists.rename(call.ids["id"], call.query.get("listName", "")),
    )


def refilter(call: Call) -> Answer:
    """PUT another filter branch for a list."""
    branch = object_of(call.row, "filterBranch")
    return Answer(
        200,
        {
            "updatedList": call.portal.lists.refilter(call.ids["id"], branch).shown(
                with_filters=True
            )
        },
    )


def map_one(call: Call) -> Answer:
    """GET the list id of a legacy list id; this portal never had legacy lists, so both are equal
    [M].
    """
    list_id = call.portal.lists.one(call.query.get("legacyListId", "")).id
    return Answer(200, {"listId": list_id, "legacyListId": list_id})


def map_many(call: Call) -> Answer:
    """POST legacy list ids to map."""
    if not isinstance(call.body, list):
        raise invalid("Invalid input JSON: a list was expected")
    known = {row.id for row in call.portal.lists.living()}
    body = {
        "legacyListIdsToIdsMapping": [
            {"listId": text, "legacyListId": text} for text in map(str, call.body) if text in known
        ],
        "missingLegacyListIds": [text for text in map(str, call.body) if text not in known],
    }
    return Answer(200, body)


def _search_row(row: RecordList) -> dict[str, Any]:
    shown = row.shown()
    del shown["size"]
    return shown | {"additionalProperties": row.properties()}
