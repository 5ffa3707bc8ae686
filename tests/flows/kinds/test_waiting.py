"""A record that waits for another continues once it is released, and what waits holds back nothing
else. Random stories found these cases.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import permutations

import pytest

from crmsync.errors import SyncError, TryAgain
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause
from crmsync.model.effects import Report
from crmsync.model.links import Link, LinkState
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Ref, Side
from crmsync.model.settings import DealSettings
from tests.memory.world import MemoryWorld


def pair(world: MemoryWorld, email: str) -> tuple[Ref, Ref]:
    """A contact and the lead that it became."""
    contact = world.new_contact(email=email)
    before = set(world.salesforce.refs("Lead"))
    world.sync(contact)
    (lead,) = set(world.salesforce.refs("Lead")) - before
    world.wait()
    return contact, lead


def contested(world: MemoryWorld) -> tuple[Ref, Ref, Ref]:
    """Ada's pair, whose lead got Bea's address and a phone number, and Bea's contact, which has the
    address.
    """
    (ada, lead), (bea, _) = pair(world, "ada@example.com"), pair(world, "bea@example.com")
    world.salesforce.edit(lead, {"Email": "bea@example.com", "Phone": "0100"})
    world.wait()
    world.sync(lead)
    world.drain()
    return ada, lead, bea


def delete_lead(world: MemoryWorld, contact: Ref) -> None:
    """Delete the lead of a contact, and work off the queue."""
    (lead,) = [link.salesforce for link in world.links.all if link.hubspot == contact]
    assert isinstance(lead, Ref)
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    world.drain()


def waits(world: MemoryWorld) -> dict[Ref, tuple[Ref, ...]]:
    """The records that wait, and what each waits for."""
    return {one.ref: one.waits_for for one in world.inbox.parked("acme")}


@pytest.mark.rule("DUP-1")
def test_a_contested_address_holds_back_nothing_else():
    """The phone number syncs, the address is reported with the contact that has it, and further
    syncs write nothing.
    """
    world = MemoryWorld()
    ada, lead, bea = contested(world)
    shown = world.hubspot.fields(ada)
    assert (shown["email"], shown["phone"], waits(world)) == (
        "ada@example.com",
        "0100",
        {ada: (bea,)},
    )
    before = world.writes()
    world.sync(ada, lead, bea)
    assert (world.writes(), waits(world)) == (before, {ada: (bea,)})


@pytest.mark.parametrize("how", ["renamed", "deleted"])
@pytest.mark.parametrize("is_linked", [True, False])
def test_an_address_syncs_as_soon_as_it_is_free(how: str, is_linked: bool):  # noqa: FBT001
    """A sync of the contact that had the address is enough. If that one was deleted, what is left of
    it in Salesforce is told to share the address.
    """
    world = MemoryWorld()
    ada, _, bea = contested(world)
    left = {world.counterpart(bea): (ada,)} if is_linked and how == "deleted" else {}
    if not is_linked:
        delete_lead(world, bea)
    if how == "renamed":
        world.hubspot.edit(bea, {"email": "bea.new@example.com"})
    else:
        world.hubspot.delete(bea)
    world.sync(bea, cause=Cause.EDITED if how == "renamed" else Cause.DELETED)
    world.drain()
    assert (world.hubspot.fields(ada)["email"], waits(world)) == ("bea@example.com", left)


@pytest.mark.parametrize("others", [(Cause.WOKEN,), (Cause.AGAIN,), (Cause.WOKEN, Cause.AGAIN)])
def test_an_edit_counts_although_the_batch_also_syncs_the_record_for_another(
    others: tuple[Cause, ...],
):
    """Bea, who has no active link, is renamed, and her being synced for another record's sake does
    not hide it.
    """
    world = MemoryWorld()
    ada, _, bea = contested(world)
    delete_lead(world, bea)
    world.hubspot.edit(bea, {"email": "bea.new@example.com"})
    sync_contacts([world.change(bea, cause) for cause in (*others, Cause.EDITED)], world.context)
    world.drain()
    assert (world.hubspot.fields(ada)["email"], waits(world)) == ("bea@example.com", {})


@pytest.mark.rule("DUP-1")
def test_two_contacts_do_not_queue_each_other_for_ever():
    """Ada waits for the address of Bea, whose pair has ended, and Bea is synced for Ada's sake."""
    world = MemoryWorld()
    ada, _, bea = contested(world)
    delete_lead(world, bea)
    world.sync(ada, cause=Cause.AGAIN)
    world.drain()
    assert (world.outbox.delayed, waits(world)) == ([], {ada: (bea,)})


