"""List memberships v3, and the batch read that only date-based versions have (crm-lists-v3 [V], dbv
index [V]).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, paging, text_of
from simulators.hubspot.errors import invalid
from simulators.hubspot.stamps import iso

PAGE_CEILING = 250
BATCH_CEILING = 100
"""The most inputs of the batch read; the number is [M]."""


def list_page(call: Call) -> Answer:
    """GET a page of members in the order of record ids."""
    return _page(call, lambda member: int(member[0]))


def list_page_by_time(call: Call) -> Answer:
    """GET a page of members in the order in which they joined."""
    return _page(call, lambda member: (member[1], int(member[0])))


def of_record(call: Call) -> Answer:
    """GET the lists of which a record is a member."""
    rows = _memberships(call, call.ids["type"], call.ids["id"])
    return Answer(200, {"total": len(rows), "results": rows})


def batch_of_records(call: Call) -> Answer:
    """POST batch/read: the lists of many records."""
    results = [
        {
            "objectTypeId": text_of(row, "objectTypeId"),
            "recordId": text_of(row, "recordId"),
            "recordListMemberships": _memberships(
                call, text_of(row, "objectTypeId"), text_of(row, "recordId")
            ),
        }
        for row in call.inputs(BATCH_CEILING)
    ]
    now = iso(call.portal.clock.now_ms())
    return Answer(
        200, {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    )


def add(call: Call) -> Answer:
    """PUT records into a list."""
    return _changed(call, _ids(call.body), ())


def remove(call: Call) -> Answer:
    """PUT records out of a list."""
    return _changed(call, (), _ids(call.body))


def add_and_remove(call: Call) -> Answer:
    """PUT records into and out of a list at once."""
    return _changed(
        call, _ids(call.row.get("recordIdsToAdd")), _ids(call.row.get("recordIdsToRemove"))
    )


def add_from(call: Call) -> Answer:
    """PUT all members of another list into a list."""
    members = call.portal.lists.members(call.ids["other"])
    call.portal.lists.add_and_remove(call.ids["id"], [record_id for record_id, _ in members], ())
    return NO_CONTENT


def remove_all(call: Call) -> Answer:
    """DELETE every member of a list."""
    members = call.portal.lists.members(call.ids["id"])
    call.portal.lists.add_and_remove(call.ids["id"], (), [record_id for record_id, _ in members])
    return NO_CONTENT


def _page(call: Call, order: Callable[[tuple[str, int]], Any]) -> Answer:
    """Ascending from `after` or the beginning; descending where only `before` is given [V]. Tokens
    are row numbers here [M].
    """
    limit = call.number("limit", 100, PAGE_CEILING)
    rows = sorted(call.portal.lists.members(call.ids["id"]), key=order)
    after, before = call.cursor(), call.cursor("before")
    if before is not None and after is None:
        end = min(int(before), len(rows))
        start = max(0, end - limit)
        page, part = rows[start:end][::-1], _previous(start, call.base_url)
    else:
        start = int(after or 0)
        page = rows[start : start + limit]
        part = paging(str(start + limit) if start + limit < len(rows) else None, call.base_url)
    results = [
        {"recordId": record_id, "membershipTimestamp": iso(joined)} for record_id, joined in page
    ]
    return Answer(200, {"total": len(rows), "results": results} | part)


def _previous(start: int, link: str) -> dict[str, Any]:
    return (
        {"paging": {"prev": {"before": str(start), "link": f"{link}?before={start}"}}}
        if start
        else {}
    )


def _memberships(call: Call, type_name: str, record_id: str) -> list[dict[str, Any]]:
    writes = call.portal.of(type_name)
    record = writes.table.by_id(record_id)
    return [] if record is None else call.portal.lists.of_record(writes.kind.type_id, record.id)


def _changed(call: Call, add_ids: Iterable[str], remove_ids: Iterable[str]) -> Answer:
    added, removed, missing = call.portal.lists.add_and_remove(call.ids["id"], add_ids, remove_ids)
    body = {"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing}
    return Answer(
        200, {name: ids for name, ids in body.items() if ids}
    )  # only what holds something [S]


def _ids(body: Any) -> list[str]:
    if body is None:
        return []
    if not isinstance(body, list) or any(isinstance(part, dict | list) for part in body):
        raise invalid("Invalid input JSON: a list of record ids was expected")
    return [str(part) for part in body]
