"""Deletions of activities, tasks and events, in batches, against two CRMs in memory: what follows
them by the settings, and what never does.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.flows.kinds.activity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySync, Kept
from crmsync.model.links import LinkState
from crmsync.model.records import Ref, Side
from tests.flows.kinds.activities.activity_worlds import (
    TWO_WAY,
    a_call,
    a_linked_person,
    a_world,
    shown,
)
from tests.memory.world import MemoryWorld

DELETING = replace(TWO_WAY, delete_in_hubspot=True, delete_in_salesforce=True)


def a_pair(world: MemoryWorld, email: str = "ada@example.com") -> tuple[Ref, Ref]:
    """Make a call of a linked contact and its task."""
    contact, _ = a_linked_person(world, email=email)
    call = a_call(world, contact)
    world.sync(call)
    return call, world.counterpart(call)


def left(world: MemoryWorld) -> tuple[int, int]:
    """How many calls and tasks there are."""
    return len(world.hubspot.refs("call")), len(world.salesforce.refs("Task"))


def state(world: MemoryWorld, ref: Ref) -> LinkState:
    """The state of the link of a record."""
    return world.links.find("acme", [ref])[ref].state


@pytest.mark.rule("ACT-8")
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("settings", "follows"),
    [
        (TWO_WAY, ()),
        (replace(TWO_WAY, delete_in_hubspot=True), (Side.SALESFORCE,)),
        (replace(TWO_WAY, delete_in_salesforce=True), (Side.HUBSPOT,)),
        (DELETING, tuple(Side)),
    ],
    ids=["neither", "in_hubspot", "in_salesforce", "both"],
)
def test_a_deletion_crosses_by_the_setting_of_the_other_side(
    settings: ActivityKindSettings, follows: tuple[Side, ...], side: Side
):
    """With it the counterpart goes to the recycle bin, without it the counterpart stays; either way
    the pair ends, and a later edit brings nothing back.
    """
    world = a_world(calls=settings)
    call, task = a_pair(world)
    gone, other = (call, task) if side is Side.HUBSPOT else (task, call)

    world.crm(side).delete(gone)
    world.sync(gone, cause=Cause.DELETED)

    alive = world.crm(side.other).is_live(other)
    assert (alive, state(world, other)) == (side not in follows, LinkState.TOMBSTONE)
    world.wait()
    if alive:
        names = {Side.HUBSPOT: "hs_call_title", Side.SALESFORCE: "Subject"}
        world.crm(side.other).edit(other, {names[side.other]: "Later"})
    world.sync(other)
    world.drain()
    assert sum(left(world)) == int(alive)
    assert (world.outbox.delayed, world.inbox.parked("acme")) == ([], [])


@pytest.mark.rule("ACT-8")
@pytest.mark.parametrize("side", Side)
def test_a_deletion_found_by_an_edit_of_the_other_record_crosses_too(side: Side):
    """Nobody need have reported it."""
    world = a_world(calls=DELETING)
    call, task = a_pair(world)
    gone, other = (call, task) if side is Side.HUBSPOT else (task, call)
    world.crm(side).delete(gone)
    world.wait()
    world.crm(side.other).edit(
        other, {"Subject": "Later"} if other is task else {"hs_call_title": "Later"}
    )

    world.sync(other)

    assert left(world) == (0, 0)


@pytest.mark.rule("ACT-1")
@pytest.mark.rule("ACT-8")
def test_where_a_kind_goes_one_way_a_deletion_goes_that_way_alone():
    """A deleted call deletes its task; a deleted task leaves its call alone."""
    settings = ActivityKindSettings(
        ActivitySync.TO_SALESFORCE, delete_in_hubspot=True, delete_in_salesforce=True
    )
    world = a_world(calls=settings)
    first, second = a_pair(world), a_pair(world, "ben@example.com")
    world.hubspot.delete(first[0])
    world.salesforce.delete(second[1])

    world.sync(first[0], second[1], cause=Cause.DELETED)

    assert (world.hubspot.refs("call"), world.salesforce.refs("Task")) == ([second[0]], [])


@pytest.mark.rule("ACT-8")
def test_the_deletion_of_what_was_never_linked_deletes_nothing():
    """A deleted task that crmsync had left alone has no counterpart, and one whose pair has ended
    had one before.
    """
    world = a_world(calls=DELETING)
    call, _ = a_pair(world)
    stranger = world.salesforce.add("Task", {"Subject": "Private", "TaskSubtype": "Call"})
    world.sync(stranger)
    world.salesforce.delete(stranger)

    world.sync(stranger, cause=Cause.DELETED)
    world.drain()

    assert left(world) == (1, 1)
    assert world.hubspot.is_live(call)


@pytest.mark.rule("ACT-8")
def test_a_task_that_goes_with_its_lead_leaves_the_call():
    """Salesforce deletes the tasks of a deleted lead, which HubSpot does not do: the call stays, and
    the plan says why. Once the lead is back, the pair goes on.
    """
    world = a_world(calls=DELETING)
    call, task = a_pair(world)
    (lead,) = world.salesforce.refs("Lead")
    world.salesforce.delete(lead)
    (plan,) = gather_and_plan([world.change(task, Cause.DELETED)], world.context).plans
    assert [note.text for note in plan.notes] == [f"is kept: {Kept.WITH_RECORD}"]

    world.sync(task, cause=Cause.DELETED)
    assert left(world) == (1, 0)

    world.wait()
    world.salesforce.restore(lead)
    world.salesforce.edit(task, {"Subject": "Back"})
    world.sync(lead, task)
    assert shown(world, call, "hs_call_title") == {"hs_call_title": "Back"}
    assert state(world, task) is LinkState.ACTIVE


@pytest.mark.rule("ACT-8")
def test_a_task_that_goes_with_its_lead_leaves_the_call_also_after_the_leads_link_has_ended():
    """The link of the lead may have become a tombstone before its tasks are read."""
    world = a_world(calls=DELETING)
    _, task = a_pair(world)
    (lead,) = world.salesforce.refs("Lead")
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)

    world.sync(task, cause=Cause.DELETED)

    assert left(world) == (1, 0)


@pytest.mark.rule("ACT-8")
def test_a_task_that_is_in_no_recycle_bin_leaves_the_call():
    """Whether it was purged or is hidden from the integration user, nobody can tell: an org that
    hides its tasks does not empty HubSpot.
    """
    world = a_world(calls=DELETING)
    call, task = a_pair(world)
    world.salesforce.purge(task)
    change = world.change(call, Cause.AGAIN)
    (plan,) = gather_and_plan([change], world.context).plans
    assert [note.text for note in plan.notes] == [f"is kept: {Kept.UNSEEN}"]

    world.sync(call, cause=Cause.AGAIN)

    assert left(world) == (1, 0)


@pytest.mark.rule("ACT-8")
@pytest.mark.rule("Q-30")
@pytest.mark.parametrize("side", Side)
def test_deletions_beyond_the_limit_wait_for_the_operator(side: Side):
    """With a limit of one, the second deletion of an hour is held back and reported, whatever
    reports it again. Released it crosses, dropped the record stays.
    """
    world = a_world(calls=DELETING)
    world.activities = replace(world.activities, max_deletes_per_hour=1)
    pairs = [a_pair(world, f"{name}@example.com") for name in ("ada", "ben", "cy")]
    gone = [call if side is Side.HUBSPOT else task for call, task in pairs]
    others = [task if side is Side.HUBSPOT else call for call, task in pairs]
    for one in gone:
        world.crm(side).delete(one)

    world.sync(*gone, cause=Cause.DELETED)
    world.sync(*gone, cause=Cause.DELETED)

    crm = world.crm(side.other)
    held = [one for one in others if crm.is_live(one)]
    assert len(held) == 2
    entries = world.inbox.parked("acme")
    assert {entry.ref for entry in entries} == set(held)
    assert {entry.text for entry in entries} == {
        f"was deleted in {side.label} together with more records than max_deletes_per_hour allows"
    }
    world.sync(held[0], cause=Cause.RELEASED)
    world.sync(held[1], cause=Cause.DROPPED)
    assert [crm.is_live(one) for one in held] == [False, True]


@pytest.mark.rule("ACT-8")
@pytest.mark.parametrize("side", Side)
def test_a_restored_record_gets_its_counterpart_again(side: Side):
    """What crmsync deleted because of it is made once more, and the two are in step."""
    world = a_world(calls=DELETING)
    call, task = a_pair(world)
    gone = call if side is Side.HUBSPOT else task
    world.crm(side).delete(gone)
    world.sync(gone, cause=Cause.DELETED)
    assert left(world) == (0, 0)

    world.wait()
    world.crm(side).restore(gone)
    if side is Side.HUBSPOT:
        world.sync(gone)
        assert left(world) == (1, 0), "it is about nobody until its associations are back"
        world.associations.add_association(call, world.hubspot.refs("contact")[0])
    world.sync(gone)
    world.drain()

    assert left(world) == (1, 1)
    again = world.counterpart(gone)
    assert again not in {call, task}
    world.wait()
    world.crm(side).edit(
        gone, {"Subject": "Later"} if side is Side.SALESFORCE else {"hs_call_title": "Later"}
    )
    world.sync(gone)
    (made,), (theirs,) = world.hubspot.refs("call"), world.salesforce.refs("Task")
    assert shown(world, made, "hs_call_title") == {"hs_call_title": "Later"}
    assert shown(world, theirs, "Subject", "WhoId") == {
        "Subject": "Later",
        "WhoId": world.salesforce.refs("Lead")[0].id,
    }


@pytest.mark.rule("ACT-7")
@pytest.mark.parametrize("side", Side)
def test_without_the_setting_a_restored_record_is_in_step_again(side: Side):
    """Its counterpart has stayed, so the pair goes on."""
    world = a_world(calls=TWO_WAY)
    call, task = a_pair(world)
    gone = call if side is Side.HUBSPOT else task
    world.crm(side).delete(gone)
    world.sync(gone, cause=Cause.DELETED)
    world.wait()
    world.crm(side).restore(gone)
    world.salesforce.edit(task, {"Subject": "Back"})

    world.sync(task)

    assert shown(world, call, "hs_call_title") == {"hs_call_title": "Back"}
    assert left(world) == (1, 1)


@pytest.mark.rule("ACT-8")
def test_only_deletions_cost_calls():
    """Without one, nothing is read besides what any batch reads."""
    world = a_world(calls=DELETING)
    call, task = a_pair(world)
    world.wait()
    world.hubspot.edit(call, {"hs_call_title": "Later"})
    world.sync(call)
    assert world.salesforce.calls["in_bin"] == 0

    before = world.salesforce.calls["read"]
    world.salesforce.delete(task)
    world.sync(task, cause=Cause.DELETED)
    assert world.salesforce.calls["in_bin"] == 1
    assert world.salesforce.calls["read"] - before <= 4
