"""The estimated cost of a backfill."""

from __future__ import annotations

import pytest

from crmsync.model.records import Side
from crmsync.rules.backfill.estimate import CallEstimate, Calls, estimate_of, total_estimate
from tests.builders import a_step


@pytest.mark.rule("CH-20")
def test_calls_are_estimated_from_no_difference_to_all_records_new() -> None:
    """Ten thousand Salesforce contacts are read in any case, and at most each one is created in
    HubSpot.
    """
    assert estimate_of([a_step(10_000)], 50_000) == CallEstimate(
        10_000, Calls(100, 400), Calls(15, 105), 22
    )


def test_listing_takes_calls_and_single_records_need_none() -> None:
    """HubSpot lists a hundred records per call."""
    contacts = a_step(1_000, side=Side.HUBSPOT, object="contact")
    one = a_step(1, side=Side.HUBSPOT, object="contact", ids=("81",))

    assert estimate_of([contacts], 0) == CallEstimate(1_000, Calls(20, 40), Calls(1, 13), 3)
    assert estimate_of([one], 0) == CallEstimate(1, Calls(1, 1), Calls(1, 1), 1)
    assert estimate_of([], 0) == CallEstimate(0, Calls(0, 0), Calls(0, 0), 0)


def test_a_small_allotment_makes_a_backfill_last_for_days() -> None:
    """If fewer calls a day are available than needed, they determine the duration."""
    assert estimate_of([a_step(1_000_000)], 5_250).seconds == 2 * 24 * 3600


def test_connections_run_in_parallel() -> None:
    """Records and calls are added up, and the longest connection determines the duration."""
    small, large = estimate_of([a_step(10)], 0), estimate_of([a_step(10_000)], 0)

    assert total_estimate([small, large]) == CallEstimate(
        10_010, Calls(101, 401), Calls(17, 107), 22
    )
    assert total_estimate([]) == estimate_of([], 0)
