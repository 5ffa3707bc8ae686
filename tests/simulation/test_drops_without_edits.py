"""The operator may also drop what waits though nobody has entered it where it is to come from (Q-30)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.records import Side
from tests.simulation.ended import ended, found, the_pair
from tests.simulation.histories.kept_limits import LIMITS
from tests.simulation.histories.steps import Operator, Person, Setting, Wait
from tests.simulation.judges.fields import values
from tests.simulation.world.system import System

MERGED_INTO = LIMITS[
    "what the operator dropped was asked for of the contact that a linked one was merged into"
]


def _is_edited_after(system: System) -> None:
    system.salesforce.put(the_pair(system)[1], {"Phone": "+49 30 9018209"}, ours=False)


def _is_written_after(system: System) -> None:
    system.salesforce.put(the_pair(system)[1], {"Phone": "+49 30 9018209"}, ours=True)


def _was_written_and_cleared_before(system: System) -> None:
    for value in ("+49 30 9018201", None):
        system.salesforce.put(the_pair(system)[1], {"Phone": value}, ours=True)
    last = system.ledger.number
    system.ledger.drops = [replace(one, decided=last, done=last) for one in system.ledger.drops]


def _waited_in_hubspot(system: System) -> None:
    holds = frozenset({Hold(Side.HUBSPOT, ChangeLimit.CHANGES)})
    system.ledger.drops = [replace(one, holds=holds) for one in system.ledger.drops]


def _was_carried_out_before_the_merge(system: System) -> None:
    before = system.ledger.linked[the_pair(system)] - 1
    system.ledger.drops = [replace(one, decided=before, done=before) for one in system.ledger.drops]


@pytest.mark.parametrize(
    "wrong",
    [
        _is_edited_after,
        _is_written_after,
        _was_written_and_cleared_before,
        _waited_in_hubspot,
        _was_carried_out_before_the_merge,
    ],
)
def test_what_was_to_cross_to_the_contact_that_another_was_merged_into_is_dropped(
    wrong: Callable[[System], None],
) -> None:
    """A Salesforce contact is merged into one without a phone number. HubSpot's contact, which got
    its number from the first, waits with that, and the operator drops it: the other one gets none.
    """
    system = ended(*MERGED_INTO.steps, setting=MERGED_INTO.setting)
    here, there = the_pair(system)
    shown = system.portals[0].hubspot.fields(here)["phone"]
    phones = (shown, system.salesforce.fields(there).get("Phone"))
    assert (phones, found(system)) == (("+49 30 9018201", None), set())

    wrong(system)
    assert found(system) == {"both sides agree"}


def test_what_a_record_was_made_with_is_not_dropped_with_another_field() -> None:
    """The operator drops an edit of a lead's name; crmsync had made the lead with a phone number that
    HubSpot's contact does not have.
    """
    people = (Person("new person"), Person("new person", who=1), Wait(60))
    edits = [
        Person("edit person", Side.SALESFORCE, who=who, what="lastname", value="5")
        for who in range(2)
    ]
    system = ended(*people, *edits, Wait(5), Operator("drop"), setting=Setting(limit=1))
    assert (len(system.ledger.drops), found(system)) == (1, set())

    rows = system.ledger.rows[system.salesforce.refs("Lead")[1]]
    rows.append(replace(rows[0], field="Phone", value="+49 30 9018209", before=None))
    assert found(system) == {"both sides agree"}


def _is_written_and_blanked_since(system: System) -> None:
    lead = system.salesforce.refs("Lead")[1]
    for value in ("+49 30 9018201", None):
        system.salesforce.put(lead, {"Phone": value}, ours=True)


@pytest.mark.parametrize(
    ("side", "wrong"),
    [
        (Side.SALESFORCE, _is_written_and_blanked_since),
        (Side.HUBSPOT, _is_written_and_blanked_since),
        (Side.HUBSPOT, _waited_in_hubspot),
    ],
)
def test_a_blank_that_was_to_be_filled_is_dropped_with_other_changes(
    side: Side, wrong: Callable[[System], None]
) -> None:
    """HubSpot's value fills what somebody blanks in Salesforce, wherever it came from; that waits with
    an edit of the name, and the operator drops it.
    """
    people = [Person("new person", side, who=who, value="1") for who in range(2)]
    edits = [Person("edit person", who=who, what="lastname", value="5") for who in range(2)]
    blanked = Person("edit person", Side.SALESFORCE, who=1, what="phone")
    steps = (*people, Wait(60), *edits, Wait(5), blanked, Wait(5), Operator("drop"))
    policies = (("phone", "fill_blank"),)
    system = ended(*steps, setting=Setting(limit=1, policies=policies))
    lead = system.salesforce.refs("Lead")[1]
    assert (system.salesforce.fields(lead).get("Phone"), found(system)) == (None, set())

    wrong(system)
    assert [text for text in values(system) if ", phone (fill_blank): " in text]
