"""Date literals: words such as TODAY or LAST_N_DAYS:7 and the spans of time that they mean (the
org's time zone is GMT here).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from simulators.salesforce.times import DAY, day_start, moment

_FIXED: Final = {
    "YESTERDAY": (-1, 0),
    "TODAY": (0, 1),
    "TOMORROW": (1, 2),
    "LAST_90_DAYS": (-90, 1),
    "NEXT_90_DAYS": (1, 91),
}
_COUNTED: Final = frozenset({"LAST_N_DAYS", "NEXT_N_DAYS", "N_DAYS_AGO"})
_MONTHS: Final = {"LAST_MONTH": -1, "THIS_MONTH": 0, "NEXT_MONTH": 1}
_YEARS: Final = {"LAST_YEAR": -1, "THIS_YEAR": 0, "NEXT_YEAR": 1}
_IN_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to, not including, `end`: milliseconds."""

    start: int
    end: int


def span(word: str, days: int | None, now_ms: int) -> Span | None:
    """Return what a date literal means now, or None if the word is no date literal."""
    today = day_start(now_ms)
    if word in _FIXED and days is None:
        first, last = _FIXED[word]
        return Span(today + first * DAY, today + last * DAY)
    if word in _COUNTED and days is not None:
        return _counted(word, days, today)
    if word in _MONTHS and days is None:
        return Span(_month(now_ms, _MONTHS[word]), _month(now_ms, _MONTHS[word] + 1))
    if word in _YEARS and days is None:
        year = moment(now_ms).year + _YEARS[word]
        return Span(_first(year, 1), _first(year + 1, 1))
    return None


def _counted(word: str, days: int, today: int) -> Span:
    if word == "LAST_N_DAYS":
        return Span(today - days * DAY, today + DAY)
    if word == "NEXT_N_DAYS":
        return Span(today + DAY, today + (days + 1) * DAY)
    return Span(today - days * DAY, today - (days - 1) * DAY)


def _month(now_ms: int, shift: int) -> int:
    now = moment(now_ms)
    years, month = divmod(now.month - 1 + shift, _IN_A_YEAR)
    return _first(now.year + years, month + 1)


def _first(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
