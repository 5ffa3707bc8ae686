"""HubSpot's activities and Salesforce's tasks and events behind the ports of the other records."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crmsync.errors import Gone
from crmsync.model.effects import Associate, Dissociate
from crmsync.model.records import Value
from crmsync.ports.crm import Written
from tests.contracts.crm.backend import Backend

AT = "2026-11-02T10:00:00Z"
HUBSPOT_ACTIVITIES: Mapping[str, Mapping[str, Value]] = {
    "call": {"hs_timestamp": AT, "hs_call_title": "First call"},
    "email": {"hs_timestamp": AT, "hs_email_subject": "Our offer"},
    "meeting": {
        "hs_timestamp": AT,
        "hs_meeting_title": "Kick-off",
        "hs_meeting_start_time": AT,
        "hs_meeting_end_time": "2026-11-02T11:00:00Z",
    },
    "note": {"hs_timestamp": AT, "hs_note_body": "Wants a demo"},
    "task": {"hs_timestamp": AT, "hs_task_subject": "Call back"},
}
"""Object -> the properties of a small one."""


@pytest.mark.parametrize("name", HUBSPOT_ACTIVITIES)
def test_an_activity_is_associated_with_people_companies_and_deals(
    hubspot: Backend, name: str
) -> None:
    """It may have several of each, is found from both ends, and becomes nobody's primary record."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    company = hubspot.person.add("company", {"name": "Example Works"})
    deal = hubspot.person.add("deal", {"dealname": "A deal", "dealstage": "appointmentscheduled"})
    activity = hubspot.person.add(name, HUBSPOT_ACTIVITIES[name])
    pairs = hubspot.associations

    outcomes = pairs.associate(
        [
            Associate(activity, ada),
            Associate(bob, activity),
            Associate(activity, company),
            Associate(activity, deal),
        ]
    )

    assert outcomes == [Written(one, {}) for one in (activity, bob, activity, activity)]
    assert {other: pairs.of([activity], other) for other in ("contact", "company", "deal")} == {
        "contact": {activity: (ada, bob)},
        "company": {activity: (company,)},
        "deal": {activity: (deal,)},
    }
    assert pairs.of([company], name) == {company: (activity,)}
    assert pairs.primary_companies([ada, deal]) == {}


def test_an_association_of_an_activity_is_removed_by_itself(hubspot: Backend) -> None:
    """The others stay, and removing it again changes nothing."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    call = hubspot.person.add("call", HUBSPOT_ACTIVITIES["call"])
    hubspot.associations.associate([Associate(call, one) for one in (ada, bob)])
    effect = Dissociate(call, ada)

    outcomes = [hubspot.associations.dissociate([effect]) for _ in range(2)]

    assert outcomes == [[Written(call, {})]] * 2
    assert hubspot.associations.of([call], "contact") == {call: (bob,)}


def test_a_record_that_is_gone_does_not_affect_the_other_associations(hubspot: Backend) -> None:
    """Its row is reported as gone."""
    ada, nobody = hubspot.add("ada"), hubspot.deleted_record()
    note = hubspot.person.add("note", HUBSPOT_ACTIVITIES["note"])

    outcomes = hubspot.associations.associate([Associate(note, nobody), Associate(note, ada)])

    assert [type(one) for one in outcomes] == [Gone, Written]
    assert hubspot.associations.of([note], "contact") == {note: (ada,)}
