"""A record that waits for an address of a pair outside the inclusion list syncs as soon as that pair
no longer has it, although nothing is noted of the pair (CH-13, INC-7).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.records import Ref, Side
from crmsync.model.settings import OutsideInclusionList
from tests.flows.kinds.deals.test_ties_outside_the_list import join
from tests.memory.world import MemoryWorld

ANOTHER = "ada.two@example.com"
NEW = {Side.HUBSPOT: {"email": ANOTHER}, Side.SALESFORCE: {"Email": ANOTHER}}
BACK = {Side.HUBSPOT: {"email": "ada@example.com"}, Side.SALESFORCE: {"Email": "ada@example.com"}}


def frozen_pair(outside: str = "freeze") -> tuple[MemoryWorld, dict[Side, Ref]]:
    """A world with a list that nobody is in, and a pair that was linked before there was one."""
    world = MemoryWorld()
    world.lists.make("77")
    lead = world.new_lead()
    sync(world, lead)
    world.settings = {
        "inclusion_list": "77",
        "outside_inclusion_list": OutsideInclusionList(outside),
    }
    return world, {Side.SALESFORCE: lead, Side.HUBSPOT: world.counterpart(lead)}


def sync(world: MemoryWorld, ref: Ref) -> None:
    """A webhook or poll has a record synced, and the queue is worked off."""
    world.wait()
    world.sync(ref)
    world.drain()


def edit(world: MemoryWorld, ref: Ref, fields: dict[str, str]) -> None:
    """A person edits a record."""
    world.wait()
    world.crm(ref.side).edit(ref, fields)
    sync(world, ref)


def told(world: MemoryWorld) -> list[tuple[Ref, Category]]:
    """What is in the error inbox."""
    return [(one.ref, one.category) for one in world.inbox.parked("acme")]


def a_second_record(world: MemoryWorld, side: Side, address: str) -> Ref:
    """Another record of `side`, with an address that the pair's record of the other side has. One
    of HubSpot is in the list.
    """
    if side is Side.SALESFORCE:
        second = world.new_lead(Email=address)
    else:
        second = world.new_contact(email=address)
        world.lists.add_to_list("77", second)
    sync(world, second)
    assert told(world) == [(second, Category.DUPLICATES)]
    return second


def a_second_lead(world: MemoryWorld) -> Ref:
    """A lead with the address of the pair outside."""
    return a_second_record(world, Side.SALESFORCE, "ada@example.com")


@pytest.mark.rule("CH-13")
@pytest.mark.rule("INC-6")
@pytest.mark.parametrize("outside", ["freeze", "ignore"])
def test_a_second_lead_goes_on_when_the_contact_outside_gets_another_address(outside: str) -> None:
    """It gets a contact of its own, or none where the settings ignore it; nothing stays reported."""
    world, pair = frozen_pair(outside)
    second = a_second_lead(world)

    edit(world, pair[Side.HUBSPOT], NEW[Side.HUBSPOT])

    linked = {one.salesforce for one in world.links.all}
    assert told(world) == []
    assert linked == {pair[Side.SALESFORCE], *([second] if outside == "freeze" else [])}


@pytest.mark.rule("CH-13")
@pytest.mark.rule("INC-7")
def test_a_second_contact_goes_on_when_the_lead_of_a_pair_outside_gets_another_address() -> None:
    """A contact in the list has the address that a lead outside kept; it gets a lead of its own."""
    world, pair = frozen_pair()
    edit(world, pair[Side.HUBSPOT], NEW[Side.HUBSPOT])
    second = a_second_record(world, Side.HUBSPOT, "ada@example.com")

    edit(world, pair[Side.SALESFORCE], {"Email": "ada.three@example.com"})

    assert told(world) == []
    assert {one.hubspot for one in world.links.all} == {pair[Side.HUBSPOT], second}


@pytest.mark.rule("CH-13")
@pytest.mark.rule("INC-7")
@pytest.mark.parametrize("side", list(Side))
def test_an_address_that_comes_back_frees_the_one_in_between(side: Side) -> None:
    """The record then shows what was agreed on, which is no news; the one that waits goes on."""
    world, pair = frozen_pair()
    edit(world, pair[side], NEW[side])
    second = a_second_record(world, side.other, ANOTHER)

    edit(world, pair[side], BACK[side])

    assert told(world) == []
    assert second in {one.on(second.side) for one in world.links.all}


def a_member(world: MemoryWorld) -> Ref:
    """A contact in the list that waits for the address of the pair outside."""
    member = world.new_contact(email=ANOTHER)
    join(world, member)
    edit(world, world.counterpart(member), BACK[Side.SALESFORCE])
    assert told(world) == [(member, Category.DUPLICATES)]
    return member


@pytest.mark.rule("DUP-24")
@pytest.mark.rule("INC-7")
def test_a_member_gets_the_address_that_a_contact_outside_gives_up() -> None:
    """Until then the member waits for it, as HubSpot allows each address once."""
    world, pair = frozen_pair()
    member = a_member(world)

    edit(world, pair[Side.HUBSPOT], {"email": "ada.three@example.com"})

    assert (told(world), world.hubspot.fields(member)["email"]) == ([], "ada@example.com")


@pytest.mark.rule("CH-13")
@pytest.mark.rule("INC-7")
@pytest.mark.parametrize("cause", [Cause.EDITED, Cause.WOKEN, Cause.COMPARED, Cause.RESYNC])
@pytest.mark.parametrize("make", [a_second_lead, a_member])
def test_what_still_has_to_wait_comes_to_rest(
    make: Callable[[MemoryWorld], Ref], cause: Cause
) -> None:
    """A look at the contact outside, which has the address still, ends and writes nothing; each of
    the two has the other one looked at once at most.
    """
    world, pair = frozen_pair()
    waiting = make(world)
    edit(world, pair[Side.HUBSPOT], {"jobtitle": "Baker"})
    before = world.writes()

    world.sync(pair[Side.HUBSPOT], cause=cause)
    world.drain()

    assert (world.outbox.published, world.outbox.delayed) == ([], [])
    assert (world.writes(), told(world)) == (before, [(waiting, Category.DUPLICATES)])


@pytest.mark.rule("INC-7")
def test_a_pair_outside_that_nobody_waits_for_costs_no_call() -> None:
    """A look at a contact outside that shows nothing new ends once it was read."""
    world, pair = frozen_pair()
    world.salesforce.calls.clear()
    sync(world, pair[Side.HUBSPOT])

    assert sum(world.salesforce.calls.values()) == 0
