"""A write that another worker has announced: while it may still come, the pair is synced once more
when that worker has surely ended; where it never came, the next sync makes it.
"""

from __future__ import annotations

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Ref
from tests.flows.interleaving.gate import Gate, KilledError, with_gate
from tests.memory.world import MemoryWorld

AFTER = 180
"""Seconds after which a write that was announced is surely over."""


def an_edited_pair() -> tuple[MemoryWorld, Ref]:
    """A contact whose phone number was just edited in HubSpot, in step with its lead until then."""
    world = MemoryWorld()
    ada = world.new_contact(phone="1")
    world.sync(ada)
    world.wait()
    world.hubspot.edit(ada, {"phone": "2"})
    return world, ada


def queued_by_a_second_worker(*, starts_after: float) -> list[tuple[str, Cause, int]]:
    """The records that a second worker queues, with cause and seconds. It starts so many minutes
    after the first one has announced a write to the lead, while that write is still to come.
    """
    world, ada = an_edited_pair()
    lead = world.counterpart(ada)
    queued: list[tuple[Change, int]] = []

    def second_worker() -> None:
        world.wait(starts_after)
        world.salesforce.edit(lead, {"Title": "Dr."})
        world.sync(lead)
        queued.extend(world.outbox.delayed)

    names = Gate()
    sync_contacts([world.change(ada)], with_gate(world.context, names))
    world.hubspot.edit(ada, {"phone": "3"})
    gate = Gate(at=names.calls.index("salesforce.update"), meanwhile=second_worker)
    sync_contacts([world.change(ada)], with_gate(world.context, gate))
    return [(change.ref.object, change.cause, after) for change, after in queued]


def test_a_pair_that_another_worker_is_writing_is_synced_once_more() -> None:
    """Nothing reports the other worker's write, which may put an older value over ours."""
    assert queued_by_a_second_worker(starts_after=1) == [("Lead", Cause.AGAIN, AFTER)]


def test_a_worker_that_has_surely_ended_is_not_waited_for() -> None:
    """After the longest time that a write can take, what did not arrive never will."""
    assert queued_by_a_second_worker(starts_after=4) == []


def test_a_write_that_never_came_is_made_by_the_next_sync() -> None:
    """The worker died after it had saved the link, so the HubSpot record shows what the two sides
    have agreed on; a sweep finds it all the same.
    """
    (world, ada), gate = an_edited_pair(), Gate()
    sync_contacts([world.change(ada)], with_gate(world.context, gate))
    dies_at = gate.calls.index("salesforce.update")
    world, ada = an_edited_pair()
    with pytest.raises(KilledError):
        sync_contacts([world.change(ada)], with_gate(world.context, Gate(dies_at=dies_at)))
    world.wait(5)

    world.sync(ada)

    assert world.salesforce.fields(world.counterpart(ada))["Phone"] == "2"


@pytest.mark.rule("CH-5")
def test_edits_of_a_field_that_two_workers_wrote_at_once_are_no_loop() -> None:
    """One worker died before its write, and another one wrote the phone number a minute later: what
    people then enter in Salesforce crosses, however often.
    """
    (world, ada), gate = an_edited_pair(), Gate()
    sync_contacts([world.change(ada)], with_gate(world.context, gate))
    dies_at = gate.calls.index("salesforce.update")
    world, ada = an_edited_pair()
    lead = world.counterpart(ada)
    with pytest.raises(KilledError):
        sync_contacts([world.change(ada)], with_gate(world.context, Gate(dies_at=dies_at)))
    world.wait(1)
    world.hubspot.edit(ada, {"phone": "3"})
    world.sync(ada)

    for number in range(10):
        world.wait(1)
        world.salesforce.edit(lead, {"Phone": f"4{number}"})
        world.sync(lead)

    assert (world.hubspot.fields(ada)["phone"], list(world.inbox.parked("acme"))) == ("49", [])
