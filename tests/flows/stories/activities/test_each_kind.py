"""Stories of each kind of activity on the whole stack, all kinds in one sweep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_activities import (
    activities,
    activity,
    contacts_of,
    edit_activity,
    new_activity,
    pass_sweep,
    tasks_of,
    with_activities,
)
from tests.flows.stories.story_contacts import linked_pair
from tests.flows.stories.story_owners import WORLD


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack in which all kinds go both ways."""
    settings = with_activities(
        calls="two_way",
        notes="two_way",
        emails="two_way",
        tasks="two_way",
        meetings="two_way",
    )
    with Stack(settings, WORLD) as stack:
        yield stack


HUBSPOT_MADE = [
    (
        "emails",
        "Task",
        {"hs_email_subject": "Offer", "hs_email_text": "Dear Eve", "hs_email_status": "SENT"},
    ),
    ("notes", "Task", {"hs_note_body": "<p>Offer</p>"}),
    ("tasks", "Task", {"hs_task_subject": "Offer", "hs_task_status": "NOT_STARTED"}),
    (
        "meetings",
        "Event",
        {
            "hs_meeting_title": "Offer",
            "hs_meeting_start_time": "2026-06-30T12:00:00Z",
            "hs_meeting_end_time": "2026-06-30T13:00:00Z",
        },
    ),
]


@pytest.mark.rule("ACT-4")
def test_each_kind_is_made_once_and_edited_on_both_sides(stack: Stack, people: People) -> None:
    """An e-mail, a note, a task and a meeting of HubSpot each make one record, and its edit in
    Salesforce comes back.
    """
    contact, lead = linked_pair(stack, people, "each@example.com")
    made = [new_activity(people, plural, contact, **what) for plural, _, what in HUBSPOT_MADE]
    pass_sweep(stack)
    rows = [*tasks_of(people, lead), *tasks_of(people, lead, "Event")]
    assert len(rows) == len(HUBSPOT_MADE)
    assert all("Offer" in row["Subject"] for row in rows)

    for row in rows:
        object_ = "Event" if "StartDateTime" in row else "Task"
        people.edit_record(object_, str(row["Id"]), Subject="Changed", Description="Changed")
    pass_sweep(stack)
    pass_sweep(stack)
    titles = [(plural, next(iter(what))) for plural, _, what in HUBSPOT_MADE]
    shown = [
        activity(people, plural, one, title)
        for one, (plural, title) in zip(made, titles, strict=True)
    ]
    assert shown == [{title: "Changed"} for _, title in titles]
    assert len([*tasks_of(people, lead), *tasks_of(people, lead, "Event")]) == len(HUBSPOT_MADE)


SALESFORCE_MADE = [
    (
        "calls",
        "Task",
        {"TaskSubtype": "Call", "Subject": "Made there", "Status": "Completed"},
        "hs_call_title",
    ),
    (
        "emails",
        "Task",
        {"TaskSubtype": "Email", "Subject": "Made there", "Status": "Completed"},
        "hs_email_subject",
    ),
    (
        "tasks",
        "Task",
        {"Subject": "Made there", "Status": "Not Started", "ActivityDate": "2026-07-02"},
        "hs_task_subject",
    ),
    (
        "meetings",
        "Event",
        {
            "Subject": "Made there",
            "StartDateTime": "2026-07-02T09:00:00Z",
            "EndDateTime": "2026-07-02T10:00:00Z",
        },
        "hs_meeting_title",
    ),
]


@pytest.mark.rule("ACT-2")
def test_each_kind_is_made_in_hubspot(stack: Stack, people: People) -> None:
    """A task of each subtype and an event make one activity in HubSpot, associated with the contact,
    and its edit in HubSpot comes back.
    """
    contact, lead = linked_pair(stack, people, "there@example.com")
    before = {plural: set(activities(people, plural)) for plural, *_ in SALESFORCE_MADE}
    rows = [
        (object_, people.new_record(object_, WhoId=lead, **fields))
        for _, object_, fields, _ in SALESFORCE_MADE
    ]
    pass_sweep(stack)
    for plural, _, _, title in SALESFORCE_MADE:
        (made,) = set(activities(people, plural)) - before[plural]
        assert activity(people, plural, made, title) == {title: "Made there"}
        assert contacts_of(people, plural, made) == [contact]
        edit_activity(people, plural, made, **{title: "Changed"})
    pass_sweep(stack)
    for object_, row in rows:
        assert people.record(object_, row, "Subject", "WhoId") == {
            "Subject": "Changed",
            "WhoId": lead,
        }
    assert all(len(activities(people, name)) == len(old) + 1 for name, old in before.items())
