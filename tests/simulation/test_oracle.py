"""The oracle excuses no more than it says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmsync.model.links import LinkState
from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY
from crmsync.model.records import Ref, Side
from tests.memory.behaviour import BEHAVIOUR
from tests.simulation.ended import A_PAIR, ended, found, the_pair, write
from tests.simulation.histories.kept import KEPT
from tests.simulation.histories.steps import (
    Fault,
    Person,
    Setting,
    Wait,
    Work,
)
from tests.simulation.world.watched import Ledger

A_SLOW_WORKER = (
    "a slow worker made a contact of a lead that has lost its address, and it met another lead"
)


@pytest.mark.parametrize(
    ("is_read", "is_saved"), [(True, True), (True, False), (False, False), (False, True)]
)
def test_only_a_value_that_nobody_read_may_be_taken_back_without_a_trace(
    *, is_read: bool, is_saved: bool
) -> None:
    """Under always_salesforce the deletion of a value that a worker has read must cross, over an
    edit in HubSpot as well, unless the worker died before it saved the link.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "always_salesforce"),)))
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018201"})
    system.salesforce.edit(there, {"Fax": "+49 30 9018202"})
    if is_read:
        system.salesforce.read([there], {"Lead": ["Fax", SALESFORCE_KEY]})
    if is_saved:
        system.ledger.link((here, there))
    system.salesforce.edit(there, {"Fax": None})

    assert found(system) == ({"both sides agree"} if is_read and is_saved else set())
    told = system.seen["excused: removed before a link was saved"]
    assert told == (1 if is_read and not is_saved else 0)


@pytest.mark.parametrize("is_saved", [True, False])
def test_both_sides_agree_on_equal_edits_once_a_worker_has_saved_the_link(
    *, is_saved: bool
) -> None:
    """Under always_salesforce the deletion of what they agreed on before must cross, over an edit in
    HubSpot. A deletion on both sides needs none, and a value that nobody has read leaves no trace.
    """
    fax = Person("edit person", Side.SALESFORCE, what="fax", value="3")
    setting = Setting(policies=(("fax", "always_salesforce"),))
    system = ended(*A_PAIR, fax, Wait(60), setting=setting)
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": None})
    system.salesforce.edit(there, {"Fax": None})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    if is_saved:
        system.ledger.link((here, there))
    system.salesforce.edit(there, {"Fax": "+49 30 9018205"})
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018209"})
    system.salesforce.edit(there, {"Fax": None})

    assert found(system) == (set() if is_saved else {"both sides agree"})


@pytest.mark.parametrize("rests", [True, False])
def test_only_a_value_that_was_read_while_its_mapping_rested_is_taken_back_without_a_trace(
    *, rests: bool
) -> None:
    """Nothing is kept of a value that could not cross, so its deletion need not cross either."""
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "always_hubspot"),)))
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Fax": "+49 30 9018205"})
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018202"})
    system.ledger.resting = {"Fax"} if rests else {"Phone"}
    system.portals[0].hubspot.read([here], {"contact": ["fax", HUBSPOT_KEY]})
    system.ledger.link((here, there))
    system.portals[0].hubspot.edit(here, {"fax": None})

    assert found(system) == (set() if rests else {"both sides agree"})
    assert system.seen["excused: removed while its mapping rested"] == (1 if rests else 0)


@pytest.mark.parametrize("is_read", [True, False])
def test_only_an_edit_that_repeats_what_a_worker_was_about_to_write_may_count_as_ours(
    *, is_read: bool
) -> None:
    """The record shows crmsync's write and the value, so nothing tells that a person had entered it;
    a worker that has read the edit knows.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    system.salesforce.edit(there, {"Phone": "+49 30 9018203"})
    if is_read:
        system.ledger.reads[there] = system.ledger.number
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018203")
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.HUBSPOT, "phone", "+49 30 9018202")
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018202")

    assert found(system) == ({"no lost update"} if is_read else set())
    assert system.seen["excused: edited between read and write"] == (0 if is_read else 1)


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_edit_after_a_worker_read_a_record_is_not_known_by_a_read_of_its_stage(
    *, is_whole: bool
) -> None:
    """A read of a part of a record tells nothing of the fields that it does not ask for."""
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    system.salesforce.edit(there, {"Phone": "+49 30 9018203"})
    fields = ["LeadSource", *([SALESFORCE_KEY] if is_whole else [])]
    system.salesforce.read([there], {"Lead": fields})
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018202")
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.HUBSPOT, "phone", "+49 30 9018202")

    assert found(system) == ({"no lost update"} if is_whole else set())


@pytest.mark.parametrize("rests", [True, False])
def test_only_a_deletion_of_what_was_read_while_the_mapping_rested_may_be_undone(
    *, rests: bool
) -> None:
    """Under two_way both sides showed the value when it was removed. Nothing of it is kept where no
    worker has read it while the mapping was in force.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018205"})
    system.salesforce.edit(there, {"Fax": "+49 30 9018205"})
    system.ledger.resting = {"Fax"} if rests else {"Phone"}
    system.portals[0].hubspot.read([here], {"contact": ["fax", HUBSPOT_KEY]})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Fax", "+49 30 9018205")
    system.portals[0].hubspot.edit(here, {"fax": None})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.HUBSPOT, "fax", "+49 30 9018205")

    assert found(system) == (set() if rests else {"no lost update"})


