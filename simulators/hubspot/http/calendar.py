"""HubSpot's calendar: which paths end on which day, by the account's own clock. Dates: HubSpot's
developer changelog [D].

Only the product's token is affected; people's tools in the tests use the official client, which
still calls the old paths. No document says what an ended path answers: here the page does not exist
[M].
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
"""The paths of each family, and the first day on which they no longer exist."""


def has_ended(path: str, now_ms: int) -> bool:
    """Return whether the path has ended."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    return any(pattern.match(path) and today >= day for pattern, day in ENDS)
