"""How pages name what they show: numbers of records, and times that have passed."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE_SECONDS, _HOUR_SECONDS, _DAY_SECONDS = 60, 3_600, 86_400
_TENTHS_BELOW = 10
"""Seconds below which tenths are named."""

_HOUR = timedelta(hours=1)
_DAYS = timedelta(days=2)


def number_of_records(count: int) -> str:
    """So many records: "1 record", "2,000 records"."""
    return f"{count:,} record{'' if count == 1 else 's'}"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago, in minutes or hours; a day where it is long ago. None stands for never."""
    if at is None:
        return "not yet"
    minutes = max(0, int((now - at).total_seconds()) // 60)
    if now - at < _HOUR:
        return f"{minutes} min ago"
    return f"{minutes // 60} h {minutes % 60} min ago" if now - at < _DAYS else f"{at:%Y-%m-%d}"


def lasted(seconds: float) -> str:
    """How long something took: "0.8 s", "45 s", "3 min 20 s", "2 h 5 min", "3 days"."""
    if seconds < _TENTHS_BELOW:
        return f"{round(seconds, 1):g} s"
    whole = round(seconds)
    if whole < _MINUTE_SECONDS:
        return f"{whole} s"
    if whole < _HOUR_SECONDS:
        return _two(whole, _MINUTE_SECONDS, "min", "s")
    if whole < 2 * _DAY_SECONDS:
        return _two(whole // _MINUTE_SECONDS, _MINUTE_SECONDS, "h", "min")
    return f"{whole // _DAY_SECONDS} days"


def _two(count: int, in_one: int, larger: str, smaller: str) -> str:
    rest = f" {count % in_one} {smaller}" if count % in_one else ""
    return f"{count // in_one} {larger}{rest}"
