"""The old marketing e-mail event log and its campaigns (platforms.md 1.3 [D])."""

from __future__ import annotations

from typing import Any

from local.simulators.hubspot.call import Answer, Call
from local.simulators.hubspot.errors import invalid, not_found

PAGE_CEILING = 1_000
_EQUAL = (("eventType", "type"), ("recipient", "recipient"), ("appId", "appId"), ("campaignId", "emailCampaignId"))


def list_page(call: Call) -> Answer:
    """GET a page of events, newest first; ``offset`` is opaque to callers."""
    limit, offset = call.number("limit", 10, PAGE_CEILING), call.query.get("offset", "0")
    if not offset.isdigit():
        raise invalid(f"Invalid offset: {offset}")
    found = [event for event in call.portal.mail_events.all() if _fits(call, event)]
    end = int(offset) + limit
    has_more = end < len(found)
    return Answer(200, {"hasMore": has_more, "offset": str(end), "events": found[int(offset) : end]})


def list_campaigns(call: Call) -> Answer:
    """GET the ids of all campaigns."""
    rows = [{"id": row["id"], "appId": row.get("appId")} for row in call.portal.mail_events.campaigns.values()]
    return Answer(200, {"hasMore": False, "offset": str(len(rows)), "campaigns": rows})


def read_campaign(call: Call) -> Answer:
    """GET one campaign."""
    found = call.portal.mail_events.campaigns.get(call.ids["id"])
    if found is None:
        raise not_found(f"Campaign {call.ids['id']} does not exist")
    return Answer(200, found)


def _fits(call: Call, event: dict[str, Any]) -> bool:
    created = int(event.get("created", 0))
    bounds = int(call.query.get("startTimestamp", 0)), int(call.query.get("endTimestamp", created))
    if not bounds[0] <= created <= bounds[1]:
        return False
    if call.flag("excludeFilteredEvents") and event.get("filteredEvent"):
        return False
    return all(str(event.get(name)) == call.query[asked] for asked, name in _EQUAL if asked in call.query)
