"""Under fill_blank and preferred sides the oracle excuses no more of a write that came late than it
says.
"""

from __future__ import annotations

import pytest

from crmsync.model.records import Ref, Side
from tests.simulation.ended import A_PAIR, ended, found, the_pair, write
from tests.simulation.histories.steps import (
    Setting,
)
from tests.simulation.world.system import System


def _agreed_between_read_and_write(policy: str) -> tuple[System, Ref, Ref]:
    """A pair in which a slow worker has read 3 in Salesforce and a blank in HubSpot. A person then
    removes the one and enters 2 in the other, and another worker brings it to Salesforce.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", policy),)))
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Fax": "+49 30 9018203"})
    slow = dict.fromkeys((here, there), system.ledger.number)
    system.salesforce.edit(there, {"Fax": None})
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018202"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Fax", "+49 30 9018202")
    system.ledger.reads = slow
    return system, here, there


@pytest.mark.parametrize("is_read", [True, False])
def test_only_a_value_that_the_worker_had_not_read_may_be_overwritten_under_fill_blank(
    *, is_read: bool
) -> None:
    """An edit between a worker's read and its write is overwritten, as neither CRM compares before
    it writes; one that the worker has read is not.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "fill_blank"),)))
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018201"})
    system.ledger.reads = {here: system.ledger.number, there: system.ledger.number}
    system.salesforce.edit(there, {"Fax": "+49 30 9018202"})
    if is_read:
        system.ledger.reads[there] = system.ledger.number
    write(system, Side.SALESFORCE, "Fax", "+49 30 9018201")

    assert found(system) == ({"no lost update"} if is_read else set())
    assert system.seen["excused: edited between read and write"] == (0 if is_read else 1)


@pytest.mark.parametrize("comes_back", [True, False])
def test_an_agreed_value_that_a_slow_worker_overwrites_under_fill_blank_must_come_back(
    *, comes_back: bool
) -> None:
    """The worker had read a blank, so it may overwrite the value, which the other side still has."""
    system, here, there = _agreed_between_read_and_write("fill_blank")
    write(system, Side.HUBSPOT, "fax", "+49 30 9018203")
    if comes_back:
        system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
        write(system, Side.HUBSPOT, "fax", "+49 30 9018202")

    assert found(system) == (set() if comes_back else {"both sides agree"})


@pytest.mark.parametrize("crosses", [True, False])
def test_a_value_that_is_nowhere_any_more_may_be_lost_under_fill_blank(*, crosses: bool) -> None:
    """Somebody edits the other side, which alone had it. That edit replaces what the slow worker has
    written, which is nobody's.
    """
    system, here, there = _agreed_between_read_and_write("fill_blank")
    write(system, Side.HUBSPOT, "fax", "+49 30 9018203")
    system.salesforce.edit(there, {"Fax": "+49 30 9018204"})
    if crosses:
        system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
        write(system, Side.HUBSPOT, "fax", "+49 30 9018204")

    assert found(system) == (set() if crosses else {"both sides agree"})
    assert system.seen["excused: replaced on one side, edited on the other"] == 1


def test_a_worker_that_has_read_a_value_must_not_write_under_fill_blank() -> None:
    """Nor may it if a person has changed that value since, although such an edit may be lost."""
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "fill_blank"),)))
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018201"})
    system.salesforce.edit(there, {"Fax": "+49 30 9018202"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    system.salesforce.edit(there, {"Fax": "+49 30 9018203"})
    write(system, Side.SALESFORCE, "Fax", "+49 30 9018201")

    assert found(system) == {"no lost update"}


@pytest.mark.parametrize("is_read", [True, False])
def test_an_edit_to_what_a_write_was_about_to_bring_counts_as_ours_under_fill_blank(
    *, is_read: bool
) -> None:
    """Nothing tells that a person has entered it, and a newer value of the other side replaces it. A
    worker that has read the edit knows.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "fill_blank"),)))
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Fax": "+49 30 9018201"})
    slow = dict.fromkeys((here, there), system.ledger.number)
    system.salesforce.edit(there, {"Fax": "+49 30 9018202"})
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018201"})
    seen = dict.fromkeys((here, there), system.ledger.number)
    system.ledger.reads = seen if is_read else slow
    write(system, Side.HUBSPOT, "fax", "+49 30 9018201")
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.HUBSPOT, "fax", "+49 30 9018202")

    assert found(system) == ({"no lost update"} if is_read else set())


@pytest.mark.parametrize(
    ("is_seen", "stands", "right"),
    [
        (False, "4", True),
        (False, "3", True),
        (False, "2", False),
        (True, "4", False),
        (True, "3", True),
    ],
)
def test_only_agreement_that_a_worker_has_seen_makes_an_overtaken_writes_value_preferred(
    *, is_seen: bool, stands: str, right: bool
) -> None:
    """A slow worker replaces a preferred value by the one that a person has just entered on the other
    side, and the person changes that again, before or after a worker has read both.
    """
    system, here, there = _agreed_between_read_and_write("prefer_hubspot")
    slow, system.ledger.reads = system.ledger.reads, {}
    system.salesforce.edit(there, {"Fax": "+49 30 9018203"})
    system.ledger.reads = slow
    write(system, Side.HUBSPOT, "fax", "+49 30 9018203")
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    if is_seen:
        system.ledger.link((here, there))
    system.salesforce.edit(there, {"Fax": "+49 30 9018204"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    for side, name in ((Side.HUBSPOT, "fax"), (Side.SALESFORCE, "Fax")):
        write(system, side, name, f"+49 30 901820{stands}")

    assert found(system) == (set() if right else {"no lost update"})
