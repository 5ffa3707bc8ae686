"""Stories on the whole stack in which a deleted call deletes its task, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.model.kinds.activities import Kept
from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_activities import (
    activities,
    activity,
    contacts_of,
    new_activity,
    pass_sweep,
    tasks_of,
    with_kind,
)
from tests.flows.stories.story_command import run
from tests.flows.stories.story_contacts import linked_pair, open_errors, undelete


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack in which calls go both ways, and so do their deletions."""
    settings = with_kind("calls", "delete_in_hubspot = true", "delete_in_salesforce = true")
    with Stack(settings, WORLD) as stack:
        yield stack


def a_call_and_its_task(stack: Stack, people: People, address: str) -> tuple[str, str, str, str]:
    """Log a call with a linked contact; the ids of contact, lead, call and task."""
    contact, lead = linked_pair(stack, people, address)
    call = new_activity(people, "calls", contact, hs_call_title="First talk")
    pass_sweep(stack)
    (task,) = tasks_of(people, lead)
    return contact, lead, call, str(task["Id"])


@pytest.mark.rule("ACT-8")
def test_a_deleted_task_deletes_its_call_and_its_return_brings_one_back(
    stack: Stack, people: People
) -> None:
    """The next poll finds it, and the call goes to the recycle bin. An undeleted task gets a new
    call of the same contact.
    """
    contact, _, call, task = a_call_and_its_task(stack, people, "gone.task@example.com")
    people.delete_record("Task", task)
    pass_sweep(stack)
    assert call not in activities(people, "calls")

    before = set(activities(people, "calls"))
    undelete(stack, task)
    pass_sweep(stack)
    pass_sweep(stack)
    (again,) = set(activities(people, "calls")) - before
    assert activity(people, "calls", again, "hs_call_title") == {"hs_call_title": "First talk"}
    assert contacts_of(people, "calls", again) == [contact]
    assert open_errors(stack) == 0


@pytest.mark.rule("ACT-8")
def test_a_deleted_call_deletes_its_task(stack: Stack, people: People) -> None:
    """HubSpot tells of it in its recycle bin at night, and the next edit of the task finds it."""
    _, lead, call, task = a_call_and_its_task(stack, people, "gone.call@example.com")
    people.hubspot.crm.objects.basic_api.archive("calls", call)
    people.edit_record("Task", task, Subject="Edited too late")
    pass_sweep(stack)
    assert tasks_of(people, lead) == []
    assert open_errors(stack) == 0


@pytest.mark.rule("ACT-8")
def test_a_call_stays_when_its_lead_is_deleted(stack: Stack, people: People) -> None:
    """Salesforce deletes the task along with the lead. The call stays in HubSpot, as its contact
    does, and explain says that the pair has ended. With the lead, the pair is back.
    """
    contact, lead, call, task = a_call_and_its_task(stack, people, "gone.lead@example.com")
    people.delete_record("Lead", lead)
    told = run(stack, "explain", "hubspot", "call", call)
    assert str(Kept.WITH_RECORD) in told.stdout, told
    pass_sweep(stack)
    assert contacts_of(people, "calls", call) == [contact]
    told = run(stack, "explain", "hubspot", "call", call)
    assert "one of the two was deleted" in told.stdout, told

    undelete(stack, lead)
    people.edit_record("Task", task, Subject="Back again")
    pass_sweep(stack)
    assert activity(people, "calls", call, "hs_call_title") == {"hs_call_title": "Back again"}
    assert open_errors(stack) == 0
