"""Records that are gone and of which nothing has reported it: what finds that out has them synced,
and nothing is tried for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crmsync.errors import Gone, Refused
from crmsync.model.changes import Cause
from crmsync.model.effects import Category, CreateRecord, Report
from crmsync.model.links import LinkState
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome
from crmsync.rules.timing.outages import TRIES
from tests.memory.world import MemoryWorld


def tied(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A linked contact that HubSpot has deleted without notice, and an opportunity of it."""
    member = world.new_salesforce_contact(world.new_account())
    world.sync(member)
    world.drain()
    contact = world.counterpart(member)
    world.hubspot.delete(contact)
    return contact, world.new_opportunity(member)


@pytest.mark.rule("OPP-9")
def test_a_deal_of_a_contact_that_is_gone_has_the_contact_synced() -> None:
    """The contact's link ends with that, so the deal is not associated any more, and nothing stays
    in the queue.
    """
    world = MemoryWorld()
    contact, opportunity = tied(world)

    world.sync(opportunity)
    asked = {change.ref for change, _ in world.outbox.delayed}
    world.drain()

    states = {one.hubspot: one.state for one in world.links.all}
    assert asked >= {contact}
    assert states[contact] is LinkState.TOMBSTONE
    assert (world.outbox.delayed, list(world.inbox.parked("acme"))) == ([], [])


def test_roll_ups_of_a_contact_that_is_gone_have_it_synced() -> None:
    """The sums were to be written to it."""
    world = MemoryWorld()
    member = world.new_salesforce_contact(world.new_account())
    opportunity = world.new_opportunity(member)
    world.sync(member, opportunity)
    world.drain()
    contact = world.counterpart(member)
    world.hubspot.delete(contact)
    world.salesforce.edit(opportunity, {"Amount": 2000})
    world.wait()

    world.sync(opportunity)

    assert [change for change, _ in world.outbox.delayed] == [world.change(contact, Cause.AGAIN)]


def test_a_write_that_names_a_record_that_stays_gone_is_parked_in_the_end() -> None:
    """Each attempt counts as a try, even if the next pass finds nothing to write. After the last one
    the record is in the error inbox.
    """
    world = MemoryWorld()
    contact, create = world.new_contact(), world.salesforce.create
    gone = Gone("One of the records no longer exists.", code="OBJECT_NOT_FOUND")

    def refuse(_effects: Sequence[CreateRecord]) -> list[Outcome]:
        world.salesforce.create = create  # type: ignore[method-assign]
        return [gone]

    world.salesforce.create = refuse  # type: ignore[method-assign]
    world.deliver([replace(world.change(contact), tries=TRIES)])

    assert world.outbox.delayed == []
    assert [(one.ref, one.category, one.code) for one in world.inbox.parked("acme")] == [
        (contact, Category.UNAVAILABLE, "OBJECT_NOT_FOUND")
    ]


@pytest.mark.rule("DUP-24")
def test_a_refused_mark_is_reported_and_written_by_the_next_sync() -> None:
    """The pair is linked all the same."""
    world = MemoryWorld()
    contact = world.new_contact()
    text = "A rule refused it."

    def refuse(fields: object) -> Refused | None:
        is_mark = isinstance(fields, dict) and HUBSPOT_KEY in fields and "email" not in fields
        return Refused(text, code="FIELD_CUSTOM_VALIDATION_EXCEPTION") if is_mark else None

    world.hubspot.refuse = refuse  # type: ignore[assignment]
    world.sync(contact)
    reported = list(world.inbox.parked("acme"))
    world.hubspot.refuse = lambda _fields: None
    world.sync(contact, cause=Cause.AGAIN)

    assert reported == [
        Report(
            contact,
            Category.VALIDATION,
            f"{text} The field was left out, the rest of the record is in step.",
            "crmsync_owner_id, crmsync_salesforce_id",
            because=("CH-8",),
            code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        )
    ]
    assert list(world.inbox.parked("acme")) == []
    assert world.hubspot.fields(contact)[HUBSPOT_KEY] == world.counterpart(contact).id


@pytest.mark.rule("Q-18")
def test_an_owner_that_hubspot_does_not_show_yet_is_written_by_the_next_sync() -> None:
    """No owner has changed since."""
    world = MemoryWorld()
    contact = world.new_contact()
    world.sync(contact)
    owner = world.hubspot.fields(contact)["crmsync_owner_id"]
    world.hubspot.fill_in(contact, {"crmsync_owner_id": None})

    world.sync(contact, cause=Cause.AGAIN)

    assert world.hubspot.fields(contact)["crmsync_owner_id"] == owner


@pytest.mark.rule("MRG-3")
def test_the_other_link_ends_with_the_survivor_of_a_merge() -> None:
    """Nothing else has reported the merge, and nobody touches the other lead."""
    world = MemoryWorld()
    names = ("ada", "bea")
    ada, bea = (world.new_contact(email=f"{name}@example.com") for name in names)
    world.sync(ada, bea)
    leads = [world.counterpart(one) for one in (ada, bea)]
    survivor = world.hubspot.merge(ada, bea)
    world.wait()

    world.sync(survivor)

    assert {(one.hubspot, one.salesforce, one.state) for one in world.links.all} == {
        (survivor, leads[0], LinkState.ACTIVE),
        (bea, leads[1], LinkState.TOMBSTONE),
    }
    assert {one.side for one in (survivor, bea)} == {Side.HUBSPOT}


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("is_linked", [True, False])
def test_a_report_about_a_record_ends_with_its_merge(is_linked: bool) -> None:  # noqa: FBT001
    """Nothing reports the merge but the survivor, which shows nothing new if it is linked."""
    world = MemoryWorld()
    ada, waiting = world.new_contact(), world.new_contact(email="")
    if is_linked:
        world.sync(ada)
        world.drain()
    world.sync(waiting)
    before = [one.ref for one in world.inbox.parked("acme")]

    survivor = world.hubspot.merge(ada, waiting)
    world.sync(survivor)
    world.drain()

    assert (before, list(world.inbox.parked("acme"))) == ([waiting], [])
