"""The judges of the simulation catch planted wrong ends; the shrinker shrinks; coverage counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, OptOut, Report
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.reports import duplicate_of_linked
from tests.simulation import coverage
from tests.simulation.decided import exercised
from tests.simulation.invariants import INVARIANTS
from tests.simulation.owners import SHOWN_ID, SHOWN_NAME, chosen, name_of
from tests.simulation.play import act, finish, play, rests
from tests.simulation.shrink import shrink
from tests.simulation.soak import kept
from tests.simulation.steps import Fault, History, News, Operator, Person, Setting, Step, Wait, Work
from tests.simulation.system import System
from tests.simulation.waits import RETRIED, SOON

A_PAIR = (Person("new person", value="1"), Wait(60))


def ended(*steps: Step, setting: Setting | None = None) -> System:
    """The system after these steps."""
    system = System(setting or Setting())
    for step in steps:
        act(system, step)
    finish(system)
    return system


def the_pair(system: System) -> tuple[Ref, Ref]:
    """The two records of the only pair."""
    (link,) = system.links.all
    assert isinstance(link.hubspot, Ref)
    assert isinstance(link.salesforce, Ref)
    return link.hubspot, link.salesforce


def found(system: System) -> set[str]:
    """The names of the invariants that do not hold."""
    return {text.partition(":")[0] for judge in INVARIANTS.values() for text in judge(system)}


def _write(system: System, side: Side, name: str, value: str | None) -> None:
    here, there = the_pair(system)
    system.salesforce.put(there, {name: value}, ours=True) if side is Side.SALESFORCE else (
        system.portals[0].hubspot.put(here, {name: value}, ours=True)
    )


def _differ(system: System) -> None:
    _write(system, Side.SALESFORCE, "Phone", "+49 30 9018209")


def _lose(system: System) -> None:
    _differ(system)
    _write(system, Side.HUBSPOT, "phone", "+49 30 9018209")


def _double(system: System) -> None:
    _, there = the_pair(system)
    shown = dict(system.salesforce.fields(there))
    system.salesforce._insert("Lead", shown, ours=True)


def _resurrect(system: System) -> None:
    _, there = the_pair(system)
    shown = dict(system.salesforce.fields(there))
    system.salesforce.delete(there)
    system.ledger.began = system.ledger.number
    system.salesforce._insert("Lead", shown, ours=True)


def _bury(system: System) -> None:
    system.salesforce.delete(the_pair(system)[1])


def _forget(system: System) -> None:
    system.links.drop(system.links.all)
    for crm, ref, key in (
        (system.portals[0].hubspot, the_pair_of(system)[0], "crmsync_salesforce_id"),
        (system.salesforce, the_pair_of(system)[1], "Crmsync_HubSpot_Id__c"),
    ):
        crm._rows[ref].fields[key] = None


def the_pair_of(system: System) -> tuple[Ref, Ref]:
    """The two records that are there."""
    return system.portals[0].hubspot.refs("contact")[0], system.salesforce.refs("Lead")[0]


def _subscribe(system: System) -> None:
    here, _ = the_pair(system)
    system.portals[0].preferences.opted_out.add("canary0@example.com")
    system.portals[0].hubspot.put(here, {"hs_email_optout": "false"}, ours=True)


def _give_away(system: System, owner: str = "2") -> None:
    system.ledger.reads = dict.fromkeys(the_pair(system), system.ledger.number)
    user = str(chosen(Side.SALESFORCE, owner))
    _write(system, Side.HUBSPOT, "hubspot_owner_id", owner)
    _write(system, Side.SALESFORCE, "OwnerId", user)
    _write(system, Side.HUBSPOT, SHOWN_ID, user)
    _write(system, Side.HUBSPOT, SHOWN_NAME, name_of(user))


def _show_another(system: System) -> None:
    _write(system, Side.HUBSPOT, SHOWN_NAME, "Canary Eve")


def _leak(system: System) -> None:
    system.logs.append("wrote canary0@example.com")


def _repeat(system: System) -> None:
    for number in range(8):
        _write(system, Side.SALESFORCE, "Phone", f"+49 30 90182{number}")


def _leave_a_message(system: System) -> None:
    system.queues["contact"].put("{}", system.now)


def _keep_waiting(system: System) -> None:
    here, _ = the_pair(system)
    system.outbox.publish([Change("acme", Kind.CONTACT, here, Cause.AGAIN, system.now)])
    system.now += SOON + timedelta(minutes=1)
    system.work("contact")


def _give_up_in_outage(system: System) -> None:
    here, _ = the_pair(system)
    system.inbox.park("acme", [Report(here, Category.UNAVAILABLE, "", code="ConnectTimeout")])
    system.inbox.clear("acme", [here])


def _never_try_again(system: System) -> None:
    here, _ = the_pair(system)
    report = Report(here, Category.UNAVAILABLE, "", code="UNABLE_TO_LOCK_ROW")
    shortly_before = system.now + RETRIED - timedelta(minutes=1)
    system.at(shortly_before, lambda: system.inbox.park("acme", [report]))
    finish(system)


PLANTED: dict[str, tuple[Callable[[System], None], str]] = {
    "sides differ": (_differ, "both sides agree"),
    "an edit is overwritten on both sides": (_lose, "no lost update"),
    "a second lead": (_double, "no duplicate"),
    "a lead comes back": (_resurrect, "no resurrected record"),
    "a link to a dead record": (_bury, "links are true"),
    "no link at all": (_forget, "everything is finished"),
    "a message is left": (_leave_a_message, "everything is finished"),
    "a change waits without a reason": (_keep_waiting, "changes follow soon"),
    "a record is given up because a side is down": (_give_up_in_outage, "changes follow soon"),
    "a record that was given up is not tried again": (_never_try_again, "changes follow soon"),
    "somebody is subscribed again": (_subscribe, "opt-outs are sticky"),
    "a record is given to somebody else": (_give_away, "owners follow"),
    "HubSpot shows another owner": (_show_another, "owners follow"),
    "an address is in the log": (_leak, "nothing personal leaks"),
    "the same field is written again and again": (_repeat, "one write per edit"),
}


@pytest.mark.parametrize("wrong", PLANTED)
def test_a_wrong_end_is_caught_by_name(wrong: str) -> None:
    """Each invariant names what was planted, and nothing is named before."""
    plant, name = PLANTED[wrong]
    system = ended(*A_PAIR)
    assert found(system) == set()
    plant(system)
    assert name in found(system)


@pytest.mark.parametrize(
    ("gives", "salesforce", "hubspot"),
    [
        ((Side.HUBSPOT, "1"), "1", "1"),
        ((Side.SALESFORCE, "1"), "1", "1"),
        ((Side.HUBSPOT, "3"), "1", "1"),
        ((Side.HUBSPOT, "4"), "1", "1"),
        ((Side.HUBSPOT, ""), "1", None),
        ((Side.SALESFORCE, "3"), "3", None),
        ((Side.SALESFORCE, "queue"), "queue", None),
    ],
    ids=[
        "HubSpot",
        "Salesforce",
        "not in Salesforce",
        "left it",
        "nobody",
        "not in HubSpot",
        "queue",
    ],
)
def test_owners_follow_by_their_rules(
    gives: tuple[Side, str], salesforce: str, hubspot: str | None
) -> None:
    """Beside a record of Ada's, a new owner crosses, goes back, or stays; any other end is told."""
    side, owner = gives
    system = ended(
        *A_PAIR,
        Person("give person", Side.SALESFORCE, value="1" if owner != "1" else "2"),
        Wait(60),
        Person("give person", side, value=owner),
    )
    here, there = the_pair(system)
    ends = (
        system.portals[0].hubspot.fields(here).get("hubspot_owner_id"),
        system.salesforce.owner_of(there),
    )

    assert (ends, found(system)) == ((hubspot, chosen(Side.SALESFORCE, salesforce)), set())
    _give_away(system)
    assert found(system) == {"owners follow"}