@pytest.mark.parametrize(
    ("announces", "stands", "right"),
    [("2", "3", True), ("2", "2", True), ("4", "3", False), ("4", "2", True)],
)
def test_only_an_edit_to_what_a_worker_was_about_to_write_may_lose_to_an_earlier_one(
    *, announces: str, stands: str, right: bool
) -> None:
    """The worker has saved the link and dies. Somebody edits Salesforce once more, and HubSpot later.
    If that is the value which the link has as agreed on, nothing tells that a person has entered it.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Phone": f"+49 30 901820{announces}"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    system.ledger.link((here, there))
    system.salesforce.edit(there, {"Phone": "+49 30 9018203"})
    system.wait(60)
    system.portals[0].hubspot.edit(here, {"phone": "+49 30 9018202"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    side, name = (Side.HUBSPOT, "phone") if stands == "3" else (Side.SALESFORCE, "Phone")
    write(system, side, name, f"+49 30 901820{stands}")

    assert found(system) == (set() if right else {"no lost update"})


@pytest.mark.parametrize("is_saved", [True, False])
def test_only_an_edit_back_to_what_a_slow_worker_brought_may_be_lost(*, is_saved: bool) -> None:
    """Its value had been set back on the other side by then. Somebody removes what it has brought, and
    enters the same again: that is what the link has as agreed on, unless a worker has saved it since.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Phone": "+49 30 9018204"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    system.salesforce.edit(there, {"Phone": "+49 30 9018201"})
    system.ledger.link((here, there))
    write(system, Side.HUBSPOT, "phone", "+49 30 9018204")
    system.portals[0].hubspot.edit(here, {"phone": None})
    if is_saved:
        system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
        system.ledger.link((here, there))
    system.portals[0].hubspot.edit(here, {"phone": "+49 30 9018204"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.HUBSPOT, "phone", "+49 30 9018201")

    assert found(system) == ({"no lost update"} if is_saved else set())


@pytest.mark.parametrize(("is_brought", "is_saved"), [(True, False), (True, True), (False, False)])
def test_only_an_edit_back_to_what_a_slow_worker_had_read_and_brought_may_be_lost(
    *, is_brought: bool, is_saved: bool
) -> None:
    """Its value is changed while it crosses, and set back once somebody has edited the other side:
    that is what the link has as agreed on, unless a worker has saved it since.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Phone": "+49 30 9018204"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    system.ledger.link((here, there))
    system.salesforce.edit(there, {"Phone": "+49 30 9018205"})
    if is_brought:
        write(system, Side.HUBSPOT, "phone", "+49 30 9018204")
    system.portals[0].hubspot.edit(here, {"phone": "+49 30 9018203"})
    if is_saved:
        system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
        system.ledger.link((here, there))
    system.wait(60)
    system.salesforce.edit(there, {"Phone": "+49 30 9018204"})
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018203")

    is_right = is_brought and not is_saved
    assert found(system) == (set() if is_right else {"no lost update"})


@pytest.mark.parametrize(("is_read", "stands"), [(True, "2"), (True, "3"), (False, "2")])
def test_an_edit_that_is_written_over_crosses_if_another_worker_had_read_it(
    *, is_read: bool, stands: str
) -> None:
    """A slow worker brings HubSpot what Salesforce shows, over an edit that it has not seen. One that
    has seen it writes it to Salesforce, and it must come back then.
    """
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    system.salesforce.edit(there, {"Phone": "+49 30 9018203"})
    slow = dict.fromkeys((here, there), system.ledger.number)
    system.portals[0].hubspot.edit(here, {"phone": "+49 30 9018202"})
    seen = dict.fromkeys((here, there), system.ledger.number) if is_read else slow
    system.ledger.reads = slow
    write(system, Side.HUBSPOT, "phone", "+49 30 9018203")
    system.ledger.reads = seen
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018202")
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    for side, name in ((Side.HUBSPOT, "phone"), (Side.SALESFORCE, "Phone")):
        write(system, side, name, f"+49 30 901820{stands}")

    assert found(system) == (set() if is_read and stands == "2" else {"no lost update"})


@pytest.mark.parametrize("is_read", [True, False])
def test_only_a_value_that_the_linking_worker_had_read_is_removed_on_both_sides(
    *, is_read: bool
) -> None:
    """A contact and a lead with one value meet, and a person removes it from the contact just before
    they are linked.
    """
    meeting = (Person("new person", Side.SALESFORCE, value="1"), Person("new person", value="1"))
    stands = (Wait(1), Work("contact", 8, most=5)) if is_read else ()
    removal = Person("edit person", what="jobtitle")
    system = ended(*meeting, *stands, removal, Work("contact"), Wait(60))
    if not is_read:
        for side, name in ((Side.HUBSPOT, "jobtitle"), (Side.SALESFORCE, "Title")):
            write(system, side, name, None)

    here, there = the_pair(system)
    shown = system.portals[0].hubspot.fields(here), system.salesforce.fields(there)
    assert [shown[0].get("jobtitle"), shown[1].get("Title")] == [None, None]
    assert ("no lost update" in found(system)) == (not is_read)


@pytest.mark.parametrize("is_edited", [True, False])
def test_an_adopted_leads_older_value_may_stand_only_if_a_person_edited_the_lead_later(
    *, is_edited: bool
) -> None:
    """The lead was made for a contact that was deleted. Salesforce dates the whole record (Q-21)."""
    edit = (Person("edit person", Side.SALESFORCE, value="1"),) if is_edited else ()
    system = ended(
        Person("new person", who=2),
        Fault("salesforce.read", "rate limit"),
        Wait(4),
        Person("delete person"),
        Person("new person", who=2, value="5"),
        *edit,
    )
    older = "Canary lastname"
    write(system, Side.HUBSPOT, "lastname", older)
    write(system, Side.SALESFORCE, "LastName", older)
    assert ("no lost update" in found(system)) == (not is_edited)


@pytest.mark.parametrize("is_invented", [True, False])
def test_a_contact_made_of_another_living_lead_is_met_as_a_persons_would_be(
    *, is_invented: bool
) -> None:
    """A slow worker made the contact of a lead that has lost its address, and was refused its link.
    The contact then meets the lead that now has the address, and its newer value wins (MAP-3).
    """
    system = ended(*KEPT[A_SLOW_WORKER].steps)
    if is_invented:
        ((here, there),) = (
            (one.hubspot, one.salesforce)
            for one in system.links.all
            if one.state is LinkState.ACTIVE
        )
        assert isinstance(here, Ref)
        assert isinstance(there, Ref)
        system.portals[0].hubspot.put(here, {"lastname": "Canary lastname 9"}, ours=True)
        system.salesforce.put(there, {"LastName": "Canary lastname 9"}, ours=True)

    assert found(system) == ({"no lost update"} if is_invented else set())


@pytest.mark.parametrize(
    ("became", "is_of_the_pair"),
    [
        (None, False),
        (("", "gone", ""), False),
        (("", "gone", "salesforce:Lead:00Q2"), True),
        (("IsConverted", True, None), True),
    ],
    ids=["stands", "deleted", "merged", "converted"],
)
def test_a_record_is_made_for_a_pair_without_its_own_only_where_that_was_merged_or_converted(
    became: tuple[str, str | bool, str | None] | None, *, is_of_the_pair: bool
) -> None:
    """A worker made a contact of a lead, and the contact was linked with another record."""
    ledger = Ledger(lambda: datetime(2026, 11, 2, 12, tzinfo=UTC))
    contact, lead = Ref(Side.HUBSPOT, "contact", "1"), Ref(Side.SALESFORCE, "Lead", "00Q1")
    pair = (contact, Ref(Side.SALESFORCE, "Contact", "0031"))
    ledger.note(lead, "", "born", None, ours=False)
    ledger.note(contact, BEHAVIOUR[Side.HUBSPOT].key, lead.id, None, ours=True)
    ledger.note(contact, "", "born", None, ours=True)
    ledger.link(pair)
    if became is not None:
        ledger.note(lead, *became, ours=False)

    assert ledger.made_for(contact) == (pair if is_of_the_pair else None)
