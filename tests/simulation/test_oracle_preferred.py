"""Under prefer_hubspot and prefer_salesforce the oracle excuses no more than it says."""

from __future__ import annotations

import pytest

from crmsync.model.records import Side
from tests.simulation.ended import A_PAIR, ended, found, the_pair, write
from tests.simulation.histories.steps import (
    Person,
    Setting,
    Wait,
)


@pytest.mark.parametrize("gives", ["+49 30 9018201", "+49 30 9018209"], ids=["read", "invented"])
def test_only_a_value_that_was_read_may_fill_a_blank_for_good(gives: str) -> None:
    """Under prefer_hubspot a value that the lead showed when the worker read it may stand although
    it was removed meanwhile. No other may.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "prefer_hubspot"),)))
    _, there = the_pair(system)
    system.salesforce.edit(there, {"Fax": "+49 30 9018201"})
    system.ledger.reads = {there: system.ledger.number}
    system.salesforce.edit(there, {"Fax": None})
    write(system, Side.HUBSPOT, "fax", gives)
    write(system, Side.SALESFORCE, "Fax", gives)

    assert found(system) == (set() if gives == "+49 30 9018201" else {"no lost update"})


@pytest.mark.parametrize("number", ["1", "2"])
def test_only_an_edit_that_was_set_back_may_leave_no_trace_beside_a_deletion(number: str) -> None:
    """Under prefer_hubspot a deletion in HubSpot may cross over a lead that shows again what was
    agreed on. Another value fills the blank.
    """
    fax = Person("edit person", what="fax", value="1")
    setting = Setting(policies=(("fax", "prefer_hubspot"),))
    system = ended(*A_PAIR, fax, Wait(60), setting=setting)
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": None})
    for value in (None, f"+49 30 901820{number}"):
        system.salesforce.edit(there, {"Fax": value})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Fax", None)

    assert found(system) == (set() if number == "1" else {"no lost update"})


@pytest.mark.parametrize(
    ("saves", "stands", "is_right"),
    [
        (True, None, True),
        (True, "2", False),
        (False, None, False),
        (False, "2", True),
        ("waits", None, False),
        ("waits", "2", True),
        ("rests", None, False),
        ("rests", "2", True),
    ],
)
def test_only_an_edit_that_has_lost_already_goes_with_a_deletion_on_the_preferred_side(
    *, saves: bool | str, stands: str | None, is_right: bool
) -> None:
    """Under prefer_salesforce an edit in HubSpot has lost once a worker has read it beside
    Salesforce's value and saved the link, unless a limit holds it back or the mapping rests. Until
    then it fills the blank.
    """
    fax = Person("edit person", what="fax", value="1")
    system = ended(
        *A_PAIR, fax, Wait(60), setting=Setting(policies=(("fax", "prefer_salesforce"),))
    )
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018202"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    if saves:
        system.ledger.resting = {"Fax"} if saves == "rests" else set()
        system.ledger.link((here, there), waits=saves == "waits")
    system.salesforce.edit(there, {"Fax": None})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    if stands:
        write(system, Side.SALESFORCE, "Fax", "+49 30 9018202")
    else:
        write(system, Side.HUBSPOT, "fax", None)

    assert found(system) == (set() if is_right else {"no lost update"})


@pytest.mark.parametrize(("entered", "is_saved"), [("1", True), ("1", False), ("4", True)])
def test_only_an_edit_to_the_very_value_that_was_about_to_be_written_leaves_no_trace(
    *, entered: str, is_saved: bool
) -> None:
    """Under prefer_hubspot a worker has announced HubSpot's fax 1, and its write is lost. HubSpot's
    is deleted, and a person enters fax 1 in Salesforce, which then loses it again.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "prefer_hubspot"),)))
    here, there = the_pair(system)
    hubspot = system.portals[0].hubspot
    hubspot.edit(here, {"fax": "+49 30 9018201"})
    system.salesforce.edit(there, {"Fax": "+49 30 9018202"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    if is_saved:
        system.ledger.link((here, there))
    hubspot.edit(here, {"fax": None})
    system.salesforce.edit(there, {"Fax": f"+49 30 901820{entered}"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Fax", None)

    is_excused = entered == "1" and is_saved
    assert found(system) == (set() if is_excused else {"no lost update"})
    assert system.seen["excused: edited between read and write"] == (1 if is_excused else 0)


@pytest.mark.parametrize(("is_read", "stands"), [(False, "4"), (False, None), (True, "4")])
def test_only_a_value_that_is_nowhere_any_more_may_be_lost_on_a_preferred_side(
    *, is_read: bool, stands: str | None
) -> None:
    """An older write replaces a preferred value that its worker had not seen, after somebody has
    deleted it on the other side. The older value may stand then, and a blank may not.
    """
    fax = Person("edit person", Side.SALESFORCE, what="fax", value="3")
    setting = Setting(policies=(("fax", "prefer_salesforce"),))
    system = ended(*A_PAIR, fax, Wait(60), setting=setting)
    here, there = the_pair(system)
    system.ledger.reads = {} if not is_read else dict.fromkeys((here, there), system.ledger.number)
    system.portals[0].hubspot.edit(here, {"fax": None})
    write(system, Side.SALESFORCE, "Fax", "+49 30 9018204")
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    if stands:
        write(system, Side.HUBSPOT, "fax", "+49 30 9018204")
    else:
        system.salesforce.put(there, {"Fax": None}, ours=True)

    assert found(system) == (set() if stands and not is_read else {"no lost update"})
