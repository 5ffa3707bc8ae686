"""Activities with several contacts, in an org that shares activities: whom they are about is in step
both ways, and who is known on one side alone stays there.
"""

from __future__ import annotations

import pytest

from crmsync.flows.kinds.activity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import MOST_CONTACTS, ActivityKindSettings, ActivitySettings
from crmsync.model.records import Ref
from tests.flows.kinds.activities.activity_worlds import (
    TO_SALESFORCE,
    TWO_WAY,
    a_call,
    a_linked_person,
    shown,
)
from tests.memory.world import MemoryWorld

pytestmark = pytest.mark.rule("ACT-5")


def a_world(calls: ActivityKindSettings = TWO_WAY) -> MemoryWorld:
    """Build a world in which calls sync and tasks have several contacts."""
    return MemoryWorld(activities=ActivitySettings(calls=calls, several_contacts=True))


def people_of(world: MemoryWorld, *names: str) -> dict[Ref, Ref]:
    """Make Salesforce contacts and their HubSpot contacts, oldest first: theirs by ours."""
    account = world.new_account()
    made = [world.new_salesforce_contact(account, f"{name}@example.com") for name in names]
    world.sync(account, *made)
    pairs = {world.counterpart(one): one for one in made}
    return {ref: pairs[ref] for ref in sorted(pairs, key=lambda one: int(one.id))}


def listed(*contacts: Ref) -> str:
    """Return the ids as a task has them."""
    return ";".join(sorted(one.id for one in contacts))


def on_task(world: MemoryWorld, task: Ref) -> tuple[object, object]:
    """Return the task's own person and all its people."""
    fields = shown(world, task, "WhoId", "TaskWhoIds")
    people = fields["TaskWhoIds"]
    return fields["WhoId"], ";".join(sorted(str(people).split(";"))) if people else None


def of_call(world: MemoryWorld, call: Ref) -> set[Ref]:
    """Return the contacts of a call."""
    return set(world.associations.of([call], "contact").get(call, ()))


def look_again(world: MemoryWorld, *refs: Ref) -> int:
    """Look at records twice; return how much was written the second time."""
    world.sync(*refs, cause=Cause.AGAIN)
    before = world.writes()
    world.sync(*refs, cause=Cause.AGAIN)
    return world.writes() - before


def test_a_call_of_several_contacts_makes_a_task_of_all_of_them() -> None:
    """The oldest is the task's own; who is not linked stays in HubSpot, and nothing echoes."""
    world = a_world()
    (ada, adas), (ben, bens) = people_of(world, "ada", "ben").items()
    call = a_call(world, ada, ben, world.new_contact(email="nobody@example.com"))

    world.sync(call)

    task = world.counterpart(call)
    assert on_task(world, task) == (adas.id, listed(adas, bens))
    assert look_again(world, call, task) == 0
    assert on_task(world, task) == (adas.id, listed(adas, bens))


@pytest.mark.parametrize("calls", [TWO_WAY, TO_SALESFORCE])
def test_contacts_that_come_and_go_in_hubspot_follow(calls: ActivityKindSettings) -> None:
    """One is added, then the task's own is removed: the next one takes its place."""
    world = a_world(calls)
    (ada, adas), (ben, bens), (eve, eves) = people_of(world, "ada", "ben", "eve").items()
    call = a_call(world, ada, ben)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    world.associations.add_association(call, eve)
    quiet = look_again(world, call)
    grown = on_task(world, task)
    world.wait()
    world.associations.remove_association(call, ada)

    assert (quiet, grown) == (0, (adas.id, listed(adas, bens, eves)))
    assert look_again(world, call, task) == 0
    assert on_task(world, task) == (bens.id, listed(bens, eves))
    assert of_call(world, call) == {ben, eve}


def test_contacts_that_come_and_go_in_salesforce_follow() -> None:
    """One is added and one removed; another one as the task's own changes nothing in HubSpot."""
    world = a_world()
    (ada, adas), (ben, bens), (eve, eves) = people_of(world, "ada", "ben", "eve").items()
    call = a_call(world, ada, ben)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    world.salesforce.edit(task, {"WhoId": bens.id})
    quiet = look_again(world, task)
    kept = of_call(world, call)
    world.wait()
    world.salesforce.edit(task, {"TaskWhoIds": listed(bens, eves)})

    assert (quiet, kept) == (0, {ada, ben})
    assert look_again(world, task, call) == 0
    assert of_call(world, call) == {ben, eve}
    assert on_task(world, task) == (bens.id, listed(bens, eves))
    assert ada in world.hubspot.refs("contact")
    assert adas in world.salesforce.refs("Contact")


