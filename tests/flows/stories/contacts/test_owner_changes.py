"""Stories of changed owners: the latest change wins, and a HubSpot owner without a match in
Salesforce is reset.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, NewStack
from tests.flows.stories.story_contacts import SWEEP, WITHOUT_RULES, lead_id, record, writes
from tests.flows.stories.story_owners import (
    BEN,
    IDA,
    NIA,
    OLIVE,
    OTTO,
    PAUL,
    QUEUE,
    SAM,
    WORLD,
    hubspot_owner,
    lead_owner,
    queue,
    shown_owner,
    user,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org without assignment rules for the module."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


def owned_pair(stack: Stack, people: People, address: str, owner: str) -> tuple[str, str]:
    """Make a pair whose owner on both sides is `owner`; the ids of the contact and the lead."""
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, owner)
    )
    stack.settle()
    assert shown_owner(people, contact)[0] == owner
    return contact, lead_id(people, address)


@pytest.mark.long
@pytest.mark.rule("OWN-10")
@pytest.mark.rule("OWN-12")
@pytest.mark.rule("TRG-12")
def test_a_new_hubspot_owner_syncs_to_the_lead(stack: Stack, people: People):
    """A change of the contact owner is written to Salesforce."""
    contact, _ = owned_pair(stack, people, "hs.change@example.com", OLIVE)
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert lead_owner(people, "hs.change@example.com") == "Otto Olsen"
    assert shown_owner(people, contact) == (OTTO, "Otto Olsen")


@pytest.mark.rule("OWN-4")
@pytest.mark.rule("OWN-10")
@pytest.mark.rule("OWN-12")
@pytest.mark.rule("TRG-12")
def test_a_new_salesforce_owner_syncs_to_the_contact(stack: Stack, people: People):
    """A change of the lead's owner is written to HubSpot and causes no further writes."""
    contact, made = owned_pair(stack, people, "sf.change@example.com", OLIVE)
    people.edit_record("Lead", made, OwnerId=user(people, PAUL))
    stack.settle()
    assert shown_owner(people, contact) == (PAUL, "Paul Partner")
    before = writes(stack)
    stack.advance(SWEEP)
    assert (lead_owner(people, "sf.change@example.com"), writes(stack)) == ("Paul Partner", before)


@pytest.mark.rule("OWN-12")
@pytest.mark.rule("Q-21")
@pytest.mark.parametrize("last", ["hubspot", "salesforce"])
def test_of_two_owner_changes_the_later_one_wins(stack: Stack, people: People, last: str):
    """The time of HubSpot's property is compared with that of Salesforce's record."""
    address = f"both.{last}@example.com"
    contact, made = owned_pair(stack, people, address, OLIVE)
    edits = [
        lambda: people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO)),
        lambda: people.edit_record("Lead", made, OwnerId=user(people, PAUL)),
    ]
    for edit in edits if last == "salesforce" else edits[::-1]:
        stack.advance(20, settle=False)
        edit()
    stack.settle()
    assert (lead_owner(people, address), shown_owner(people, contact)[0]) == (
        ("Otto Olsen", OTTO) if last == "hubspot" else ("Paul Partner", PAUL)
    )


@pytest.mark.long
@pytest.mark.rule("OWN-7")
@pytest.mark.rule("Q-13")
@pytest.mark.parametrize("owner", [NIA, BEN, IDA], ids=["unknown", "another name", "inactive"])
def test_a_hubspot_owner_without_a_match_is_reset(stack: Stack, people: People, owner: str):
    """The lead keeps its owner, and the HubSpot owner is reset to the counterpart of that owner."""
    address = f"back.{owner}"
    contact, _ = owned_pair(stack, people, address, OLIVE)
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, owner))
    result = stack.settle()
    assert (lead_owner(people, address), result["open_errors"]) == ("Olive Owens", 0)
    assert shown_owner(people, contact) == (OLIVE, "Olive Owens")
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before


