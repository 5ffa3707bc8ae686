"""Who waits for another record goes on once that lets go; what waits holds back nothing else.
Stories that random ones have found.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crmsync.errors import SyncError, TryAgain
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side
from tests.memory.worlds import Town


def pair(town: Town, email: str) -> tuple[Ref, Ref]:
    """A contact and the lead that it became."""
    contact = town.new_contact(email=email)
    before = set(town.salesforce.refs("Lead"))
    town.sync(contact)
    (lead,) = set(town.salesforce.refs("Lead")) - before
    town.wait()
    return contact, lead


def contested(town: Town) -> tuple[Ref, Ref, Ref]:
    """Ada's pair, whose lead got Bea's address and a phone; and Bea's contact, which has the
    address.
    """
    (ada, lead), (bea, _) = pair(town, "ada@example.com"), pair(town, "bea@example.com")
    town.salesforce.edit(lead, {"Email": "bea@example.com", "Phone": "0100"})
    town.wait()
    town.sync(lead)
    town.drain()
    return ada, lead, bea


def bury(town: Town, contact: Ref) -> None:
    """The lead of a contact is deleted, and that is worked off."""
    (lead,) = [link.salesforce for link in town.links.all if link.hubspot == contact]
    assert isinstance(lead, Ref)
    town.salesforce.delete(lead)
    town.sync(lead, cause=Cause.DELETED)
    town.drain()


def waits(town: Town) -> dict[Ref, tuple[Ref, ...]]:
    """Who waits, and for whom."""
    return {one.ref: one.waits_for for one in town.inbox.parked("acme")}


@pytest.mark.rule("DUP-1")
def test_a_contested_address_holds_back_nothing_else():
    """The phone crosses, the address is reported with the contact that has it, and further syncs
    write nothing.
    """
    town = Town()
    ada, lead, bea = contested(town)
    shown = town.hubspot.fields(ada)
    assert (shown["email"], shown["phone"], waits(town)) == (
        "ada@example.com",
        "0100",
        {ada: (bea,)},
    )
    before = town.writes()
    town.sync(ada, lead, bea)
    assert (town.writes(), waits(town)) == (before, {ada: (bea,)})


@pytest.mark.parametrize("how", ["renamed", "deleted"])
@pytest.mark.parametrize("is_linked", [True, False])
def test_an_address_crosses_as_soon_as_it_is_free(how: str, is_linked: bool):  # noqa: FBT001
    """Only the contact that had it is synced."""
    town = Town()
    ada, _, bea = contested(town)
    if not is_linked:
        bury(town, bea)
    if how == "renamed":
        town.hubspot.edit(bea, {"email": "bea.new@example.com"})
    else:
        town.hubspot.delete(bea)
    town.sync(bea, cause=Cause.EDITED if how == "renamed" else Cause.DELETED)
    town.drain()
    assert (town.hubspot.fields(ada)["email"], waits(town)) == ("bea@example.com", {})


@pytest.mark.parametrize("others", [(Cause.WOKEN,), (Cause.AGAIN,), (Cause.WOKEN, Cause.AGAIN)])
def test_an_edit_is_news_whatever_else_the_batch_says_of_the_record(others: tuple[Cause, ...]):
    """Bea, who has no living link, is renamed; that she is synced for somebody else's sake, too,
    does not hide it.
    """
    town = Town()
    ada, _, bea = contested(town)
    bury(town, bea)
    town.hubspot.edit(bea, {"email": "bea.new@example.com"})
    sync_contacts([town.change(bea, cause) for cause in (*others, Cause.EDITED)], town.world)
    town.drain()
    assert (town.hubspot.fields(ada)["email"], waits(town)) == ("bea@example.com", {})


@pytest.mark.rule("DUP-1")
def test_waiting_records_are_queued_before_anything_is_written():
    """The run that takes the address away from Bea dies right after; her own next sync shows
    nothing new, and Ada gets it all the same.
    """
    town = Town()
    ada, _, bea = contested(town)
    town.hubspot.edit(bea, {"email": "bea.new@example.com"})
    save = town.links.save

    def saved_and_killed(links: Sequence[Link]) -> Sequence[Link | SyncError]:
        save(links)
        raise MemoryError

    town.links.save = saved_and_killed
    with pytest.raises(MemoryError):
        town.sync(bea)
    town.links.save = save
    assert town.sync(bea).counts["Quiet"] == 1
    town.drain()
    assert (town.hubspot.fields(ada)["email"], waits(town)) == ("bea@example.com", {})


def test_a_waiting_address_is_not_taken_for_our_own_write():
    """After we wrote another field of the lead, its address is still the person's and not one that
    Salesforce has settled.
    """
    town = Town()
    ada, lead, bea = contested(town)
    town.hubspot.edit(ada, {"jobtitle": "Engineer"})
    save, town.links.save = town.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    town.sync(ada)
    town.links.save = save
    town.drain()
    town.sync(lead, ada)
    assert (town.salesforce.fields(lead)["Title"], waits(town)) == ("Engineer", {ada: (bea,)})


def test_an_edit_in_salesforce_survives_a_hubspot_that_fails_half_way():
    """Both sides were edited and HubSpot takes no write: Salesforce's edit must not look like our
    own echo afterwards.
    """
    town = Town()
    ada, lead = pair(town, "ada@example.com")
    town.hubspot.edit(ada, {"phone": "0100"})
    town.salesforce.edit(lead, {"FirstName": "Ada", "LastName": "Moor"})
    town.hubspot.refuse = lambda _fields: TryAgain("Down.")
    town.sync(ada, lead)
    town.hubspot.refuse = lambda _fields: None
    town.drain()
    assert (town.hubspot.fields(ada)["lastname"], town.salesforce.fields(lead)["Phone"]) == (
        "Moor",
        "0100",
    )


@pytest.mark.rule("CH-13")
def test_a_second_contact_gets_the_lead_that_a_merge_set_free():
    """HubSpot's contact was merged into another pair's; who waited for its lead is linked with it
    in the same run.
    """
    town = Town()
    (one, lead), (two, _) = pair(town, "one@example.com"), pair(town, "two@example.com")
    survivor = town.hubspot.merge(two, one)
    new = town.new_contact(email="one@example.com")
    town.sync(new)
    assert waits(town) == {new: (lead,)}
    for ref in (lead, two, survivor, one):
        town.sync(ref)
    town.drain()
    assert (town.links.find("acme", [new])[new].salesforce, waits(town)) == (lead, {})


@pytest.mark.rule("DUP-26")
def test_a_merged_lead_whose_winner_was_converted_since_is_followed_to_the_contact():
    """The loser's pair is buried for good: what it became belongs to the winner's contact."""
    town = Town()
    (one, loser), (_, winner) = pair(town, "one@example.com"), pair(town, "two@example.com")
    town.salesforce.merge(winner, loser)
    town.sync(loser)
    contact = town.salesforce.convert(winner)
    for ref in (winner, contact, loser, one, loser, one):
        town.sync(ref)
    shown = {str(link.state): link.salesforce for link in town.links.all}
    assert shown == {"active": contact, "tombstone": loser}


@pytest.mark.rule("CH-13")
def test_a_report_outlives_syncs_of_a_pair_that_has_ended():
    """A converted lead's old link is dead; a sync at the lead must not clear what is told about its
    contact.
    """
    town = Town()
    ada, lead = pair(town, "ada@example.com")
    town.hubspot.delete(ada)
    town.sync(ada, cause=Cause.DELETED)
    town.sync(town.new_lead())
    double = town.salesforce.convert(lead)
    town.sync(double)
    (new,) = town.hubspot.refs("contact")
    assert waits(town) == {double: (new,)}
    town.sync(lead)
    assert waits(town) == {double: (new,)}


@pytest.mark.rule("DUP-1")
def test_a_lead_with_a_contacts_further_address_is_that_contacts():
    """The contact is free, so the two are linked; Salesforce's address is the later one and becomes
    the contact's own.
    """
    town = Town()
    contact = town.hubspot.merge(
        town.new_contact(email="ada@example.com"), town.new_contact(email="old@example.com")
    )
    town.wait()
    lead = town.new_lead(Email="Old@example.com")
    town.sync(lead)
    town.drain()
    assert [(link.hubspot, link.salesforce) for link in town.links.all] == [(contact, lead)]
    assert (town.hubspot.fields(contact)["email"], waits(town)) == ("old@example.com", {})


@pytest.mark.rule("CH-13")
def test_a_lead_with_a_linked_contacts_further_address_waits_for_it():
    """It is reported with the contact that has the address, no record is created, and it goes on once
    that contact is gone.
    """
    town = Town()
    (ada, _), (old, bin_) = pair(town, "ada@example.com"), pair(town, "old@example.com")
    town.salesforce.delete(bin_)
    contact = town.hubspot.merge(ada, old)
    town.sync(contact, old, bin_)
    town.wait()
    lead = town.new_lead(Email="old@example.com")
    town.sync(lead)
    town.drain()
    assert (town.hubspot.refs("contact"), waits(town)) == ([contact], {lead: (contact,)})
    town.hubspot.delete(contact)
    town.sync(contact, cause=Cause.DELETED)
    town.drain()
    (new,) = town.hubspot.refs("contact")
    assert (town.hubspot.fields(new)["email"], waits(town)) == ("old@example.com", {})


@pytest.mark.parametrize("size", [2, 3, 4])
def test_addresses_that_rotate_arrive_even_if_synced_one_by_one(size: int):
    """Each of several people got the next one's address in Salesforce; whichever is synced first
    takes the others along.
    """
    town = Town()
    pairs = [pair(town, f"person{number}@example.com") for number in range(size)]
    for number, (_, lead) in enumerate(pairs):
        town.salesforce.edit(lead, {"Email": f"person{(number + 1) % size}@example.com"})
    town.wait()
    town.sync(pairs[0][1])
    town.drain()
    emails = [town.crm(Side.HUBSPOT).fields(contact)["email"] for contact, _ in pairs]
    assert (emails, waits(town)) == (
        [f"person{(number + 1) % size}@example.com" for number in range(size)],
        {},
    )


@pytest.mark.rule("Q-30")
@pytest.mark.rule("RTY-3")
def test_a_deletion_that_was_held_back_is_done_when_it_is_retried():
    """A sync that a person asks for in a later hour deletes the contact, if there is room again;
    the report leaves with it.
    """
    town = Town(settings={"delete_in_hubspot": True, "max_deletes_per_hour": 1})
    pairs = [pair(town, f"p{number}@example.com") for number in range(3)]
    for _, lead in pairs:
        town.salesforce.delete(lead)
    town.sync(*(lead for _, lead in pairs), cause=Cause.DELETED)
    held = [report.ref for report in town.inbox.parked("acme")]
    town.wait(61)

    town.sync(*held, cause=Cause.AGAIN)

    assert [str(report.category) for report in town.inbox.parked("acme")] == ["brake"]
    assert town.hubspot.refs("contact") == [report.ref for report in town.inbox.parked("acme")]


@pytest.mark.rule("DUP-1")
@pytest.mark.parametrize("deletes", [False, True])
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_is_in_no_records_way(side: Side, deletes: bool):  # noqa: FBT001
    """A new record with the address takes the place of the record that is gone; nothing is
    deleted, doubled or reported.
    """
    town = Town(settings={"delete_in_hubspot": deletes})
    contact, lead = pair(town, "ada@example.com")
    gone = contact if side is Side.HUBSPOT else lead
    town.crm(side).delete(gone)
    town.wait()
    new = town.new_contact(phone="0100") if side is Side.HUBSPOT else town.new_lead(Phone="0100")
    heirs = (new, lead) if side is Side.HUBSPOT else (contact, new)
    for ref, cause in ((new, Cause.EDITED), (gone, Cause.DELETED)):
        town.sync(ref, cause=cause)
        town.drain()
        assert [(one.hubspot, one.salesforce) for one in town.links.all] == [heirs]
        assert (town.hubspot.fields(heirs[0])["phone"], waits(town)) == ("0100", {})
        assert (len(town.hubspot.refs("contact")), len(town.salesforce.refs("Lead"))) == (1, 1)


@pytest.mark.rule("CH-13")
def test_a_reported_duplicate_of_a_record_that_is_gone_continues_with_its_next_sync():
    """The contact was deleted after the report, and nothing reported it."""
    town = Town()
    contact, _ = pair(town, "ada@example.com")
    double = town.new_lead()
    town.sync(double)
    assert waits(town) == {double: (contact,)}
    town.hubspot.delete(contact)
    town.sync(double)
    town.drain()
    (new,) = town.hubspot.refs("contact")
    assert (town.counterpart(double), waits(town)) == (new, {})
