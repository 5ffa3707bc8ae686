"""A lead is deleted while another worker still makes one of the same contact: the second one stays
in Salesforce, and is reported, as the deletion of the first one deletes the contact.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Ref
from crmsync.rules.pair.reports import made_again
from tests.flows.interleaving.gate import Gate, with_gate
from tests.memory.world import MemoryWorld

CREATE = "salesforce.create"


def calls_to_make_it() -> int:
    """How many calls a worker makes before it creates the lead of a contact."""
    world = MemoryWorld()
    gate = Gate(None)
    sync_contacts([world.change(world.new_contact())], with_gate(world.context, gate))
    return gate.calls.index(CREATE)


def left_over(*, deletion_is_told_first: bool = True) -> tuple[MemoryWorld, Ref, Ref]:
    """A world after two workers made a lead of one contact, the contact, and the second lead. The
    first lead was deleted before the second worker made its own.
    """
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    contact = world.new_contact()
    first: list[Ref] = []

    def make_and_delete() -> None:
        world.sync(contact)
        first.append(world.counterpart(contact))
        world.salesforce.delete(first[0])
        if deletion_is_told_first:
            world.sync(first[0], cause=Cause.DELETED)

    gate = Gate(calls_to_make_it(), make_and_delete)
    sync_contacts([world.change(contact)], with_gate(world.context, gate))
    (left,) = world.salesforce.refs("Lead")
    # As the poll of the next minute does.
    world.sync(first[0], cause=Cause.DELETED)
    world.sync(left)
    world.drain()
    assert not world.hubspot.is_live(contact)
    return world, contact, left


def living(world: MemoryWorld) -> list[object]:
    """The Salesforce records of living links."""
    return [one.salesforce for one in world.links.all if one.state is LinkState.ACTIVE]


@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize("deletion_is_told_first", [True, False])
def test_a_lead_that_was_made_again_is_reported(*, deletion_is_told_first: bool) -> None:
    """Whether its contact is deleted before it is made or after that; it gets no other contact."""
    world, _, left = left_over(deletion_is_told_first=deletion_is_told_first)
    assert (list(world.inbox.parked("acme")), living(world)) == ([made_again(left)], [])
    assert list(world.hubspot.refs("contact")) == []


@pytest.mark.parametrize("cause", [Cause.EDITED, Cause.AGAIN, Cause.WOKEN, Cause.RESYNC])
def test_the_report_stays_while_the_lead_does(cause: Cause) -> None:
    """An edit, a further try and a resync report the same, and make no contact."""
    world, _, left = left_over()
    world.wait()
    world.salesforce.edit(left, {"Title": "Pilot"})
    world.sync(left, cause=cause)
    world.drain()
    assert (list(world.inbox.parked("acme")), living(world)) == ([made_again(left)], [])


def _delete(world: MemoryWorld, left: Ref) -> None:
    world.salesforce.delete(left)
    world.sync(left, cause=Cause.DELETED)


def _clear_its_id(world: MemoryWorld, left: Ref) -> None:
    world.salesforce.edit(left, {"Crmsync_HubSpot_Id__c": None})
    world.sync(left)


def _enter_the_person(world: MemoryWorld, _left: Ref) -> None:
    world.sync(world.new_contact())


@pytest.mark.parametrize(
    ("settle", "count"), [(_delete, 0), (_clear_its_id, 1), (_enter_the_person, 1)]
)
def test_the_report_ends_with_its_cause(
    settle: Callable[[MemoryWorld, Ref], None], count: int
) -> None:
    """The lead is deleted, or gets a contact: as its id is cleared, or as the person is entered in
    HubSpot.
    """
    world, _, left = left_over()
    world.wait()
    settle(world, left)
    world.drain()
    assert (list(world.inbox.parked("acme")), living(world)) == ([], [left] * count)


def test_a_lead_whose_contact_a_person_deletes_is_not_reported() -> None:
    """It stays in Salesforce, as by default no deletion crosses there."""
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    contact = world.new_contact()
    world.sync(contact)
    lead = world.counterpart(contact)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.sync(lead)
    world.sync(lead, cause=Cause.LEFT)
    world.drain()
    assert (list(world.inbox.parked("acme")), living(world)) == ([], [])


def test_a_contact_that_shows_the_id_of_its_lead_was_not_made_again() -> None:
    """An administrator may have mapped crmsync's field for conversions. A person has deleted the
    contact in HubSpot, and what the lead became stays.
    """
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    contact = world.new_contact()
    world.sync(contact)
    lead = world.counterpart(contact)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    key = world.salesforce.fields(lead)["Crmsync_HubSpot_Id__c"]
    became = world.salesforce.convert(lead)
    world.salesforce.edit(became, {"Crmsync_HubSpot_Id__c": key})
    world.sync(became)
    world.sync(became, cause=Cause.LEFT)
    world.drain()
    assert (list(world.inbox.parked("acme")), living(world)) == ([], [])
