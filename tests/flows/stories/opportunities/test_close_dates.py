"""Stories of dates that HubSpot stores as times: the date is the one that people see in the time
zone of the HubSpot account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import SWEEP, open_errors, writes
from tests.flows.stories.story_deals import (
    deal,
    edit_deal,
    from_deal,
    from_opportunity,
    opportunity,
)

ZONES = ("America/New_York", "Asia/Tokyo", "Europe/Berlin")


@pytest.fixture(
    scope="module",
    params=[ZONES[0], *(pytest.param(one, marks=pytest.mark.long) for one in ZONES[1:])],
)
def zone(request: pytest.FixtureRequest) -> str:
    """The time zone of the HubSpot account."""
    return str(request.param)


@pytest.fixture(scope="module")
def module_stack(zone: str) -> Iterator[Stack]:
    """One stack for each of the time zones."""
    world: dict[str, Any] = {
        "hubspot": [{"portal_id": 555001, "tier": "professional", "time_zone": zone}],
        "salesforce": {"edition": "Enterprise Edition"},
    }
    with Stack(SETTINGS, world) as stack:
        yield stack


NOONS = {
    # winter, summer, and the days on which the clocks are put forward (New York, Berlin)
    "America/New_York": {
        "2027-01-01": "2027-01-01T17:00:00Z",
        "2027-06-30": "2027-06-30T16:00:00Z",
        "2027-03-14": "2027-03-14T16:00:00Z",
        "2027-03-28": "2027-03-28T16:00:00Z",
    },
    "Asia/Tokyo": {
        "2027-01-01": "2027-01-01T03:00:00Z",
        "2027-06-30": "2027-06-30T03:00:00Z",
        "2027-03-14": "2027-03-14T03:00:00Z",
        "2027-03-28": "2027-03-28T03:00:00Z",
    },
    "Europe/Berlin": {
        "2027-01-01": "2027-01-01T11:00:00Z",
        "2027-06-30": "2027-06-30T10:00:00Z",
        "2027-03-14": "2027-03-14T11:00:00Z",
        "2027-03-28": "2027-03-28T10:00:00Z",
    },
}

TIMES = {
    # just before and just after midnight in each zone: moment, the day there
    "America/New_York": (
        ("2027-01-01T04:59:00Z", "2026-12-31"),
        ("2027-01-01T05:00:00Z", "2027-01-01"),
        ("2027-07-01T00:00:00Z", "2027-06-30"),
        ("2027-03-15T03:30:00Z", "2027-03-14"),
    ),
    "Asia/Tokyo": (
        ("2026-12-31T14:59:00Z", "2026-12-31"),
        ("2026-12-31T15:00:00Z", "2027-01-01"),
        ("2027-06-30T23:00:00Z", "2027-07-01"),
    ),
    "Europe/Berlin": (
        ("2026-12-31T22:59:00Z", "2026-12-31"),
        ("2026-12-31T23:00:00Z", "2027-01-01"),
        ("2027-03-28T21:59:00Z", "2027-03-28"),
        ("2027-03-28T22:00:00Z", "2027-03-29"),
    ),
}


@pytest.mark.long
@pytest.mark.rule("OPP-5")
def test_a_salesforce_date_is_noon_of_that_day_in_the_accounts_zone(
    stack: Stack, people: People, zone: str
):
    """People in the account's zone, and some hours around it, see the date that Salesforce has, and
    nothing more is written.
    """
    days = list(NOONS[zone])
    deal_id, opportunity_id = from_opportunity(stack, people, f"Noon {zone}", CloseDate=days[0])
    assert deal(people, deal_id, "closedate") == {"closedate": NOONS[zone][days[0]]}
    for day in days[1:]:
        people.edit_record("Opportunity", opportunity_id, CloseDate=day)
        assert open_errors(stack) == 0
        assert deal(people, deal_id, "closedate") == {"closedate": NOONS[zone][day]}
        assert opportunity(people, opportunity_id, "CloseDate") == {"CloseDate": day}
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before


@pytest.mark.rule("OPP-5")
def test_a_hubspot_time_is_the_date_that_its_people_see(stack: Stack, people: People, zone: str):
    """The date does not depend on the time of day, and HubSpot keeps the time as it was set."""
    (first, day), *others = TIMES[zone]
    deal_id, opportunity_id = from_deal(stack, people, f"Seen {zone}", closedate=first)
    assert opportunity(people, opportunity_id, "CloseDate") == {"CloseDate": day}
    for moment, day in others:
        edit_deal(people, deal_id, closedate=moment)
        assert open_errors(stack) == 0
        assert opportunity(people, opportunity_id, "CloseDate") == {"CloseDate": day}
        assert deal(people, deal_id, "closedate") == {"closedate": moment}
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before
