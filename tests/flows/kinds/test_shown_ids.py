"""Records that show the id of one that was linked with another: each id is allowed once, so the pair
gets it as soon as that can be, and further syncs write nothing.
"""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref
from tests.memory.world import MemoryWorld

TWO = "ada.two@example.com"


def make_without_link(world: MemoryWorld, *refs: Ref) -> None:
    """Sync records, whose counterparts are made while no link can be saved; nothing is retried."""
    save = world.links.save
    world.links.save = lambda links: [TryAgain("Killed.") for _ in links]  # type: ignore[method-assign]
    world.sync(*refs)
    world.links.save = save  # type: ignore[method-assign]
    world.outbox.delayed = []
    world.wait(5)


def settled(world: MemoryWorld, *refs: Ref) -> set[tuple[Ref, Ref]]:
    """The living pairs after the records were synced; syncing them once more writes nothing."""
    world.sync(*refs)
    world.drain()
    before, told = world.writes(), list(world.inbox.parked("acme"))
    world.sync(*refs)
    world.drain()
    assert (world.writes(), list(world.inbox.parked("acme"))) == (before, told)
    return {
        (one.hubspot, one.salesforce)  # type: ignore[misc]
        for one in world.links.all
        if one.kind is Kind.CONTACT and one.state is LinkState.ACTIVE
    }


def ids(world: MemoryWorld, *refs: Ref) -> list[object]:
    """What these records show in the field with the id of their counterpart."""
    shown = [world.crm(ref.side).fields(ref) for ref in refs]
    return [
        one.get("crmsync_salesforce_id") or one.get("Crmsync_HubSpot_Id__c") or "" for one in shown
    ]


@pytest.mark.rule("DUP-24")
def test_a_lead_that_was_made_of_a_contact_gives_its_id_up_to_the_one_that_was_linked() -> None:
    """Its worker died before it linked the two, and another lead of the address was faster."""
    world = MemoryWorld()
    contact = world.new_contact()
    make_without_link(world, contact)
    (made,) = world.salesforce.refs("Lead")
    other = world.new_lead()
    world.sync(other)

    assert settled(world, contact, made, other) == {(contact, other)}
    assert ids(world, contact, made, other) == [other.id, "", f"555001-{contact.id}"]


@pytest.mark.rule("DUP-24")
def test_a_contact_that_was_made_of_a_lead_gives_its_id_up_to_the_one_that_was_linked() -> None:
    """The lead of the linked one was merged into that lead."""
    world = MemoryWorld()
    loser, winner = world.new_lead(), world.new_lead(Email=TWO)
    make_without_link(world, loser, winner)
    of_loser, of_winner = world.hubspot.refs("contact")
    world.salesforce.merge(winner, loser)
    world.sync(of_loser)

    assert settled(world, of_loser, of_winner, winner) == {(of_loser, winner)}
    assert ids(world, of_loser, of_winner) == [winner.id, ""]


@pytest.mark.rule("DUP-24")
def test_the_linked_one_gets_the_id_when_the_other_one_shows_another() -> None:
    """The contact that was made of the lead has another address by now, and gets a lead itself."""
    world = MemoryWorld()
    lead = world.new_lead()
    make_without_link(world, lead)
    (made,) = world.hubspot.refs("contact")
    world.hubspot.edit(made, {"email": TWO})
    contact = world.new_contact()
    world.sync(contact)
    world.sync(made)
    world.drain()
    own = world.counterpart(made)

    assert ids(world, contact, made) == [lead.id, own.id]
    assert settled(world, contact, made, lead) == {(contact, lead), (made, own)}


@pytest.mark.rule("DUP-24")
def test_a_lead_whose_id_a_converted_one_keeps_stays_without_it() -> None:
    """What a contact's lead became was deleted, and the contact was linked with another lead, which
    gets what that one lacks.
    """
    world = MemoryWorld()
    contact = world.new_contact(phone="030 123456")
    world.sync(contact)
    lead = world.counterpart(contact)
    became = world.salesforce.convert(lead)
    world.salesforce.delete(became)
    other = world.new_lead(Phone="")

    assert settled(world, contact, lead, became, other) == {(contact, other)}
    assert ids(world, contact, lead, other) == [other.id, f"555001-{contact.id}", ""]


@pytest.mark.rule("CH-13")
def test_a_contact_whose_counterpart_is_taken_is_not_tried_again_at_every_look() -> None:
    """Its lead was made and not linked, got another address, and what it became was linked."""
    world = MemoryWorld()
    contact = world.new_contact()
    make_without_link(world, contact)
    (lead,) = world.salesforce.refs("Lead")
    world.salesforce.edit(lead, {"Email": TWO})
    became = world.salesforce.convert(lead)
    world.sync(became)
    other = world.counterpart(became)

    assert settled(world, contact, lead, became) == {(other, became)}
    assert [(one.ref, one.code) for one in world.inbox.parked("acme")] == [
        (contact, "COUNTERPART_TAKEN")
    ]


@pytest.mark.rule("MRG-1")
def test_a_lead_is_not_made_a_contact_of_in_the_batch_that_links_it() -> None:
    """The contact was made of a lead that was merged into it, and never linked."""
    world = MemoryWorld()
    loser, winner = world.new_lead(), world.new_lead(Email=TWO)
    make_without_link(world, loser)
    (contact,) = world.hubspot.refs("contact")
    world.salesforce.merge(winner, loser)

    assert settled(world, contact, winner) == {(contact, winner)}
    assert world.hubspot.refs("contact") == [contact]


@pytest.mark.rule("MRG-2")
def test_a_link_that_ended_with_a_merge_does_not_come_back_when_the_survivors_contact_goes() -> (
    None
):
    """Nothing tells who was merged into its record, so that it would come back at some later look."""
    world = MemoryWorld()
    winner, loser = world.new_lead(), world.new_lead(Email=TWO)
    world.sync(winner, loser)
    gone, contact = world.counterpart(winner), world.counterpart(loser)
    world.salesforce.merge(winner, loser)
    world.sync(winner, loser)
    world.drain()
    world.hubspot.delete(gone)
    world.sync(gone, cause=Cause.DELETED)
    world.drain()

    assert settled(world, contact, winner) == set()
