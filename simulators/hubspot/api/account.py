"""Account info: who the portal is, how many of the day's calls are used
(docs/vendors.md#hubspot-account [D]), and what a token may do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulators.hubspot.api.call import Answer, Call, text_of
from simulators.hubspot.errors import ApiError
from simulators.hubspot.stamps import iso


def details(call: Call) -> Answer:
    """GET the details of the account."""
    moment = datetime.fromtimestamp(
        call.portal.clock.now_ms() / 1000, ZoneInfo(call.portal.time_zone)
    )
    offset = moment.utcoffset() or timedelta()
    body = {
        "portalId": call.portal.portal_id,
        "accountType": "STANDARD",
        "timeZone": call.portal.time_zone,
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": _offset_text(offset),
        "utcOffsetMilliseconds": round(offset.total_seconds() * 1000),
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    return Answer(200, body)


def _offset_text(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def usage(call: Call) -> Answer:
    """GET today's calls of private apps."""
    limit, used, resets_ms = call.portal.limits.usage()
    row = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": limit,
        "currentUsage": used,
        "collectedAt": iso(call.portal.clock.now_ms()),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(resets_ms),
    }
    return Answer(200, {"results": [row]})


def token(call: Call) -> Answer:
    """POST a static token and see whose it is: path, names and types [S: several clients]; the
    status for an unknown token [M].

    The scopes in the answer are those against which the token's calls are checked [S].
    """
    if text_of(call.row, "tokenKey") != call.portal.access_token:
        raise ApiError(404, "OBJECT_NOT_FOUND", "The token could not be found.")
    body = {
        "userId": call.portal.person.user_id,
        "hubId": call.portal.portal_id,
        "appId": call.portal.app_id,
        "scopes": sorted(call.portal.scopes - call.lost),
    }
    return Answer(200, body)
