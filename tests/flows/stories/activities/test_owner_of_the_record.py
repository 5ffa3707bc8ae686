"""Stories on the whole stack in which calls belong to the owner of the record that they are about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_activities import (
    activities,
    activity,
    new_activity,
    pass_sweep,
    tasks_of,
    with_kind,
)
from tests.flows.stories.story_command import run
from tests.flows.stories.story_contacts import linked_pair, open_errors
from tests.flows.stories.story_owners import OLIVE, OTTO, WORLD, hubspot_owner, queue, user


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack in which calls go both ways and belong to the owner of the record."""
    with Stack(with_kind("calls", 'owner = "record_owner"'), WORLD) as stack:
        yield stack


@pytest.mark.rule("ACT-6")
def test_calls_belong_to_the_owner_of_the_lead_and_of_the_contact(
    stack: Stack, people: People
) -> None:
    """Otto's call of Olive's contact makes Olive's task; Otto's task of that lead makes Olive's call.
    When the lead goes to Otto, both stay Olive's.
    """
    olive, otto = (hubspot_owner(people, one) for one in (OLIVE, OTTO))
    contact, lead = linked_pair(stack, people, "record.owner@example.com", hubspot_owner_id=olive)
    before = set(activities(people, "calls"))
    call = new_activity(people, "calls", contact, hs_call_title="Ours", hubspot_owner_id=otto)
    pass_sweep(stack)
    (task,) = tasks_of(people, lead)
    assert task["OwnerId"] == user(people, OLIVE)

    theirs = people.new_record(
        "Task",
        WhoId=lead,
        TaskSubtype="Call",
        Subject="Theirs",
        Status="Completed",
        OwnerId=user(people, OTTO),
    )
    pass_sweep(stack)
    (made,) = set(activities(people, "calls")) - before - {call}
    assert activity(people, "calls", made, "hs_call_title", "hubspot_owner_id") == {
        "hs_call_title": "Theirs",
        "hubspot_owner_id": olive,
    }

    people.edit_record("Lead", lead, OwnerId=user(people, OTTO))
    pass_sweep(stack)
    assert people.contact(contact, "hubspot_owner_id") == {"hubspot_owner_id": otto}
    assert {row["Id"]: row["OwnerId"] for row in tasks_of(people, lead)} == {
        task["Id"]: user(people, OLIVE),
        theirs: user(people, OTTO),
    }
    assert activity(people, "calls", made, "hubspot_owner_id") == {"hubspot_owner_id": olive}


@pytest.mark.rule("ACT-6")
def test_the_task_of_a_queues_lead_stays_with_the_integration_user(
    stack: Stack, people: People
) -> None:
    """Nothing is refused, and explain says why before the task is made."""
    contact, lead = linked_pair(stack, people, "queue.owner@example.com")
    people.edit_record("Lead", lead, OwnerId=queue(people))
    pass_sweep(stack)
    call = new_activity(people, "calls", contact, hs_call_title="Of a queue")
    told = run(stack, "explain", "hubspot", "call", call)
    assert "without an owner of its own: it is about a Lead of a queue" in told.stdout

    pass_sweep(stack)
    (task,) = tasks_of(people, lead)
    assert task["OwnerId"] == stack.salesforce.integration_user_id
    assert open_errors(stack) == 0