@pytest.mark.rule("OWN-7")
@pytest.mark.rule("Q-18")
def test_a_hubspot_owner_is_cleared_if_the_salesforce_owner_has_no_counterpart(
    stack: Stack, people: People
):
    """A HubSpot owner without a match is cleared, because the Salesforce owner has no counterpart
    to reset it to.
    """
    contact, made = owned_pair(stack, people, "solo.back@example.com", OLIVE)
    people.edit_record("Lead", made, OwnerId=user(people, SAM))
    stack.settle()
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, NIA))
    stack.settle()
    assert (lead_owner(people, "solo.back@example.com"), shown_owner(people, contact)) == (
        "Sam Solo",
        (None, "Sam Solo"),
    )


@pytest.mark.rule("OWN-1")
@pytest.mark.rule("Q-18")
def test_a_lead_can_enter_and_leave_a_queue(stack: Stack, people: People):
    """In the queue the HubSpot owner is cleared and our properties show the queue; the next owner
    is shown on both sides.
    """
    contact, made = owned_pair(stack, people, "queue.later@example.com", OLIVE)
    people.edit_record("Lead", made, OwnerId=queue(people))
    stack.settle()
    assert shown_owner(people, contact) == (None, QUEUE)
    assert people.contact(contact, "crmsync_owner_id") == {"crmsync_owner_id": queue(people)}
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert (lead_owner(people, "queue.later@example.com"), shown_owner(people, contact)) == (
        "Otto Olsen",
        (OTTO, "Otto Olsen"),
    )


@pytest.mark.rule("OWN-13")
def test_clearing_the_hubspot_owner_keeps_the_leads_owner(stack: Stack, people: People):
    """A Salesforce record must have an owner, so that a cleared owner is not synced."""
    contact, _ = owned_pair(stack, people, "cleared@example.com", OLIVE)
    people.edit_contact(contact, hubspot_owner_id="")
    result = stack.settle()
    assert (lead_owner(people, "cleared@example.com"), result["open_errors"]) == ("Olive Owens", 0)


@pytest.mark.long
@pytest.mark.rule("OWN-8")
@pytest.mark.rule("OWN-9")
@pytest.mark.rule("OWN-11")
@pytest.mark.rule("Q-14")
def test_assignment_rules_apply_to_new_leads_without_a_matching_owner(new_stack: NewStack):
    """The rules choose the owner of a new lead whose HubSpot owner is missing or unmatched, and
    change no other lead.
    """
    stack = new_stack(
        SETTINGS, {**WORLD, "salesforce": {**WORLD["salesforce"], "lead_assignment_owner": QUEUE}}
    )
    people = People(stack.ready())
    owners = {"nobody": None, "unmatched": NIA, "matched": OLIVE}
    contacts = {
        name: people.new_contact(
            lastname="Lang",
            email=f"{name}@example.com",
            hubspot_owner_id=hubspot_owner(people, owner) if owner else "",
        )
        for name, owner in owners.items()
    }
    fields = {
        "LastName": "Lang",
        "Company": "Example AB",
        "Email": "met@example.com",
        "OwnerId": user(people, OTTO),
    }
    made = people.salesforce.Lead.create(fields, headers=WITHOUT_RULES)["id"]
    people.new_contact(lastname="Lang", email="met@example.com", phone="+49 731 1")
    stack.settle()
    assert {name: lead_owner(people, f"{name}@example.com") for name in (*owners, "met")} == {
        "nobody": QUEUE,
        "unmatched": QUEUE,
        "matched": "Olive Owens",
        "met": "Otto Olsen",
    }
    assert record(people, "Lead", made, "Phone") == {"Phone": "+49 731 1"}
    assert {name: shown_owner(people, contact) for name, contact in contacts.items()} == {
        "nobody": (None, QUEUE),
        "unmatched": (None, QUEUE),
        "matched": (OLIVE, "Olive Owens"),
    }
    people.edit_contact(contacts["matched"], phone="+49 731 2")
    stack.settle()
    assert lead_owner(people, "matched@example.com") == "Olive Owens"
