"""Tasks about somebody or something without a counterpart in HubSpot: they stay as they are until
HubSpot has news, and cross once there is a counterpart.
"""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.kinds.activity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.records import Ref
from tests.flows.kinds.activities.activity_worlds import (
    TWO_WAY,
    a_call,
    a_linked_person,
    a_world,
    shown,
)
from tests.memory.world import MemoryWorld

pytestmark = pytest.mark.rule("ACT-5")


def look_again(world: MemoryWorld, *refs: Ref) -> int:
    """Look at records twice; return how much was written the second time."""
    world.sync(*refs, cause=Cause.AGAIN)
    before = world.writes()
    world.sync(*refs)
    return world.writes() - before


def test_a_call_whose_contact_was_deleted_moves_to_another() -> None:
    """The task stays with the lead while nobody has the call, and moves once somebody has."""
    world = a_world(calls=TWO_WAY)
    ada, adas_lead = a_linked_person(world)
    ben, bens_lead = a_linked_person(world, email="ben@example.com")
    call = a_call(world, ada)
    world.sync(call)
    task = world.counterpart(call)

    world.hubspot.delete(ada)
    world.sync(ada, cause=Cause.DELETED)
    quiet = look_again(world, call, task)
    kept = shown(world, task, "WhoId")
    world.wait()
    world.associations.add_association(call, ben)

    assert (quiet, kept) == (0, {"WhoId": adas_lead.id})
    assert look_again(world, call, task) == 0
    assert shown(world, task, "WhoId") == {"WhoId": bens_lead.id}


def test_a_task_about_somebody_unknown_keeps_it_until_the_call_moves() -> None:
    """What a person chose in Salesforce is not taken back, and HubSpot keeps its own; a move in
    HubSpot counts, however often other fields have crossed meanwhile.
    """
    world = a_world(calls=TWO_WAY)
    ada, _ = a_linked_person(world)
    ben, bens_lead = a_linked_person(world, email="ben@example.com")
    unknown = world.new_lead(Email="unknown@example.com")
    call = a_call(world, ada)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    world.salesforce.edit(task, {"WhoId": unknown.id, "Subject": "Later"})
    quiet = look_again(world, task, call)
    kept = shown(world, task, "WhoId"), shown(world, call, "hs_call_title")
    of_call = world.associations.of([call], "contact")
    world.wait()
    world.associations.remove_association(call, ada)
    world.associations.add_association(call, ben)
    world.salesforce.edit(task, {"Subject": "Later still"})

    assert (quiet, kept) == (0, ({"WhoId": unknown.id}, {"hs_call_title": "Later"}))
    assert of_call == {call: (ada,)}
    assert look_again(world, call, task) == 0
    assert shown(world, task, "WhoId", "Subject") == {
        "WhoId": bens_lead.id,
        "Subject": "Later still",
    }


def test_somebody_unknown_crosses_once_there_is_a_counterpart() -> None:
    """The call is then about the contact that was made of the lead, and no longer about the one
    before.
    """
    world = a_world(calls=TWO_WAY)
    ada, _ = a_linked_person(world)
    unknown = world.new_lead(Email="unknown@example.com")
    call = a_call(world, ada)
    world.sync(call)
    task = world.counterpart(call)
    world.wait()
    world.salesforce.edit(task, {"WhoId": unknown.id})
    world.sync(task)

    world.sync(unknown)

    assert look_again(world, task, call) == 0
    assert shown(world, task, "WhoId") == {"WhoId": unknown.id}
    assert world.associations.of([call], "contact") == {call: (world.counterpart(unknown),)}


