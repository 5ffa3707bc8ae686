"""Owners v3 (crm-owners-v3 [V])."""

from __future__ import annotations

from simulators.hubspot.api.call import Answer, Call, paging

PAGE_CEILING = 500


def list_page(call: Call) -> Answer:
    """GET a page of owners; on request deactivated ones instead."""
    limit = call.number("limit", 100, PAGE_CEILING)
    archived = call.flag("archived")
    rows, after = call.portal.owners.page(
        call.query.get("email"), call.cursor(), limit, archived=archived
    )
    return Answer(200, {"results": [row.shown() for row in rows]} | paging(after, call.base_url))


def read(call: Call) -> Answer:
    """GET one owner by id or user id."""
    id_property = call.query.get("idProperty", "id")
    return Answer(
        200,
        call.portal.owners.one(call.ids["id"], id_property, archived=call.flag("archived")).shown(),
    )
