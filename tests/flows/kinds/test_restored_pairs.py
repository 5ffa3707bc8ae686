"""A pair of which one record was deleted, and both are there again, goes on, whatever else has its
address meanwhile and whichever record is read first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref
from tests.memory.world import MemoryWorld


def a_pair(world: MemoryWorld) -> tuple[Ref, Ref]:
    """The HubSpot contact and the lead of a pair."""
    contact = world.new_contact(email="ada@example.com")
    world.sync(contact)
    world.drain()
    world.wait()
    return contact, world.counterpart(contact)


def ends(world: MemoryWorld) -> tuple[set[tuple[Ref, Ref, LinkState]], dict[Ref, object]]:
    """All links of contacts, and what is reported, with the records that it waits for."""
    links = {
        (one.hubspot, one.salesforce, one.state)
        for one in world.links.all
        if one.kind is Kind.CONTACT
    }
    return links, {one.ref: one.waits_for for one in world.inbox.parked("acme")}


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("DUP-24")
@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("is_converted", [False, True])
@pytest.mark.parametrize("order", list(permutations(["contact", "new"])))
@pytest.mark.parametrize("together", [True, False])
def test_a_restored_contact_goes_on_with_its_lead_beside_a_new_one_of_its_address(
    order: Sequence[str], *, is_converted: bool, together: bool
):
    """Nothing need tell of the restored contact before the new lead is read. The new lead is
    reported as a duplicate.
    """
    world = MemoryWorld()
    contact, lead = a_pair(world)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    there = world.salesforce.convert(lead) if is_converted else lead
    world.wait()
    new = world.new_lead(Email="ada@example.com")
    world.hubspot.restore(contact)
    refs = {"contact": contact, "new": new}

    for batch in [order] if together else [[one] for one in order]:
        world.sync(*[refs[name] for name in batch])
        world.drain()
    world.wait(10)
    world.drain()

    assert ends(world) == ({(contact, there, LinkState.ACTIVE)}, {new: (contact,)})


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-13")
def test_a_restored_contact_goes_on_also_if_only_the_new_lead_is_read():
    """The notice of the restored contact is lost."""
    world = MemoryWorld()
    contact, lead = a_pair(world)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    new = world.new_lead(Email="ada@example.com")
    world.hubspot.restore(contact)

    world.sync(new)
    world.drain()

    assert ends(world) == ({(contact, lead, LinkState.ACTIVE)}, {new: (contact,)})


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("DUP-24")
@pytest.mark.rule("DUP-2")
def test_a_restored_company_goes_on_with_its_account_beside_a_new_one_of_its_contact():
    """Its contact moved to a new account while the company was deleted, and nothing tells of the
    restored company before that account is read. The new one gets a company of its own.
    """
    world = MemoryWorld()
    old = world.new_account()
    ada = world.new_salesforce_contact(old)
    world.sync(old, ada)
    world.drain()
    company = world.counterpart(old)
    world.wait()
    world.hubspot.delete(company)
    world.sync(company, cause=Cause.DELETED)
    world.drain()
    new = world.new_account(Name="Example AG")
    world.salesforce.edit(ada, {"AccountId": new.id})
    world.hubspot.restore(company)
    world.associations.add_association(world.counterpart(ada), company, primary=True)

    world.sync(new)
    world.drain()

    links = {one.hubspot: one.salesforce for one in world.links.all if one.kind is Kind.ACCOUNT}
    (made,) = {one for one in world.hubspot.refs("company") if one != company}
    assert links == {company: old, made: new}
    assert {one.state for one in world.links.all} == {LinkState.ACTIVE}


@pytest.mark.rule("DUP-1")
def test_a_restored_contact_whose_lead_is_gone_is_linked_with_a_new_one():
    """A deletion is about one record, and does not exclude the person for ever."""
    world = MemoryWorld()
    contact, lead = a_pair(world)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    world.hubspot.restore(contact)
    new = world.new_lead(Email="ada@example.com")

    world.sync(new)
    world.drain()

    assert ends(world) == ({(contact, new, LinkState.ACTIVE)}, {})


@pytest.mark.rule("DUP-1")
def test_a_lead_is_linked_with_a_new_contact_where_its_own_lives_on_in_another_pair():
    """Its contact was merged into another one, so its pair has ended for good."""
    world = MemoryWorld()
    contact, lead = a_pair(world)
    other = world.new_contact(email="eva@example.com")
    world.sync(other)
    world.drain()
    others = world.counterpart(other)
    world.hubspot.merge(other, contact)
    world.sync(other)
    world.drain()
    world.hubspot.edit(world.hubspot.refs("contact")[0], {"hs_additional_emails": ""})
    new = world.new_contact(email="ada@example.com")

    world.sync(new)
    world.drain()

    survivor = next(one for one in world.hubspot.refs("contact") if one != new)
    living = (survivor, others, LinkState.ACTIVE), (new, lead, LinkState.ACTIVE)
    assert ends(world) == (set(living), {})


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("DUP-26")
@pytest.mark.parametrize("read", ["contact", "there"])
def test_what_a_lead_became_goes_on_with_its_pair_though_another_contact_has_its_address(read: str):
    """It got that address just before its lead was converted, was deleted, and taken out of the
    recycle bin. Which of the two is read makes no difference, and one more look changes nothing.
    """
    world = MemoryWorld()
    contact, lead = a_pair(world)
    other = world.new_contact(email="eva@example.com")
    world.sync(other)
    world.drain()
    world.salesforce.edit(lead, {"Email": "eva@example.com"})
    there = world.salesforce.convert(lead)
    world.salesforce.delete(there)
    world.wait()
    world.sync(lead, there)
    world.drain()
    world.salesforce.restore(there)
    world.wait()
    refs = {"contact": contact, "there": there}

    world.sync(refs[read], cause=Cause.RESTORED)
    world.drain()
    world.wait(10)
    world.drain()

    pairs = (contact, there), (other, world.counterpart(other))
    links = {(*pair, LinkState.ACTIVE) for pair in pairs}
    assert ends(world) == (links, {contact: (other,)})
    before = world.links.writes, world.writes()
    world.sync(contact, there, cause=Cause.RESYNC)
    world.drain()
    assert (world.links.writes, world.writes(), ends(world)) == (
        *before,
        (links, {contact: (other,)}),
    )
