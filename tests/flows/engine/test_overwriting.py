"""What is kept of a batch before it overwrites anything, and what it costs if no values are kept;
against a world in memory.
"""

from __future__ import annotations

from datetime import timedelta

from crmsync.errors import TryAgain
from crmsync.flows.operator.undo import UndoResult
from crmsync.model.operations.overwritten import Overwrite, OverwrittenPair
from crmsync.model.records import Kind, Side
from tests.flows.undo.test_undo import GOOD, a_world, mistake, pair, shown, undo
from tests.memory.world import MemoryWorld


def test_nothing_is_kept_unless_the_connection_keeps_values() -> None:
    """By default no value is stored, and the undo command says how to change that."""
    world = MemoryWorld()
    ada, _ = pair(world)
    since = mistake(world, ada)

    done = undo(world, since)

    remark = "acme: nothing that was overwritten since then is kept ([connection.undo] hours = 0)."
    assert (world.overwritten.batches, done) == ([], UndoResult(since, True, remarks=(remark,)))


def test_what_cannot_be_kept_is_not_overwritten() -> None:
    """The batch waits until the store answers again."""
    world = a_world()
    ada, lead = pair(world)
    world.overwritten.down = TryAgain("The key is switched off.")

    since = mistake(world, ada)

    assert world.salesforce.fields(lead)["LastName"] == "Lang"
    world.overwritten.down = None
    world.drain()
    assert world.salesforce.fields(lead)["LastName"] == "HACKED"
    undo(world, since)
    world.drain()
    assert shown(world, ada, lead) == GOOD


def test_only_the_values_before_the_sync_are_kept() -> None:
    """A batch has one entry, whatever its number of records, and records that it has just created
    are not in it.
    """
    world = a_world()
    contacts = [world.new_contact(email=f"c{n}@example.com", phone="0100") for n in range(3)]
    world.sync(*contacts)
    assert world.overwritten.batches == []

    mistake(world, *contacts, phone="0200")

    ((batch, until),) = world.overwritten.batches
    assert (batch.kind, len(batch.pairs), until - batch.at) == (
        Kind.CONTACT,
        3,
        timedelta(hours=72),
    )
    leads_ = dict(zip(contacts, world.salesforce.refs("Lead"), strict=True))
    phone = Overwrite(Side.SALESFORCE, "phone", "Phone", "0100", "0200")
    assert set(batch.pairs) == {OverwrittenPair(one, leads_[one], (phone,)) for one in contacts}
