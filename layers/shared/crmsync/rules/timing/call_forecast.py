"""When the calls of a day will be used up, if crmsync goes on at the pace of the last hours.

A forecast for people; nothing is held back because of it. Pure; times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from crmsync.rules.timing.call_counts import DAY, hour_of, start_of
from crmsync.rules.timing.call_state import CallState

PACE_HOURS = 3
"""The hours whose pace counts, the one that runs included."""

_HOUR = timedelta(hours=1)
_LEAST = timedelta(minutes=30)
"""The shortest time that shows a pace."""


@dataclass(frozen=True, slots=True)
class CallForecast:
    """What becomes of the calls that a limit leaves.

    Attributes:
        limit: The calls of a day.
        is_own: It is crmsync's allotment; otherwise the CRM's limit for all clients.
        pace: crmsync's calls in an hour.
        full_at: When the last one is used (UTC); None if that is not within a day.
        percent: The most of the limit that is used at a time within a day, rounded up; 100 if all.
    """

    limit: int
    is_own: bool
    pace: int
    full_at: datetime | None
    percent: int


def forecast(state: CallState, now: datetime, *, day_ends: bool) -> CallForecast | None:
    """The forecast for the limit that is reached first, or else comes nearest; None without a limit
    or before half an hour of calls is known.

    An allotment counts the last 24 hours, and so does a CRM's limit unless its `day_ends` at some
    midnight. Which one is not known here: then nothing leaves the count within the forecast, and
    the calls of other clients stay what they are. Otherwise other clients go on as in the last 24
    hours.
    """
    pace = _pace(state.hours, now)
    if pace is None:
        return None
    own = sum(map(sum, state.hours.values()))
    found = []
    if state.allotment:
        found.append(_forecast(state.allotment, own, pace, state.hours, now, is_own=True))
    if state.day is not None and state.day.allowed:
        leaving = {} if day_ends else state.hours
        used = state.day.used if day_ends else max(own, state.day.used)
        found.append(_forecast(state.day.allowed, used, pace, leaving, now, is_own=False))
    return min(found, key=lambda one: (one.full_at or now + DAY, -one.percent), default=None)


def _pace(hours: Mapping[int, tuple[int, ...]], now: datetime) -> float | None:
    """Calls that were made in an hour; None if it is not known yet."""
    this = hour_of(now)
    first = max(min(hours, default=this), this - PACE_HOURS + 1)
    elapsed = now - start_of(first)
    if elapsed < _LEAST or first > this or not hours:
        return None
    calls = sum(sum(calls) for hour, calls in hours.items() if first <= hour <= this)
    return calls / (elapsed / _HOUR)


def _forecast(
    limit: int,
    used: int,
    pace: float,
    leaving: Mapping[int, tuple[int, ...]],
    now: datetime,
    *,
    is_own: bool,
) -> CallForecast:
    """Hour by hour: calls are added at the pace, and those of an hour leave 24 hours after it."""
    at, count, most, full_at = now, float(used), float(used), None
    while at < now + DAY and full_at is None:
        end = min(start_of(hour_of(at) + 1), now + DAY)
        left = limit - count
        if left <= pace * ((end - at) / _HOUR):
            full_at = at + (left / pace * _HOUR if left > 0 else timedelta())
        count += pace * ((end - at) / _HOUR)
        most, at = max(most, count), end
        count -= sum(leaving.get(hour_of(at - DAY) - 1, ()))
    percent = 100 if full_at else ceil(round(100 * most / limit, 6))
    return CallForecast(limit, is_own, round(pace), full_at, percent)
