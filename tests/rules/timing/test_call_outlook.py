"""What becomes of a day's calls, in sentences."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.operations.calls import DailyCalls
from crmsync.model.records import Side
from crmsync.rules.timing.call_counts import hour_of
from crmsync.rules.timing.call_outlook import outlook
from crmsync.rules.timing.call_state import CallState
from tests.builders import NOON

NOW = NOON + timedelta(minutes=30)
THIS = hour_of(NOW)


def state(hours: dict[int, tuple[int, ...]], **limits: object) -> CallState:
    """The calls of these hours ago, by class."""
    given = {"own": {}, "allotment": 0, "day": None, "holds": {}, "used_up_at": None}
    by_hour = {THIS - ago: calls for ago, calls in hours.items()}
    return CallState(**{**given, **limits}, sweep_every=None, hours=by_hour)  # type: ignore[arg-type]


STEADY = {0: (50, 0, 0, 0), 1: (100, 0, 0, 0), 2: (60, 0, 40, 0)}


@pytest.mark.parametrize(
    ("side", "calls", "said"),
    [
        (
            Side.SALESFORCE,
            state(STEADY, allotment=500),
            (
                "Salesforce: at the pace of the last 3 hours (100 calls an hour) all 500 calls of a day "
                "that crmsync may make are used up at 2026-11-02 15:00 UTC."
            ),
        ),
        (
            Side.SALESFORCE,
            state(STEADY, day=DailyCalls(700, 5_000)),
            (
                "Salesforce: at the pace of the last 3 hours (100 calls an hour) at most 59 percent of "
                "the 5,000 calls of a day that Salesforce allows all clients are used at any time within "
                "24 hours. Other clients are taken to go on as in the last 24 hours."
            ),
        ),
        (
            Side.HUBSPOT,
            state(STEADY, day=DailyCalls(300, 5_000)),
            (
                "HubSpot: at the pace of the last 3 hours (100 calls an hour) at most 54 percent of the "
                "5,000 calls of a day that HubSpot allows all clients are used at any time within 24 "
                "hours. HubSpot counts anew from midnight in the account's time zone, which is left out "
                "here, and so are further calls of other clients."
            ),
        ),
        (Side.HUBSPOT, state(STEADY), "HubSpot: no forecast, as no limit of a day is known yet."),
        (
            Side.SALESFORCE,
            state({-1: (1, 0, 0, 0)}, allotment=9),
            "Salesforce: no forecast before half an hour of calls is known.",
        ),
        (Side.SALESFORCE, state(STEADY, allotment=9, used_up_at=NOON), ""),
    ],
)
def test_the_outlook_says_when_calls_are_used_up_and_on_what_it_is_based(
    side: Side, calls: CallState, said: str
) -> None:
    """Or how many are used at most, or why nothing can be said; what is used up is told elsewhere."""
    assert outlook(side, calls, NOW) == said
