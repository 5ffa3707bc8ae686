"""How many calls a worker may make, and what waits when calls run short (API-1, API-2, RTY-2,
CH-6).

All workers of a connection share the usage of a CRM. Each leases a few calls at a time, so that one
write of the usage serves many calls. Four limits apply:

- the allotment: the most calls of crmsync in 24 hours. Retries wait from three quarters on,
  backfills a little earlier, and sweeps are spread over the day, so that live changes find calls.
- the CRM's own day, which other clients use as well. While it is used up, one call every quarter of
  an hour finds out whether it still is.
- ten seconds, and seconds of search, at HubSpot.

Pure; times are UTC and come from the caller. Facts: docs/vendors.md#salesforce-limits and
docs/vendors.md#hubspot-rate-limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.changes import OF_JOBS, Change
from crmsync.model.operations.calls import (
    CallClass,
    CallHold,
    CallLease,
    CallLimits,
    CallUsage,
    DailyCalls,
    KnownCalls,
)
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.rules.timing.call_counts import (
    DAY,
    NO_CALLS,
    SEARCH_WINDOW,
    TICK,
    WINDOW,
    added,
    calls_of_day,
    current,
    free_again_at,
    hour_of,
    leased_since,
    moved,
    tick_of,
    time_of,
)

ALLOTMENT_USED = "ALLOTMENT_USED"
"""Code of a `CallHold`: crmsync has made all calls that are allotted to it."""

DAY_USED_UP = "DAY_USED_UP"
"""Code of a `CallHold`: all clients together have made all calls that the CRM allows in a day."""

WINDOW_FULL = "WINDOW_FULL"
"""Code of a `CallHold`: all calls of a few seconds are leased."""

CALLS_RESERVED = "CALLS_RESERVED"
"""Code of a `CallHold`: what calls are left is kept for the classes before this one."""

RETRY_CALLS = 5_000
"""So many calls of 24 hours are used before retries and backfills wait where no allotment is set
(RTY-2).
"""

LONGEST_HOLD = timedelta(days=1)
"""The longest time for which a retry is held back: once a day everything is tried again (RTY-1), so
that nothing waits for ever.
"""

DAY_SHARE: Mapping[CallClass, float] = MappingProxyType(
    {
        CallClass.LIVE: 1.0,
        CallClass.SWEEP: 0.95,
        CallClass.RETRY: 0.75,
        CallClass.BACKFILL: 0.7,
    }
)
"""The share of the day's calls up to which a class begins new work; that of retries is RTY-2's. The
rest is the reserve for the classes before it. Sweeps come after retries in rank but go on for
longer: they are spread over the day instead, and without them nobody knows what to sync.
"""

WINDOW_SHARE: Mapping[CallClass, float] = MappingProxyType(
    {
        CallClass.LIVE: 1.0,
        CallClass.RETRY: 0.995,
        CallClass.SWEEP: 0.995,
        CallClass.BACKFILL: 0.995,
    }
)
"""The share of ten seconds that may be leased when a class asks. Live changes need no larger
reserve: calls become free all the time, and they may take the next ones.
"""

LATE = timedelta(milliseconds=500)
"""How much later than its lease has ended a call may reach HubSpot."""

SWEEP_SHARE = 0.5
"""The share of the calls that are left which sweeps may use within a day."""

SWEEP_AHEAD = timedelta(minutes=5)
"""How far sweeps may run ahead of an even pace: only a small number of calls slows them down."""

RAREST_SWEEP = timedelta(hours=1)
"""The longest time between two sweeps while calls are left."""

PROBE_EVERY = timedelta(minutes=15)
"""How often one call is made while the CRM's day is used up."""

KNOWN_FOR = timedelta(minutes=15)
"""How long a count of all clients' calls is valid; after that some call finds it out anew."""

PER_WINDOW = 100
"""HubSpot's calls in ten seconds for the smallest subscription; its responses say the real number.
"""

SEARCHES = 4
"""The searches in a second: of HubSpot's five, which all apps of an account share, one is left to
others.
"""