@pytest.mark.parametrize("newest", list(Side))
def test_only_the_more_recent_of_two_new_owners_may_stand(newest: Side) -> None:
    """Ada gets the record in HubSpot, Bo gets it in Salesforce, and some seconds lie between."""
    system = ended(*A_PAIR)
    here, there = the_pair(system)
    gives = {
        Side.HUBSPOT: lambda: system.portals[0].hubspot.edit(here, {"hubspot_owner_id": "1"}),
        Side.SALESFORCE: lambda: system.salesforce.edit(
            there, {"OwnerId": chosen(Side.SALESFORCE, "2")}
        ),
    }
    gives[newest.other]()
    system.now += timedelta(seconds=5)
    gives[newest]()
    _give_away(system, "1")

    assert found(system) == (set() if newest is Side.HUBSPOT else {"owners follow"})


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
    _write(system, Side.HUBSPOT, "fax", gives)
    _write(system, Side.SALESFORCE, "Fax", gives)

    assert found(system) == (set() if gives == "+49 30 9018201" else {"no lost update"})


@pytest.mark.parametrize("is_read", [True, False])
def test_only_a_value_that_nobody_read_may_be_taken_back_without_a_trace(*, is_read: bool) -> None:
    """Under always_salesforce the deletion of a value that a worker has read must cross, over an
    edit in HubSpot as well.
    """
    system = ended(*A_PAIR, setting=Setting(policies=(("fax", "always_salesforce"),)))
    here, there = the_pair(system)
    system.portals[0].hubspot.edit(here, {"fax": "+49 30 9018201"})
    system.salesforce.edit(there, {"Fax": "+49 30 9018202"})
    if is_read:
        system.salesforce.read([there], {"Lead": ["Fax"]})
    system.salesforce.edit(there, {"Fax": None})

    assert found(system) == ({"both sides agree"} if is_read else set())


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
    _write(system, Side.SALESFORCE, "Fax", "+49 30 9018201")

    assert found(system) == ({"no lost update"} if is_read else set())
    assert system.seen["excused: edited between read and write"] == (0 if is_read else 1)


