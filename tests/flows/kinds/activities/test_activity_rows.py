"""The operator's own rows of activities, and other policies for default rows, in batches against two
CRMs in memory.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.records import Ref
from tests.builders import NOON, at
from tests.flows.kinds.activities.activity_worlds import a_call, a_linked_person, a_world, shown
from tests.flows.kinds.activities.test_activities import tasks
from tests.memory.world import MemoryWorld

REASON = FieldRule("call_reason", "Call_Reason__c", objects=("Task",), length=40)
TITLE = FieldRule("hs_call_title", "Subject", length=255)
BODY = FieldRule("hs_call_body", "Description", form=FieldType.HTML, length=32_000)


def a_world_of_calls(*rows: FieldRule, sync: ActivitySync = ActivitySync.TWO_WAY) -> MemoryWorld:
    """Build a world in which calls sync with these rows."""
    return a_world(calls=ActivityKindSettings(sync, field=rows))


def a_pair(world: MemoryWorld, *, email: str = "ada@example.com", **fields: str) -> tuple[Ref, Ref]:
    """Make a call of a linked person, and its task."""
    contact, _ = a_linked_person(world, email=email)
    call = a_call(world, contact, **fields)
    world.sync(call)
    return call, world.counterpart(call)


@pytest.mark.rule("ACT-4")
@pytest.mark.rule("MAP-3")
def test_a_row_of_its_own_crosses_both_ways() -> None:
    """A new task has the value, and an edit on either side crosses."""
    world = a_world_of_calls(REASON)
    call, task = a_pair(world, call_reason="Renewal")
    assert shown(world, task, "Call_Reason__c") == {"Call_Reason__c": "Renewal"}

    world.salesforce.edit(task, {"Call_Reason__c": "Complaint"})
    world.sync(task)
    assert shown(world, call, "call_reason") == {"call_reason": "Complaint"}

    world.hubspot.edit(call, {"call_reason": "Invoice"})
    world.sync(call)
    assert shown(world, task, "Call_Reason__c") == {"Call_Reason__c": "Invoice"}


@pytest.mark.rule("ACT-1")
def test_a_row_of_its_own_follows_the_direction() -> None:
    """Where calls only go to Salesforce, an edit there is overwritten by the next one here."""
    world = a_world_of_calls(REASON, sync=ActivitySync.TO_SALESFORCE)
    call, task = a_pair(world, call_reason="Renewal")
    world.salesforce.edit(task, {"Call_Reason__c": "Complaint"})
    world.sync(task)
    world.hubspot.edit(call, {"hs_call_title": "Second talk"})
    world.sync(call)

    assert shown(world, call, "call_reason") == {"call_reason": "Renewal"}
    assert shown(world, task, "Call_Reason__c", "Subject") == {
        "Call_Reason__c": "Renewal",
        "Subject": "Second talk",
    }


@pytest.mark.rule("MAP-1")
@pytest.mark.rule("MAP-4")
def test_a_default_row_may_have_another_policy() -> None:
    """A title that never crosses is no subject, and HubSpot's text wins over Salesforce's."""
    world = a_world_of_calls(
        replace(TITLE, update=Update.NEVER), replace(BODY, update=Update.PREFER_HUBSPOT)
    )
    call, task = a_pair(world)
    assert tasks(world, "Subject") == [{"Subject": "Outbound call"}]

    world.salesforce.edit(task, {"Subject": "Renamed", "Description": "Other words"})
    world.sync(task)
    assert shown(world, call, "hs_call_title", "hs_call_body") == {
        "hs_call_title": "First talk",
        "hs_call_body": "<p>Wants a <b>quote</b>.</p>",
    }
    assert shown(world, task, "Subject", "Description") == {
        "Subject": "Renamed",
        "Description": "Wants a quote.",
    }


@pytest.mark.rule("MAP-6")
def test_a_row_that_is_added_later_carries_edits_alone() -> None:
    """What a pair had before stays on its side, whatever else is edited."""
    world = a_world_of_calls()
    call, task = a_pair(world, call_reason="Old")
    other, its_task = a_pair(world, email="ben@example.com", call_reason="Old")
    world.now = at(10)
    later = ActivityKindSettings(ActivitySync.TWO_WAY, field=(replace(REASON, since=at(5)),))
    world.activities = ActivitySettings(calls=later)
    world.hubspot.edit(other, {"hs_call_title": "Second talk"})
    world.sync(other)
    assert shown(world, its_task, "Call_Reason__c", "Subject") == {
        "Call_Reason__c": None,
        "Subject": "Second talk",
    }

    world.hubspot.edit(call, {"call_reason": "New"})
    world.sync(call)
    assert shown(world, task, "Call_Reason__c") == {"Call_Reason__c": "New"}


def test_rows_of_one_kind_are_not_those_of_another() -> None:
    """A task of a HubSpot task is left alone by a row of calls."""
    world = a_world(
        calls=ActivityKindSettings(ActivitySync.TWO_WAY, field=(REASON,)),
        tasks=ActivityKindSettings(ActivitySync.TWO_WAY),
    )
    contact, _ = a_linked_person(world)
    task = world.hubspot.add(
        "task",
        {
            "hs_timestamp": f"{NOON:%Y-%m-%dT%H:%M:%S}.000Z",
            "hs_task_subject": "Call back",
            "hs_task_status": "NOT_STARTED",
            "call_reason": "Renewal",
        },
    )
    world.associations.add_association(task, contact)
    world.sync(task)
    assert tasks(world, "Subject", "Call_Reason__c") == [
        {"Subject": "Call back", "Call_Reason__c": None}
    ]
