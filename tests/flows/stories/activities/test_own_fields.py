"""Stories of the operator's own fields on activities, on the whole stack: a field of a call and one
of a meeting cross both ways, and one that goes away stops only itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_activities import (
    activity,
    edit_activity,
    new_activity,
    pass_sweep,
    tasks_of,
    with_activities,
)
from tests.flows.stories.story_command import run
from tests.flows.stories.story_contacts import linked_pair, record

SETTINGS = (
    with_activities(calls="two_way", meetings="two_way")
    + """
[[connection.activities.calls.field]]
hubspot = "call_reason"
salesforce = "Call_Reason__c"

[[connection.activities.calls.field]]
hubspot = "hs_call_body"
salesforce = "Description"
update = "always_hubspot"

[[connection.activities.meetings.field]]
hubspot = "room"
salesforce = "Room__c"
update = "prefer_salesforce"
"""
)
REASONS = [{"value": one, "label": one} for one in ("Renewal", "Complaint")]
WORLD: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "properties": {
                "calls": [
                    {
                        "name": "call_reason",
                        "type": "enumeration",
                        "options": [
                            {"value": "renewal", "label": "Renewal"},
                            {"value": "complaint", "label": "Complaint"},
                        ],
                    }
                ],
                "meetings": [{"name": "room"}],
            },
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {
            "Task": [{"name": "Call_Reason__c", "type": "picklist", "picklistValues": REASONS}],
            "Event": [{"name": "Room__c", "length": 20}],
        },
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack whose calls and meetings have a field of their own on each side."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


@pytest.mark.rule("ACT-4")
@pytest.mark.rule("MAP-3")
def test_a_field_of_calls_crosses_both_ways(stack: Stack, people: People) -> None:
    """A choice has its other spelling on the other side; a default row may have another policy, and
    `explain` shows both.
    """
    contact, lead = linked_pair(stack, people, "reason@example.com")
    call = new_activity(
        people,
        "calls",
        contact,
        hs_call_title="First talk",
        hs_call_body="<p>Mine</p>",
        call_reason="renewal",
    )
    pass_sweep(stack)
    (made,) = tasks_of(people, lead)
    task = str(made["Id"])
    assert record(people, "Task", task, "Call_Reason__c") == {"Call_Reason__c": "Renewal"}

    people.edit_record("Task", task, Call_Reason__c="Complaint", Description="Theirs")
    pass_sweep(stack)
    assert activity(people, "calls", call, "call_reason", "hs_call_body") == {
        "call_reason": "complaint",
        "hs_call_body": "<p>Mine</p>",
    }
    told = run(stack, "explain", "hubspot", "call", call)
    assert "call_reason" in told.stdout
    assert "always_hubspot" in told.stdout


@pytest.mark.rule("ACT-4")
@pytest.mark.rule("MAP-1")
def test_a_field_of_meetings_crosses_by_its_policy(stack: Stack, people: People) -> None:
    """HubSpot fills the blank of a new event; from then on Salesforce's value wins."""
    contact, lead = linked_pair(stack, people, "room@example.com")
    meeting = new_activity(
        people,
        "meetings",
        contact,
        hs_meeting_title="Offer",
        hs_meeting_start_time="2026-06-30T12:00:00Z",
        hs_meeting_end_time="2026-06-30T13:00:00Z",
        room="Blue",
    )
    pass_sweep(stack)
    (made,) = tasks_of(people, lead, "Event")
    event = str(made["Id"])
    assert record(people, "Event", event, "Room__c") == {"Room__c": "Blue"}

    people.edit_record("Event", event, Room__c="Red")
    edit_activity(people, "meetings", meeting, room="Green")
    pass_sweep(stack)
    assert activity(people, "meetings", meeting, "room") == {"room": "Red"}
    assert record(people, "Event", event, "Room__c") == {"Room__c": "Red"}


@pytest.mark.rule("ERR-5")
@pytest.mark.parametrize(
    "kind", ["field_removed", pytest.param("field_hidden", marks=pytest.mark.long)]
)
def test_a_field_that_goes_away_stops_only_itself(stack: Stack, people: People, kind: str) -> None:
    """The rest of the call crosses, one report names the field, nothing is blanked, and the value
    catches up once the field is back.
    """
    contact, lead = linked_pair(stack, people, f"{kind}@example.com")
    call = new_activity(people, "calls", contact, hs_call_title="Talk", call_reason="renewal")
    pass_sweep(stack)
    (made,) = tasks_of(people, lead)
    task = str(made["Id"])

    lost = {"at": "salesforce", "kind": kind, "object": "Task", "field": "Call_Reason__c"}
    stack.faults([lost])
    edit_activity(people, "calls", call, hs_call_title="Longer talk", call_reason="complaint")
    pass_sweep(stack)
    errors = stack.settle()["open_errors"]
    assert (errors, tasks_of(people, lead)[0]["Subject"]) == (1, "Longer talk")
    assert "Task.Call_Reason__c" in run(stack, "errors", "list").stdout
    assert activity(people, "calls", call, "call_reason") == {"call_reason": "complaint"}

    stack.faults([])
    for _ in range(3):
        pass_sweep(stack)
    assert record(people, "Task", task, "Call_Reason__c") == {"Call_Reason__c": "Complaint"}
    assert stack.settle()["open_errors"] == 0


@pytest.mark.rule("ERR-5")
def test_an_archived_property_blanks_nothing(new_stack: NewStack) -> None:
    """Of a call whose property HubSpot no longer has, the rest crosses, Salesforce keeps its value,
    and one report names the property.
    """
    stack = new_stack(SETTINGS, WORLD)
    people = People(stack.ready())
    contact, lead = linked_pair(stack, people, "archived@example.com")
    call = new_activity(people, "calls", contact, hs_call_title="Talk", call_reason="renewal")
    pass_sweep(stack)
    people.hubspot.crm.properties.core_api.archive("calls", "call_reason")
    edit_activity(people, "calls", call, hs_call_title="Longer talk")
    pass_sweep(stack)

    (made,) = tasks_of(people, lead)
    assert made["Subject"] == "Longer talk"
    assert record(people, "Task", str(made["Id"]), "Call_Reason__c") == {
        "Call_Reason__c": "Renewal"
    }
    assert stack.settle()["open_errors"] == 1
    assert "call.call_reason" in run(stack, "errors", "list").stdout
