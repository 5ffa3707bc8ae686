"""Stories of activities on the whole stack: each is one record on either side, whatever becomes of
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from crmsync.model.kinds.activities import LeftAlone
from local.people import People
from local.stack import Stack
from tests.flows.stories.story_activities import (
    activities,
    activity,
    associate,
    contacts_of,
    dissociate,
    edit_activity,
    new_activity,
    pass_sweep,
    tasks_of,
    with_activities,
)
from tests.flows.stories.story_command import run
from tests.flows.stories.story_contacts import linked_pair
from tests.flows.stories.story_owners import OLIVE, OTTO, WORLD, hubspot_owner, user


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack in which calls go both ways."""
    with Stack(with_activities(calls="two_way"), WORLD) as stack:
        yield stack


@pytest.mark.rule("ACT-1")
@pytest.mark.rule("ACT-2")
@pytest.mark.rule("ACT-4")
@pytest.mark.rule("ACT-5")
def test_one_call_through_its_life(stack: Stack, people: People) -> None:
    """A call is logged in HubSpot, edited in Salesforce, moved to another contact, moved back in
    Salesforce, and its lead converted: it stays one task, in step on both sides.
    """
    before = set(activities(people, "calls"))
    ada, adas_lead = linked_pair(stack, people, "ada.call@example.com")
    ben, bens_lead = linked_pair(stack, people, "ben.call@example.com")
    call = new_activity(
        people,
        "calls",
        ada,
        hs_call_title="First talk",
        hs_call_body="<p>Wants a <b>quote</b>.</p>",
        hs_call_status="COMPLETED",
        hs_call_direction="OUTBOUND",
    )
    pass_sweep(stack)
    (made,) = tasks_of(people, adas_lead)
    assert {name: made[name] for name in ("Subject", "Description", "Status", "TaskSubtype")} == {
        "Subject": "First talk",
        "Description": "Wants a quote.",
        "Status": "Completed",
        "TaskSubtype": "Call",
    }
    task = str(made["Id"])

    people.edit_record("Task", task, Subject="Talk about the quote")
    pass_sweep(stack)
    assert activity(people, "calls", call, "hs_call_title") == {
        "hs_call_title": "Talk about the quote"
    }

    dissociate(people, "calls", call, ada)
    associate(people, "calls", call, ben)
    edit_activity(people, "calls", call, hs_call_body="<p>Ben decides.</p>")
    pass_sweep(stack)
    assert [(row["Id"], row["Description"]) for row in tasks_of(people, bens_lead)] == [
        (task, "Ben decides.")
    ]
    assert tasks_of(people, adas_lead) == []

    people.edit_record("Task", task, WhoId=adas_lead)
    pass_sweep(stack)
    assert contacts_of(people, "calls", call) == [ada]

    made = stack.salesforce.person({"do": "convert_lead", "lead_id": adas_lead, "account_id": None})
    pass_sweep(stack)
    edit_activity(people, "calls", call, hs_call_title="Signed")
    pass_sweep(stack)
    found = tasks_of(people, made["contact_id"])
    assert [(row["Id"], row["Subject"]) for row in found] == [(task, "Signed")]
    assert contacts_of(people, "calls", call) == [ada]
    assert set(activities(people, "calls")) == before | {call}


@pytest.mark.rule("ACT-6")
def test_the_owner_follows_on_both_sides(stack: Stack, people: People) -> None:
    """The task of a call belongs to the matching user, and another owner crosses from either
    side.
    """
    contact, lead = linked_pair(stack, people, "owned.call@example.com")
    olive, otto = (hubspot_owner(people, one) for one in (OLIVE, OTTO))
    call = new_activity(people, "calls", contact, hs_call_title="Owned", hubspot_owner_id=olive)
    pass_sweep(stack)
    (made,) = tasks_of(people, lead)
    assert made["OwnerId"] == user(people, OLIVE)

    people.edit_record("Task", str(made["Id"]), OwnerId=user(people, OTTO))
    pass_sweep(stack)
    assert activity(people, "calls", call, "hubspot_owner_id") == {"hubspot_owner_id": otto}


@pytest.mark.rule("ACT-3")
@pytest.mark.rule("ACT-7")
def test_what_is_left_alone_is_explained(stack: Stack, people: People) -> None:
    """A call of a contact that is not linked gets no task, and a deleted task is not made again;
    explain says why.
    """
    contact, lead = linked_pair(stack, people, "left.call@example.com")
    call = new_activity(people, "calls", contact, hs_call_title="Kept")
    alone = new_activity(people, "calls", hs_call_title="Of nobody")
    pass_sweep(stack)
    (made,) = tasks_of(people, lead)
    people.delete_record("Task", str(made["Id"]))
    pass_sweep(stack)
    edit_activity(people, "calls", call, hs_call_title="Edited")
    pass_sweep(stack)

    assert tasks_of(people, lead) == []
    for one, reason in (
        (alone, LeftAlone.NOBODY),
        (call, "an edit does not bring it back"),
    ):
        told = run(stack, "explain", "hubspot", "call", one)
        assert str(reason) in told.stdout, told


@pytest.mark.rule("ACT-5")
def test_a_call_follows_once_its_contact_is_linked(stack: Stack, people: People) -> None:
    """A call of a contact without an address is left alone, and explain says what it waits for. Later
    the contact gets an address and with it a lead, and the lead gets the call's task.
    """
    contact = people.new_contact(lastname="Later")
    call = new_activity(people, "calls", contact, hs_call_title="Early call")
    pass_sweep(stack)
    pass_sweep(stack)
    told = run(stack, "explain", "hubspot", "call", call)
    assert json.loads(told.stdout)["waits_for"] == [f"hubspot:contact:{contact}"]

    people.edit_contact(contact, email="later.call@example.com")
    pass_sweep(stack)
    (lead,) = people.records("SELECT Id FROM Lead WHERE Email = 'later.call@example.com'")
    assert [row["Subject"] for row in tasks_of(people, str(lead["Id"]))] == ["Early call"]