MOST_CALLS = 20
"""The most calls of a lease without a window."""

DAY_LEASE = timedelta(hours=6)
"""A lease without a window: about as long as a process lives, since it keeps calls from nobody but
those who need the last ones of a day.
"""

LEASES_OF_ALLOTMENT = 1_000
"""A lease is at most this part of the allotment, so that a small one is used up by calls rather
than by leases.
"""

LONG_LEASE, LONG_CALLS = timedelta(seconds=30), 8
"""The lease of a quiet window, of more calls if the work needs more. It counts against the window
until it ends, so few may be out.
"""

LONG_SHARE = 1 / 3
"""The share of the window up to which long leases are given."""

SHORT_LEASE, SHORT_CALLS = timedelta(seconds=1), 5
"""The lease of a busy window: over soon, so that what is not used is not lost."""


def limits_of(connection: Connection, side: Side) -> CallLimits:
    """What limits a connection's calls to a side."""
    if side is Side.HUBSPOT:
        return CallLimits("HubSpot", per_window=PER_WINDOW, searches=SEARCHES)
    allotment = connection.salesforce.daily_call_allotment
    return CallLimits("Salesforce", allotment, RETRY_CALLS)


def call_class_of(change: Change, now: datetime, *, is_new: bool) -> CallClass:
    """What the calls for a change count as; `is_new` if its record has another change that was
    never put off. A retry that has waited for a day counts as live.
    """
    if change.tries and not is_new and now - change.at < LONGEST_HOLD:
        return CallClass.RETRY
    if change.cause in OF_JOBS and not change.tries:
        return CallClass.BACKFILL
    return CallClass.LIVE


def calls_for_backfills(limits: CallLimits, day: DailyCalls) -> int:
    """Up to how many calls of 24 hours a backfill goes on, if nothing but crmsync makes any."""
    return left_for_backfills(limits, DailyCalls(0, day.allowed), 0)


def left_for_backfills(limits: CallLimits, day: DailyCalls, own: int) -> int:
    """How many calls a backfill could make now: crmsync has made `own` of the day's calls. Never
    below 0.
    """
    share = DAY_SHARE[CallClass.BACKFILL]
    most = limits.allotment * share if limits.allotment else limits.retry_calls or day.allowed
    return max(0, int(min(most - own, day.allowed * share - day.used)))


def lease(
    usage: CallUsage,
    limits: CallLimits,
    call_class: CallClass,
    now: datetime,
    *,
    search: bool,
    expected: int = 0,
) -> tuple[CallUsage, CallLease | CallHold]:
    """A lease for a worker that needs a call now, and the usage with it. `expected` is how many
    calls its work will probably take.

    Where a `CallHold` is returned, nothing may be called. Work that has begun is finished: only the
    allotment, the CRM's day and its windows end it, and the share of a class does not (see `hold`).
    """
    usage = current(usage, now)
    if usage.used_up_at is not None:
        if usage.probe_at is not None and now < usage.probe_at:
            return usage, _used_up(limits, usage.probe_at)
        usage = replace(usage, probe_at=now + PROBE_EVERY)
        probe = CallLease(call_class, 1, int(search), now, now + SHORT_LEASE, is_probe=True)
        return _with(usage, limits, probe), probe
    if held := _hard_limit(usage, limits, now):
        return usage, held
    calls, ends = _lease_of_day(usage, limits, now)
    if limits.per_window:
        calls, ends = _lease_of_window(usage, limits, call_class, now, expected)
        if calls < 1:
            return usage, _full(limits, usage.window, WINDOW)
    searches = 0
    if search and limits.searches:
        searches = min(calls, limits.searches - leased_since(usage.searches, now - SEARCH_WINDOW))
        if searches < 1:
            return usage, _full(limits, usage.searches, SEARCH_WINDOW)
        ends = min(ends, time_of(tick_of(now + SEARCH_WINDOW)))
    given = CallLease(call_class, calls, searches, now, ends)
    return _with(usage, limits, given), given


