"""What a worker knows that reads the two sides, or one record twice, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmsync.model.records import Ref, Side
from tests.simulation.ended import A_PAIR, ended, found, the_pair, write
from tests.simulation.world.watched import Ledger


@pytest.mark.parametrize(
    ("seen", "entered"), [("apart", "4"), ("apart", "5"), ("together", "4"), ("never", "4")]
)
def test_only_an_edit_to_what_a_worker_had_just_read_on_the_other_side_counts_as_agreed_on(
    seen: str, entered: str
) -> None:
    """Salesforce's value is set back between the two reads of a worker, and then entered in HubSpot:
    the worker sees both sides agree.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Phone": "+49 30 9018204"})
    before = system.ledger.number
    system.salesforce.edit(there, {"Phone": "+49 30 9018201"})
    system.wait(60)
    system.portals[0].hubspot.edit(here, {"phone": f"+49 30 901820{entered}"})
    now = system.ledger.number
    system.ledger.reads = {here: now, there: before if seen == "apart" else now}
    if seen != "never":
        system.ledger.link((here, there))
    system.ledger.reads = dict.fromkeys((here, there), now)
    write(system, Side.HUBSPOT, "phone", "+49 30 9018201")

    is_excused = (seen, entered) == ("apart", "4")
    assert found(system) == (set() if is_excused else {"no lost update"})
    assert system.seen["excused: read at two moments"] == (1 if is_excused else 0)


def test_a_worker_goes_by_what_it_has_read_before_it_finds_the_same_record_by_its_address() -> None:
    """What it finds of a record that it has not read since it began to gather facts, it has read."""
    ledger = Ledger(lambda: datetime(2026, 11, 2, tzinfo=UTC))
    read, new = Ref(Side.HUBSPOT, "contact", "1"), Ref(Side.HUBSPOT, "contact", "2")
    ledger.read(read)
    ledger.number = 3
    for one in (read, new):
        ledger.find(one)
    assert ledger.reads == {read: 0, new: 3}
