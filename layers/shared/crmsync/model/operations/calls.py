"""API calls to a CRM: what they are for, how many were made, and leases of more. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CallClass(StrEnum):
    """What calls are made for. When calls run short, each class yields to those before it."""

    LIVE = "live"
    RETRY = "retry"
    SWEEP = "sweep"
    BACKFILL = "backfill"

    @property
    def place(self) -> int:
        """Its place among the classes, from 0."""
        return list(CallClass).index(self)


@dataclass(frozen=True, slots=True)
class DailyCalls:
    """A CRM's calls of a day: used by all clients, and allowed to all. Salesforce's day is the last
    24 hours, HubSpot's ends at midnight in the account's time zone.
    """

    used: int
    allowed: int


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """What a response said about the day's calls, and when (UTC)."""

    calls: DailyCalls
    at: datetime


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What limits the calls of a connection to one of its CRMs.

    Attributes:
        crm: The CRM's name, for people.
        allotment: The most calls of crmsync in 24 hours; 0 for no such limit (API-1).
        retry_calls: Without an allotment, the calls in 24 hours after which retries and backfills
            wait; 0 for no such limit (RTY-2).
        per_window: The most calls in ten seconds until the CRM says how many; 0 for no such limit.
        searches: The most searches in a second; 0 for no such limit.
    """

    crm: str
    allotment: int = 0
    retry_calls: int = 0
    per_window: int = 0
    searches: int = 0


@dataclass(frozen=True, slots=True)
class CallUsage:
    """The calls of a connection to one CRM, those that are leased included.

    Attributes:
        hours: Hour since the epoch -> the calls of that hour, by class.
        window: Tenth of a second since the epoch -> the calls that count from then on.
        searches: The same for searches.
        known: The calls of all clients as a response reported them, or None.
        per_window: The calls in ten seconds that the CRM allows; 0 if it has not said so.
        used_up_at: Since when the CRM's whole day is used up (UTC), or None.
        probe_at: When one call may find out whether it still is (UTC), or None.
        sweep_at: When the next sweep would be due if sweeps were spread evenly over the day (UTC).
        version: Counts saves.
    """

    hours: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    window: Mapping[int, int] = field(default_factory=dict)
    searches: Mapping[int, int] = field(default_factory=dict)
    known: KnownCalls | None = None
    per_window: int = 0
    used_up_at: datetime | None = None
    probe_at: datetime | None = None
    sweep_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class CallLease:
    """Calls that one process may make.

    Attributes:
        call_class: What they are for.
        calls: Their number, searches included.
        searches: How many of them may be searches.
        begins: When it begins (UTC).
        ends: Until when the calls may be made (UTC).
        is_probe: Whether its one call finds out whether the CRM's day is still used up.
    """

    call_class: CallClass
    calls: int
    searches: int
    begins: datetime
    ends: datetime
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class CallHold:
    """Why no call may be made now.

    Attributes:
        code: The reason: the CRM's own code for its limits, `ALLOTMENT_USED` for ours.
        text: A sentence about it.
        until: When to ask again (UTC).
        hint: What a person can do; "" if it passes within seconds.
    """

    code: str
    text: str
    until: datetime
    hint: str = ""