def returned(
    usage: CallUsage,
    limits: CallLimits,
    one: CallLease,
    used: int,
    searched: int,
    now: datetime,
    answered: Sequence[datetime] = (),
) -> CallUsage:
    """The usage after a lease of which `used` calls were made, `searched` of them searches.

    `answered` are the times of their responses, as far as these have come. A call has reached the
    CRM before its response, so it counts from then on, and one without a response from now on.
    """
    unused = one.calls - used
    hours = dict(usage.hours)
    if (hour := hour_of(one.ends)) in hours:
        made = hour_of(min(now, one.ends))
        hours[hour] = added(hours[hour], one.call_class, -one.calls)
        hours[made] = added(hours.get(made, NO_CALLS), one.call_class, used)
    window, searches = usage.window, usage.searches
    end = tick_of(one.ends + LATE)
    times = [*answered[:used], *[now] * (used - len(answered))]
    ticks = sorted(min(tick_of(at), end) for at in times)
    if limits.per_window:
        window = moved(window, end, one.calls, ticks)
    if one.searches:
        searches = moved(searches, end, one.searches, ticks[used - searched :])
    usage = replace(usage, hours=hours, window=window, searches=searches)
    if one.call_class is CallClass.SWEEP and usage.sweep_at is not None:
        usage = replace(usage, sweep_at=usage.sweep_at - unused * _sweep_gap(usage, limits, now))
    return usage


def hold(
    usage: CallUsage, limits: CallLimits, call_class: CallClass, now: datetime
) -> CallHold | None:
    """Why work of a class may not begin now; None if it may.

    Without a recent count of all clients' calls it may: some call has to find it out.
    """
    usage = current(usage, now)
    if usage.used_up_at is not None:
        is_early = usage.probe_at is not None and now < usage.probe_at
        return _used_up(limits, usage.probe_at) if is_early and usage.probe_at else None
    share = DAY_SHARE[call_class]
    if held := _hard_limit(usage, limits, now, share=share):
        return held
    if call_class in {CallClass.RETRY, CallClass.BACKFILL} and not limits.allotment:
        own = calls_of_day(usage)
        if limits.retry_calls and own >= limits.retry_calls:
            text = f"{own:,} {limits.crm} calls were made in 24 hours, and none are allotted."
            hint = "Set daily_call_allotment, or wait."
            return CallHold(CALLS_RESERVED, text, free_again_at(usage, limits.retry_calls), hint)
    if call_class is CallClass.SWEEP and usage.sweep_at and usage.sweep_at - SWEEP_AHEAD > now:
        text = f"{limits.crm} is polled less often, because few calls are left."
        return CallHold(CALLS_RESERVED, text, usage.sweep_at - SWEEP_AHEAD)
    return None


def reported(usage: CallUsage, known: KnownCalls | None, per_window: int) -> CallUsage:
    """The usage with what a response said: the day's calls, and the calls in ten seconds that are
    allowed (0 if it did not say so). An older count does not replace a newer one.
    """
    if known is not None and (usage.known is None or usage.known.at <= known.at):
        usage = replace(usage, known=known)
    return replace(usage, per_window=per_window) if per_window else usage


def used_up(usage: CallUsage, now: datetime) -> CallUsage:
    """The usage after the CRM has refused a call because its day is used up."""
    if usage.used_up_at is not None and usage.probe_at is not None and usage.probe_at > now:
        return usage
    return replace(usage, used_up_at=usage.used_up_at or now, probe_at=now + PROBE_EVERY)


def answered(usage: CallUsage) -> CallUsage:
    """The usage after a call has succeeded: the CRM's day is not used up, whatever was known."""
    return replace(usage, used_up_at=None, probe_at=None)


