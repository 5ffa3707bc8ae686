"""When a schedule is due: ``rate(...)``, ``cron(...)`` and ``at(...)`` as EventBridge Scheduler
documents them [D].

Law: pure; times are milliseconds since the epoch, in UTC. ``L``, ``W`` and ``#`` in a cron
expression are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from local.stack.template.intrinsics import UnresolvedError

UNIT_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT"
MONTHS, WEEKDAYS = (
    {name: number for number, name in enumerate(names.split(), 1)} for names in _NAMES
)
DAYS_AHEAD = 366 * 5
"""How many days a cron expression is searched for its next turn; without one it is over."""


class Recurrence(Protocol):
    """The turns of a schedule."""

    def after(self, moment_ms: int) -> int | None:
        """Return the first turn later than `moment_ms`, None if there is no such turn."""


def recurrence_of(expression: str, began_ms: int) -> Recurrence:
    """Read the expression of a schedule that was made at `began_ms`. Raises `UnresolvedError`."""
    match = re.fullmatch(r"(rate|cron|at)\((.+)\)", expression.strip())
    if not match:
        raise UnresolvedError(f"not a schedule: {expression!r}")
    if match[1] == "rate":
        return _Rate.of(match[2], began_ms)
    return _Cron.of(match[2]) if match[1] == "cron" else _Once.of(match[2])


@dataclass(frozen=True, slots=True)
class _Rate:
    began_ms: int
    every_ms: int

    @classmethod
    def of(cls, text: str, began_ms: int) -> _Rate:
        match = re.fullmatch(r"(\d+) (minute|hour|day)s?", text.strip())
        if not match or int(match[1]) < 1:
            raise UnresolvedError(f"not a rate: {text!r}")
        return cls(began_ms, int(match[1]) * UNIT_MS[match[2]])

    def after(self, moment_ms: int) -> int:
        return self.began_ms + ((moment_ms - self.began_ms) // self.every_ms + 1) * self.every_ms


@dataclass(frozen=True, slots=True)
class _Once:
    at_ms: int

    @classmethod
    def of(cls, text: str) -> _Once:
        return cls(
            round(datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp() * 1000)
        )

    def after(self, moment_ms: int) -> int | None:
        return self.at_ms if self.at_ms > moment_ms else None


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    @classmethod
    def of(cls, text: str) -> _Cron:
        fields = text.split()
        if len(fields) != 6:
            raise UnresolvedError(f"a cron expression has six fields: {text!r}")
        ranges = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
        names: tuple[Mapping[str, int], ...] = ({}, {}, {}, MONTHS, WEEKDAYS, {})
        return cls(
            *(
                _values(field, *limits, words)
                for field, limits, words in zip(fields, ranges, names, strict=True)
            )
        )

    def after(self, moment_ms: int) -> int | None:
        start = datetime.fromtimestamp(moment_ms // 60_000 * 60, UTC) + timedelta(minutes=1)
        for ahead in range(DAYS_AHEAD):
            day = start.date() + timedelta(days=ahead)
            if not self._on(day):
                continue
            times = (
                datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                for hour, minute in self._times()
            )
            found = next((time for time in times if time >= start), None)
            if found:
                return round(found.timestamp() * 1000)
        return None

    def _on(self, day: date) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return (
            day.year in self.years
            and day.month in self.months
            and day.day in self.days
            and weekday in self.weekdays
        )

    def _times(self) -> list[tuple[int, int]]:
        return [(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]


def _values(field: str, low: int, high: int, words: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in {"*", "?"}:
            start, end = low, high
        else:
            start = _number(first, words)
            end = _number(last, words) if last else (high if step else start)
        found |= set(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, words: Mapping[str, int]) -> int:
    if text.upper() in words:
        return words[text.upper()]
    if not text.isdigit():
        raise UnresolvedError(f"the laptop stack does not know {text!r} in a cron expression")
    return int(text)
