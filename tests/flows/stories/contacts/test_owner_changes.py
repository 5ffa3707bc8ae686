"""Stories of owners that change later: the most recent one counts, and an owner whom Salesforce
does not know is put back.
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
    shown,
    user,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org without assignment rules for the whole module."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


def owned(stack: Stack, people: People, address: str, owner: str) -> tuple[str, str]:
    """A pair that both sides give to `owner`: the ids of the contact and of the lead."""
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, owner)
    )
    stack.settle()
    assert shown(people, contact)[0] == owner
    return contact, lead_id(people, address)


@pytest.mark.rule("OWN-10")
@pytest.mark.rule("OWN-12")
@pytest.mark.rule("TRG-12")
def test_a_new_owner_in_hubspot_becomes_the_leads(stack: Stack, people: People):
    """After the first assignment a change of Contact owner goes to Salesforce."""
    contact, _ = owned(stack, people, "hs.change@example.com", OLIVE)
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert lead_owner(people, "hs.change@example.com") == "Otto Olsen"
    assert shown(people, contact) == (OTTO, "Otto Olsen")


@pytest.mark.rule("OWN-4")
@pytest.mark.rule("OWN-10")
@pytest.mark.rule("OWN-12")
@pytest.mark.rule("TRG-12")
def test_a_new_owner_in_salesforce_becomes_the_contacts(stack: Stack, people: People):
    """After the first assignment a change of Owner ID goes to HubSpot, and comes back from there
    unchanged.
    """
    contact, made = owned(stack, people, "sf.change@example.com", OLIVE)
    people.edit_record("Lead", made, OwnerId=user(people, PAUL))
    stack.settle()
    assert shown(people, contact) == (PAUL, "Paul Partner")
    before = writes(stack)
    stack.advance(SWEEP)
    assert (lead_owner(people, "sf.change@example.com"), writes(stack)) == ("Paul Partner", before)


@pytest.mark.rule("OWN-12")
@pytest.mark.rule("Q-21")
@pytest.mark.parametrize("last", ["hubspot", "salesforce"])
def test_of_two_new_owners_the_later_one_counts(stack: Stack, people: People, last: str):
    """HubSpot's time of the property is held against Salesforce's time of the record."""
    address = f"both.{last}@example.com"
    contact, made = owned(stack, people, address, OLIVE)
    edits = [
        lambda: people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO)),
        lambda: people.edit_record("Lead", made, OwnerId=user(people, PAUL)),
    ]
    for edit in edits if last == "salesforce" else edits[::-1]:
        stack.advance(20, settle=False)
        edit()
    stack.settle()
    assert (lead_owner(people, address), shown(people, contact)[0]) == (
        ("Otto Olsen", OTTO) if last == "hubspot" else ("Paul Partner", PAUL)
    )


@pytest.mark.rule("OWN-7")
@pytest.mark.rule("Q-13")
@pytest.mark.parametrize("owner", [NIA, BEN, IDA], ids=["unknown", "another name", "inactive"])
def test_an_owner_whom_salesforce_does_not_know_is_put_back(
    stack: Stack, people: People, owner: str
):
    """The lead stays whose it is, and the HubSpot owner goes back to the one who stands for the
    last owner in Salesforce.
    """
    address = f"back.{owner}"
    contact, _ = owned(stack, people, address, OLIVE)
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, owner))
    told = stack.settle()
    assert (lead_owner(people, address), told["open_errors"]) == ("Olive Owens", 0)
    assert shown(people, contact) == (OLIVE, "Olive Owens")
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before


@pytest.mark.rule("OWN-7")
@pytest.mark.rule("Q-18")
def test_where_salesforce_has_an_owner_of_its_own_none_is_put_back(stack: Stack, people: People):
    """The last owner in Salesforce has no counterpart, so the HubSpot owner is cleared again."""
    contact, made = owned(stack, people, "solo.back@example.com", OLIVE)
    people.edit_record("Lead", made, OwnerId=user(people, SAM))
    stack.settle()
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, NIA))
    stack.settle()
    assert (lead_owner(people, "solo.back@example.com"), shown(people, contact)) == (
        "Sam Solo",
        (None, "Sam Solo"),
    )


@pytest.mark.rule("OWN-1")
@pytest.mark.rule("Q-18")
def test_a_lead_that_goes_into_a_queue_and_out_again(stack: Stack, people: People):
    """In the queue the HubSpot owner is cleared and our properties show it; whoever takes the lead
    out is the owner on both sides.
    """
    contact, made = owned(stack, people, "queue.later@example.com", OLIVE)
    people.edit_record("Lead", made, OwnerId=queue(people))
    stack.settle()
    assert shown(people, contact) == (None, QUEUE)
    assert people.contact(contact, "crmsync_owner_id") == {"crmsync_owner_id": queue(people)}
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert (lead_owner(people, "queue.later@example.com"), shown(people, contact)) == (
        "Otto Olsen",
        (OTTO, "Otto Olsen"),
    )


@pytest.mark.rule("OWN-13")
def test_clearing_the_hubspot_owner_leaves_the_leads(stack: Stack, people: People):
    """A Salesforce record must have an owner, so nobody cannot cross; the lead stays whose it
    is.
    """
    contact, _ = owned(stack, people, "cleared@example.com", OLIVE)
    people.edit_contact(contact, hubspot_owner_id="")
    told = stack.settle()
    assert (lead_owner(people, "cleared@example.com"), told["open_errors"]) == ("Olive Owens", 0)


@pytest.mark.rule("OWN-8")
@pytest.mark.rule("OWN-9")
@pytest.mark.rule("OWN-11")
@pytest.mark.rule("Q-14")
def test_assignment_rules_are_for_new_leads_without_a_match(new_stack: NewStack):
    """They choose the owner where HubSpot has none or one without a match; a match and an existing
    lead they leave alone.
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
    assert {name: shown(people, contact) for name, contact in contacts.items()} == {
        "nobody": (None, QUEUE),
        "unmatched": (None, QUEUE),
        "matched": (OLIVE, "Olive Owens"),
    }
    people.edit_contact(contacts["matched"], phone="+49 731 2")
    stack.settle()
    assert lead_owner(people, "matched@example.com") == "Olive Owens"
