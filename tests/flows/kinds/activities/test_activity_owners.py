"""Activities that belong to the owner of the record which they are about, in batches, against two
CRMs in memory.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.flows.kinds.activity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivityOwner
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Ref
from tests.flows.kinds.activities.activity_worlds import (
    TWO_WAY,
    a_call,
    a_linked_person,
    a_world,
    shown,
)
from tests.memory.world import MemoryWorld

PEOPLE = (
    ("7", "005000000000007AAA", "Ada Lang"),
    ("8", "005000000000008AAA", "Ben Ito"),
)
QUEUE = Owner("00G000000000001AAA", "Inbound", "", is_active=True, kind="Queue")
OWNERS = Owners(
    tuple(
        Owner(mine, name, f"{mine}@example.com", is_active=True, kind="PERSON")
        for mine, _, name in PEOPLE
    ),
    (
        *(
            Owner(theirs, name, f"{mine}@example.com", is_active=True, kind="Standard")
            for mine, theirs, name in PEOPLE
        ),
        QUEUE,
    ),
)
ADA, BEN = (theirs for _, theirs, _ in PEOPLE)


def an_owned_world() -> MemoryWorld:
    """Build a world in which calls belong to the owner of the record."""
    world = a_world(calls=replace(TWO_WAY, owner=ActivityOwner.RECORD_OWNER))
    world.owners = OWNERS
    return world


def given_to(world: MemoryWorld, lead: Ref, owner: str) -> None:
    """Give a lead to another owner."""
    world.wait()
    world.salesforce.edit(lead, {"OwnerId": owner})
    world.sync(lead)


@pytest.mark.rule("ACT-6")
def test_the_task_belongs_to_the_owner_of_its_lead():
    """Whoever owns the call, its task belongs to the owner of the lead. Afterwards each side keeps
    its own owner, and the task its own when the lead gets another.
    """
    world = an_owned_world()
    contact, lead = a_linked_person(world, hubspot_owner_id="7")
    call = a_call(world, contact, hubspot_owner_id="8")
    world.sync(call)
    task = world.counterpart(call)
    assert shown(world, task, "OwnerId") == {"OwnerId": ADA}

    world.wait()
    world.hubspot.edit(call, {"hubspot_owner_id": "7"})
    world.sync(call)
    world.salesforce.edit(task, {"OwnerId": BEN})
    world.sync(task)
    given_to(world, lead, BEN)
    world.salesforce.edit(task, {"OwnerId": ADA, "Subject": "Later"})
    world.sync(task)
    world.sync(call, cause=Cause.AGAIN)
    assert shown(world, call, "hubspot_owner_id", "hs_call_title") == {
        "hubspot_owner_id": "7",
        "hs_call_title": "Later",
    }
    assert shown(world, task, "OwnerId") == {"OwnerId": ADA}


@pytest.mark.rule("ACT-6")
def test_the_call_belongs_to_the_owner_of_its_contact():
    """A call that is made of a task belongs to the owner of the HubSpot contact."""
    world = an_owned_world()
    _, lead = a_linked_person(world, hubspot_owner_id="7")
    task = world.salesforce.add(
        "Task",
        {"Subject": "Called", "TaskSubtype": "Call", "WhoId": lead.id, "OwnerId": BEN},
    )

    world.sync(task)

    call = world.counterpart(task)
    assert shown(world, call, "hubspot_owner_id") == {"hubspot_owner_id": "7"}
    world.sync(call, task, cause=Cause.AGAIN)
    assert shown(world, task, "OwnerId") == {"OwnerId": BEN}


@pytest.mark.rule("ACT-6")
def test_the_task_of_a_queues_lead_is_the_integration_users():
    """A queue cannot own every activity. The plan says so, and nothing is reported."""
    world = an_owned_world()
    contact, lead = a_linked_person(world, hubspot_owner_id="7")
    given_to(world, lead, QUEUE.id)
    call = a_call(world, contact)

    (plan,) = gather_and_plan([world.change(call)], world.context).plans
    assert [note.text for note in plan.notes] == [
        "is made without an owner of its own: it is about a Lead of a queue"
    ]
    world.sync(call)
    assert shown(world, world.counterpart(call), "OwnerId") == {"OwnerId": None}
    assert world.inbox.parked("acme") == []


@pytest.mark.rule("ACT-6")
def test_the_owners_of_records_cost_no_call():
    """They are those of the links, which are read for whom an activity is about."""
    calls = []
    for owner in (ActivityOwner.MATCHED, ActivityOwner.RECORD_OWNER):
        world = a_world(calls=replace(TWO_WAY, owner=owner))
        world.owners = OWNERS
        contact, _ = a_linked_person(world, hubspot_owner_id="7")
        made = [a_call(world, contact) for _ in range(3)]
        before = world.salesforce.calls.total(), world.hubspot.calls.total()
        world.sync(*made)
        after = world.salesforce.calls.total(), world.hubspot.calls.total()
        calls.append([new - old for old, new in zip(before, after, strict=True)])
    assert calls[0] == calls[1]
