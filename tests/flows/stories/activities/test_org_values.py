"""Stories of an org with statuses of tasks of its own, and an account with an outcome of its own: done
is done on both sides, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_activities import (
    activities,
    activity,
    edit_activity,
    new_activity,
    pass_sweep,
    tasks_of,
    with_activities,
)
from tests.flows.stories.story_contacts import linked_pair, record

OWN_OUTCOME = "0b1c2d3e-0000-4000-8000-000000000001"
WORLD: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "properties": {
                "calls": [
                    {
                        "name": "hs_call_disposition",
                        "type": "enumeration",
                        "options": [{"value": OWN_OUTCOME, "label": "Called back"}],
                    }
                ]
            },
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "task_statuses": [
            {"ApiName": "Offen"},
            {"ApiName": "Begonnen", "IsDefault": True},
            {"ApiName": "Erledigt", "IsClosed": True},
        ],
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack in which tasks, calls and notes go both ways."""
    settings = with_activities(tasks="two_way", calls="two_way", notes="two_way")
    with Stack(settings, WORLD) as stack:
        yield stack


@pytest.mark.rule("ACT-4")
def test_a_task_is_done_on_both_sides(stack: Stack, people: People) -> None:
    """A new task gets the org's default open status, one that is completed its closed one, and one
    that is opened again in Salesforce is not started in HubSpot.
    """
    contact, lead = linked_pair(stack, people, "task.values@example.com")
    task = new_activity(
        people, "tasks", contact, hs_task_subject="Offer", hs_task_status="IN_PROGRESS"
    )
    pass_sweep(stack)
    (made,) = tasks_of(people, lead)
    theirs = str(made["Id"])
    assert made["Status"] == "Begonnen"

    edit_activity(people, "tasks", task, hs_task_status="COMPLETED")
    pass_sweep(stack)
    assert record(people, "Task", theirs, "Status", "IsClosed") == {
        "Status": "Erledigt",
        "IsClosed": True,
    }

    people.edit_record("Task", theirs, Status="Offen")
    pass_sweep(stack)
    assert activity(people, "tasks", task, "hs_task_status") == {"hs_task_status": "NOT_STARTED"}
    assert record(people, "Task", theirs, "Status") == {"Status": "Offen"}


@pytest.mark.rule("ACT-4")
def test_calls_and_notes_are_closed_tasks(stack: Stack, people: People) -> None:
    """A call that was made and a note have the org's closed status; an outcome of the account
    crosses by its name, in both directions.
    """
    contact, lead = linked_pair(stack, people, "call.values@example.com")
    call = new_activity(
        people,
        "calls",
        contact,
        hs_call_title="Talk",
        hs_call_status="NO_ANSWER",
        hs_call_disposition=OWN_OUTCOME,
    )
    new_activity(people, "notes", contact, hs_note_body="<p>Remember</p>")
    pass_sweep(stack)
    made = {one["TaskSubtype"]: one for one in tasks_of(people, lead)}
    assert {name: one["Status"] for name, one in made.items()} == {
        "Call": "Erledigt",
        "Task": "Erledigt",
    }
    fields = ("CallDisposition", "IsClosed")
    assert record(people, "Task", str(made["Call"]["Id"]), *fields) == {
        "CallDisposition": "Called back",
        "IsClosed": True,
    }
    assert activity(people, "calls", call, "hs_call_status") == {"hs_call_status": "NO_ANSWER"}

    before = set(activities(people, "calls"))
    people.new_record(
        "Task",
        WhoId=lead,
        TaskSubtype="Call",
        Subject="Made there",
        Status="Erledigt",
        CallDisposition="called back",
    )
    pass_sweep(stack)
    (other,) = set(activities(people, "calls")) - before
    assert activity(people, "calls", other, "hs_call_status", "hs_call_disposition") == {
        "hs_call_status": "COMPLETED",
        "hs_call_disposition": OWN_OUTCOME,
    }
