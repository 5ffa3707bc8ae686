"""What the operator drops of what limits hold back stays different, and nothing else does (Q-30)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.records import Ref, Side
from tests.simulation.ended import ended, found, the_pair
from tests.simulation.histories.kept_limits import LIMITS
from tests.simulation.histories.steps import Fault, Operator, Person, Setting, Wait
from tests.simulation.world.system import System


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


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("timeout after", ("+49 30 9018202", "+49 30 9018201")),
        ("timeout before", ("+49 30 9018202", "+49 30 9018202")),
    ],
)
def test_a_drop_whose_answer_was_lost_is_a_drop(how: str, shown: tuple[str, str]) -> None:
    """The operator is told that it failed either way. What was not dropped is released at the end."""
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = (Person("edit person", who=who, what="phone", value="2") for who in range(2))
    steps = (*people, *edits, Wait(5), Fault("outbox.publish", how), Operator("drop"))
    system = ended(*steps, setting=Setting(limit=1))
    contact, lead = system.portals[0].hubspot.refs("contact")[1], system.salesforce.refs("Lead")[1]
    phones = (
        system.portals[0].hubspot.fields(contact)["phone"],
        system.salesforce.fields(lead)["Phone"],
    )

    assert (phones, found(system)) == (shown, set())


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
    rows = system.ledger.rows[contact]
    moves = [one for one in rows if one.field == "AccountId"]
    system.ledger.rows[contact] = [one for one in rows if one is not moves[-2]]


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


DECIDED_BEFORE = LIMITS[
    "an owner who was to be put back was asked for: it waited after the operator had decided, and "
    "was dropped"
]


def _waited_in_salesforce(system: System) -> None:
    holds = frozenset({Hold(Side.SALESFORCE, ChangeLimit.CHANGES)})
    system.ledger.drops = [replace(one, holds=holds) for one in system.ledger.drops]


def _was_carried_out_before(system: System) -> None:
    edit = max(one.number for one in system.ledger.rows[the_pair(system)[0]] if not one.ours)
    system.ledger.drops = [replace(one, done=edit - 1) for one in system.ledger.drops]


def _is_written_since(system: System) -> None:
    system.salesforce.put(the_pair(system)[1], {"OwnerId": "005000000000012AAA"}, ours=True)


@pytest.mark.parametrize(
    "wrong", [_waited_in_salesforce, _was_carried_out_before, _is_written_since]
)
def test_what_waits_when_the_decision_is_carried_out_is_dropped(
    wrong: Callable[[System], None],
) -> None:
    """After the operator has decided about an address, crmsync writes an owner, and somebody gives
    the contact to one who does not work in Salesforce: that this is put back waits as well.
    """
    system = ended(*DECIDED_BEFORE.steps, setting=DECIDED_BEFORE.setting)
    assert (len(system.ledger.drops), found(system)) == (1, set())

    wrong(system)
    assert "owners follow" in found(system)


def _survivor(system: System) -> Ref:
    return system.portals[0].hubspot.refs("contact")[-1]


def _survivor_is_edited(system: System) -> None:
    system.portals[0].hubspot.put(_survivor(system), {"lastname": "Canary 9"}, ours=False)


def _survivor_is_written(system: System) -> None:
    system.portals[0].hubspot.put(_survivor(system), {"lastname": "Canary 9"}, ours=True)


def _merge_chose_another_name(system: System) -> None:
    _survivor_is_written(system)
    rows = [one for one in system.ledger.rows[_survivor(system)] if one.field != "lastname"]
    first = next(one for one in system.ledger.rows[_survivor(system)] if one.field == "lastname")
    last = system.ledger.number
    system.ledger.rows[_survivor(system)] = [*rows, replace(first, number=last, value="Canary 9")]


@pytest.mark.parametrize(
    "wrong", [_survivor_is_edited, _survivor_is_written, _merge_chose_another_name]
)
def test_what_is_dropped_stays_apart_when_the_contact_is_merged(
    wrong: Callable[[System], None],
) -> None:
    """The operator drops an edit of a lead's name, and the contact of the pair is merged: the one
    that it lives on in has the contact's name, which nobody has edited.
    """
    kept = LIMITS["an edit that the operator dropped was asked for after its contact was merged"]
    system = ended(*kept.steps, setting=kept.setting)
    shown = system.portals[0].hubspot.fields(_survivor(system))["lastname"]
    assert (shown, found(system)) == ("Canary lastname 2", set())

    wrong(system)
    assert found(system) == {"both sides agree"}


def _is_edited_once_more(system: System, contact: Ref, _lead: Ref) -> None:
    system.portals[0].hubspot.put(contact, {"phone": "+49 30 9018209"}, ours=False)


def _edit_has_crossed(system: System, _contact: Ref, lead: Ref) -> None:
    system.salesforce.put(lead, {"Phone": "+49 30 9018203"}, ours=True)


def _set_back_by_crmsync(system: System, contact: Ref, _lead: Ref) -> None:
    rows = system.ledger.rows[contact]
    system.ledger.rows[contact] = [*rows[:-1], replace(rows[-1], ours=True)]


@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.parametrize("wrong", [_is_edited_once_more, _edit_has_crossed, _set_back_by_crmsync])
def test_what_is_dropped_stays_apart_after_an_edit_that_is_set_back(
    wrong: Callable[[System, Ref, Ref], None], seconds: int
) -> None:
    """The operator drops an edit, and somebody edits the field once more and sets it back, before
    anything has read that or while it is held back as well.
    """
    people = (Person("new person", value="1"), Person("new person", who=1, value="1"), Wait(60))
    edits = (Person("edit person", who=who, what="phone", value="2") for who in range(2))
    once_more = Person("edit person", who=1, what="phone", value="3")
    back = Person("edit person", who=1, what="phone", value="2")
    steps = (*people, *edits, Wait(5), Operator("drop"), Wait(5), once_more, Wait(seconds), back)
    system = ended(*steps, setting=Setting(limit=1))
    contact, lead = system.portals[0].hubspot.refs("contact")[1], system.salesforce.refs("Lead")[1]
    assert (system.salesforce.fields(lead)["Phone"], found(system)) == ("+49 30 9018201", set())

    wrong(system, contact, lead)
    assert "both sides agree" in found(system)