@pytest.mark.parametrize("is_read", [True, False])
def test_a_link_must_end_if_a_worker_read_what_its_contact_was_merged_into(
    *, is_read: bool
) -> None:
    """Only where nobody had read it before it was deleted for privacy is the lead read once more."""
    system = System(Setting())
    for step in (
        Person("new person", Side.SALESFORCE),
        Wait(3),
        Person("new person", who=1),
        Person("merge people", news=News.LOST),
    ):
        act(system, step)
    if is_read:
        contacts = system.portals[0].hubspot
        contacts.read(contacts.refs("contact"), {"contact": ["email"]})
    act(system, Person("delete person", what="forget"))
    finish(system)

    excused = system.seen["excused: merged and forgotten before it was read"]
    assert (excused, "links are true" in found(system)) == ((0, True) if is_read else (1, False))


@pytest.mark.parametrize("is_back_first", [True, False])
def test_only_what_a_person_restores_beside_another_record_is_no_duplicate(
    *, is_back_first: bool
) -> None:
    """A lead that crmsync makes although the first one was restored already is a duplicate."""
    system = ended(*A_PAIR)
    crm = system.salesforce
    _, there = the_pair(system)
    shown = dict(crm.fields(there))
    crm.delete(there)
    if is_back_first:
        crm.restore(there)
    crm._insert("Lead", shown, ours=True)
    if not is_back_first:
        crm.restore(there)

    assert ("no duplicate" in found(system)) == is_back_first