@pytest.mark.rule("DUP-1")
def test_waiting_records_are_queued_before_anything_is_written():
    """The run that changes Bea's address dies right afterwards, and Ada gets the address although
    Bea's next sync finds nothing new.
    """
    world = MemoryWorld()
    ada, _, bea = contested(world)
    world.hubspot.edit(bea, {"email": "bea.new@example.com"})
    save = world.links.save

    def saved_and_killed(links: Sequence[Link]) -> Sequence[Link | SyncError]:
        save(links)
        raise MemoryError

    world.links.save = saved_and_killed
    with pytest.raises(MemoryError):
        world.sync(bea)
    world.links.save = save
    assert world.sync(bea).counts["Quiet"] == 1
    world.drain()
    assert (world.hubspot.fields(ada)["email"], waits(world)) == ("bea@example.com", {})


def test_a_waiting_address_is_not_taken_for_our_own_write():
    """After we wrote another field of the lead, its address is still the person's edit."""
    world = MemoryWorld()
    ada, lead, bea = contested(world)
    world.hubspot.edit(ada, {"jobtitle": "Engineer"})
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(ada)
    world.links.save = save
    world.drain()
    world.sync(lead, ada)
    assert (world.salesforce.fields(lead)["Title"], waits(world)) == ("Engineer", {ada: (bea,)})


def test_an_edit_in_salesforce_survives_a_hubspot_that_fails_half_way():
    """If both sides were edited and HubSpot takes no write, Salesforce's edit does not look like
    our own echo afterwards.
    """
    world = MemoryWorld()
    ada, lead = pair(world, "ada@example.com")
    world.hubspot.edit(ada, {"phone": "0100"})
    world.salesforce.edit(lead, {"FirstName": "Ada", "LastName": "Moor"})
    world.hubspot.refuse = lambda _fields: TryAgain("Down.")
    world.sync(ada, lead)
    world.hubspot.refuse = lambda _fields: None
    world.drain()
    assert (world.hubspot.fields(ada)["lastname"], world.salesforce.fields(lead)["Phone"]) == (
        "Moor",
        "0100",
    )


@pytest.mark.rule("CH-13")
def test_a_waiting_contact_gets_the_lead_that_a_merge_released():
    """HubSpot's contact was merged into another pair's, and the contact that waited for its lead is
    linked with it in the same run.
    """
    world = MemoryWorld()
    (one, lead), (two, _) = pair(world, "one@example.com"), pair(world, "two@example.com")
    survivor = world.hubspot.merge(two, one)
    new = world.new_contact(email="one@example.com")
    world.sync(new)
    assert waits(world) == {new: (lead,)}
    for ref in (lead, two, survivor, one):
        world.sync(ref)
    world.drain()
    assert (world.links.find("acme", [new])[new].salesforce, waits(world)) == (lead, {})


@pytest.mark.rule("CH-13")
def test_a_lead_that_is_released_while_its_report_is_on_its_way_is_synced_once_more():
    """The contact loses its address after another worker has read it and before that one reports
    the duplicate. Three minutes later the duplicate is synced without being asked for.
    """
    world = MemoryWorld()
    contact, _ = pair(world, "ada@example.com")
    double = world.new_lead()
    park = world.inbox.park

    def release_and_park(
        name: str, reports: Sequence[Report], same: Collection[Ref] = ()
    ) -> object:
        world.inbox.park = park
        world.hubspot.edit(contact, {"email": "ada.new@example.com"})
        world.sync(contact)
        return park(name, reports, same)

    world.inbox.park = release_and_park
    world.sync(double)
    ((change, after),) = world.outbox.delayed
    assert (change, after) == (world.change(double, Cause.AGAIN), 180)

    world.drain()
    assert (world.counterpart(double) != contact, waits(world)) == (True, {})


@pytest.mark.rule("CH-14")
def test_an_opportunity_that_waits_for_a_value_is_linked_once_it_is_free():
    """The opportunity that had the value is deleted, and the one that waits gets its deal."""
    world = MemoryWorld(
        deal_settings=DealSettings(
            match_hubspot="dealname", match_salesforce="Name", delete_in_hubspot=False
        )
    )
    first = world.new_opportunity()
    world.sync(first)
    deal, second = world.counterpart(first), world.new_opportunity()
    world.sync(second)
    assert waits(world) == {second: (deal,)}
    world.drain()
    world.salesforce.delete(first)

    world.sync(first, cause=Cause.DELETED)
    world.drain()

    assert (world.counterpart(second), waits(world)) == (deal, {})


