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
from tests.memory.world import MemoryWorld

TWO = "ada.two@example.com"


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
