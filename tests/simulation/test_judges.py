"""The judges of the simulation catch planted wrong ends, each by its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report
from crmsync.model.records import Kind, Side
from crmsync.rules.pair.reports import duplicate_of_linked
from tests.simulation.ended import A_PAIR, ended, found, give_away, the_pair, the_pair_of, write
from tests.simulation.histories.steps import (
    History,
    News,
    Operator,
    Person,
    Setting,
    Wait,
)
from tests.simulation.judges.invariants import INVARIANTS
from tests.simulation.judges.waits import RETRIED, SOON
from tests.simulation.play import act, finish, play, rests
from tests.simulation.world.owners import SHOWN_NAME, chosen
from tests.simulation.world.system import System


def _differ(system: System) -> None:
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018209")


def _lose(system: System) -> None:
    _differ(system)
    write(system, Side.HUBSPOT, "phone", "+49 30 9018209")


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


def _lose_the_leads_id(system: System) -> None:
    here, _ = the_pair(system)
    system.portals[0].hubspot.put(here, {"crmsync_salesforce_id": None}, ours=True)


def _lose_the_contacts_id(system: System) -> None:
    _, there = the_pair(system)
    system.salesforce.put(there, {"Crmsync_HubSpot_Id__c": None}, ours=True)


def _subscribe(system: System) -> None:
    here, _ = the_pair(system)
    system.portals[0].preferences.opted_out.add("canary0@example.com")
    system.portals[0].hubspot.put(here, {"hs_email_optout": "false"}, ours=True)


def _show_another(system: System) -> None:
    write(system, Side.HUBSPOT, SHOWN_NAME, "Canary Eve")


def _show_sums(system: System) -> None:
    write(system, Side.HUBSPOT, "crmsync_num_associated_deals", "1")


def _leak(system: System) -> None:
    system.logs.append("wrote canary0@example.com")


def _repeat(system: System) -> None:
    for number in range(8):
        write(system, Side.SALESFORCE, "Phone", f"+49 30 90182{number}")


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
    "a contact does not name its lead": (_lose_the_leads_id, "pairs name each other"),
    "a lead does not name its contact": (_lose_the_contacts_id, "pairs name each other"),
    "a message is left": (_leave_a_message, "everything is finished"),
    "a change waits without a reason": (_keep_waiting, "changes follow soon"),
    "a record is given up because a side is down": (_give_up_in_outage, "changes follow soon"),
    "a record that was given up is not tried again": (_never_try_again, "changes follow soon"),
    "somebody is subscribed again": (_subscribe, "opt-outs are sticky"),
    "a record is given to somebody else": (give_away, "owners follow"),
    "HubSpot shows another owner": (_show_another, "owners follow"),
    "the contact of a lead shows opportunities": (_show_sums, "roll-ups add up"),
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


def test_a_contact_that_was_deleted_for_privacy_stays_gone_after_a_conversion() -> None:
    """What its lead became makes no contact; one that is made of it is told of."""
    system = ended(
        *A_PAIR,
        Person("delete person", what="forget"),
        Wait(60),
        Person("convert", Side.SALESFORCE),
        Wait(60),
    )
    hubspot, (became,) = system.portals[0].hubspot, system.salesforce.refs("Contact")
    before = hubspot.refs("contact"), found(system)
    system.ledger.began = system.ledger.number
    made = hubspot._insert("contact", {"email": "canary0@example.com"}, ours=True)
    hubspot.put(made, {"crmsync_salesforce_id": became.id}, ours=True)

    assert before == ([], set())
    assert "forgotten people stay forgotten" in found(system)


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
    give_away(system)
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
    give_away(system, "1")

    assert found(system) == (set() if newest is Side.HUBSPOT else {"owners follow"})


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


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("has_read", [True, False])
@pytest.mark.parametrize("is_taken", [True, False])
def test_only_a_reported_lead_of_a_contact_that_was_deleted_unseen_is_no_duplicate(
    *, is_told: bool, has_read: bool, is_taken: bool
) -> None:
    """A worker that has read that the contact is gone makes no lead of it. Where no contact of the
    address is left, there is nothing to be told.
    """
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

    if not is_taken:
        system.portals[0].hubspot.delete(system.portals[0].hubspot.refs("contact")[-1])

    assert ("no duplicate" in found(system)) == (has_read or (is_taken and not is_told))


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


@pytest.mark.parametrize("is_there", [True, False])
def test_a_contact_that_names_a_converted_lead_must_be_linked_while_what_it_became_is_there(
    *, is_there: bool
) -> None:
    """If the contact of the lead is deleted as well, nothing is made of its HubSpot contact again."""
    system = ended(*A_PAIR)
    (lead,) = system.salesforce.refs("Lead")
    contact = system.merged[lead] = system.salesforce.convert(lead)
    system.links.drop(list(system.links.all))
    if not is_there:
        system.salesforce.delete(contact)
    (here,) = system.portals[0].hubspot.refs("contact")
    text = "everything is finished: {} is neither linked nor told of"
    expected = {text.format(one) for one in (here, contact)}
    wrong = {one for one in INVARIANTS["everything is finished"](system) if "ontact:" in one}
    assert wrong == (expected if is_there else set())


def test_a_record_that_names_another_accounts_contact_must_be_linked_too() -> None:
    """The lead belongs to both HubSpot accounts, and the link of the second one is missing."""
    system = ended(*A_PAIR, setting=Setting(portals=2))
    system.links.drop([link for link in system.links.all if link.connection == "beta"])
    assert {one for one in INVARIANTS["everything is finished"](system) if "Lead" in one} == {
        "everything is finished: salesforce:Lead:00Q000000000101AAA is neither linked nor told of"
    }


@pytest.mark.parametrize(("deletes", "count"), [(True, 1), (False, 0)])
def test_a_restored_record_must_get_another_contact_if_crmsync_has_deleted_its_own(
    deletes: bool,  # noqa: FBT001
    count: int,
) -> None:
    """The lead names a contact that is gone, and nothing links it any more. Where a person has
    deleted the contact, the lead stays alone.
    """
    system = ended(
        *A_PAIR,
        Person("delete person", Side.SALESFORCE if deletes else Side.HUBSPOT),
        Wait(60),
        setting=Setting(deletes=deletes),
    )
    system.links.drop(system.links.all)
    if deletes:
        (lead,) = (one for one in system.salesforce._rows if one.object == "Lead")
        system.salesforce.restore(lead)
    alone = (
        "everything is finished: salesforce:Lead:00Q000000000101AAA is neither linked nor told of"
    )
    assert list(INVARIANTS["everything is finished"](system)) == [alone] * count