@pytest.mark.rule("CH-9")
@pytest.mark.parametrize("order", list(permutations(("forgotten", "other"))))
def test_what_a_privacy_deletion_leaves_is_taken_by_no_other_contact(order: tuple[str, ...]):
    """The other contact's lead was merged into the lead of the contact that is forgotten. Whichever
    is synced first, that lead stays alone.
    """
    world = MemoryWorld()
    (ada, left), (bea, merged) = pair(world, "ada@example.com"), pair(world, "bea@example.com")
    world.salesforce.merge(left, merged)
    world.hubspot.purge(ada)
    world.wait()
    before = dict(world.hubspot.fields(bea))
    changes = {
        "forgotten": world.change(ada, Cause.FORGOTTEN),
        "other": world.change(bea, Cause.AGAIN),
    }

    for name in (*order, "other"):
        world.deliver([changes[name]])
        world.drain()

    assert [(one.hubspot, one.state) for one in world.links.all] == [(bea, LinkState.TOMBSTONE)]
    assert dict(world.hubspot.fields(bea)) == before


@pytest.mark.rule("DUP-26")
def test_a_merged_lead_whose_winner_was_converted_since_is_followed_to_the_contact():
    """The loser's link gets a tombstone for good, because the contact belongs to the winner's
    pair.
    """
    world = MemoryWorld()
    (one, loser), (_, winner) = pair(world, "one@example.com"), pair(world, "two@example.com")
    world.salesforce.merge(winner, loser)
    world.sync(loser)
    contact = world.salesforce.convert(winner)
    for ref in (winner, contact, loser, one, loser, one):
        world.sync(ref)
    shown = {str(link.state): link.salesforce for link in world.links.all}
    assert shown == {"active": contact, "tombstone": loser}


@pytest.mark.rule("CH-13")
def test_a_report_outlives_syncs_of_a_pair_that_has_ended():
    """A converted lead's old link is a tombstone, and a sync of the lead does not clear the report
    about its contact.
    """
    world = MemoryWorld()
    ada, lead = pair(world, "ada@example.com")
    world.hubspot.delete(ada)
    world.sync(ada, cause=Cause.DELETED)
    world.sync(world.new_lead())
    double = world.salesforce.convert(lead)
    world.sync(double)
    (new,) = world.hubspot.refs("contact")
    assert waits(world) == {double: (new,)}
    world.sync(lead)
    assert waits(world) == {double: (new,)}


@pytest.mark.rule("DUP-1")
def test_a_lead_with_a_contacts_additional_address_is_linked_with_it():
    """The contact has no link yet, and Salesforce's address, which is the later one, becomes its
    primary address.
    """
    world = MemoryWorld()
    contact = world.hubspot.merge(
        world.new_contact(email="ada@example.com"), world.new_contact(email="old@example.com")
    )
    world.wait()
    lead = world.new_lead(Email="Old@example.com")
    world.sync(lead)
    world.drain()
    assert [(link.hubspot, link.salesforce) for link in world.links.all] == [(contact, lead)]
    assert (world.hubspot.fields(contact)["email"], waits(world)) == ("old@example.com", {})


@pytest.mark.rule("DUP-1")
@pytest.mark.parametrize("lead_first", [True, False])
@pytest.mark.parametrize("cause", [Cause.EDITED, Cause.LEFT])
def test_a_contact_gets_no_lead_in_the_batch_that_links_it_by_an_additional_address(
    cause: Cause, *, lead_first: bool
):
    """Both are read at the same time, as in a first sync, in any order."""
    world = MemoryWorld()
    contact = world.hubspot.merge(
        world.new_contact(email="ada@example.com"), world.new_contact(email="old@example.com")
    )
    world.wait()
    lead = world.new_lead(Email="old@example.com")
    changes = [world.change(lead, cause), world.change(contact)]
    world.deliver(changes if lead_first else changes[::-1])
    world.drain()
    assert [(link.hubspot, link.salesforce) for link in world.links.all] == [(contact, lead)]
    assert (world.salesforce.refs("Lead"), waits(world)) == ([lead], {})


