"""A pair to which another worker has announced a write is synced once more when that worker has
surely ended, as its write may come after ours.
"""

from __future__ import annotations

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, Change
from tests.flows.convergence.gate import Gate, with_gate
from tests.memory.world import MemoryWorld

AFTER = 180
"""Seconds after which a write that was announced is surely over."""


def queued_by_a_second_worker(*, starts_after: float) -> list[tuple[str, Cause, int]]:
    """The records that a second worker queues, with cause and seconds. It starts so many minutes
    after the first one has announced a write to the lead, while that write is still to come.
    """
    world = MemoryWorld()
    ada = world.new_contact(phone="1")
    world.sync(ada)
    lead = world.counterpart(ada)
    world.wait()
    queued: list[tuple[Change, int]] = []

    def second_worker() -> None:
        world.wait(starts_after)
        world.salesforce.edit(lead, {"Title": "Dr."})
        world.sync(lead)
        queued.extend(world.outbox.delayed)

    world.hubspot.edit(ada, {"phone": "2"})
    change = world.change(ada)
    recorded = Gate()
    sync_contacts([change], with_gate(world.context, recorded))
    world.hubspot.edit(ada, {"phone": "3"})
    gate = Gate(at=recorded.calls.index("salesforce.update"), meanwhile=second_worker)
    sync_contacts([world.change(ada)], with_gate(world.context, gate))
    return [(change.ref.object, change.cause, after) for change, after in queued]


def test_a_pair_that_another_worker_is_writing_is_synced_once_more() -> None:
    """Nothing reports the other worker's write, which may put an older value over ours."""
    assert queued_by_a_second_worker(starts_after=1) == [("Lead", Cause.AGAIN, AFTER)]


def test_a_worker_that_has_surely_ended_is_not_waited_for() -> None:
    """After the longest time that a write can take, what did not arrive never will."""
    assert queued_by_a_second_worker(starts_after=4) == []
