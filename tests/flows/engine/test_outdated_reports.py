"""The report of a record goes once the record has synced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
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
