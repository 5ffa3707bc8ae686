"""What a person has to know of: one incident each, however many records it stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.effects import Category, Report
from crmsync.model.operations.alerts import Incident
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.jobs import JobState
from crmsync.model.operations.troubles import Outage, Pause, Rest, Troubles
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.alerts.incidents import (
    ConnectionState,
    StoppedCampaign,
    Waiting,
    incidents_of,
)
from crmsync.rules.timing.call_state import CallState
from tests.builders import NOON, a_job, at

CALLS = CallState({}, 0, None, {}, None, None)
OUTAGE = Outage(
    side="salesforce",
    code="INVALID_SESSION_ID",
    text="Session of ada@example.com expired",
    hint="Store the credentials again.",
    since=at(-3),
    seen_at=NOON,
    next_at=NOON,
    fails=2,
    is_whole=True,
)
SILENT = replace(OUTAGE, code="SERVER_UNAVAILABLE", hint="")


def entry(number: int, category: Category, minutes: float = -1) -> InboxEntry:
    """A record in the error inbox since so many minutes."""
    report = Report(Ref(Side.HUBSPOT, "contact", str(number)), category, "text", because=("ERR-1",))
    return InboxEntry(report, at(minutes), NOON, 1)


def keys(state: ConnectionState, parked: int = 100) -> list[str]:
    """The incidents of a state, by their keys."""
    return [incident.key for incident in incidents_of(state, parked, NOON)]


def test_nothing_is_wrong() -> None:
    """A connection that syncs has no incident, however many records wait or were parked long ago."""
    quiet = ConnectionState(
        "acme",
        jobs=[a_job(), a_job(state=JobState.DONE)],
        entries=[entry(1, Category.WAITING), entry(2, Category.VALIDATION, -90)],
        looked={Side.HUBSPOT: at(-29), Side.SALESFORCE: None},
        calls=dict.fromkeys(Side, CALLS),
    )
    assert incidents_of(quiet, 1, NOON) == []


def test_a_refusal_is_one_cause_for_all_kinds() -> None:
    """A side that refuses us is told at once and in quiet hours, with what to do and without the
    CRM's own text.
    """
    outages = {Kind.CONTACT: OUTAGE, Kind.ACCOUNT: replace(OUTAGE, since=at(-1))}
    assert incidents_of(ConnectionState("acme", Troubles(outages)), 100, NOON) == [
        Incident(
            "down acme salesforce INVALID_SESSION_ID",
            "Salesforce refuses acme",
            "Changes wait, and none is lost. The code is INVALID_SESSION_ID.",
            at(-3),
            "Store the credentials again.",
            "operations#a-crm-refuses-us",
            is_urgent=True,
            has_alarm=True,
        )
    ]


@pytest.mark.parametrize(("minutes", "told"), [(-9, 0), (-10, 1)])
def test_a_side_that_does_not_answer_is_told_after_ten_minutes(minutes: int, told: int) -> None:
    """Most outages are over by then."""
    outages = {Kind.CONTACT: replace(SILENT, since=at(minutes))}
    found = incidents_of(ConnectionState("acme", Troubles(outages)), 100, NOON)
    assert [(one.title, one.is_urgent) for one in found] == [
        ("Salesforce does not answer acme", False)
    ] * told


def test_missing_fields_are_one_cause_for_each_side() -> None:
    """Five are named, and those that are back do not count."""
    rests = [Rest(Side.SALESFORCE, "Lead", f"F{one}__c", at(-one)) for one in range(1, 8)]
    over = Rest(Side.HUBSPOT, "contact", "colour", NOON, is_over=True)
    (found,) = incidents_of(ConnectionState("acme", Troubles(rests=(*rests, over))), 100, NOON)
    assert (found.key, found.title, found.since) == (
        "field acme salesforce",
        "Salesforce lacks 7 fields of acme",
        at(-7),
    )
    assert found.text.startswith(
        "Lead.F1__c, Lead.F2__c, Lead.F3__c, Lead.F4__c, Lead.F5__c and 2 more. "
    )


def test_a_brake_and_a_jump_count_records_and_name_none() -> None:
    """The number of records is told and no id."""
    entries = [entry(one, Category.BRAKE, -one) for one in range(1, 4)]
    entries += [entry(one, Category.VALIDATION, -2) for one in range(10, 14)]
    found = incidents_of(ConnectionState("acme", entries=entries), 4, NOON)
    assert [(one.key, one.text, one.since) for one in found] == [
        ("brake acme", "3 records so far. Everything else syncs.", at(-3)),
        ("parked acme", "4 records within an hour.", at(-2)),
    ]
    assert keys(ConnectionState("acme", entries=entries), 5) == ["brake acme"]
    assert keys(ConnectionState("acme", entries=entries), 0) == ["brake acme"]


def test_a_job_that_stopped_by_itself_is_told() -> None:
    """One that the operator paused is not."""
    stopped = a_job(state=JobState.PAUSED, trouble="HubSpot refuses")
    paused = replace(stopped, id="other", trouble="paused by the operator")
    assert keys(ConnectionState("acme", jobs=[stopped, paused])) == [f"job acme {stopped.id}"]


def test_what_is_not_read_and_what_is_put_off() -> None:
    """A side that was not read for half an hour, and the oldest change of each code."""
    state = ConnectionState(
        "acme",
        looked={Side.HUBSPOT: at(-30)},
        waiting={"contact": Waiting(at(-45), "LOCKED"), "account": Waiting(at(-31), "LOCKED")},
    )
    unseen, waits = incidents_of(state, 100, NOON)
    assert (unseen.key, unseen.since, unseen.is_explained) == (
        "unseen acme hubspot",
        at(-30),
        False,
    )
    assert waits == Incident(
        "waits acme LOCKED",
        "Changes of acme are put off",
        "The oldest waits for more than half an hour. The code is LOCKED.",
        at(-45),
        "See what the code means, and mend it: crmsync status",
        "operations#changes-are-put-off",
        has_alarm=True,
    )


@pytest.mark.parametrize(
    "reason",
    [
        {"troubles": Troubles(pause=Pause(at(-60), "arn:aws:iam::111122223333:user/ada"))},
        {"troubles": Troubles({Kind.CONTACT: SILENT})},
        {"calls": {Side.SALESFORCE: replace(CALLS, used_up_at=at(-50))}},
    ],
    ids=["a pause", "an outage", "calls that are used up"],
)
def test_what_follows_from_a_cause_is_explained(reason: dict[str, object]) -> None:
    """A pause, an outage or used up calls explain what is not read and what is put off."""
    state = ConnectionState(
        "acme",
        looked={Side.HUBSPOT: at(-30)},
        waiting={"contact": Waiting(at(-45), "X")},
    )
    found = incidents_of(replace(state, **reason), 100, NOON)  # type: ignore[arg-type]
    explained = [one.key for one in found if one.is_explained]
    assert explained == ["unseen acme hubspot", "waits acme X"]


def test_a_side_that_is_polled_seldom_is_not_unseen() -> None:
    """Few calls are left, so its next poll comes later."""
    calls = {Side.SALESFORCE: replace(CALLS, sweep_every=timedelta(hours=1))}
    assert keys(ConnectionState("acme", looked={Side.SALESFORCE: at(-40)}, calls=calls)) == []


def test_a_pause_says_how_it_ends_and_not_who_it_was() -> None:
    """The message names the command, and no person."""
    pause = Pause(at(-60), "arn:aws:iam::111122223333:user/ada")
    assert incidents_of(ConnectionState("acme", Troubles(pause=pause)), 100, NOON) == [
        Incident(
            "paused acme",
            "acme is paused",
            "Changes wait until the connection is resumed.",
            at(-60),
            "crmsync resume acme --apply",
            "operations#stop-a-connection",
        )
    ]


@pytest.mark.rule("CMP-7")
def test_campaigns_that_one_cause_stops_are_one_incident() -> None:
    """What no time mends is told at once, another cause once it has lasted for half an hour; a
    pause explains all of them.
    """
    one, two, three = (f"70100000000000{number}AAA" for number in (1, 2, 3))
    stopped = [
        StoppedCampaign(one, "NO_LIST", at(-2)),
        StoppedCampaign(two, "NO_LIST", at(-1)),
        StoppedCampaign(three, "SERVER_UNAVAILABLE", at(-29)),
    ]
    told = Incident(
        "campaign acme NO_LIST",
        "2 campaigns of acme stand still",
        f"{one}, {two}: nobody becomes a member, and nobody leaves. The code is NO_LIST.",
        at(-2),
        (
            "Give the app the scope crm.lists.read, or name a list in the settings that HubSpot "
            "has. The next sweep goes on by itself."
        ),
        "operations#a-campaign-stands-still",
    )
    assert incidents_of(ConnectionState("acme", campaigns=stopped), 100, NOON) == [told]
    assert keys(ConnectionState("acme", campaigns=[replace(stopped[2], since=at(-30))])) == [
        "campaign acme SERVER_UNAVAILABLE"
    ]
    paused = ConnectionState("acme", Troubles(pause=Pause(NOON)), campaigns=stopped)
    assert [incident.is_explained for incident in incidents_of(paused, 100, NOON)] == [False, True]


@pytest.mark.rule("CMP-1")
@pytest.mark.parametrize(("minutes", "told"), [(-29, 0), (-30, 1)])
def test_contacts_that_do_not_show_their_campaigns_are_an_incident(minutes: int, told: int) -> None:
    """Once it has lasted for half an hour."""
    stopped = [StoppedCampaign("", "PROPERTY_DOESNT_EXIST", at(minutes))]
    found = incidents_of(ConnectionState("acme", campaigns=stopped), 100, NOON)
    assert [(one.key, one.title, one.text) for one in found] == [
        (
            "campaigns shown acme",
            "Contacts of acme do not show their campaigns",
            (
                "The property crmsync_campaign_ids is not written. The code is "
                "PROPERTY_DOESNT_EXIST."
            ),
        )
    ] * told
