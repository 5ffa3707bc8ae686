"""A preview and an explanation on the whole stack: the command reads through the real gateways and
tables, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import record, rows


def writes(stack: Stack) -> Mapping[str, int]:
    """The number of writes so far, by target."""
    stats = stack.stats()
    return {name: stats[name]["writes"] for name in ("hubspot", "salesforce", "dynamodb")}


@pytest.mark.rule("CH-28")
@pytest.mark.long
def test_a_preview_writes_nothing_and_the_sync_then_does_what_it_showed(
    stack: Stack, people: People
):
    """The preview shows which records would be created, linked and left alone without a single
    write, and the sync then does just that.
    """
    people.new_record("Opportunity", Name="Valves", StageName="Prospecting", CloseDate="2026-12-31")
    stack.settle()
    ada = people.new_contact(email="pre.ada@example.com", lastname="Lang", jobtitle="Countess")
    people.new_contact(email="pre.new@example.com", lastname="New")
    lead = people.new_record(
        "Lead", LastName="Lang", Company="Example", Email="pre.ada@example.com"
    )
    bill = people.new_record("Contact", LastName="Bill", Email="pre.bill@example.com")
    pumps = people.new_record(
        "Opportunity", Name="Pumps", StageName="Prospecting", CloseDate="2026-12-31"
    )
    people.new_record("OpportunityContactRole", OpportunityId=pumps, ContactId=bill)
    stack.advance(60, settle=False)
    before = writes(stack)
    preview = command(stack, "preview")
    explained = command(stack, "explain", "salesforce", "Contact", bill)
    assert writes(stack) == before
    assert preview["counts"] == {
        "hubspot contact": {"create": 1, "mark": 1, "update": 1},
        "hubspot deal": {"create": 1},
        "salesforce Opportunity": {"nothing": 1},
        "salesforce Lead": {"create": 1, "link": 1, "mark": 1, "update": 1},
    }
    assert {one["object"]: one["looked_at"] for one in preview["looked_at"]} == {
        "Account": 0,
        "company": 0,
        "Contact": 1,
        "Lead": 1,
        "contact": 2,
        "Opportunity": 2,
        "deal": 1,
    }
    assert [one["effect"] for one in explained["effects"]] == ["CreateRecord"]
    assert min(preview["cost"].values()) > 0

    stack.settle()
    assert people.contact_with("pre.bill@example.com") is not None
    assert people.contact(ada, "company") == {"company": "Example"}
    assert record(people, "Lead", lead, "Title") == {"Title": "Countess"}
    assert len(rows(people, "Lead", "pre.new@example.com")) == 1