@pytest.mark.parametrize(
    ("is_told", "has_read"), [(True, False), (True, True), (False, False), (False, True)]
)
def test_only_a_reported_lead_of_a_contact_that_was_deleted_unseen_is_no_duplicate(
    *, is_told: bool, has_read: bool
) -> None:
    """A worker that has read that the contact is gone makes no lead of it."""
    system = ended(*A_PAIR)
    contact, there = the_pair(system)
    act(system, Person("delete person"))
    act(system, Person("new person"))
    finish(system)
    system.ledger.reads = {}
    if has_read:
        system.ledger.read(contact)
    key = f"{system.portals[0].connection.hubspot.portal_id}-{contact.id}"
    shown = {**system.salesforce.fields(there), "Crmsync_HubSpot_Id__c": key}
    late = system.salesforce._insert("Lead", shown, ours=True)
    if is_told:
        system.inbox.park("acme", [duplicate_of_linked(late, [])])

    assert ("no duplicate" in found(system)) == (not is_told or has_read)


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
            _write(system, side, name, None)

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
    _write(system, Side.HUBSPOT, "lastname", older)
    _write(system, Side.SALESFORCE, "LastName", older)
    assert ("no lost update" in found(system)) == (not is_edited)


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
    assert (_phones(system), found(system)) == ([left, left], set())


def _phones(system: System) -> list[object]:
    here, there = the_pair(system)
    return [
        system.portals[0].hubspot.fields(here).get("phone"),
        system.salesforce.fields(there).get("Phone"),
    ]


@pytest.mark.parametrize("number", [1, 9])
def test_an_undo_that_puts_back_anything_else_is_found(number: int) -> None:
    """A value that never stood there, or one that a person had edited."""
    system = ended(*A_MISTAKE, setting=Setting(undo=True))
    here, there = the_pair(system)
    if number == 1:
        system.salesforce.edit(there, {"Phone": "+49 30 9018203"})
    system.undone["undo#1"], system.ledger.worker = system.now, "undo#1"
    system.ledger.reads = dict.fromkeys((here, there), system.ledger.number)
    _write(system, Side.SALESFORCE, "Phone", f"+49 30 901820{number}")
    system.ledger.worker = ""
    _write(system, Side.HUBSPOT, "phone", f"+49 30 901820{number}")

    assert found(system) == {"undo puts back what was there"}


A_MEMBER = (Person("new person", value="1"), Person("join list"), Wait(1_800))


def _began_now(system: System) -> None:
    """What crmsync does from here on, a worker does that begins now."""
    system.ledger.began = system.ledger.number


def _cross(system: System) -> None:
    _write(system, Side.SALESFORCE, "Phone", "+49 30 9018202")


def _sync_outsider(system: System) -> None:
    contact = system.portals[0].hubspot.add("contact", {"email": "canary3@example.com"})
    key = f"{system.portals[0].connection.hubspot.portal_id}-{contact.id}"
    system.salesforce._insert(
        "Lead", {"Crmsync_HubSpot_Id__c": key, "Email": "canary3@example.com"}, ours=True
    )


def _unsubscribe(system: System) -> None:
    system.portals[0].preferences.opt_out([OptOut("canary0@example.com", ())])


@pytest.mark.parametrize("plant", [_cross, _sync_outsider, _unsubscribe])
def test_what_crosses_outside_the_inclusion_list_is_found(plant: Callable[[System], None]) -> None:
    """A contact has left the list: an edit stays where it is, and nothing may be written, made or
    unsubscribed.
    """
    left = (Person("leave list"), Wait(5), Person("edit person", what="phone", value="2"))
    system = ended(*A_MEMBER, *left, setting=Setting(outside="freeze"))
    assert (_phones(system), found(system)) == (["+49 30 9018202", "+49 30 9018201"], set())
    _began_now(system)
    plant(system)
    assert "nobody outside the list syncs" in found(system)


def test_what_was_edited_outside_the_list_crosses_once_the_contact_has_joined_it() -> None:
    """A lead made its contact, which is outside the list; nothing crosses until it joins."""
    edits = (
        Person("edit person", Side.SALESFORCE, what="phone", value="2"),
        Person("opt out", Side.SALESFORCE),
        Wait(1_800),
    )
    made = (Person("new person", Side.SALESFORCE, value="1"), Wait(60))
    setting = Setting(outside="freeze")
    ends = [ended(*made, *edits, *more, setting=setting) for more in ((), (Person("join list"),))]

    assert [(_phones(one)[0], found(one)) for one in ends] == [
        ("+49 30 9018201", set()),
        ("+49 30 9018202", set()),
    ]
    assert [len(one.portals[0].preferences.opted_out) for one in ends] == [0, 1]


