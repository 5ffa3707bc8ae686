"""What a sync counts for the job that queued a record: made, linked or refused."""

from __future__ import annotations

from dataclasses import replace

from crmsync.errors import Refused, TryAgain
from crmsync.flows.engine.results import Summary
from crmsync.model.changes import Cause
from crmsync.model.operations.jobs import JobCounts
from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld


def imported(world: MemoryWorld, *refs: Ref) -> Summary:
    """Sync these records as the job 7f3a2c queues them."""
    return world.deliver([replace(world.change(ref, Cause.RESYNC), job="7f3a2c") for ref in refs])


def test_what_is_made_and_what_is_linked_is_counted() -> None:
    """Once: a record that is a pair already counts nothing, nor does one that nobody queued."""
    world = MemoryWorld()
    world.new_lead(Email="ada@example.com", LastName="Lang", Company="Example")
    ada, ben, cia = (
        world.new_contact(email=f"{one}@example.com", lastname="Lang")
        for one in ("ada", "ben", "cia")
    )

    first, again = imported(world, ada, ben), imported(world, ada, ben)
    live = world.sync(cia)

    assert first.jobs == {"7f3a2c": JobCounts(made=1, linked=1)}
    assert not any(again.jobs.values())
    assert live.jobs == {}


def test_what_is_refused_is_counted_and_what_may_still_work_is_not() -> None:
    """A record that is put off counts when it comes back, for the same job."""
    world = MemoryWorld()
    ada, ben = (
        world.new_contact(email=f"{one}@example.com", lastname="Lang") for one in ("ada", "ben")
    )
    world.salesforce.refuse = lambda _fields: Refused("No.", code="BRAND_NEW_RULE")
    refused = imported(world, ada)
    world.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="ENTITY_IS_LOCKED")
    put_off = imported(world, ben)
    later = [change for change, _ in world.outbox.delayed]

    assert refused.jobs == {"7f3a2c": JobCounts(refused=1)}
    assert not any(put_off.jobs.values())
    assert [(change.ref, change.job) for change in later] == [(ben, "7f3a2c")]
