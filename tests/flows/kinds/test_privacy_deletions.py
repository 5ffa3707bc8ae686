"""What a contact that was deleted, perhaps for privacy, leaves in Salesforce, where it has become
another record since (CH-9).
"""

from __future__ import annotations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Ref
from crmsync.rules.pair.reports import deleted_for_privacy
from tests.memory.world import MemoryWorld


def pair(world: MemoryWorld, email: str) -> tuple[Ref, Ref]:
    """A lead and the contact that it became."""
    lead = world.new_lead(Email=email)
    world.sync(lead)
    world.drain()
    return world.counterpart(lead), lead


@pytest.mark.rule("CH-9")
def test_what_was_merged_into_a_record_whose_contact_was_deleted_keeps_no_link() -> None:
    """The lead of the contact that is forgotten was merged into one that has a tombstone. That one
    stays, the link of the other goes with its hashes, and nothing is tried again.
    """
    world = MemoryWorld()
    (ada, lead), (bea, other) = pair(world, "ada@example.com"), pair(world, "bea@example.com")
    world.hubspot.delete(bea)
    world.sync(bea, cause=Cause.DELETED)
    world.salesforce.merge(other, lead)
    world.hubspot.purge(ada)
    world.wait()

    world.sync(ada, cause=Cause.FORGOTTEN)
    world.drain()

    left = [(one.hubspot, one.salesforce, one.state) for one in world.links.all]
    assert left == [(bea, other, LinkState.TOMBSTONE)]
    assert world.inbox.parked("acme") == [deleted_for_privacy(other)]


@pytest.mark.rule("CH-9")
@pytest.mark.rule("DUP-26")
@pytest.mark.parametrize("told", [Cause.FORGOTTEN, Cause.DELETED, None])
@pytest.mark.parametrize("order", ["lead, contact", "lead then contact", "contact then lead"])
def test_a_converted_lead_makes_no_contact_that_was_deleted(told: Cause | None, order: str) -> None:
    """Whichever of the two is read first, and whether or not the deletion was told of: nothing else
    leads from the Salesforce contact to the one that is gone. A later edit makes none either.
    """
    world = MemoryWorld()
    gone, lead = pair(world, "ada@example.com")
    world.hubspot.delete(gone)
    if told:
        world.sync(gone, cause=told)
        world.drain()
    world.wait()
    became = world.salesforce.convert(lead)
    refs = {"lead": lead, "contact": became}
    for names in order.split(" then "):
        world.sync(*(refs[name] for name in names.split(", ")))
        world.drain()
    world.wait()
    world.salesforce.edit(became, {"Phone": "0100"})
    world.sync(became)
    world.drain()

    left = [(one.hubspot, one.salesforce, one.state) for one in world.links.all]
    ended = LinkState.FORGOTTEN if told is Cause.FORGOTTEN else LinkState.TOMBSTONE
    assert left == [(gone, became, ended)]
    assert world.hubspot.refs("contact") == []


@pytest.mark.rule("CH-9")
def test_a_late_privacy_deletion_leaves_no_hashes_of_a_contact_that_was_a_lead() -> None:
    """Its lead was converted, and the contact found gone, before HubSpot told why."""
    world = MemoryWorld()
    gone, lead = pair(world, "ada@example.com")
    world.hubspot.purge(gone)
    became = world.salesforce.convert(lead)
    world.sync(lead, became)
    world.drain()
    world.sync(gone, cause=Cause.FORGOTTEN)
    world.drain()

    (link,) = world.links.all
    assert (link.state, link.salesforce) == (LinkState.FORGOTTEN, became)
    assert link == Link(
        link.connection,
        link.kind,
        gone,
        became,
        state=link.state,
        version=link.version,
        key=link.key,
    )
    assert world.inbox.parked("acme") == [deleted_for_privacy(became)]


@pytest.mark.rule("DUP-26")
def test_a_person_who_comes_back_after_a_conversion_is_linked() -> None:
    """A new HubSpot contact with the address ends it, as for a lead."""
    world = MemoryWorld()
    gone, lead = pair(world, "ada@example.com")
    world.hubspot.delete(gone)
    world.sync(gone, cause=Cause.FORGOTTEN)
    became = world.salesforce.convert(lead)
    world.sync(lead, became)
    world.drain()
    back = world.new_contact()
    world.sync(back)
    world.drain()

    assert (world.counterpart(back), world.hubspot.refs("contact")) == (became, [back])


@pytest.mark.rule("DUP-26")
def test_the_contact_of_a_converted_lead_follows_it_even_with_another_address() -> None:
    """The contact is read before its lead, and no HubSpot contact has its new address."""
    world = MemoryWorld()
    contact, lead = pair(world, "ada@example.com")
    world.wait()
    became = world.salesforce.convert(lead)
    world.salesforce.edit(became, {"Email": "eva@example.com"})
    world.sync(became)
    world.drain()

    assert (world.counterpart(contact), world.hubspot.refs("contact")) == (became, [contact])


def test_a_new_salesforce_contact_costs_one_question_about_leads() -> None:
    """And one that is linked, or whose address a HubSpot contact has, costs none."""
    world = MemoryWorld()
    member = world.new_salesforce_contact(world.new_account())
    world.sync(member)
    world.drain()
    asked = world.salesforce.calls["leads_of"]
    world.salesforce.edit(member, {"Phone": "0100"})
    world.sync(member)
    world.new_contact(email="eva@example.com")
    world.sync(world.new_salesforce_contact(world.new_account(), "eva@example.com"))

    assert (asked, world.salesforce.calls["leads_of"]) == (1, 1)