@pytest.mark.rule("CH-13")
def test_a_lead_with_a_linked_contacts_additional_address_waits_for_it():
    """It is reported with that contact, no record is created, and it syncs once the contact is
    gone.
    """
    world = MemoryWorld()
    (ada, _), (old, bin_) = pair(world, "ada@example.com"), pair(world, "old@example.com")
    world.salesforce.delete(bin_)
    contact = world.hubspot.merge(ada, old)
    world.sync(contact, old, bin_)
    world.wait()
    lead = world.new_lead(Email="old@example.com")
    world.sync(lead)
    world.drain()
    assert (world.hubspot.refs("contact"), waits(world)) == ([contact], {lead: (contact,)})
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.drain()
    (new,) = world.hubspot.refs("contact")
    assert (world.hubspot.fields(new)["email"], waits(world)) == ("old@example.com", {})


@pytest.mark.parametrize("size", [2, 3, 4])
def test_addresses_that_rotate_arrive_even_if_synced_one_by_one(size: int):
    """Each of several leads got the next one's address; whichever is synced first, the others
    follow.
    """
    world = MemoryWorld()
    pairs = [pair(world, f"person{number}@example.com") for number in range(size)]
    for number, (_, lead) in enumerate(pairs):
        world.salesforce.edit(lead, {"Email": f"person{(number + 1) % size}@example.com"})
    world.wait()
    world.sync(pairs[0][1])
    world.drain()
    emails = [world.crm(Side.HUBSPOT).fields(contact)["email"] for contact, _ in pairs]
    assert (emails, waits(world)) == (
        [f"person{(number + 1) % size}@example.com" for number in range(size)],
        {},
    )


@pytest.mark.rule("DUP-1")
@pytest.mark.parametrize("deletes", [False, True])
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_does_not_block_other_records(side: Side, deletes: bool):  # noqa: FBT001
    """A new record with the address replaces the one that is gone and is named by the one that is
    left, and nothing is deleted, duplicated or reported.
    """
    world = MemoryWorld(settings={"delete_in_hubspot": deletes})
    contact, lead = pair(world, "ada@example.com")
    gone = contact if side is Side.HUBSPOT else lead
    world.crm(side).delete(gone)
    world.wait()
    new = world.new_contact(phone="0100") if side is Side.HUBSPOT else world.new_lead(Phone="0100")
    successors = (new, lead) if side is Side.HUBSPOT else (contact, new)
    for ref, cause in ((new, Cause.EDITED), (gone, Cause.DELETED)):
        world.sync(ref, cause=cause)
        world.drain()
        assert [(one.hubspot, one.salesforce) for one in world.links.all] == [successors]
        assert (world.hubspot.fields(successors[0])["phone"], waits(world)) == ("0100", {})
        assert (len(world.hubspot.refs("contact")), len(world.salesforce.refs("Lead"))) == (1, 1)
        assert (
            world.salesforce.fields(successors[1])[SALESFORCE_KEY] == f"555001-{successors[0].id}"
        )


@pytest.mark.rule("CH-13")
def test_a_duplicate_of_a_record_that_is_gone_syncs_with_its_next_sync():
    """The contact was deleted after the report, without a notification."""
    world = MemoryWorld()
    contact, _ = pair(world, "ada@example.com")
    double = world.new_lead()
    world.sync(double)
    assert waits(world) == {double: (contact,)}
    world.hubspot.delete(contact)
    world.sync(double)
    world.drain()
    (new,) = world.hubspot.refs("contact")
    assert (world.counterpart(double), waits(world)) == (new, {})


@pytest.mark.rule("DUP-1")
def test_a_lead_that_was_made_for_another_contact_waits_for_that_one():
    """Ada's lead was made and not linked, and Bea has Ada's former address by now: each contact gets
    a lead of its own.
    """
    world = MemoryWorld()
    ada = world.new_contact(email="ada@example.com")
    save = world.links.save
    world.links.save = lambda links: [TryAgain("busy", after=1) for _ in links]
    world.sync(ada)
    world.links.save = save
    world.hubspot.edit(ada, {"email": "ada.new@example.com"})
    bea = world.new_contact(email="ada@example.com")
    world.wait()

    world.sync(bea)
    reported = waits(world)
    world.drain()

    (lead, other) = world.salesforce.refs("Lead")
    assert (reported, waits(world)) == ({bea: (lead,)}, {})
    assert {(link.hubspot, link.salesforce) for link in world.links.all} == {
        (ada, lead),
        (bea, other),
    }
    assert [world.salesforce.fields(one)["Email"] for one in (lead, other)] == [
        "ada.new@example.com",
        "ada@example.com",
    ]
