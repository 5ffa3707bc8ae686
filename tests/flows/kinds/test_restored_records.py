"""Records that a person takes out of Salesforce's recycle bin after crmsync has deleted their
counterparts in HubSpot: each gets another one, whatever gets in the way at first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.effects import CreateRecord
from crmsync.model.links import LinkState
from crmsync.model.records import Ref
from crmsync.model.settings import CompanySettings
from tests.flows.kinds.activities.activity_worlds import a_call, a_linked_person, a_world
from tests.flows.kinds.activities.test_activity_deletions import DELETING
from tests.flows.kinds.test_merges import Merge, companies, contacts, deals
from tests.memory.world import MemoryWorld

TWO = "ada.two@example.com"
THREE = "ada.three@example.com"


def a_lead() -> tuple[MemoryWorld, Ref]:
    """A world in which deletions of leads cross, and a lead of it."""
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    return world, world.new_lead()


def an_account() -> tuple[MemoryWorld, Ref]:
    """A world in which deletions of accounts cross, and an account of it."""
    world = MemoryWorld(companies=CompanySettings(delete_in_hubspot=True))
    return world, world.new_account()


def an_opportunity() -> tuple[MemoryWorld, Ref]:
    """A world in which deletions of opportunities cross, and an opportunity of it."""
    world = MemoryWorld()
    return world, world.new_opportunity()


def a_logged_call() -> tuple[MemoryWorld, Ref]:
    """A world in which deletions of calls cross, and the task of a call."""
    world = a_world(calls=DELETING)
    call = a_call(world, a_linked_person(world)[0])
    world.sync(call)
    return world, world.counterpart(call)


RECORDS = (a_lead, an_account, an_opportunity, a_logged_call)


def binned(world: MemoryWorld, record: Ref) -> None:
    """Sync the record, delete it, and have the deletion cross."""
    world.sync(record)
    world.drain()
    gone = world.counterpart(record)
    world.wait()
    world.salesforce.delete(record)
    world.sync(record, cause=Cause.DELETED)
    world.drain()
    assert not world.hubspot.is_live(gone)


def fail_once(world: MemoryWorld, error: SyncError) -> None:
    """HubSpot does not make the next records."""
    create = world.hubspot.create

    def fail(effects: Sequence[CreateRecord]) -> list[SyncError]:
        world.hubspot.create = create  # type: ignore[method-assign]
        return [error for _ in effects]

    world.hubspot.create = fail  # type: ignore[assignment, method-assign]


def pairs(world: MemoryWorld, record: Ref) -> list[Ref]:
    """The live records of HubSpot with which a record is linked."""
    return [
        one.hubspot
        for one in world.links.all
        if one.salesforce == record and one.state is LinkState.ACTIVE
        if isinstance(one.hubspot, Ref) and world.hubspot.is_live(one.hubspot)
    ]


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("Q-30")
@pytest.mark.parametrize("make", RECORDS)
@pytest.mark.parametrize("error", [TryAgain("Busy."), Refused("A rule.", code="RULE")])
def test_a_restored_record_gets_a_counterpart_that_could_not_be_made_at_once(
    make: Callable[[], tuple[MemoryWorld, Ref]], error: SyncError
):
    """HubSpot was busy, or refused the new record, so another try makes it."""
    world, record = make()
    binned(world, record)
    world.salesforce.restore(record)
    fail_once(world, error)
    world.sync(record, cause=Cause.RESTORED)
    assert pairs(world, record) == []

    world.sync(record, cause=Cause.AGAIN)
    world.drain()
    assert (len(pairs(world, record)), list(world.inbox.parked("acme"))) == (1, [])


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-13")
def test_a_restored_lead_waits_while_another_contact_has_its_address():
    """A lead of another contact was given the address of a lead, and got it in HubSpot when that
    one's contact was deleted. The lead is reported when it is restored, and gets a contact when
    its address is free.
    """
    world = MemoryWorld(settings={"delete_in_hubspot": True})
    lead, other = world.new_lead(), world.new_lead(Email=TWO)
    world.sync(lead, other)
    world.drain()
    world.salesforce.edit(other, {"Email": "ada@example.com"})
    world.sync(other)
    contact = world.counterpart(other)
    binned(world, lead)
    assert world.hubspot.fields(contact)["email"] == "ada@example.com"

    world.salesforce.restore(lead)
    world.sync(lead, cause=Cause.RESTORED)
    world.drain()
    told = {one.ref: (one.category, one.waits_for) for one in world.inbox.parked("acme")}
    assert (told, pairs(world, lead)) == ({lead: ("duplicates", (contact,))}, [])

    world.wait()
    world.salesforce.edit(other, {"Email": TWO})
    world.sync(other)
    world.drain()
    (new,) = pairs(world, lead)
    assert (world.hubspot.fields(new)["email"], list(world.inbox.parked("acme"))) == (
        "ada@example.com",
        [],
    )


def records(world: MemoryWorld) -> dict[str, list[Ref]]:
    """What is live in HubSpot."""
    return {name: world.hubspot.refs(name) for name in ("contact", "company", "deal")}


def deletions_cross(world: MemoryWorld) -> None:
    """From now on they do for every kind: by default they do for opportunities alone."""
    world.settings = {"delete_in_hubspot": True}
    world.companies = CompanySettings(delete_in_hubspot=True)


def delete_survivor(merge: Merge, told: Cause) -> None:
    """A person deletes it, by a time at which deletions cross."""
    world, survivor = merge.world, merge.refs["survivor"]
    deletions_cross(world)
    world.wait()
    remove = world.hubspot.purge if told is Cause.FORGOTTEN else world.hubspot.delete
    remove(survivor)
    world.sync(survivor, cause=told)
    world.drain()


@pytest.mark.rule("CH-9")
@pytest.mark.rule("DEL-1")
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.parametrize("known", ["merge", "deletion", "merge alone"])
@pytest.mark.parametrize(
    ("make", "told"),
    [
        (contacts, Cause.FORGOTTEN),
        (contacts, Cause.DELETED),
        (companies, Cause.DELETED),
        (deals, Cause.DELETED),
    ],
)
def test_what_a_merge_in_hubspot_left_gets_no_counterpart_when_the_survivor_is_deleted(
    make: Callable[[], Merge],
    told: Cause,
    known: str,
):
    """An undelete that is read, perhaps once more, after that brings nobody back: a person has
    deleted what the HubSpot record became, perhaps for privacy. The merge was read before what it
    left in Salesforce was deleted, or after that, or nothing but the merge was read in time.
    """
    merge = make()
    world, left = merge.world, merge.refs["loser"]
    if known != "deletion":
        merge.deliver("survivor", "winner", "loser")
        world.drain()
    world.salesforce.delete(left)
    world.wait()
    if known != "merge alone":
        merge.deliver("loser gone", "survivor", "winner", "other gone")
        world.drain()
    world.salesforce.restore(left)
    if known != "merge alone":
        world.sync(left, cause=Cause.RESTORED)
        world.drain()
    delete_survivor(merge, told)
    before = records(world)

    world.sync(left, cause=Cause.RESTORED)
    world.drain()
    assert (records(world), pairs(world, left)) == (before, [])


@pytest.mark.rule("CH-9")
@pytest.mark.rule("DEL-1")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("told", [Cause.FORGOTTEN, Cause.DELETED])
def test_a_lead_that_was_deleted_before_the_merge_gets_no_contact_of_the_survivors_person(
    told: Cause,
):
    """Deletions did not cross when the lead was deleted, so its contact stayed, and was merged into
    that of another pair. They cross by the time the survivor is deleted.
    """
    world = MemoryWorld()
    lead, winner = world.new_lead(), world.new_lead(Email=TWO)
    world.sync(lead, winner)
    world.drain()
    contact, primary = world.counterpart(lead), world.counterpart(winner)
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    world.wait()
    survivor = world.hubspot.merge(primary, contact)
    merge = Merge(world, {"loser": lead, "winner": winner, "survivor": survivor, "other": contact})
    merge.deliver("survivor", "winner", "other gone")
    world.drain()
    world.salesforce.restore(lead)
    world.sync(lead, cause=Cause.RESTORED)
    world.drain()
    delete_survivor(merge, told)

    world.sync(lead, cause=Cause.EDITED)
    world.drain()
    assert (world.hubspot.refs("contact"), pairs(world, lead)) == ([], [])


@pytest.mark.rule("CH-9")
@pytest.mark.rule("DEL-1")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("told", [Cause.FORGOTTEN, Cause.DELETED])
def test_a_deleted_lead_gets_no_contact_of_a_survivor_that_was_linked_after_the_merge_was_read(
    told: Cause,
):
    """Deletions did not cross when the lead was deleted, so its contact stayed, and was merged into
    a new one that had no lead yet. They cross by the time the survivor is deleted.
    """
    world = MemoryWorld()
    lead = world.new_lead()
    world.sync(lead)
    contact = world.counterpart(lead)
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    new = world.new_contact(email=TWO)
    world.wait()
    survivor = world.hubspot.merge(new, contact)
    merge = Merge(world, {"loser": lead, "survivor": survivor, "other": contact})
    merge.deliver("other gone")
    world.sync(world.new_lead(Email=TWO))
    world.drain()
    world.salesforce.restore(lead)
    delete_survivor(merge, told)

    world.sync(lead, cause=Cause.RESTORED)
    world.drain()
    assert (world.hubspot.refs("contact"), pairs(world, lead)) == ([], [])


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("others", [(), ("survivor",)], ids=["alone", "with the survivor"])
def test_contacts_that_had_lost_their_leads_are_read_once_each_when_merged_into_an_unlinked_one(
    others: tuple[str, ...],
):
    """Their tombstones had each other looked at for ever, as long as the survivor had no lead."""
    world = MemoryWorld()
    leads = world.new_lead(), world.new_lead(Email=TWO)
    world.sync(*leads)
    world.drain()
    one, two = map(world.counterpart, leads)
    for lead in leads:
        world.salesforce.delete(lead)
        world.sync(lead, cause=Cause.DELETED)
    new = world.new_contact(email=THREE)
    world.wait()
    survivor = world.hubspot.merge(world.hubspot.merge(new, one), two)
    named = {"one": one, "two": two, "survivor": survivor}

    world.sync(one, *(named[it] for it in others), cause=Cause.WOKEN)
    world.drain()
    world.sync(*(named[it] for it in others), one, two, cause=Cause.DELETED)
    world.drain()
    waiting = [*world.outbox.published, *world.outbox.delayed]
    assert (waiting, marked(world, leads)) == ([], [False, False])

    world.sync(world.new_lead(Email=THREE), one, cause=Cause.WOKEN)
    world.drain()
    assert marked(world, leads) == [True, True]


def marked(world: MemoryWorld, leads: Sequence[Ref]) -> list[bool]:
    """Whether the tombstone of each lead says that its person lives on."""
    found = world.links.find("acme", leads)
    return [found[lead].state is LinkState.TOMBSTONE and found[lead].is_merged for lead in leads]
