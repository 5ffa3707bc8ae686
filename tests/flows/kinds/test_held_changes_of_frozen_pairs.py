"""A change that a limit holds back, of a pair that does not sync at the time: nothing can cross, so
the operator has nothing to decide until the pair syncs again (INC-7, OPP-23, Q-30).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.records import Ref
from crmsync.model.settings import DealSettings, OutsideInclusionList
from tests.flows.kinds.deals.test_ties_outside_the_list import join
from tests.memory.world import MemoryWorld

pytestmark = pytest.mark.rule("Q-30")


def held_back(outside: OutsideInclusionList) -> tuple[MemoryWorld, Ref, Ref]:
    """A world with a list, and a contact that has left it while its new phone number waits."""
    world = MemoryWorld()
    world.lists.make("77")
    first, second = (
        world.new_contact(email=f"p{number}@example.com", lastname="Lang", phone="0100")
        for number in range(2)
    )
    for one in (first, second):
        world.lists.add_to_list("77", one)
    world.settings = {
        "inclusion_list": "77",
        "outside_inclusion_list": outside,
        "max_changes_per_hour": 1,
    }
    world.sync(first, second)
    world.wait()
    for one in (first, second):
        world.hubspot.edit(one, {"phone": "0200"})
    world.sync(first, second)
    assert told(world) == [(second, Category.BRAKE)]
    world.lists.remove_from_list("77", second)
    return world, second, world.counterpart(second)


def told(world: MemoryWorld) -> list[tuple[Ref, Category]]:
    """What is in the error inbox."""
    return [(one.ref, one.category) for one in world.inbox.parked("acme")]


@pytest.mark.rule("INC-7")
@pytest.mark.parametrize("cause", [Cause.RELEASED, Cause.DROPPED])
@pytest.mark.parametrize("outside", [OutsideInclusionList.FREEZE, OutsideInclusionList.IGNORE])
def test_what_is_decided_about_a_frozen_pair_is_asked_again_once_it_syncs(
    cause: Cause, outside: OutsideInclusionList
) -> None:
    """A decision that arrives while the contact is outside the list changes neither side nor the
    link. The report ends, and comes back when the contact joins.
    """
    world, contact, lead = held_back(outside)
    (before,) = world.links.find("acme", [contact]).values()

    world.sync(contact, cause=cause)

    assert list(world.links.find("acme", [contact]).values()) == [before]
    assert (told(world), world.salesforce.fields(lead)["Phone"]) == ([], "0100")
    join(world, contact)
    assert told(world) == [(contact, Category.BRAKE)]
    assert world.salesforce.fields(lead)["Phone"] == "0100"
    world.sync(contact, cause=Cause.RELEASED)
    assert (told(world), world.salesforce.fields(lead)["Phone"]) == ([], "0200")


@pytest.mark.rule("OPP-23")
@pytest.mark.parametrize("cause", [Cause.RELEASED, Cause.DROPPED])
def test_what_is_decided_about_a_deal_whose_pipeline_does_not_sync_is_asked_again(
    cause: Cause,
) -> None:
    """A decision that arrives while the settings leave its pipeline out changes neither side nor
    the link. The report ends, and comes back when the pipeline syncs again.
    """
    limited = DealSettings(max_changes_per_hour=1)
    world = MemoryWorld(deal_settings=limited)
    deals = [world.new_deal(dealname=f"Deal {number}", amount="10") for number in range(2)]
    world.sync(*deals)
    world.wait()
    for one in deals:
        world.hubspot.edit(one, {"amount": "20"})
    world.sync(*deals)
    (_, deal), opportunity = deals, world.counterpart(deals[1])
    assert told(world) == [(deal, Category.BRAKE)]
    (before,) = world.links.find("acme", [deal]).values()
    world.deal_settings = replace(limited, pipelines=("Named elsewhere",))

    world.sync(deal, cause=cause)

    assert list(world.links.find("acme", [deal]).values()) == [before]
    assert (told(world), world.salesforce.fields(opportunity)["Amount"]) == ([], 10)
    world.deal_settings = limited
    world.sync(deal)
    assert told(world) == [(deal, Category.BRAKE)]
    assert world.salesforce.fields(opportunity)["Amount"] == 10
    world.sync(deal, cause=Cause.RELEASED)
    assert (told(world), world.salesforce.fields(opportunity)["Amount"]) == ([], 20)
