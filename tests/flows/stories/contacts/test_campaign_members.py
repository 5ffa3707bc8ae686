"""A story of a list and a campaign on the whole stack: joining, conversion, leaving, coming back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.stories.contacts.test_inclusion import LISTED
from tests.flows.stories.story_contacts import LIST, SWEEP, join_list, lead, leave_list

CAMPAIGN = "701000000000001AAA"
STATUS = f"""
[[connection.campaigns]]
list = "{LIST}"
campaign = "{CAMPAIGN}"
status = "Sent"
on_leave = "status"
left_status = "Gone"
"""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack whose list 77 belongs to a campaign."""
    records = [
        {"type": "Campaign", "Id": CAMPAIGN, "Name": "Fair"},
        {"type": "CampaignMemberStatus", "CampaignId": CAMPAIGN, "Label": "Gone", "SortOrder": 3},
    ]
    world = {**LISTED, "salesforce": {**WORLD["salesforce"], "records": records}}
    with Stack(SETTINGS + STATUS, world) as stack:
        yield stack


@pytest.mark.rule("CMP-4")
@pytest.mark.rule("CMP-5")
@pytest.mark.rule("CMP-6")
def test_a_contact_of_the_list_is_one_member_for_ever(stack: Stack, people: People) -> None:
    """The lead becomes a member, stays one as a contact, and its status says that it left and came
    back.
    """
    address = "member@example.com"
    contact = people.new_contact(lastname="Lang", company="Example GmbH", email=address)
    join_list(people, contact)
    stack.settle()
    stack.advance(SWEEP)
    joined = _members(people)
    lead_id = str(lead(people, address, "Id")["Id"])
    made = stack.salesforce.person({"do": "convert_lead", "lead_id": lead_id, "account_id": None})
    stack.settle()
    leave_list(people, contact)
    stack.advance(SWEEP)
    left = _members(people)
    join_list(people, contact)
    stack.advance(SWEEP)

    assert [(row[1], row[2]) for row in joined] == [(None, "Sent")]
    member = joined[0][0]
    assert left == [(member, made["contact_id"], "Gone")]
    assert _members(people) == [(member, made["contact_id"], "Sent")]


def _members(people: People) -> list[tuple[str, str | None, str]]:
    found = people.salesforce.query("SELECT Id, ContactId, Status FROM CampaignMember")
    return [(row["Id"], row["ContactId"], row["Status"]) for row in found["records"]]
