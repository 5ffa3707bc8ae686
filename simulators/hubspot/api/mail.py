"""The old marketing e-mail event log and its campaigns (docs/vendors.md#hubspot-e-mail-log, and the
reference of HubSpot's e-mail analytics API v1 [D]).
"""

from __future__ import annotations

import base64
import json
from itertools import islice
from typing import Any

from simulators.hubspot.api.call import Answer, Call
from simulators.hubspot.errors import ApiError, invalid, not_found
from simulators.hubspot.mail_events import Place

PAGE_CEILING = 1_000
FOREVER = 2**63 - 1
_EQUAL = (
    ("eventType", "type"),
    ("recipient", "recipient"),
    ("appId", "appId"),
    ("campaignId", "emailCampaignId"),
)
_QUESTION = (
    *(asked for asked, _ in _EQUAL),
    "startTimestamp",
    "endTimestamp",
    "excludeFilteredEvents",
)


def list_page(call: Call) -> Answer:
    """GET a page of events, newest first; ``offset`` is opaque and valid for the same query only,
    with any limit.
    """
    if "campaignId" in call.query and "appId" not in call.query:
        raise invalid("appId is required when filtering by campaignId")
    limit, before = call.number("limit", 10, PAGE_CEILING), _position(call)
    start, end = _moment(call, "startTimestamp", 0), _moment(call, "endTimestamp", FOREVER)
    rows = call.portal.mail_events.newest_first(start, end, before)
    found = list(islice(((place, row) for place, row in rows if _fits(call, row)), limit + 1))
    page = found[:limit]
    last = page[-1][0] if page else before
    body = {"hasMore": len(found) > limit, "events": [row for _, row in page]}
    return Answer(200, body | {"offset": _token(call, last)})


def read_event(call: Call) -> Answer:
    """GET one event by its moment and id."""
    created = call.ids["created"]
    found = call.portal.mail_events.one(int(created), call.ids["id"]) if created.isdigit() else None
    if found is None:
        raise not_found(f"Event {created}/{call.ids['id']} does not exist")
    return Answer(200, found)


def list_campaigns(call: Call) -> Answer:
    """GET a page of the campaigns' ids."""
    limit, offset = call.number("limit", 10, PAGE_CEILING), call.query.get("offset", "0")
    if not offset.isdigit():
        raise invalid(f"Invalid offset: {offset}")
    rows = [
        {"id": row["id"], "appId": row.get("appId")}
        for row in call.portal.mail_events.campaigns.values()
    ]
    end = int(offset) + limit
    return Answer(
        200, {"hasMore": end < len(rows), "offset": str(end), "campaigns": rows[int(offset) : end]}
    )


def read_campaign(call: Call) -> Answer:
    """GET one campaign; whether HubSpot requires ``appId`` is unknown [M], a wrong one finds
    nothing [M].
    """
    found, app = call.portal.mail_events.campaigns.get(call.ids["id"]), call.query.get("appId")
    if found is None or (app and str(found.get("appId", app)) != app):
        raise not_found(f"Campaign {call.ids['id']} does not exist")
    return Answer(200, found)


def _fits(call: Call, event: dict[str, Any]) -> bool:
    if call.flag("excludeFilteredEvents") and event.get("filteredEvent"):
        return False
    return all(
        str(event.get(name)) == call.query[asked] for asked, name in _EQUAL if asked in call.query
    )


def _moment(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdigit():
        raise invalid(f"Invalid {name}: {text}")
    return int(text)


def _token(call: Call, place: Place | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, _question(call)]).encode()).decode()


def _position(call: Call) -> Place | None:
    """Return where the page begins. Raises 400 for an invalid offset, or one of another query."""
    text = call.query.get("offset")
    if not text:
        return None
    refusal: ApiError = invalid(f"Invalid offset: {text}")
    try:
        place, question = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        raise refusal from None
    if question != _question(call):
        raise refusal
    return (int(place[0]), int(place[1])) if place else None


def _question(call: Call) -> list[str | None]:
    return [call.query.get(name) for name in _QUESTION]
