"""What limits hold back is released or dropped, and an undo puts back what it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.records import Ref, Side
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


def test_what_is_dropped_stays_apart_until_somebody_edits_it() -> None:
    """One record may be overwritten in an hour, the operator drops the edit of another one, and
    crmsync may not write that field any more.
    """
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = (Person("edit person", who=who, what="phone", value="2") for who in range(2))
    system = ended(*people, *edits, Wait(5), Operator("drop"), setting=Setting(limit=1))
    contact, lead = system.portals[0].hubspot.refs("contact")[1], system.salesforce.refs("Lead")[1]
    shown = (
        system.portals[0].hubspot.fields(contact)["phone"],
        system.salesforce.fields(lead)["Phone"],
    )

    assert (shown, found(system)) == (("+49 30 9018202", "+49 30 9018201"), set())
    system.salesforce.put(lead, {"Phone": "+49 30 9018209"}, ours=True)
    assert found(system) == {"both sides agree"}


def _phone_is_edited(system: System, contact: Ref) -> None:
    system.salesforce.put(contact, {"Phone": "+49 30 9018209"}, ours=False)


def _phone_is_written(system: System, contact: Ref) -> None:
    system.salesforce.put(contact, {"Phone": "+49 30 9018209"}, ours=True)


def _phone_was_edited_with_the_conversion(system: System, contact: Ref) -> None:
    _phone_is_written(system, contact)
    rows = [one for one in system.ledger.rows[contact] if one.field != "Phone"]
    edit = next(one for one in system.ledger.rows[contact] if one.field == "Phone")
    system.ledger.rows[contact] = [*rows, replace(edit, value="+49 30 9018209")]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    "wrong", [_phone_is_edited, _phone_is_written, _phone_was_edited_with_the_conversion]
)
def test_what_is_dropped_stays_apart_when_the_lead_is_converted(
    side: Side, wrong: Callable[[System, Ref], None]
) -> None:
    """The operator drops an edit of a phone number, and the lead of the pair is converted then: the
    contact has the lead's number, which nobody has edited, and the other side keeps its own.
    """
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = [Person("edit person", side, who=who, what="phone", value="2") for who in range(2)]
    convert = Person("convert", Side.SALESFORCE, who=1)
    steps = (*people, *edits, Wait(5), Operator("drop"), Wait(5), convert)
    system = ended(*steps, setting=Setting(limit=1))
    (contact,) = system.salesforce.refs("Contact")
    here = system.portals[0].hubspot.fields(system.portals[0].hubspot.refs("contact")[1])["phone"]
    shown = {here, system.salesforce.fields(contact)["Phone"]}

    assert (shown, found(system)) == ({"+49 30 9018201", "+49 30 9018202"}, set())
    wrong(system, contact)
    assert found(system) == {"both sides agree"}


BACK = [
    ("give person", "", "3", "hubspot_owner_id", "owners follow"),
    ("edit person", "phone", "2", "phone", "both sides agree"),
]
"""What people do in HubSpot that goes back where Salesforce is preferred, the property, and what is
wrong if it does not."""


def _is_edited_there(system: System, lead: Ref) -> None:
    fields = {"Phone": "+49 30 9018209", "OwnerId": "005000000000011AAA"}
    system.salesforce.put(lead, fields, ours=False)


def _is_written_there(system: System, lead: Ref) -> None:
    fields = {"Phone": "+49 30 9018209", "OwnerId": "005000000000011AAA"}
    system.salesforce.put(lead, fields, ours=True)


@pytest.mark.parametrize(("does", "what", "value", "name", "problem"), BACK)
@pytest.mark.parametrize("wrong", [_is_edited_there, _is_written_there])
def test_what_would_go_back_stays_if_the_operator_drops_that(
    does: str, what: str, value: str, name: str, problem: str, wrong: Callable[[System, Ref], None]
) -> None:
    """HubSpot keeps an owner who does not work in Salesforce, and a value that is not Salesforce's,
    until somebody edits one of the two.
    """
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = [Person(does, who=who, what=what, value=value) for who in range(2)]
    setting = Setting(limit=1, policies=(("phone", "prefer_salesforce"),))
    system = ended(*people, *edits, Wait(5), Operator("drop"), setting=setting)
    refs = system.portals[0].hubspot.refs("contact")
    values = [system.portals[0].hubspot.fields(ref).get(name) for ref in refs]

    kept = {"phone": ["+49 30 9018201", "+49 30 9018202"], "hubspot_owner_id": [None, "3"]}
    assert (values, found(system)) == (kept[name], set())
    wrong(system, system.salesforce.refs("Lead")[1])
    assert problem in found(system)


@pytest.mark.parametrize(
    ("does", "what", "value", "waited", "problem"),
    [
        ("give person", "", "1", Side.HUBSPOT, "owners follow"),
        ("give person", "", "3", Side.SALESFORCE, "owners follow"),
        ("edit person", "phone", "2", Side.HUBSPOT, "both sides agree"),
    ],
    ids=["an owner that crosses", "an owner that goes back", "a value"],
)
def test_what_was_dropped_on_the_side_that_is_not_written_explains_nothing(
    does: str, what: str, value: str, waited: Side, problem: str
) -> None:
    """What people do in HubSpot crosses or goes back, and only what waited there is dropped."""
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = [Person(does, who=who, what=what, value=value) for who in range(2)]
    system = ended(*people, *edits, Wait(5), Operator("drop"), setting=Setting(limit=1))
    assert (len(system.ledger.drops), found(system)) == (1, set())

    holds = frozenset({Hold(waited, ChangeLimit.CHANGES)})
    system.ledger.drops = [replace(one, holds=holds) for one in system.ledger.drops]
    assert found(system) == {problem}


def _is_moved(system: System, contact: Ref) -> None:
    system.salesforce.put(contact, {"AccountId": None}, ours=False)
    system.salesforce.put(contact, {"AccountId": _the_account(system).id}, ours=False)


def _is_written(system: System, contact: Ref) -> None:
    system.salesforce.put(contact, {"AccountId": None}, ours=True)
    system.salesforce.put(contact, {"AccountId": _the_account(system).id}, ours=True)


def _only_blanks_waited(system: System, _contact: Ref) -> None:
    holds = frozenset({Hold(Side.HUBSPOT, ChangeLimit.BLANKS)})
    system.ledger.drops = [replace(one, holds=holds) for one in system.ledger.drops]


def _the_account(system: System) -> Ref:
    return system.salesforce.refs("Account")[0]


@pytest.mark.parametrize("wrong", [_is_moved, _is_written, _only_blanks_waited])
def test_a_company_that_waits_with_other_changes_is_dropped_with_them(
    wrong: Callable[[System, Ref], None],
) -> None:
    """A lead of which a change is held back is converted, and the operator drops what waits:
    HubSpot's contact gets no company until somebody moves one of the two.
    """
    people = [Person("new person", Side.SALESFORCE, who=who) for who in range(2)]
    edits = [
        Person("edit person", Side.SALESFORCE, who=who, what="lastname", value="5")
        for who in range(2)
    ]
    convert = Person("convert", Side.SALESFORCE, who=1)
    steps = (*people, Wait(60), *edits, Wait(60), convert, Wait(60), Operator("drop"))
    system = ended(*steps, setting=Setting(limit=1))
    (contact,) = system.salesforce.refs("Contact")
    portal = system.portals[0]
    company = portal.associations.primary(portal.hubspot.refs("contact")[1])
    account = system.salesforce.fields(contact)["AccountId"]

    assert (company, account, found(system)) == (None, _the_account(system).id, set())
    wrong(system, contact)
    assert found(system) == {"companies follow"}


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
