"""The report of a record goes once the record has synced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.fields import FieldRule
from crmsync.model.records import Ref
from crmsync.rules.timing.outages import TRIES
from tests.memory.world import MemoryWorld


@pytest.mark.rule("RTY-1")
def test_a_record_that_works_again_leaves_although_its_counterpart_is_reported() -> None:
    """HubSpot's contact was locked and the lead given up; by the next try the lead has an address
    that another contact has, which is reported about its contact alone.
    """
    world = MemoryWorld()
    ada, bea = world.new_contact(), world.new_contact(email="bea@example.com")
    world.sync(ada, bea)
    lead = world.counterpart(ada)
    world.hubspot.refuse = lambda _fields: TryAgain("Locked.", code="LOCKED")
    world.salesforce.edit(lead, {"Phone": "0300"})
    world.deliver([replace(world.change(lead), tries=TRIES)])
    before = [(one.ref, one.code) for one in world.inbox.parked("acme")]
    world.hubspot.refuse = lambda _fields: None

    world.salesforce.edit(lead, {"Email": "bea@example.com"})
    world.deliver([replace(world.change(lead, Cause.AGAIN), tries=TRIES)])

    after = [(one.ref, one.code) for one in world.inbox.parked("acme")]
    assert (before, after) == ([(lead, "LOCKED")], [(ada, "ADDRESS_TAKEN")])


def parted() -> tuple[MemoryWorld, Ref, Ref]:
    """A contact and its lead whose nicknames were different when these were mapped, and stay so."""
    world = MemoryWorld()
    contact = world.new_contact(phone="111")
    world.sync(contact)
    lead = world.counterpart(contact)
    world.hubspot.edit(contact, {"nickname": "Mine"})
    world.salesforce.edit(lead, {"Nickname__c": "Theirs"})
    world.wait()
    world.settings["field"] = (FieldRule("nickname", "Nickname__c", since=world.now),)
    world.wait()
    world.sync(contact)
    world.wait()
    return world, contact, lead


def no_such_number(fields: Mapping[str, object]) -> Refused | None:
    """What Salesforce says of the phone number 666."""
    code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    error = Refused("No such phone numbers here.", code=code, fieldname="Phone")
    return error if fields.get("Phone") == "666" else None


def codes(world: MemoryWorld) -> list[str]:
    """The codes of all reports."""
    return [one.code for one in world.inbox.parked("acme")]


@pytest.mark.rule("RTY-1")
@pytest.mark.rule("MAP-6")
def test_a_record_that_works_again_leaves_although_a_field_stays_different() -> None:
    """The nicknames are older than their mapping, which is no reason for a report."""
    world, contact, lead = parted()
    world.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="LOCKED")
    world.hubspot.edit(contact, {"phone": "222"})
    world.deliver([replace(world.change(contact), tries=TRIES)])
    before = codes(world)
    world.salesforce.refuse = lambda _fields: None

    world.sync(contact, cause=Cause.AGAIN)

    shown = world.salesforce.fields(lead)
    assert (before, codes(world)) == (["LOCKED"], [])
    assert (shown["Phone"], shown["Nickname__c"]) == ("222", "Theirs")


@pytest.mark.rule("CH-8")
def test_the_report_of_a_refused_field_ends_with_the_difference_in_that_field() -> None:
    """It stays while other fields sync, and goes although the nicknames still differ."""
    world, contact, lead = parted()
    world.salesforce.refuse = no_such_number
    seen = []
    edits = ({"phone": "666", "firstname": "Bea"}, {"firstname": "Eve"}, {"phone": "222"})
    for edit in edits:
        world.hubspot.edit(contact, edit)
        world.sync(contact)
        world.wait()
        shown = world.salesforce.fields(lead)
        seen.append((shown["FirstName"], shown["Phone"], codes(world)))

    refused = ["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert seen == [("Bea", "111", refused), ("Eve", "111", refused), ("Eve", "222", [])]