A_DEAL = (Person("new person"), Person("new deal"), Wait(60))


def test_a_new_mapping_that_was_not_read_yet_is_noted_once() -> None:
    """The next read saves the link of that pair, and nothing else happens."""
    result = play(
        History(
            Setting(policies=(("fax", "never"),)),
            (*A_PAIR, Wait(900), Operator("push", "fax", "two_way")),
        )
    )
    assert (result.problems, result.seen["excused: a new mapping was not read yet"]) == ([], 1)


def test_a_contact_of_a_deal_that_was_not_noted_is_found() -> None:
    """The link of the deal is saved by one more run, and nothing excuses that."""
    system = ended(*A_DEAL)
    portal = system.portals[0]
    (contact,), (deal,) = portal.hubspot.refs("contact"), portal.hubspot.refs("deal")
    portal.associations.add_association(deal, contact)
    assert [one.partition(":")[0] for one in rests(system)] == ["one more run plans nothing"]


def test_a_record_that_names_another_accounts_contact_must_be_linked_too() -> None:
    """The lead belongs to both HubSpot accounts, and the link of the second one is missing."""
    system = ended(*A_PAIR, setting=Setting(portals=2))
    system.links.drop([link for link in system.links.all if link.connection == "beta"])
    assert {one for one in INVARIANTS["everything is finished"](system) if "Lead" in one} == {
        "everything is finished: salesforce:Lead:00Q000000000101AAA is neither linked nor told of"
    }


def test_a_history_is_shrunk_to_the_steps_that_matter() -> None:
    """What the failure does not need is dropped, and numbers become plain."""
    long = History(
        Setting(creates="contact", portals=2),
        (
            Wait(5),
            Person("new person", Side.SALESFORCE, 3, 2, value="2"),
            Wait(60),
            Person("opt out", who=2),
            Fault("links.save", "conflict", 2),
            Person("convert", who=1),
        ),
    )

    def fails(history: History) -> bool:
        acts = [one.does for one in history.steps if isinstance(one, Person)]
        return acts[:1] == ["new person"] and "convert" in acts

    assert shrink(long, fails) == History(
        Setting(), (Person("new person", Side.SALESFORCE), Person("convert"))
    )


@pytest.mark.parametrize(
    "step",
    [Operator("push", "phone", "two_way", portal=1), Operator("hide", "phone", portal=1)],
    ids=["push", "hide"],
)
def test_what_the_operator_does_still_has_its_property_when_it_is_shrunk(step: Operator) -> None:
    """Only its connection becomes plain: without the rest nothing would be pushed or hidden."""
    assert shrink(History(steps=(Wait(5), step)), lambda one: step.does in str(one)) == History(
        steps=(replace(step, portal=0),)
    )


def test_a_history_is_printed_as_python() -> None:
    """What is printed of a failure makes the same history again."""
    history = History(
        Setting(policies=(("phone", "never"),)), (*A_PAIR, Fault("links.save", "x", 2))
    )
    names = {one.__name__: one for one in (History, Setting, Person, Wait, Fault)}
    assert eval(f"{{{kept(7, history)}}}", names) == {"seed 7": history}  # noqa: S307 - our own text


def test_coverage_counts_and_names_what_never_happened() -> None:
    """Effects, rules and reports are read off the decisions; the rest is told first."""
    lines = [
        "create salesforce Lead: Company, Email (SET-2, OWN-9)",
        "report duplicates: It shares its address. (DUP-1)",
    ]
    assert list(exercised(lines)) == [
        "rule SET-2",
        "rule OWN-9",
        "effect create salesforce Lead",
        "rule DUP-1",
        "report duplicates",
    ]
    seen = Counter({"effect save link": 2, "crash": 1})
    assert coverage.pairs(seen) == Counter({"pair crash x effect save link": 1})
    report = coverage.report(seen)
    effects = next(at for at, line in enumerate(report) if line.startswith("effects: 1 of"))
    assert report[effects + 1].startswith("  never: create hubspot contact")
    assert report[effects + 2] == "  save link 2"
