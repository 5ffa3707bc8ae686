"""What limits hold back is released, and an undo puts back what it may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.records import Side
from tests.simulation.ended import A_PAIR, ended, found, phones, the_pair, write
from tests.simulation.histories.steps import (
    Crash,
    News,
    Operator,
    Person,
    Setting,
    Step,
    Wait,
    Work,
)
from tests.simulation.play import act, finish
from tests.simulation.world.system import System


def test_what_a_limit_holds_back_crosses_when_it_is_released() -> None:
    """One record may be overwritten in an hour, and another one is edited: its change waits for the
    operator.
    """
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = (
        Person("edit person", who=who, what="phone", value="2", news=News.TOLD) for who in range(2)
    )
    system = System(Setting(limit=1))
    for step in (*people, *edits, Wait(5)):
        act(system, step)
    assert {"both sides agree"} <= found(system)
    finish(system)

    assert (found(system), system.seen["released"]) == (set(), 1)


A_MISTAKE = (*A_PAIR, Person("edit person", what="phone", value="2"), Wait(60))


@pytest.mark.parametrize(
    ("edit", "left"),
    [((), "+49 30 9018201"), ((Person("edit person", what="phone", value="3"),), "+49 30 9018203")],
    ids=["nothing more", "an edit"],
)
def test_an_undo_puts_back_what_crmsync_overwrote_unless_somebody_edited_it_since(
    edit: tuple[Step, ...], left: str
) -> None:
    """The lead's former phone number crosses to the contact; a later one stays."""
    system = ended(*A_MISTAKE, *edit, Operator("undo", value="80"), setting=Setting(undo=True))
    assert (phones(system), found(system)) == ([left, left], set())


AGAIN_THERE = Person("edit person", Side.SALESFORCE, what="phone", value="2")
UNDO_ALL = Operator("undo", value="200")


@pytest.mark.parametrize(
    ("steps", "shown", "wrong"),
    [
        ((UNDO_ALL, Wait(30), AGAIN_THERE, Wait(30)), "2", {"undo puts back what was there"}),
        ((UNDO_ALL, AGAIN_THERE, Wait(30)), "1", set()),
    ],
    ids=["what was put back had crossed", "it had not crossed"],
)
def test_an_edit_that_repeats_what_an_undo_took_back_stays_if_both_crossed(
    steps: tuple[Step, ...], shown: str, wrong: set[str]
) -> None:
    """A second undo leaves it, and one that does not is found. If nothing crossed, nobody can tell."""
    setting = Setting(undo=True)
    again = Operator("undo", value="250")
    system = ended(*A_MISTAKE, *steps, again, setting=setting)
    assert (phones(system), found(system)) == ([f"+49 30 901820{shown}"] * 2, set())

    system = ended(*A_MISTAKE, *steps, setting=setting)
    here, there = the_pair(system)
    system.undone["undo#9"], system.ledger.worker = system.now - timedelta(days=1), "undo#9"
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018201")
    system.ledger.worker = ""
    write(system, Side.HUBSPOT, "phone", "+49 30 9018201")
    assert found(system) == wrong


@pytest.mark.parametrize(
    ("value", "after", "is_excused"), [("2", 1, 1), ("3", 1, 0), ("2", 150, 0)]
)
def test_an_edit_that_repeats_what_is_just_being_written_may_be_taken_back(
    value: str, after: int, is_excused: int
) -> None:
    """A worker has kept what it is about to write. Another value, or the same one much later, is an
    edit.
    """
    there = Person("edit person", Side.SALESFORCE, what="phone", value=value)
    steps = (Person("edit person", what="phone", value="2"), Wait(1), Work("contact", 10))
    system = ended(
        *A_PAIR, *steps, Crash("contact"), Wait(after), there, Wait(30), setting=Setting(undo=True)
    )
    here, lead = the_pair(system)
    system.undone["undo#9"], system.ledger.worker = system.now - timedelta(days=1), "undo#9"
    system.ledger.reads = dict.fromkeys((here, lead), system.ledger.number)
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018201")
    system.ledger.worker = ""
    write(system, Side.HUBSPOT, "phone", "+49 30 9018201")

    wrong = set() if is_excused else {"undo puts back what was there"}
    assert (found(system), system.seen["excused: entered while it crossed"]) == (wrong, is_excused)


@pytest.mark.parametrize("number", [1, 9])
def test_an_undo_that_puts_back_anything_else_is_found(number: int) -> None:
    """A value that never stood there, or one that a person had edited."""
    system = ended(*A_MISTAKE, setting=Setting(undo=True))
    here, there = the_pair(system)
    if number == 1:
        system.salesforce.edit(there, {"Phone": "+49 30 9018203"})
    system.undone["undo#1"], system.ledger.worker = system.now, "undo#1"
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Phone", f"+49 30 901820{number}")
    system.ledger.worker = ""
    write(system, Side.HUBSPOT, "phone", f"+49 30 901820{number}")

    assert found(system) == {"undo puts back what was there"}