def _hard_limit(
    usage: CallUsage, limits: CallLimits, now: datetime, *, share: float = 1.0
) -> CallHold | None:
    """Why nothing may be called beyond this share of the day's calls; None if something may."""
    own = calls_of_day(usage)
    if limits.allotment and own >= limits.allotment * share:
        text = (
            f"Of the {limits.allotment:,} {limits.crm} calls that are allotted to crmsync in 24 "
            f"hours, {own:,} are used."
        )
        until = free_again_at(usage, limits.allotment * share)
        code = ALLOTMENT_USED if own >= limits.allotment else CALLS_RESERVED
        return CallHold(code, text, until, "Raise daily_call_allotment, or wait.")
    known = usage.known
    if known and now - known.at <= KNOWN_FOR and known.calls.used >= known.calls.allowed * share:
        used, allowed = known.calls.used, known.calls.allowed
        text = f"Of the {allowed:,} calls a day that {limits.crm} allows, {used:,} are used."
        code = DAY_USED_UP if used >= allowed else CALLS_RESERVED
        return CallHold(code, text, known.at + KNOWN_FOR, _FIND_OUT)
    return None


_FIND_OUT = "Find out which application uses the calls, or wait until some are free again."


def _used_up(limits: CallLimits, until: datetime) -> CallHold:
    text = f"All calls that {limits.crm} allows in a day are used up."
    return CallHold(DAY_USED_UP, text, until, _FIND_OUT)


def _full(limits: CallLimits, ends: Mapping[int, int], length: timedelta) -> CallHold:
    text = f"All calls that {limits.crm} allows within seconds are leased."
    return CallHold(WINDOW_FULL, text, time_of(min(ends)) + length + TICK)


def _lease_of_day(usage: CallUsage, limits: CallLimits, now: datetime) -> tuple[int, datetime]:
    most = MOST_CALLS
    if limits.allotment:
        part = max(1, limits.allotment // LEASES_OF_ALLOTMENT)
        most = min(most, part, limits.allotment - calls_of_day(usage))
    return most, now + DAY_LEASE


def _lease_of_window(
    usage: CallUsage, limits: CallLimits, call_class: CallClass, now: datetime, expected: int
) -> tuple[int, datetime]:
    allowed = usage.per_window or limits.per_window
    leased = leased_since(usage.window, now - WINDOW)
    free = int(allowed * WINDOW_SHARE[call_class]) - leased
    quiet = int(allowed * LONG_SHARE) - leased
    if quiet >= LONG_CALLS:
        calls = min(free, quiet, max(expected, LONG_CALLS))
        return calls, time_of(tick_of(now + LONG_LEASE))
    return min(free, SHORT_CALLS), time_of(tick_of(now + SHORT_LEASE))


def _with(usage: CallUsage, limits: CallLimits, one: CallLease) -> CallUsage:
    """The usage with one more lease. Its calls count for the hour in which it ends until it is
    returned, so that they count for a whole day whenever they are made.
    """
    hour, end = hour_of(one.ends), tick_of(one.ends + LATE)
    hours = {**usage.hours, hour: added(usage.hours.get(hour, NO_CALLS), one.call_class, one.calls)}
    window, searches = dict(usage.window), dict(usage.searches)
    if limits.per_window:
        window[end] = window.get(end, 0) + one.calls
    if one.searches and limits.searches:
        searches[end] = searches.get(end, 0) + one.searches
    usage = replace(usage, hours=hours, window=window, searches=searches)
    if one.call_class is CallClass.SWEEP:
        begin = max(usage.sweep_at or one.begins, one.begins)
        latest = one.begins + SWEEP_AHEAD + RAREST_SWEEP
        at = min(begin + one.calls * _sweep_gap(usage, limits, one.begins), latest)
        usage = replace(usage, sweep_at=at)
    return usage


def _sweep_gap(usage: CallUsage, limits: CallLimits, now: datetime) -> timedelta:
    """The time between two calls of sweeps with which the calls that are left last a day."""
    rooms = [limits.allotment - calls_of_day(usage)] if limits.allotment else []
    if usage.known and now - usage.known.at <= KNOWN_FOR:
        rooms.append(usage.known.calls.allowed - usage.known.calls.used)
    if not rooms:
        return timedelta()
    return DAY / max(1.0, min(rooms) * SWEEP_SHARE)
