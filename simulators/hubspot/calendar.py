"""HubSpot's calendar: which paths end on which day, by the account's own clock. Dates: HubSpot's
developer changelog [D].

Only the product's token meets it; people's tools in these tests go on with the official client,
which speaks the old paths. What an ended path answers is announced nowhere: here it is a page that
does not exist [M].
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

ENDS: tuple[tuple[re.Pattern[str], date], ...] = (
    (re.compile(r"^/(crm-)?pipelines/v1/|^/crm/v1/pipelines"), date(2026, 12, 4)),
    (re.compile(r"^/oauth/v1/"), date(2027, 2, 16)),
    (re.compile(r"^/(crm|communication-preferences)/v4/"), date(2027, 3, 30)),
    # "September 2027": its last day, as no other is named [M].
    (
        re.compile(r"^/(crm|communication-preferences|account-info)/v3/|^/email/public/v1/"),
        date(2027, 9, 30),
    ),
)
"""The paths of each family, and the first day on which they are gone."""


def has_ended(path: str, now_ms: int) -> bool:
    """Whether the path's day has come."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    return any(pattern.match(path) and today >= day for pattern, day in ENDS)
