"""Worlds in memory with an inclusion list and contacts who were linked before there was one, and what
people do to whom an activity is about.
"""

from __future__ import annotations

from crmsync.flows.intake.sweep import sweep_list
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings
from crmsync.model.records import Ref, Side
from crmsync.model.settings import OutsideInclusionList
from tests.flows.kinds.activities.activity_worlds import TWO_WAY, shown
from tests.memory.world import MemoryWorld

TITLES = {Side.HUBSPOT: "hs_call_title", Side.SALESFORCE: "Subject"}
"""The field that shows what a call or its task is called."""


def listed(
    outside: str = "freeze", calls: ActivityKindSettings = TWO_WAY, *, several: bool = False
) -> MemoryWorld:
    """Build a world with an inclusion list that nobody is in."""
    world = MemoryWorld(activities=ActivitySettings(calls=calls, several_contacts=several))
    world.lists.make("77")
    world.settings = {
        "inclusion_list": "77",
        "outside_inclusion_list": OutsideInclusionList(outside),
    }
    return world


def a_person(world: MemoryWorld, name: str = "ada", *, is_in: bool = False) -> tuple[Ref, Ref]:
    """A contact and its Salesforce contact, linked before there was a list."""
    settings, world.settings = world.settings, {}
    person = world.new_salesforce_contact(world.new_account(), f"{name}@example.com")
    world.sync(person)
    world.settings = settings
    contact = world.counterpart(person)
    if is_in:
        world.lists.add_to_list("77", contact)
    return contact, person


def join(world: MemoryWorld, *contacts: Ref) -> None:
    """They join the list, and the sweep finds them; nothing else has news."""
    for contact in contacts:
        world.lists.add_to_list("77", contact)
    sweep_list(world.context.connection, world.lists, world.cursors, world.outbox, world.now)
    world.drain()


def contacts_of(world: MemoryWorld, call: Ref) -> set[Ref]:
    """The contacts of a call."""
    return set(world.associations.of([call], "contact").get(call, ()))


def people_of(world: MemoryWorld, pair: tuple[Ref, Ref]) -> dict[Side, set[Ref]]:
    """The contacts that a call and its task list."""
    call, task = pair
    ids = str(shown(world, task, "TaskWhoIds")["TaskWhoIds"] or "").split(";")
    there = {Ref(Side.SALESFORCE, "Contact", one) for one in ids if one}
    return {Side.HUBSPOT: contacts_of(world, call), Side.SALESFORCE: there}


def look(world: MemoryWorld, *refs: Ref) -> None:
    """Sync what was edited some minutes ago, until nothing waits."""
    world.wait()
    world.sync(*refs, cause=Cause.AGAIN)
    world.drain()


def list_on(world: MemoryWorld, side: Side, pair: tuple[Ref, Ref], *people: Ref) -> None:
    """Somebody has a call, or its task, be about these people."""
    call, task = pair
    if side is Side.SALESFORCE:
        world.salesforce.edit(task, {"TaskWhoIds": ";".join(sorted(one.id for one in people))})
        return
    shown = contacts_of(world, call)
    for one in shown - set(people):
        world.associations.remove_association(call, one)
    for one in set(people) - shown:
        world.associations.add_association(call, one)
