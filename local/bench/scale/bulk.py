"""What listing all records of an object in Salesforce costs in calls: page by page in the order of
ids, or by a query job of the Bulk API 2.0.

Law: pure arithmetic on documented facts (docs/vendors.md#salesforce-bulk-api-20) and on assumptions
that favour the job: pages as large as clients in use ask for, and a job that is as fast as the
fastest that were seen. ``python -m local.bench.scale.bulk`` prints the table of docs/scale.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from crmsync.model.records import Side
from crmsync.rules.backfill.estimate import LISTED, PER_THOUSAND

RESULT_PAGE = 100_000
"""Records of a result page; more than some clients ask for, and never documented."""

JOB_SECONDS = 15
"""The least that a job was seen to take."""

RECORDS_PER_SECOND = 20_000
"""Assumed: so fast does a job work through an object."""

POLL_SECONDS = 30
"""Between two polls of a job."""

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


@dataclass(frozen=True, slots=True)
class Listing:
    """Calls to Salesforce for an object with so many records.

    Attributes:
        records: How many.
        keyset: Calls that list them page by page.
        bulk: Calls that list them by one query job.
        unchanged: Calls to Salesforce that a resync takes besides, if nothing differs.
        created: Calls to Salesforce that an import takes besides, if everything is new.
        hubspot: Calls to HubSpot in the same two cases.
    """

    records: int
    keyset: int
    bulk: int
    unchanged: int
    created: int
    hubspot: tuple[int, int]

    @property
    def saved(self) -> tuple[float, float]:
        """The share of Salesforce's calls that a job saves, in the two cases."""
        gain = self.keyset - self.bulk
        return gain / (self.keyset + self.unchanged), gain / (self.keyset + self.created)

    @property
    def saved_of_all(self) -> tuple[float, float]:
        """The share of both CRMs' calls that a job saves, in the two cases."""
        gain, (least, most) = self.keyset - self.bulk, self.hubspot
        return (
            gain / (self.keyset + self.unchanged + least),
            gain / (self.keyset + self.created + most),
        )


def bulk_calls(records: int) -> int:
    """Calls of a query job: its creation, its polls, and its result pages."""
    seconds = JOB_SECONDS + records / RECORDS_PER_SECOND
    return 1 + ceil(seconds / POLL_SECONDS) + max(1, ceil(records / RESULT_PAGE))


def listing_of(records: int) -> Listing:
    """Return the calls of an object with so many records."""
    salesforce, hubspot = (
        tuple(ceil(records * calls / 1000) for calls in PER_THOUSAND[Side.SALESFORCE][side])
        for side in (Side.SALESFORCE, Side.HUBSPOT)
    )
    return Listing(
        records,
        max(1, ceil(records / LISTED[Side.SALESFORCE])),
        bulk_calls(records),
        salesforce[0],
        salesforce[1],
        (hubspot[0], hubspot[1]),
    )


def as_markdown(listings: Iterable[Listing]) -> str:
    """Return the table for a page."""
    lines = [
        "| Records | Page by page | By a job | Saved of Salesforce's calls | Saved of all calls |",
        "|---|---|---|---|---|",
        *(
            f"| {one.records:,} | {one.keyset:,} | {one.bulk:,} | {_range(one.saved)} "
            f"| {_range(one.saved_of_all)} |"
            for one in listings
        ),
    ]
    return "\n".join(lines)


def _range(shares: tuple[float, float]) -> str:
    unchanged, created = (f"{100 * share:.1f}" for share in shares)
    return f"{unchanged} and {created} %"


if __name__ == "__main__":
    print(as_markdown(map(listing_of, SIZES)))
