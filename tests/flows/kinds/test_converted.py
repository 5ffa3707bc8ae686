"""A lead whose HubSpot contact is gone, or has another address, is converted: its Salesforce contact
is what the lead was, although it shows nothing of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref
from tests.memory.account import MemoryAccounts
from tests.memory.world import MemoryWorld


def a_pair(world: MemoryWorld, **fields: str) -> tuple[Ref, Ref]:
    """The HubSpot contact and the lead of a pair."""
    contact = world.new_contact(email="ada@example.com", **fields)
    world.sync(contact)
    world.drain()
    world.wait(5)
    return contact, world.counterpart(contact)


def living(world: MemoryWorld) -> set[tuple[Ref, Ref]]:
    """The two records of each living link of contacts."""
    return {
        (one.hubspot, one.salesforce)
        for one in world.links.all
        if one.kind is Kind.CONTACT and one.state is LinkState.ACTIVE
    }


def deliver(world: MemoryWorld, refs: Sequence[Ref], *, together: bool) -> None:
    """Sync the records, in one batch or one after the other, and what waits for that."""
    for batch in [refs] if together else [[one] for one in refs]:
        world.sync(*batch)
        world.drain()
    world.wait(10)
    world.drain()


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-9")
@pytest.mark.rule("DUP-26")
@pytest.mark.parametrize("cause", [Cause.DELETED, Cause.FORGOTTEN, None])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(permutations(["lead", "contact"])))
def test_a_contact_that_was_deleted_is_not_made_again_of_what_its_lead_becomes(
    order: Sequence[str], cause: Cause | None, *, together: bool
):
    """The deletion was read before, or nothing tells of it, and nothing of the lead crosses either:
    one more look at both writes nothing.
    """
    world = MemoryWorld()
    contact, lead = a_pair(world)
    world.hubspot.delete(contact)
    if cause:
        world.sync(contact, cause=cause)
        world.drain()
    told = world.inbox.parked("acme")
    refs = {"lead": lead, "contact": world.salesforce.convert(lead)}
    world.wait(5)

    deliver(world, [refs[name] for name in order], together=together)

    assert (world.hubspot.refs("contact"), world.inbox.parked("acme")) == ([], told)
    links = [one for one in world.links.all if one.hubspot == contact]
    state = LinkState.FORGOTTEN if cause is Cause.FORGOTTEN else LinkState.TOMBSTONE
    assert [(one.salesforce, one.state) for one in links] == [(refs["contact"], state)]
    before = world.links.writes, world.writes()
    world.sync(*refs.values(), cause=Cause.RESYNC)
    world.drain()
    assert (world.links.writes, world.writes()) == before


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("DUP-26")
def test_the_pair_goes_on_if_its_hubspot_contact_is_restored_after_the_conversion():
    """What the conversion left blank is filled from HubSpot, and deletes nothing there."""
    world = MemoryWorld()
    contact, lead = a_pair(world, jobtitle="Baker")
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    there = world.salesforce.convert(lead)
    deliver(world, [there, lead], together=False)
    world.hubspot.restore(contact)

    world.sync(contact, cause=Cause.RESTORED)
    world.drain()

    assert living(world) == {(contact, there)}
    assert world.hubspot.fields(contact).get("jobtitle") == "Baker"
    assert world.salesforce.fields(there).get("Title") == "Baker"


@pytest.mark.rule("DUP-26")
def test_the_contact_of_a_converted_lead_goes_on_with_its_pair_under_another_address():
    """Its address was changed in Salesforce before anything had read the conversion, and the contact
    is read before the lead.
    """
    world = MemoryWorld()
    contact, lead = a_pair(world)
    there = world.salesforce.convert(lead)
    world.salesforce.edit(there, {"Email": "ada@example.org"})
    world.wait(5)

    deliver(world, [there, lead], together=False)

    assert living(world) == {(contact, there)}
    assert world.hubspot.refs("contact") == [contact]
    assert world.hubspot.fields(contact)["email"] == "ada@example.org"


@pytest.mark.rule("CH-9")
def test_a_new_hubspot_contact_of_the_address_is_linked_with_what_the_lead_became():
    """A deletion is about one record, and does not exclude the person for ever."""
    world = MemoryWorld()
    contact, lead = a_pair(world)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.FORGOTTEN)
    there = world.salesforce.convert(lead)
    deliver(world, [there, lead], together=False)
    again = world.new_contact(email="ada@example.com")

    world.sync(again)
    world.drain()

    assert living(world) == {(again, there)}
    assert [one for one in world.links.all if one.hubspot == contact] == []


@pytest.mark.rule("SET-1")
def test_only_a_contact_that_is_about_to_make_a_hubspot_contact_asks_for_its_lead():
    """One whose address a HubSpot contact has is found by that."""
    world = MemoryWorld()
    asked: list[Ref] = []

    class Asked(MemoryAccounts):
        def leads_of(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[Ref, ...]]:
            asked.extend(contacts)
            return super().leads_of(asked)

    world.new_contact(email="ada@example.com")
    known = world.new_salesforce_contact(None, email="ada@example.com")
    new = world.new_salesforce_contact(None, email="eva@example.com")
    context = replace(world.context, accounts=Asked(world.salesforce))

    sync_contacts([world.change(known), world.change(new)], context)

    assert (asked, len(world.hubspot.refs("contact"))) == ([new], 2)


@pytest.mark.rule("DEL-1")
def test_what_a_lead_without_a_link_became_makes_nothing_where_its_contact_has_another_link():
    """The contact was linked with a second lead while the first one was in the recycle bin, and then
    deleted: nothing waits for a link that cannot be saved.
    """
    world = MemoryWorld()
    contact, lead = a_pair(world)
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    second = world.new_lead(Email="ada@example.com")
    deliver(world, [second], together=False)
    world.salesforce.restore(lead)
    there = world.salesforce.convert(lead)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.drain()

    deliver(world, [there, lead], together=False)

    assert (world.hubspot.refs("contact"), world.outbox.delayed) == ([], [])
    assert world.inbox.parked("acme") == []
    links = [(one.salesforce, one.state) for one in world.links.all if one.hubspot == contact]
    assert links == [(second, LinkState.TOMBSTONE)]
