"""How many API calls a backfill takes, and how long it lasts under the present limits; shown before
anything is done (CH-20).

The estimate has two bounds: nothing differs, so records are only read; or each one has to be
written on the other side. The figures per thousand records follow from what goes into one call:
HubSpot takes 100 records, Salesforce reads 2,000 and writes 200.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from crmsync.model.concerns import KIND_OF
from crmsync.model.operations.jobs import JobStep
from crmsync.model.records import Kind, Side


@dataclass(frozen=True, slots=True)
class Calls:
    """API calls, from at least to at most."""

    least: int
    most: int


PER_THOUSAND: Mapping[Side, Mapping[Side, tuple[int, int]]] = MappingProxyType(
    {
        Side.HUBSPOT: MappingProxyType({Side.HUBSPOT: (10, 30), Side.SALESFORCE: (1, 13)}),
        Side.SALESFORCE: MappingProxyType({Side.HUBSPOT: (10, 40), Side.SALESFORCE: (1, 10)}),
    }
)
"""Side of the records -> side that is called -> calls for a thousand records: when nothing differs,
and when each one is created on the other side.
"""

PER_THOUSAND_ACTIVITIES: Mapping[Side, Mapping[Side, tuple[int, int]]] = MappingProxyType(
    {
        Side.HUBSPOT: MappingProxyType({Side.HUBSPOT: (13, 13), Side.SALESFORCE: (1, 6)}),
        Side.SALESFORCE: MappingProxyType({Side.HUBSPOT: (13, 26), Side.SALESFORCE: (2, 3)}),
    }
)
"""The same for activities, whose associations are read as well, a thousand per call. Up to a
thousand are written to Salesforce in one call; a slow org takes 200 (decision 79).
"""

STORED_KB = 2
"""Kilobytes of Salesforce's data storage that a task or an event takes
(docs/vendors.md#salesforce-activities).
"""

LISTED: Mapping[Side, int] = MappingProxyType({Side.HUBSPOT: 100, Side.SALESFORCE: 2_000})
"""Records that one call lists."""

HUBSPOT_CALLS_PER_SECOND = 19.0
"""HubSpot's limit for one app: 190 in ten seconds."""

WRITTEN: Mapping[Side, int] = MappingProxyType({Side.HUBSPOT: 100, Side.SALESFORCE: 200})
"""Records that one call writes."""

DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """The estimated API calls of a backfill.

    Attributes:
        records: How many records are synced.
        hubspot: The calls to HubSpot.
        salesforce: The calls to Salesforce.
        seconds: How long the upper bound takes.
    """

    records: int
    hubspot: Calls
    salesforce: Calls
    seconds: int


def estimate_of(steps: Iterable[JobStep], daily_calls: int) -> CallEstimate:
    """The estimate for the steps of a job.

    `daily_calls` are the Salesforce calls of a day that it may use; 0 if no limit is known.
    """
    rows = list(steps)
    hubspot, salesforce = (_calls(rows, side) for side in (Side.HUBSPOT, Side.SALESFORCE))
    records = sum(step.total for step in rows)
    by_hubspot = hubspot.most / HUBSPOT_CALLS_PER_SECOND
    by_salesforce = (
        salesforce.most / daily_calls * DAY if 0 < daily_calls < salesforce.most else 0.0
    )
    return CallEstimate(records, hubspot, salesforce, ceil(max(by_hubspot, by_salesforce)))


def total_estimate(estimates: Iterable[CallEstimate]) -> CallEstimate:
    """The estimate for several connections, each with limits of its own."""
    rows = list(estimates)
    return CallEstimate(
        sum(one.records for one in rows),
        Calls(sum(one.hubspot.least for one in rows), sum(one.hubspot.most for one in rows)),
        Calls(sum(one.salesforce.least for one in rows), sum(one.salesforce.most for one in rows)),
        max((one.seconds for one in rows), default=0),
    )


def expected_calls(estimate: CallEstimate, side: Side, writes: int) -> int:
    """The calls to a side if so many records are written there: the lower bound, and full batches
    that write.
    """
    calls = estimate.hubspot if side is Side.HUBSPOT else estimate.salesforce
    return min(calls.most, calls.least + ceil(writes / WRITTEN[side]))


def storage_of(connection: str, steps: Iterable[JobStep]) -> str:
    """The sentence about the data storage that an import of activities takes in Salesforce, at
    most; "" where it makes no tasks or events there.
    """
    records = sum(
        step.total
        for step in steps
        if step.side is Side.HUBSPOT and KIND_OF[step.side].get(step.object) is Kind.ACTIVITY
    )
    if not records:
        return ""
    size = records * STORED_KB / 1024
    return (
        f"{connection}: up to {records:,} tasks and events take up to {size:,.1f} MB of "
        f"Salesforce's data storage, {STORED_KB} KB each."
    )


def _calls(steps: Iterable[JobStep], side: Side) -> Calls:
    least = most = 0
    for step in steps:
        is_activity = KIND_OF[step.side].get(step.object) is Kind.ACTIVITY
        low, high = (PER_THOUSAND_ACTIVITIES if is_activity else PER_THOUSAND)[step.side][side]
        listing = ceil(step.total / LISTED[side]) if step.side is side and not step.ids else 0
        least += ceil(step.total * low / 1000) + listing
        most += ceil(step.total * high / 1000) + listing
    return Calls(least, most)
