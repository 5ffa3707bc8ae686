"""A story of a list and a campaign on the whole stack: joining, conversion, leaving, coming back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.model.names import HUBSPOT_CAMPAIGNS
from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.contacts.test_inclusion import LISTED
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    join_list,
    lead,
    leave_list,
    with_contacts,
)

CAMPAIGN = "701000000000001AAA"
STATUS = f"""
[[connection.campaigns]]
list = "{LIST}"
campaign = "Fair"
status = "Sent"
on_leave = "Gone"
"""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack whose list 77 belongs to a campaign."""
    records = [
        {"type": "Campaign", "Id": CAMPAIGN, "Name": "Fair"},
        {"type": "CampaignMemberStatus", "CampaignId": CAMPAIGN, "Label": "Gone", "SortOrder": 3},
    ]
    world = {**LISTED, "salesforce": {**WORLD["salesforce"], "records": records}}
    with Stack(with_contacts("show_campaigns = true") + STATUS, world) as stack:
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
    lead_id = str(lead(people, address, "Id")["Id"])
    stack.advance(SWEEP)
    joined = _members(people, lead_id)
    made = stack.salesforce.person({"do": "convert_lead", "lead_id": lead_id, "account_id": None})
    stack.settle()
    leave_list(people, contact)
    stack.advance(SWEEP)
    left = _members(people, lead_id)
    join_list(people, contact)
    stack.advance(SWEEP)

    assert [(row[1], row[2]) for row in joined] == [(None, "Sent")]
    member = joined[0][0]
    assert left == [(member, made["contact_id"], "Gone")]
    assert _members(people, lead_id) == [(member, made["contact_id"], "Sent")]


@pytest.mark.rule("CMP-1")
def test_a_contact_shows_the_campaigns_of_its_lead_and_then_of_its_contact(
    stack: Stack, people: People
) -> None:
    """Also one that a person in Salesforce made it a member of, and another after the conversion."""
    address = "shown@example.com"
    contact = people.new_contact(lastname="Lang", company="Example GmbH", email=address)
    join_list(people, contact)
    stack.settle()
    webinar = people.salesforce.Campaign.create({"Name": "Webinar"})["id"]
    lead_id = str(lead(people, address, "Id")["Id"])
    people.salesforce.CampaignMember.create({"CampaignId": webinar, "LeadId": lead_id})
    stack.advance(2 * SWEEP)
    as_lead = _shown(people, contact)
    made = stack.salesforce.person({"do": "convert_lead", "lead_id": lead_id, "account_id": None})
    stack.settle()
    talk = people.salesforce.Campaign.create({"Name": "Talk"})["id"]
    row = {"CampaignId": talk, "ContactId": made["contact_id"]}
    people.salesforce.CampaignMember.create(row)
    stack.advance(SWEEP)

    assert as_lead == ";".join(sorted([CAMPAIGN, webinar]))
    assert _shown(people, contact) == ";".join(sorted([CAMPAIGN, webinar, talk]))


def _shown(people: People, contact: str) -> object:
    return people.contact(contact, HUBSPOT_CAMPAIGNS)[HUBSPOT_CAMPAIGNS]


def _members(people: People, lead_id: str) -> list[tuple[str, str | None, str]]:
    """Those of a lead; after the conversion they still name it."""
    query = "SELECT Id, ContactId, Status FROM CampaignMember WHERE LeadId = {}"
    rows = people.records(format_soql(query, lead_id))
    return [(row["Id"], row["ContactId"], row["Status"]) for row in rows]
