"""Counting calls: by hour and class for a day, and by ticks for windows of seconds. Pure
arithmetic with times (UTC).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crmsync.model.operations.calls import CallClass, CallUsage

DAY = timedelta(days=1)
WINDOW = timedelta(seconds=10)
SEARCH_WINDOW = timedelta(seconds=1)
TICK = timedelta(milliseconds=100)
"""The precision with which the time of a call is kept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
NO_CALLS = (0,) * len(CallClass)


def current(usage: CallUsage, now: datetime) -> CallUsage:
    """The usage without what counts no more. A day is counted by whole hours, the one in which it
    begins included.
    """
    first = hour_of(now - DAY)
    return replace(
        usage,
        hours={hour: calls for hour, calls in usage.hours.items() if hour >= first},
        window=_recent(usage.window, now - WINDOW),
        searches=_recent(usage.searches, now - SEARCH_WINDOW),
    )


def _recent(ends: Mapping[int, int], since: datetime) -> dict[int, int]:
    return {tick: calls for tick, calls in ends.items() if time_of(tick) + TICK > since and calls}


def leased_since(ends: Mapping[int, int], since: datetime) -> int:
    """The calls of leases that end after a moment."""
    return sum(_recent(ends, since).values())


def moved(ends: Mapping[int, int], end: int, leased: int, made: Iterable[int]) -> dict[int, int]:
    """The windows after a lease that counted at `end` was returned: its calls count at the ticks
    when they were `made`.
    """
    moved = dict(ends)
    if end in moved:
        moved[end] = max(0, moved[end] - leased)
        for tick in made:
            moved[tick] = moved.get(tick, 0) + 1
    return moved


def calls_of_day(usage: CallUsage) -> int:
    """All calls of the usage."""
    return sum(sum(calls) for calls in usage.hours.values())


def free_again_at(usage: CallUsage, most: float) -> datetime:
    """When the calls of 24 hours fall below `most`, if none is added."""
    left, hour = calls_of_day(usage), 0
    for hour in sorted(usage.hours):
        left -= sum(usage.hours[hour])
        if left < most:
            break
    return _EPOCH + (hour + 1) * _HOUR + DAY


def added(calls: tuple[int, ...], call_class: CallClass, more: int) -> tuple[int, ...]:
    """The calls by class with `more` of one class; never below 0."""
    place = call_class.place
    return (*calls[:place], max(0, calls[place] + more), *calls[place + 1 :])


def hour_of(at: datetime) -> int:
    """Hours since the epoch."""
    return (at - _EPOCH) // _HOUR


def start_of(hour: int) -> datetime:
    """When an hour since the epoch begins."""
    return _EPOCH + hour * _HOUR


def tick_of(at: datetime) -> int:
    """Ticks since the epoch."""
    return (at - _EPOCH) // TICK


def time_of(tick: int) -> datetime:
    """The moment at which a tick begins."""
    return _EPOCH + tick * TICK
