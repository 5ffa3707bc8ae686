"""The charts of the first page: how many changes were carried over in each hour and how long they
took, and the calls to both CRMs.

An hour in which crmsync made no call to either CRM has no figures, as it did not run. In any other
hour no change is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from crmsync.console.charts import COLUMN, Chart, gaps, stacked, stepped, top_of, top_of_durations
from crmsync.console.wording import lasted
from crmsync.model.operations.calls import CallClass
from crmsync.model.operations.throughput import HourOfChanges
from crmsync.rules.timing.call_counts import DAY, NO_CALLS, hour_of, start_of
from crmsync.rules.timing.call_state import CallState

NO_FIGURE = "-"
"""What a table has where there is no figure."""

NOW = "now"


def hours_at_work(states: Iterable[CallState]) -> frozenset[int]:
    """The hours since the epoch in which calls were made to a CRM."""
    return frozenset(hour for one in states for hour, calls in one.hours.items() if any(calls))


def changes_chart(
    found: Mapping[int, HourOfChanges], at_work: AbstractSet[int], now: datetime
) -> Chart:
    """How many changes were carried over in each hour."""
    hours = _hours(now)
    known = dict.fromkeys(at_work, 0) | {hour: one.count for hour, one in found.items()}
    counts = [known.get(hour) for hour in hours]
    total = sum(count or 0 for count in counts)
    top = top_of(max(known.values(), default=0))
    return Chart(
        title="Changes per hour",
        summary=f"{total:,} in all; {_most(known, hours)}." if total else "None in 24 hours.",
        series=("changes",),
        top=f"{top:,}",
        since=_moment(hours[0]),
        until=NOW,
        width=len(hours) * COLUMN,
        bars=stacked([counts], top),
        gaps=gaps(counts),
        table=_table(("Changes",), hours, [counts]),
    )


def lag_chart(
    found: Mapping[int, HourOfChanges], at_work: AbstractSet[int], now: datetime
) -> Chart:
    """How long changes took from when they happened in a CRM to the write, by hour."""
    hours = _hours(now)
    lags = [
        [getattr(found[hour], name) if hour in found else None for hour in hours]
        for name in ("p50", "p95")
    ]
    top = top_of_durations(max((one.p95 for one in found.values()), default=0))
    return Chart(
        title="From a change to its write",
        summary=_lag_summary(found),
        series=("half took at most (p50)", "95 percent took at most (p95)"),
        top=lasted(top),
        since=_moment(hours[0]),
        until=NOW,
        width=len(hours) * COLUMN,
        lines=tuple(stepped(number, values, top) for number, values in enumerate(lags)),
        gaps=gaps([hour in at_work or hour in found or None for hour in hours]),
        table=_table(
            ("Half took at most", "95 percent took at most"),
            hours,
            [[None if one is None else lasted(one) for one in values] for values in lags],
        ),
    )


def calls_chart(crm: str, state: CallState, now: datetime) -> Chart:
    """The calls to a CRM in each hour, by what they were for."""
    hours = _hours(now)
    made = {hour: calls for hour, calls in state.hours.items() if hour <= hours[-1]}
    first = min(made, default=hours[-1] + 1)
    series = [
        [made.get(hour, NO_CALLS)[one.place] if hour >= first else None for hour in hours]
        for one in CallClass
    ]
    sums = {hour: sum(calls) for hour, calls in made.items()}
    top = top_of(max(sums.values(), default=0))
    total = sum(sums.values())
    return Chart(
        title=f"Calls to {crm} per hour",
        summary=f"{total:,} in all; {_most(sums, hours)}." if total else "None in 24 hours.",
        series=tuple(map(str, CallClass)),
        top=f"{top:,}",
        since=_moment(hours[0]),
        until=NOW,
        width=len(hours) * COLUMN,
        bars=stacked(series, top),
        gaps=gaps(series[0]),
        table=_table(tuple(str(one).title() for one in CallClass), hours, series),
    )


def _hours(now: datetime) -> list[int]:
    """The hours of the last 24, the one in which they begin included."""
    return list(range(hour_of(now - DAY), hour_of(now) + 1))


def _most(counts: Mapping[int, int], hours: list[int]) -> str:
    hour = max(hours, key=lambda hour: counts.get(hour, 0))
    return f"most in the hour from {start_of(hour):%H:%M}: {counts.get(hour, 0):,}"


def _lag_summary(found: Mapping[int, HourOfChanges]) -> str:
    if not found:
        return "No change in 24 hours."
    last, slowest = max(found), max(found, key=lambda hour: found[hour].p95)
    return (
        f"Last, in the hour from {start_of(last):%H:%M}: half took at most "
        f"{lasted(found[last].p50)}, 95 percent at most {lasted(found[last].p95)}. Slowest, in the "
        f"hour from {start_of(slowest):%H:%M}: 95 percent took at most "
        f"{lasted(found[slowest].p95)}."
    )


def _table(
    heads: tuple[str, ...], hours: list[int], columns: Sequence[Sequence[object]]
) -> tuple[tuple[str, ...], ...]:
    rows = [
        (_moment(hour), *(_cell(column[at]) for column in columns)) for at, hour in enumerate(hours)
    ]
    return (("Hour from", *heads), *reversed(rows))


def _cell(value: object) -> str:
    if value is None:
        return NO_FIGURE
    return f"{value:,}" if isinstance(value, int) else str(value)


def _moment(hour: int) -> str:
    return f"{start_of(hour):%Y-%m-%d %H:%M} UTC"
