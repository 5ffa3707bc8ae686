"""A lead is converted and merged, in either order, before anything has read either."""

from __future__ import annotations

import pytest

from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref
from tests.memory.world import MemoryWorld

BATCHES = (("lead", "became"), ("became", "lead"), ("lead became",), ("became lead",))
"""The lead of a pair, and what it or its winner became: read one after the other, or in one batch."""


def a_pair(world: MemoryWorld) -> tuple[Ref, Ref]:
    """The HubSpot contact and the lead of a pair."""
    contact = world.new_contact(email="ada@example.com")
    world.sync(contact)
    world.drain()
    return contact, world.counterpart(contact)


def ends(world: MemoryWorld) -> set[tuple[Ref, Ref, LinkState, bool]]:
    """Each link of contacts: its two records, its state, and whether it says that one of them was
    merged.
    """
    return {
        (one.hubspot, one.salesforce, one.state, one.is_merged)
        for one in world.links.all
        if one.kind is Kind.CONTACT
    }


def deliver(world: MemoryWorld, batches: tuple[str, ...], **refs: Ref) -> None:
    """Sync the records that are named, batch by batch, and what waits for that."""
    world.wait(5)
    for batch in batches:
        world.sync(*(refs[name] for name in batch.split()))
        world.drain()


@pytest.mark.rule("DUP-26")
@pytest.mark.rule("MRG-1")
@pytest.mark.parametrize("batches", BATCHES)
def test_the_pair_goes_on_with_the_contact_that_its_converted_lead_was_merged_into(
    batches: tuple[str, ...],
):
    """Also if the contact that the lead became is reported in the same batch."""
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    contact, lead = a_pair(world)
    became = world.salesforce.convert(lead)
    winner = world.new_salesforce_contact(None, email="eva@example.com")
    world.salesforce.merge(winner, became)

    deliver(world, batches, lead=lead, became=became)

    assert ends(world) == {(contact, winner, LinkState.ACTIVE, False)}


@pytest.mark.rule("DUP-26")
@pytest.mark.rule("MRG-1")
@pytest.mark.parametrize("batches", BATCHES)
def test_the_pair_goes_on_with_what_the_lead_became_that_its_own_was_merged_into(
    batches: tuple[str, ...],
):
    """Also if that lead, the winner of the merge, is reported in the same batch."""
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    contact, lead = a_pair(world)
    winner = world.new_lead(Email="eva@example.com")
    world.salesforce.merge(winner, lead)
    became = world.salesforce.convert(winner)

    deliver(world, batches, lead=lead, became=winner)

    assert ends(world) == {(contact, became, LinkState.ACTIVE, False)}


@pytest.mark.rule("MRG-2")
@pytest.mark.parametrize("batches", BATCHES)
def test_a_contact_stays_whose_converted_lead_was_merged_into_another_pair(
    batches: tuple[str, ...],
):
    """Its link says that it ended with a merge, and not with a deletion, which would cross."""
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    contact, lead = a_pair(world)
    winner = world.new_salesforce_contact(None, email="eva@example.com")
    world.sync(winner)
    other = world.counterpart(winner)
    became = world.salesforce.convert(lead)
    world.salesforce.merge(winner, became)

    deliver(world, batches, lead=lead, became=became)

    assert world.hubspot.refs("contact") == [contact, other]
    assert ends(world) == {
        (contact, lead, LinkState.TOMBSTONE, True),
        (other, winner, LinkState.ACTIVE, False),
    }
