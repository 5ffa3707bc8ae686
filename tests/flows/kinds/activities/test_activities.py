"""Activities in batches, against two CRMs in memory: what becomes of them on the other side, whose
edits cross, and what a crash leaves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.flows.kinds.activity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import (
    ActivityKindSettings,
    ActivityOwner,
    ActivitySettings,
    ActivitySync,
    LeftAlone,
)
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.mail import TaskState, milliseconds
from crmsync.model.names import TASK_KEY
from crmsync.model.records import Ref, Value
from crmsync.model.settings import CreateInSalesforce
from crmsync.plans.activity import MOST_WAITS
from tests.builders import NOON
from tests.flows.kinds.activities.activity_worlds import (
    TO_SALESFORCE,
    TWO_WAY,
    a_call,
    a_linked_person,
    a_world,
    shown,
)
from tests.memory.world import MemoryWorld


def tasks(world: MemoryWorld, *names: str) -> list[dict[str, Value]]:
    """Return these fields of all tasks."""
    return [
        {name: world.salesforce.fields(ref).get(name) for name in names}
        for ref in world.salesforce.refs("Task")
    ]


@pytest.mark.rule("ACT-2")
@pytest.mark.rule("ACT-4")
def test_a_call_becomes_a_task_of_the_linked_lead():
    """A HubSpot call makes one task with its title, text, day, length, direction and status, about
    the lead of its contact.
    """
    world = a_world()
    contact, lead = a_linked_person(world)
    call = a_call(world, contact)

    world.sync(call)
    world.sync(call)

    assert tasks(
        world,
        "Subject",
        "Description",
        "ActivityDate",
        "CallDurationInSeconds",
        "CallType",
        "Status",
        "TaskSubtype",
        "WhoId",
        "WhatId",
    ) == [
        {
            "Subject": "First talk",
            "Description": "Wants a quote.",
            "ActivityDate": "2026-06-30",
            "CallDurationInSeconds": 90,
            "CallType": "Outbound",
            "Status": "Completed",
            "TaskSubtype": "Call",
            "WhoId": lead.id,
            "WhatId": None,
        }
    ]
    assert world.outbox.delayed == []


@pytest.mark.rule("ACT-1")
@pytest.mark.parametrize(
    ("sync", "title"),
    [(ActivitySync.TO_SALESFORCE, "Second talk"), (ActivitySync.TWO_WAY, "Longer talk")],
)
def test_edits_cross_in_the_directions_of_the_settings(sync: ActivitySync, title: str):
    """An edit in HubSpot crosses. One in Salesforce crosses only where the kind goes both ways, and
    is not overwritten for its own sake where it does not.
    """
    world = a_world(calls=ActivityKindSettings(sync))
    contact, _ = a_linked_person(world)
    call = a_call(world, contact)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    world.hubspot.edit(call, {"hs_call_title": "Second talk"})
    world.sync(call)
    assert shown(world, task, "Subject") == {"Subject": "Second talk"}

    world.wait()
    world.salesforce.edit(task, {"Subject": "Longer talk"})
    world.sync(task)
    assert shown(world, call, "hs_call_title") == {"hs_call_title": title}
    assert shown(world, task, "Subject") == {"Subject": "Longer talk"}


@pytest.mark.rule("ACT-2")
@pytest.mark.rule("ACT-5")
def test_a_task_becomes_an_activity_of_its_kind_and_is_associated():
    """A Salesforce task of the subtype Call makes one call in HubSpot, associated with the contact
    of its lead. Without a due date it takes place when it was made.
    """
    world = a_world(calls=TWO_WAY)
    contact, lead = a_linked_person(world)
    task = world.salesforce.add(
        "Task",
        {"Subject": "Called", "TaskSubtype": "Call", "WhoId": lead.id, "Status": "Completed"},
    )

    world.sync(task)
    world.sync(task)

    (call,) = world.hubspot.refs("call")
    assert shown(world, call, "hs_call_title", "hs_timestamp") == {
        "hs_call_title": "Called",
        "hs_timestamp": "2026-11-02T12:00:00.000Z",
    }
    assert world.associations.of([call], "contact") == {call: (contact,)}
    world.sync(call)
    assert shown(world, task, "WhoId") == {"WhoId": lead.id}
    assert world.outbox.delayed == []


@pytest.mark.rule("ACT-5")
def test_whom_an_activity_is_about_crosses_both_ways():
    """A call that is associated with another contact moves its task, and a task that is moved takes
    the association along.
    """
    world = a_world(calls=TWO_WAY)
    ada, adas_lead = a_linked_person(world)
    ben, bens_lead = a_linked_person(world, email="ben@example.com")
    call = a_call(world, ada)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    world.associations.remove_association(call, ada)
    world.associations.add_association(call, ben)
    world.sync(call, cause=Cause.AGAIN)
    assert shown(world, task, "WhoId") == {"WhoId": bens_lead.id}

    world.wait()
    world.salesforce.edit(task, {"WhoId": adas_lead.id})
    world.sync(task)
    assert world.associations.of([call], "contact") == {call: (ada,)}
    world.sync(call, cause=Cause.AGAIN)
    assert shown(world, task, "WhoId") == {"WhoId": adas_lead.id}


@pytest.mark.rule("ACT-5")
def test_the_opportunity_of_the_deal_comes_before_the_account_of_the_company():
    """The task of a contact is about the opportunity of the call's deal, otherwise about the
    account of its company.
    """
    world = a_world()
    account = world.new_account()
    world.sync(account)
    company = world.counterpart(account)
    person = world.new_salesforce_contact(account)
    world.sync(person)
    contact = world.counterpart(person)
    call = a_call(world, contact, company)
    world.sync(call)
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": account.id}]

    opportunity = world.new_opportunity(person, AccountId=account.id)
    world.sync(opportunity)
    world.associations.add_association(call, world.counterpart(opportunity))
    world.sync(call, cause=Cause.AGAIN)
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": opportunity.id}]


@pytest.mark.rule("ACT-5")
def test_the_task_follows_the_conversion_of_its_lead():
    """Salesforce moves the task of a converted lead to the contact. Nothing moves it back while the
    link of the lead has still to follow.
    """
    world = a_world(calls=TWO_WAY)
    contact, lead = a_linked_person(world)
    call = a_call(world, contact)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    person = world.salesforce.convert(lead)
    world.salesforce.edit(task, {"WhoId": person.id})
    world.hubspot.edit(call, {"hs_call_title": "Later"})
    world.sync(call)
    assert shown(world, task, "WhoId", "Subject") == {"WhoId": person.id, "Subject": "Later"}

    world.sync(contact, cause=Cause.AGAIN)
    world.sync(call, cause=Cause.AGAIN)
    assert shown(world, task, "WhoId") == {"WhoId": person.id}
    assert world.associations.of([call], "contact") == {call: (contact,)}


@pytest.mark.rule("ACT-7")
def test_a_deleted_task_stays_deleted():
    """A deletion crosses in neither direction, and an edit does not make the task again."""
    world = a_world(calls=TWO_WAY)
    contact, _ = a_linked_person(world)
    call = a_call(world, contact)
    world.sync(call)
    task = world.counterpart(call)

    world.salesforce.delete(task)
    world.sync(task, cause=Cause.DELETED)
    world.wait()
    world.hubspot.edit(call, {"hs_call_title": "Second talk"})
    world.sync(call)

    assert world.salesforce.refs("Task") == []
    assert world.hubspot.refs("call") == [call]


@pytest.mark.rule("ACT-4")
def test_each_kind_has_its_object_subtype_and_fields():
    """E-mails, notes and tasks become tasks of their subtype, and meetings events. A note's first
    line is in the subject.
    """
    world = a_world(
        emails=TO_SALESFORCE, meetings=TO_SALESFORCE, notes=TO_SALESFORCE, tasks=TWO_WAY
    )
    contact, lead = a_linked_person(world)
    at = {"hs_timestamp": "2026-06-30T12:00:00.000Z"}
    made = [
        world.hubspot.add(
            "email",
            {
                **at,
                "hs_email_subject": "Offer",
                "hs_email_text": "Dear Ada",
                "hs_email_status": "SENT",
            },
        ),
        world.hubspot.add("note", {**at, "hs_note_body": "<p>Prefers mornings</p><p>Really</p>"}),
        world.hubspot.add(
            "task", {**at, "hs_task_subject": "Call back", "hs_task_status": "WAITING"}
        ),
        world.hubspot.add(
            "meeting",
            {**at, "hs_meeting_title": "Demo", "hs_meeting_start_time": at["hs_timestamp"]},
        ),
    ]
    for one in made:
        world.associations.add_association(one, contact)

    world.sync(*made)

    found = tasks(world, "Subject", "Description", "TaskSubtype", "Status", "WhoId")
    assert sorted(found, key=lambda one: str(one["Subject"])) == [
        {
            "Subject": "Call back",
            "Description": None,
            "TaskSubtype": "Task",
            "Status": "Waiting on someone else",
            "WhoId": lead.id,
        },
        {
            "Subject": "Note: Prefers mornings",
            "Description": "Prefers mornings\nReally",
            "TaskSubtype": "Task",
            "Status": "Completed",
            "WhoId": lead.id,
        },
        {
            "Subject": "Offer",
            "Description": "Dear Ada",
            "TaskSubtype": "Email",
            "Status": "Completed",
            "WhoId": lead.id,
        },
    ]
    (event,) = world.salesforce.refs("Event")
    moment = "2026-06-30T12:00:00.000Z"
    assert shown(world, event, "Subject", "StartDateTime", "EndDateTime") == {
        "Subject": "Demo",
        "StartDateTime": moment,
        "EndDateTime": moment,
    }


def _reasons(world: MemoryWorld, *refs: Ref) -> list[str]:
    changes = [world.change(ref) for ref in refs]
    return [
        note.text for plan in gather_and_plan(changes, world.context).plans for note in plan.notes
    ]


@pytest.mark.rule("ACT-3")
def test_what_does_not_sync_is_left_alone_with_its_reason():
    """An activity of nobody who is linked, an e-mail that was not sent, one of before the switch
    and one of another owner are left alone, and the plan says why.
    """
    settings = replace(TO_SALESFORCE, owners=("7",), since=NOON)
    world = a_world(calls=settings, emails=TO_SALESFORCE)
    contact, _ = a_linked_person(world)
    unsent = world.hubspot.add("email", {"hs_email_status": "FAILED"})
    world.wait()
    others = a_call(world, contact, hubspot_owner_id="8")
    nobodys = a_call(world, hubspot_owner_id="7")
    world.activities = replace(world.activities, calls=replace(settings, since=world.now))
    assert _reasons(world, others) == [f"is left alone: {LeftAlone.OTHER_OWNER}"]
    assert _reasons(world, nobodys) == [f"is left alone: {LeftAlone.NOBODY}"]
    assert _reasons(world, unsent) == [f"is left alone: {LeftAlone.UNSENT}"]
    world.wait()
    world.activities = replace(world.activities, calls=replace(settings, since=world.now))
    assert _reasons(world, others) == [f"is left alone: {LeftAlone.TOO_OLD}"]


@pytest.mark.rule("ACT-3")
def test_tasks_of_marketing_e_mails_and_recurring_ones_are_never_read_back():
    """A task that crmsync made of a marketing e-mail makes no activity, nor does one of a series."""
    world = a_world(tasks=TWO_WAY)
    _, lead = a_linked_person(world)
    marketing = world.salesforce.add(
        "Task", {"WhoId": lead.id, "TaskSubtype": "Task", TASK_KEY: "7-81"}
    )
    recurring = world.salesforce.add(
        "Task", {"WhoId": lead.id, "TaskSubtype": "Task", "IsRecurrence": True}
    )

    world.sync(marketing, recurring)

    assert world.hubspot.refs("task") == []
    assert _reasons(world, marketing) == [f"is left alone: {LeftAlone.MARKETING}"]
    assert _reasons(world, recurring) == [f"is left alone: {LeftAlone.RECURRING}"]


@pytest.mark.rule("ACT-2")
def test_two_workers_make_one_task():
    """A worker that has claimed a call keeps others from making its task; they wait, and find its
    link.
    """
    world = a_world()
    contact, _ = a_linked_person(world)
    call = a_call(world, contact)
    state = TaskState(f"call#{call.id}")
    start = milliseconds(world.now)
    world.claims.claim("acme", [state], start, start + 720_000, timedelta(days=1))

    world.sync(call)
    assert world.salesforce.refs("Task") == []
    assert len(world.outbox.delayed) == 1

    world.drain()
    assert len(world.salesforce.refs("Task")) == 1


@pytest.mark.rule("ACT-6")
def test_the_matching_user_owns_the_task():
    """The task belongs to the user who matches the call's owner, and another owner crosses; with
    integration_user it stays crmsync's.
    """
    people = (("7", "005000000000007AAA", "Ada Lang"), ("8", "005000000000008AAA", "Ben Ito"))
    owners = Owners(
        tuple(
            Owner(mine, name, f"{mine}@example.com", is_active=True, kind="PERSON")
            for mine, _, name in people
        ),
        tuple(
            Owner(theirs, name, f"{mine}@example.com", is_active=True, kind="Standard")
            for mine, theirs, name in people
        ),
    )
    for mode, found in (
        (ActivityOwner.MATCHED, ["005000000000007AAA", "005000000000008AAA"]),
        (ActivityOwner.INTEGRATION_USER, [None, None]),
    ):
        world = a_world(calls=replace(TWO_WAY, owner=mode))
        world.owners = owners
        contact, _ = a_linked_person(world)
        call = a_call(world, contact, hubspot_owner_id="7")
        world.sync(call)
        task = world.counterpart(call)
        first = shown(world, task, "OwnerId")["OwnerId"]
        world.wait()
        world.hubspot.edit(call, {"hubspot_owner_id": "8"})
        world.sync(call)
        assert [first, shown(world, task, "OwnerId")["OwnerId"]] == found


@pytest.mark.rule("ACT-5")
def test_a_call_waits_for_the_link_of_its_contact():
    """A call that is read before its new contact is linked waits, has the contact synced, and then
    gets its task.
    """
    world = a_world()
    contact = world.new_contact()
    call = a_call(world, contact)

    world.sync(call)
    assert (world.salesforce.refs("Task"), world.inbox.parked("acme")) == ([], [])

    world.drain()
    (task,) = world.salesforce.refs("Task")
    assert shown(world, task, "WhoId") == {"WhoId": world.counterpart(contact).id}


@pytest.mark.rule("ACT-3")
def test_a_call_of_a_contact_that_never_syncs_stops_waiting():
    """After some minutes it is left alone, and nothing is reported."""
    world = MemoryWorld(
        settings={"create_in_salesforce": CreateInSalesforce.NEVER},
        activities=ActivitySettings(calls=TO_SALESFORCE),
    )
    call = a_call(world, world.new_contact())

    world.sync(call)
    world.drain()

    assert (world.salesforce.refs("Task"), world.inbox.parked("acme")) == ([], [])
    assert world.outbox.delayed == []
    change = replace(world.change(call), tries=MOST_WAITS)
    (plan,) = gather_and_plan([change], world.context).plans
    assert [note.text for note in plan.notes] == [f"is left alone: {LeftAlone.UNLINKED}"]


@pytest.mark.rule("ACT-5")
def test_further_contacts_stay_in_hubspot_and_are_told():
    """Of two linked contacts the task names the first one. The other stays associated, and the
    plan says so.
    """
    world = a_world(calls=TWO_WAY)
    account = world.new_account()
    people = [
        world.new_salesforce_contact(account, f"{name}@example.com") for name in ("ada", "ben")
    ]
    world.sync(*people)
    first, second = (world.counterpart(one) for one in people)
    call = a_call(world, first, second)
    world.sync(call)

    assert tasks(world, "WhoId") == [{"WhoId": people[0].id}]
    change = world.change(call, Cause.AGAIN)
    (plan,) = gather_and_plan([change], world.context).plans
    assert [note.text for note in plan.notes] == [
        "1 more of its contacts show in HubSpot alone, as Salesforce names one"
    ]
    assert world.associations.of([call], "contact") == {call: (first, second)}
