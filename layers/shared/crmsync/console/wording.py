"""How pages name what they show: numbers of records, and times that have passed."""

from __future__ import annotations

from datetime import datetime, timedelta

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
