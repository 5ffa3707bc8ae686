"""The hours of a day in which only what is urgent is sent. Pure; times are UTC."""

from __future__ import annotations

import re
from datetime import datetime, time

QUIET_HOURS = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)")
"""Two times of day: ``22:00-06:00``."""


def is_quiet(hours: str, now: datetime) -> bool:
    """Whether `now` is in the quiet hours, which may go past midnight; with "" never."""
    read = QUIET_HOURS.fullmatch(hours)
    if not read:
        return False
    start, end = map(time.fromisoformat, read.groups())
    at = now.time()
    return start <= at < end if start <= end else at >= start or at < end
