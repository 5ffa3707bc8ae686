"""A lead or contact that the settings leave without a HubSpot contact is reported as soon as a contact
of its address is linked with another one, whichever of these is read first (CH-13, CH-17, SET-1).
"""

from __future__ import annotations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.effects import Report
from crmsync.model.records import Ref
from crmsync.model.settings import CreateInHubspot, OutsideInclusionList
from crmsync.rules.pair.reports import duplicate_of_linked
from tests.flows.kinds.deals.test_ties_outside_the_list import join
from tests.memory.world import MemoryWorld

FURTHER = "eva@example.com"
IGNORED = {"inclusion_list": "77", "outside_inclusion_list": OutsideInclusionList.IGNORE}


def left_alone(settings: dict[str, object], **fields: str) -> tuple[MemoryWorld, Ref]:
    """A world with these settings, and a lead that was read there and left alone since."""
    world = MemoryWorld()
    world.lists.make("77")
    world.settings = dict(settings)
    lead = world.new_lead(**fields)
    sync(world, lead)
    assert (world.links.all, reported(world)) == ([], [])
    return world, lead


def sync(world: MemoryWorld, *refs: Ref, cause: Cause = Cause.EDITED) -> None:
    """Records are read in this order, in one batch, and the queue is worked off."""
    world.wait(10)
    world.sync(*refs, cause=cause)
    world.drain()


def a_member(world: MemoryWorld, **fields: str) -> Ref:
    """A contact in the list that nothing has read since it joined."""
    contact = world.new_contact(**fields)
    world.lists.add_to_list("77", contact)
    return contact


def reported(world: MemoryWorld) -> list[Report]:
    """What is in the error inbox."""
    return world.inbox.parked("acme")


@pytest.mark.rule("CH-13")
@pytest.mark.rule("CH-17")
@pytest.mark.parametrize("settings", [IGNORED, {"create_in_hubspot": CreateInHubspot.NEVER}])
def test_a_lead_is_reported_when_a_new_one_is_linked_before_the_contact_is_read(
    settings: dict[str, object],
) -> None:
    """A person makes a lead, and nothing has read the contact of its address yet."""
    world, lead = left_alone(settings)
    contact = a_member(world)
    world.wait(10)
    new = world.new_lead()
    world.sync(new, contact)
    world.drain()

    assert world.counterpart(contact) == new
    assert reported(world) == [duplicate_of_linked(lead, [contact])]


@pytest.mark.rule("CH-13")
@pytest.mark.rule("SET-1")
@pytest.mark.parametrize("cause", [Cause.EDITED, Cause.RESYNC])
def test_a_contact_that_makes_none_is_reported_when_a_lead_of_its_address_makes_one(
    cause: Cause,
) -> None:
    """Also where both are imported: Salesforce's contacts are listed before its leads."""
    world = MemoryWorld(settings={"create_in_hubspot": CreateInHubspot.LEADS_ONLY})
    person = world.new_salesforce_contact(None)
    sync(world, person, cause=cause)
    lead = world.new_lead()
    before = reported(world)
    world.sync(lead, cause=cause)
    world.drain()

    contact = world.counterpart(lead)
    assert (before, reported(world)) == ([], [duplicate_of_linked(person, [contact])])


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("has_lead", [True, False])
def test_a_lead_with_an_additional_address_of_a_contact_that_joins_the_list_is_reported(
    *, has_lead: bool
) -> None:
    """Whether the contact is linked with a lead of its first address or gets a new one."""
    world, lead = left_alone(IGNORED, Email=FURTHER)
    if has_lead:
        sync(world, world.new_lead())
    contact = world.new_contact(hs_additional_emails=FURTHER)
    sync(world, contact)
    join(world, contact)

    assert reported(world) == [duplicate_of_linked(lead, [contact])]


@pytest.mark.rule("CH-13")
def test_a_lead_is_reported_when_a_new_one_has_another_address_of_its_contact() -> None:
    """The contact is found by an additional address. It keeps its first one, as it is newer."""
    world, lead = left_alone(IGNORED)
    new = world.new_lead(Email=FURTHER)
    world.wait()
    contact = a_member(world, hs_additional_emails=FURTHER)
    world.sync(new, contact)
    world.drain()

    assert world.counterpart(contact) == new
    assert reported(world) == [duplicate_of_linked(lead, [contact])]


@pytest.mark.rule("CH-13")
@pytest.mark.rule("MRG-3")
def test_a_lead_is_reported_when_its_contact_is_merged_into_one_in_the_list() -> None:
    """The survivor has the address of both contacts."""
    world, lead = left_alone(IGNORED, Email=FURTHER)
    member = a_member(world)
    sync(world, member)
    outside = world.new_contact(email=FURTHER)
    sync(world, outside)
    before = reported(world)
    survivor = world.hubspot.merge(member, outside)
    sync(world, survivor)

    assert (before, reported(world)) == ([], [duplicate_of_linked(lead, [survivor])])


@pytest.mark.rule("CH-13")
def test_where_every_record_makes_a_contact_nobody_is_searched_for_beside_a_new_one() -> None:
    """Under the default settings an older record has a contact, or is reported already."""
    world = MemoryWorld()
    contact, lead = world.new_contact(), world.new_lead()
    world.sync(lead)

    assert (world.counterpart(lead), world.salesforce.calls["find"]) == (contact, 0)
