"""Times as Salesforce writes them.

Law: translates from and to text only. Inside the simulator a time is an `int`: milliseconds since
the epoch, always a full second, because that is the org's resolution [D]. A date is its ISO text.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

SECOND: Final = 1000
DAY: Final = 86_400_000

_DATETIME: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def full_second(ms: int) -> int:
    """Return the time without the fraction of a second."""
    return ms - ms % SECOND


def moment(ms: int) -> datetime:
    """Return the UTC `datetime` of a time."""
    return datetime.fromtimestamp(ms / SECOND, UTC)


@lru_cache(maxsize=4096)
def rest_text(ms: int) -> str:
    """As REST answers show it: ``2026-11-02T10:00:00.000+0000`` (no colon in the offset) [S]."""
    return moment(ms).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@lru_cache(maxsize=4096)
def event_text(ms: int) -> str:
    """As relayed change events show it: ``2026-11-02T10:00:00.000Z`` [S]."""
    return moment(ms).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_text(ms: int) -> str:
    """As HTTP headers show it: ``Tue, 10 Nov 2026 10:00:00 GMT``."""
    return moment(ms).strftime("%a, %d %b %Y %H:%M:%S GMT")


def read_http(text: str) -> int:
    """Read an HTTP date. Raises `ValueError`."""
    found = datetime.strptime(text.strip(), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    return int(found.timestamp()) * SECOND


def read_datetime(text: str) -> int:
    """Read an ISO 8601 date and time; without an offset it is UTC. Raises `ValueError`."""
    found = _DATETIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    day, clock, offset = found.groups()
    parsed = datetime.fromisoformat(f"{day}T{clock.split('.')[0]}").replace(tzinfo=_zone(offset))
    return int(parsed.timestamp()) * SECOND


def read_date(text: str) -> str:
    """Read an ISO date, or the date part of a date and time. Raises `ValueError`."""
    return (
        date.fromisoformat(text.strip()[:10]).isoformat()
        if len(text.strip()) in {10, *range(16, 36)}
        else _no_date(text)
    )


def day_of(ms: int) -> str:
    """Return the UTC date of a time; the org's default time zone here is GMT."""
    return moment(ms).date().isoformat()


def day_start(ms: int) -> int:
    """Return midnight at the beginning of the day of a time."""
    return ms - ms % DAY


def _no_date(text: str) -> str:
    raise ValueError(text)


def _zone(offset: str | None) -> timezone:
    if offset is None or offset in {"Z", "z"}:
        return UTC
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:])))
