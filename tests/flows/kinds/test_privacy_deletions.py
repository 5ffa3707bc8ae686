"""What a contact that was deleted for privacy leaves in Salesforce, where it has become another
record since (CH-9).
"""

from __future__ import annotations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
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
