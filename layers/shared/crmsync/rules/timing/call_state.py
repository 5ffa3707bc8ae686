"""How many calls of a day are used and what waits for more, for people. Pure; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.model.operations.calls import CallClass, CallHold, CallLimits, CallUsage, DailyCalls
from crmsync.rules.timing.call_counts import DAY, NO_CALLS, current
from crmsync.rules.timing.call_leases import SWEEP_AHEAD, hold


@dataclass(frozen=True, slots=True)
class CallState:
    """The calls of a connection to one CRM, for people.

    Attributes:
        own: Crmsync's calls of the last 24 hours, by class.
        allotment: The most of them; 0 for no such limit.
        day: The calls of all clients, as last reported, or None.
        holds: Why work of a class does not begin now, by class.
        used_up_at: Since when the CRM's whole day is used up (UTC), or None.
        sweep_every: How far apart sweeps are at present, or None if nothing slows them down.
        hours: Hour since the epoch -> crmsync's calls of that hour, in the order of the classes.
            Those that are leased and not yet made are in the hour in which their lease ends.
    """

    own: Mapping[CallClass, int]
    allotment: int
    day: DailyCalls | None
    holds: Mapping[CallClass, CallHold]
    used_up_at: datetime | None
    sweep_every: timedelta | None
    hours: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def hold(self) -> CallHold | None:
        """Why no call is made now, or None."""
        return self.holds.get(CallClass.LIVE)

    @property
    def percent(self) -> int:
        """How much of the day's calls is used: of the allotment or of the CRM's limit, whichever is
        used more.
        """
        if self.used_up_at is not None:
            return 100
        shares = [sum(self.own.values()) / self.allotment] if self.allotment else []
        if self.day is not None and self.day.allowed:
            shares.append(self.day.used / self.day.allowed)
        return min(100, int(100 * max(shares, default=0)))


def call_state(usage: CallUsage, limits: CallLimits, now: datetime) -> CallState:
    """What people want to know about the usage."""
    usage = current(usage, now)
    totals = [sum(column) for column in zip(*usage.hours.values(), strict=True)] or list(NO_CALLS)
    day = usage.known.calls if usage.known and now - usage.known.at <= DAY else None
    gap = usage.sweep_at - SWEEP_AHEAD - now if usage.sweep_at else timedelta()
    return CallState(
        dict(zip(CallClass, totals, strict=True)),
        limits.allotment,
        day,
        {one: found for one in CallClass if (found := hold(usage, limits, one, now)) is not None},
        usage.used_up_at,
        gap if gap > timedelta(minutes=1) else None,
        usage.hours,
    )