def test_a_task_of_several_contacts_makes_a_call_of_all_of_them() -> None:
    """Who has no counterpart stays in the task, and crosses once there is one."""
    world = a_world()
    (ada, adas), (ben, bens) = people_of(world, "ada", "ben").items()
    unknown = world.new_salesforce_contact(world.new_account(), "unknown@example.com")
    task = world.salesforce.add(
        "Task",
        {
            "Subject": "Talk",
            "TaskSubtype": "Call",
            "WhoId": adas.id,
            "TaskWhoIds": listed(adas, bens, unknown),
        },
    )

    world.sync(task)

    call = world.counterpart(task)
    assert look_again(world, task, call) == 0
    assert of_call(world, call) == {ada, ben}
    world.wait()
    world.associations.remove_association(call, ben)
    assert look_again(world, call, task) == 0
    assert on_task(world, task) == (adas.id, listed(adas, unknown))
    world.sync(unknown)
    assert look_again(world, task, call) == 0
    assert of_call(world, call) == {ada, world.counterpart(unknown)}


def test_a_lead_is_alone() -> None:
    """A call that moves to the contact of a lead leaves all contacts of the task."""
    world = a_world()
    (ada, _), (ben, _) = people_of(world, "ada", "ben").items()
    call = a_call(world, ada, ben)
    world.sync(call)
    task = world.counterpart(call)
    eve, eves_lead = a_linked_person(world, email="eve@example.com")

    world.wait()
    for one, is_added in ((ada, False), (ben, False), (eve, True)):
        change = world.associations.add_association if is_added else None
        (change or world.associations.remove_association)(call, one)

    assert look_again(world, call, task) == 0
    assert on_task(world, task) == (eves_lead.id, eves_lead.id)
    assert of_call(world, call) == {eve}


def test_the_first_sync_of_further_contacts_takes_none_away() -> None:
    """Where the two sides have never agreed on them, as the org shares activities since today, both
    get those of the other.
    """
    world = MemoryWorld(activities=ActivitySettings(calls=TWO_WAY))
    (ada, adas), (ben, bens), (eve, eves) = people_of(world, "ada", "ben", "eve").items()
    call = a_call(world, ada, ben)
    world.sync(call)
    task = world.counterpart(call)
    world.salesforce.edit(task, {"TaskWhoIds": listed(adas, eves)})
    world.activities = ActivitySettings(calls=TWO_WAY, several_contacts=True)

    world.wait()
    world.sync(task, call, cause=Cause.AGAIN)
    world.wait()

    assert look_again(world, task, call) == 0
    assert of_call(world, call) == {ada, ben, eve}
    assert on_task(world, task) == (adas.id, listed(adas, bens, eves))


def test_what_a_task_has_no_room_for_is_told() -> None:
    """Of 52 contacts the oldest 50 cross, and the plan says how many stay in HubSpot alone."""
    world = a_world()
    people = people_of(world, *(f"p{at}" for at in range(MOST_CONTACTS + 2)))
    call = a_call(world, *people)
    world.sync(call)
    task = world.counterpart(call)

    (plan,) = gather_and_plan([world.change(call, cause=Cause.AGAIN)], world.context).plans

    expected = list(people.values())[:MOST_CONTACTS]
    assert on_task(world, task) == (expected[0].id, listed(*expected))
    assert [note.text for note in plan.notes] == [
        "2 more of its contacts show in HubSpot alone, as Salesforce has room for 50 of them"
    ]
    assert look_again(world, call, task) == 0


def test_a_list_without_the_tasks_own_person_is_not_believed() -> None:
    """Where relations are not shown, nobody leaves the call."""
    world = a_world()
    (ada, _), (ben, _) = people_of(world, "ada", "ben").items()
    call = a_call(world, ada, ben)
    world.sync(call)
    task = world.counterpart(call)

    world.wait()
    world.salesforce.edit(task, {"TaskWhoIds": None})

    assert look_again(world, task, call) == 0
    assert of_call(world, call) == {ada, ben}
