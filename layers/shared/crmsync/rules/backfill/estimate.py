"""How many API calls walking through records takes, and how long that lasts under the present
limits; shown before anything is done (CH-20).

The estimate has two bounds: nothing differs, so records are only read; or each one has to be
written on the other side. The figures per thousand records follow from what goes into one call:
HubSpot takes 100 records, Salesforce reads 2,000 and writes 200.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from crmsync.model.jobs import JobStep
from crmsync.model.records import Side


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

LISTED: Mapping[Side, int] = MappingProxyType({Side.HUBSPOT: 100, Side.SALESFORCE: 2_000})
"""Records that one call lists."""

HUBSPOT_CALLS_PER_SECOND = 19.0
"""HubSpot's limit for one app: 190 in ten seconds."""

WRITTEN: Mapping[Side, int] = MappingProxyType({Side.HUBSPOT: 100, Side.SALESFORCE: 200})
"""Records that one call writes."""

DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Price:
    """What a backfill costs.

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


def price_of(legs: Iterable[JobStep], daily_calls: int) -> Price:
    """The price of the steps of a job.

    `daily_calls` are the Salesforce calls of a day that it may use; 0 if no limit is known.
    """
    rows = list(legs)
    hubspot, salesforce = (_calls(rows, side) for side in (Side.HUBSPOT, Side.SALESFORCE))
    records = sum(leg.total for leg in rows)
    by_hubspot = hubspot.most / HUBSPOT_CALLS_PER_SECOND
    by_salesforce = (
        salesforce.most / daily_calls * DAY if 0 < daily_calls < salesforce.most else 0.0
    )
    return Price(records, hubspot, salesforce, ceil(max(by_hubspot, by_salesforce)))


def together(prices: Iterable[Price]) -> Price:
    """The price of several connections, each with limits of its own."""
    rows = list(prices)
    return Price(
        sum(one.records for one in rows),
        Calls(sum(one.hubspot.least for one in rows), sum(one.hubspot.most for one in rows)),
        Calls(sum(one.salesforce.least for one in rows), sum(one.salesforce.most for one in rows)),
        max((one.seconds for one in rows), default=0),
    )


def expected_calls(price: Price, side: Side, writes: int) -> int:
    """The calls to a side if so many records are written there: the lower bound, and full batches
    that write.
    """
    calls = price.hubspot if side is Side.HUBSPOT else price.salesforce
    return min(calls.most, calls.least + ceil(writes / WRITTEN[side]))


def _calls(legs: Iterable[JobStep], side: Side) -> Calls:
    least = most = 0
    for leg in legs:
        low, high = PER_THOUSAND[leg.side][side]
        listing = ceil(leg.total / LISTED[side]) if leg.side is side and not leg.ids else 0
        least += ceil(leg.total * low / 1000) + listing
        most += ceil(leg.total * high / 1000) + listing
    return Calls(least, most)