def test_nothing_unknown_stays_beside_a_lead() -> None:
    """Salesforce refuses a record beside a lead, so the record goes where the call moves to the
    contact of one.
    """
    world = a_world(calls=TWO_WAY)
    account = world.new_account()
    person = world.new_salesforce_contact(account)
    world.sync(account, person)
    ben, bens_lead = a_linked_person(world, email="ben@example.com")
    ada = world.counterpart(person)
    call = a_call(world, ada)
    world.sync(call)
    task = world.counterpart(call)
    unknown = world.new_opportunity(AccountId=account.id)
    world.wait()
    world.salesforce.edit(task, {"WhatId": unknown.id})
    world.sync(task)

    world.wait()
    world.associations.remove_association(call, ada)
    world.associations.add_association(call, ben)

    assert look_again(world, call, task) == 0
    assert shown(world, task, "WhoId", "WhatId") == {"WhoId": bens_lead.id, "WhatId": None}


def test_nothing_is_written_beside_an_unknown_lead() -> None:
    """Salesforce takes no record beside a lead: that of the call stays in HubSpot, as the plan
    says, and crosses once the call moves.
    """
    world = a_world(calls=TWO_WAY)
    account = world.new_account()
    people = [world.new_salesforce_contact(account, f"{name}@example.com") for name in "ab"]
    world.sync(account, *people)
    company, ada, ben = (world.counterpart(one) for one in (account, *people))
    call = a_call(world, ada)
    world.sync(call)
    task = world.counterpart(call)
    unknown = world.new_lead(Email="unknown@example.com")
    world.wait()
    world.salesforce.edit(task, {"WhoId": unknown.id})
    world.sync(task)

    world.wait()
    world.associations.add_association(call, company)
    (plan,) = gather_and_plan([world.change(call, Cause.AGAIN)], world.context).plans
    quiet = look_again(world, call, task)
    beside = shown(world, task, "WhoId", "WhatId"), world.associations.of([call], "company")
    world.wait()
    world.associations.remove_association(call, ada)
    world.associations.add_association(call, ben)

    assert plan.effects == ()
    assert [note.text for note in plan.notes] == [
        "what else it is about shows in HubSpot alone, as Salesforce takes nothing beside a lead"
    ]
    assert (quiet, beside) == (0, ({"WhoId": unknown.id, "WhatId": None}, {call: (company,)}))
    assert look_again(world, call, task) == 0
    assert shown(world, task, "WhoId", "WhatId") == {"WhoId": people[1].id, "WhatId": account.id}
    assert list(world.inbox.parked("acme")) == []


def test_a_task_about_a_lead_that_was_converted_before_moves_to_the_contact() -> None:
    """It was made by a worker that had not read the conversion and died before it saved the link;
    nobody can have chosen that lead.
    """
    world = a_world(calls=TWO_WAY)
    ada, adas_lead = a_linked_person(world)
    call = a_call(world, ada)
    contact = world.salesforce.convert(adas_lead)
    save = world.links.save
    world.links.save = lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(call)
    world.links.save = save
    made = shown(world, (task := world.salesforce.refs("Task")[0]), "WhoId")

    world.sync(contact, ada)
    world.wait(12)
    quiet = look_again(world, call, task)

    assert made == {"WhoId": adas_lead.id}
    assert (quiet, world.counterpart(call)) == (0, task)
    assert shown(world, task, "WhoId") == {"WhoId": contact.id}
    assert world.associations.of([call], "contact") == {call: (ada,)}


def test_an_activity_whose_worker_died_before_it_was_associated_is_about_the_same() -> None:
    """The call was made and is about nobody yet; its task is edited before the two are linked."""
    world = a_world(calls=TWO_WAY)
    ada, adas_lead = a_linked_person(world)
    task = world.salesforce.add(
        "Task",
        {"Subject": "Offer", "WhoId": adas_lead.id, "TaskSubtype": "Call", "Status": "Completed"},
    )
    save = world.links.save
    world.links.save = lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(task)
    world.links.save = save
    (call,) = world.hubspot.refs("call")
    before = world.associations.of([call], "contact")

    world.wait()
    world.salesforce.edit(task, {"Subject": "Offer, again"})
    world.wait(12)

    assert before == {}
    assert look_again(world, call, task) == 0
    assert shown(world, call, "hs_call_title") == {"hs_call_title": "Offer, again"}
    assert world.associations.of([call], "contact") == {call: (ada,)}
