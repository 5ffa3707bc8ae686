"""Stories of an org that shares activities: a call and its task are about the same contacts, whoever
changes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_activities import (
    activities,
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
from tests.flows.stories.story_contacts import convert, linked_pair, record, writes

WORLD: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {"edition": "Enterprise Edition", "shared_activities": True},
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack in which calls and meetings go both ways."""
    with Stack(with_activities(calls="two_way", meetings="two_way"), WORLD) as stack:
        yield stack


def new_person(stack: Stack, people: People, name: str) -> tuple[str, str]:
    """Make a HubSpot contact whose lead is converted; the ids of both contacts."""
    contact, lead = linked_pair(stack, people, f"{name}@example.com")
    made = convert(stack, lead)
    stack.settle()
    return contact, made


@pytest.mark.rule("ACT-5")
def test_a_call_and_its_task_share_their_contacts(stack: Stack, people: People) -> None:
    """A call of two contacts becomes a task of both, gets a third in HubSpot, loses one in
    Salesforce, and then nothing is written any more.
    """
    ada, adas = new_person(stack, people, "ada.shared")
    ben, bens = new_person(stack, people, "ben.shared")
    eve, eves = new_person(stack, people, "eve.shared")
    call = new_activity(people, "calls", ada, ben, hs_call_title="Shared")
    pass_sweep(stack)
    (made,) = tasks_of(people, adas)
    task = str(made["Id"])
    first = people_of(people, task)

    associate(people, "calls", call, eve)
    edit_activity(people, "calls", call, hs_call_title="Shared by three")
    pass_sweep(stack)
    second = people_of(people, task)

    people.edit_record("Task", task, TaskWhoIds=[adas, eves])
    pass_sweep(stack)
    third = set(contacts_of(people, "calls", call))

    dissociate(people, "calls", call, ada)
    edit_activity(people, "calls", call, hs_call_title="Shared by one")
    pass_sweep(stack)
    before = writes(stack)
    pass_sweep(stack)

    assert (first, second, third) == ({adas, bens}, {adas, bens, eves}, {ada, eve})
    assert (people_of(people, task), record(people, "Task", task, "WhoId")) == (
        {eves},
        {"WhoId": eves},
    )
    assert contacts_of(people, "calls", call) == [eve]
    assert writes(stack) == before


@pytest.mark.rule("ACT-5")
def test_an_event_and_its_meeting_share_their_contacts(stack: Stack, people: People) -> None:
    """An event of two contacts becomes a meeting of both, and nothing is told of any left out."""
    ada, adas = new_person(stack, people, "ada.event")
    ben, bens = new_person(stack, people, "ben.event")
    people.new_record(
        "Event",
        Subject="Kick-off",
        StartDateTime="2026-11-02T10:00:00Z",
        EndDateTime="2026-11-02T11:00:00Z",
        EventWhoIds=[adas, bens],
    )
    pass_sweep(stack)

    (event,) = tasks_of(people, adas, "Event")
    told = run(stack, "explain", "salesforce", "Event", str(event["Id"]))
    (meeting,) = activities(people, "meetings")
    assert set(contacts_of(people, "meetings", meeting)) == {ada, ben}
    assert "show in HubSpot alone" not in told.stdout


def people_of(people: People, task: str) -> set[str]:
    """The people of a task in Salesforce."""
    query = f"SELECT RelationId FROM TaskRelation WHERE IsWhat = FALSE AND TaskId = '{task}'"  # noqa: S608 - the id is our own
    return {str(row["RelationId"]) for row in people.records(query)}
