"""The comparison of the two ways to list is arithmetic, and its table stands in the docs."""

from __future__ import annotations

from local.bench.scale.bulk import SIZES, Listing, as_markdown, bulk_calls, listing_of
from local.stack.operator import ROOT


def test_a_million_records() -> None:
    """500 pages of 2,000 records; or a job with its creation, three polls in 65 seconds, and ten
    pages. A resync reads a million records with 1,000 calls, an import takes 10,000.
    """
    assert listing_of(1_000_000) == Listing(1_000_000, 500, 14, 1_000, 10_000, (10_000, 40_000))


def test_a_small_object_costs_a_job_more() -> None:
    """Up to 4,000 records are listed with two calls, and no job has less than three."""
    assert bulk_calls(0) == 3
    assert listing_of(4_000).saved < (0, 0)
    assert listing_of(10_000).saved > (0, 0)


def test_the_shares() -> None:
    """They are of Salesforce's calls, and of both CRMs' calls."""
    one = Listing(1, keyset=60, bulk=10, unchanged=40, created=190, hubspot=(400, 750))
    assert one.saved == (0.5, 0.2)
    assert one.saved_of_all == (0.1, 0.05)


def test_the_page_has_the_table() -> None:
    """docs/scale.md shows what the calculation gives."""
    page = (ROOT / "docs/scale.md").read_text()
    assert as_markdown(map(listing_of, SIZES)) in page
