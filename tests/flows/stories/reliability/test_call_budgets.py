"""Whole-stack stories of calls that run short: who waits, who goes on, and what the operator is
shown.
"""

from __future__ import annotations

import pytest
from simple_salesforce.exceptions import SalesforceRefusedRequest

from local.people import People
from tests.faults.outcomes import both, calls_of, inbox, later, queued
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import linked_pair

MINUTE = 60
HOUR = 3600
FEW = SETTINGS + "daily_call_allotment = 300\n"
PHONE = {"phone": "Phone"}


@pytest.mark.rule("API-1")
@pytest.mark.rule("CH-6")
@pytest.mark.long
@pytest.mark.parametrize(("hours", "most"), [(1, 25), (10, 120)])
def test_polls_leave_most_of_a_small_allotment_to_live_changes(
    new_stack: NewStack, hours: int, most: int
) -> None:
    """With 300 calls a day Salesforce is polled less often, the operator is told how often, and an
    edit on either side still crosses.
    """
    stack = new_stack(FEW)
    people = People(stack.ready())
    contact, made = linked_pair(stack, people, "few@example.com")
    polled = calls_of(stack, lambda: stack.advance(hours * HOUR))
    told = command(stack, "status", status=1)
    people.edit_contact(contact, phone="+49 731 1")
    stack.settle()
    people.edit_record("Lead", made, Phone="+49 731 2")
    stack.advance(HOUR)

    assert 0 < polled["salesforce"] <= most
    assert any("Salesforce is polled again in" in one for one in told["findings"])
    assert both(people, contact, "few@example.com", PHONE) == ({"phone": "+49 731 2"},) * 2


# The test of fault 13 tells half an hour of such a day in every run.
@pytest.mark.long
@pytest.mark.rule("API-2")
def test_a_day_used_up_by_others_is_waited_out(new_stack: NewStack) -> None:
    """While other applications have used all calls of the org, one call every quarter of an hour is
    made at most. The operator reads why before anything else. When calls are free again everything
    goes on by itself.
    """
    world = {**WORLD, "salesforce": {**WORLD["salesforce"], "daily_api_limit": 150}}
    stack = new_stack(world=world)
    people = People(stack.ready())
    contact, _ = linked_pair(stack, people, "others@example.com")
    later(stack, MINUTE)
    _use_up(people)
    people.edit_contact(contact, phone="+49 731 1")
    later(stack, 2 * MINUTE)
    meanwhile = calls_of(stack, lambda: [later(stack, 5 * MINUTE) for _ in range(12)])
    first, *_ = command(stack, "status", status=1)["findings"]
    parked = inbox(stack)
    later(stack, 23 * HOUR)
    for _ in range(4):
        later(stack, 10 * MINUTE)

    assert meanwhile["salesforce"] <= 5
    assert first.startswith("acme: all calls that Salesforce allows in a day have been used up")
    assert parked == {}
    assert both(people, contact, "others@example.com", PHONE) == ({"phone": "+49 731 1"},) * 2
    assert queued(stack) == {}


def _use_up(people: People) -> None:
    """Another application makes all calls that are left."""
    while True:
        try:
            people.records("SELECT Id FROM Lead LIMIT 1")
        except SalesforceRefusedRequest:
            return
