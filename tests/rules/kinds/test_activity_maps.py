"""The default field maps of activities."""

import pytest

from crmsync.model.kinds.activities import SALESFORCE_OBJECTS, ActivityKind
from crmsync.model.records import Side, Value
from crmsync.rules.fields.values import (
    IncompatibleValueError,
    canonical,
    compared_format,
    convert_mapped,
)
from crmsync.rules.kinds.activity.maps import (
    DEFAULT_MAPS,
    NEW_IN_SALESFORCE,
)

H, S = Side.HUBSPOT, Side.SALESFORCE
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"


def across(kind: ActivityKind, to: Side, values: dict[str, Value]) -> dict[str, Value]:
    """Return the values of one side as the other side takes them."""
    return {
        rule.on(to): convert_mapped(rule, to, values[rule.on(to.other)]).value
        for rule in DEFAULT_MAPS[kind]
        if rule.on(to.other) in values
    }


@pytest.mark.parametrize(
    ("kind", "hubspot", "salesforce"),
    [
        (
            ActivityKind.CALL,
            {
                "hs_call_title": "Intro",
                "hs_call_body": "Hello<br>Ada",
                "hs_timestamp": "2026-11-02T12:00:00.000Z",
                "hs_call_duration": "61000",
                "hs_call_direction": "OUTBOUND",
                "hs_call_disposition": CONNECTED,
                "hs_call_status": "COMPLETED",
            },
            {
                "Subject": "Intro",
                "Description": "Hello\nAda",
                "ActivityDate": "2026-11-02",
                "CallDurationInSeconds": 61,
                "CallType": "Outbound",
                "CallDisposition": "Connected",
                "Status": "Completed",
            },
        ),
        (
            ActivityKind.EMAIL,
            {
                "hs_email_subject": "Offer",
                "hs_email_text": "Dear Ada",
                "hs_timestamp": "2026-11-02T12:00:00.000Z",
            },
            {"Subject": "Offer", "Description": "Dear Ada", "ActivityDate": "2026-11-02"},
        ),
        (
            ActivityKind.MEETING,
            {
                "hs_meeting_title": "Demo",
                "hs_meeting_body": "Room &amp; time",
                "hs_meeting_location": "Graz",
                "hs_meeting_start_time": "2026-11-02T10:00:00.000Z",
                "hs_meeting_end_time": "2026-11-02T11:00:00.000Z",
            },
            {
                "Subject": "Demo",
                "Description": "Room & time",
                "Location": "Graz",
                "StartDateTime": "2026-11-02T10:00:00.000Z",
                "EndDateTime": "2026-11-02T11:00:00.000Z",
            },
        ),
        (
            ActivityKind.NOTE,
            {"hs_note_body": "Likes tea", "hs_timestamp": "2026-11-02T12:00:00.000Z"},
            {"Description": "Likes tea", "ActivityDate": "2026-11-02"},
        ),
        (
            ActivityKind.TASK,
            {
                "hs_task_subject": "Send offer",
                "hs_task_body": "by Friday",
                "hs_timestamp": "2026-11-02T12:00:00.000Z",
                "hs_task_status": "WAITING",
                "hs_task_priority": "MEDIUM",
            },
            {
                "Subject": "Send offer",
                "Description": "by Friday",
                "ActivityDate": "2026-11-02",
                "Status": "Waiting on someone else",
                "Priority": "Normal",
            },
        ),
    ],
)
def test_the_fields_of_each_kind_cross_both_ways(
    kind: ActivityKind, hubspot: dict[str, Value], salesforce: dict[str, Value]
) -> None:
    """Every mapped field has a value here, so the whole map is shown."""
    assert (across(kind, S, hubspot), across(kind, H, salesforce)) == (salesforce, hubspot)
    assert len(hubspot) == len(DEFAULT_MAPS[kind])


@pytest.mark.parametrize("status", ["BUSY", "NO_ANSWER", "FAILED", "CANCELED"])
def test_a_call_that_nobody_took_is_over(status: str) -> None:
    """It is completed in Salesforce and stays what it is in HubSpot, as both compare equal."""
    rule = next(one for one in DEFAULT_MAPS[ActivityKind.CALL] if one.hubspot == "hs_call_status")
    assert convert_mapped(rule, S, status).value == "Completed"
    assert canonical(compared_format(rule, H), status) == canonical(
        compared_format(rule, S), "Completed"
    )


def test_an_unknown_outcome_of_a_call_is_told() -> None:
    """Salesforce keeps any text, HubSpot only outcomes of the account."""
    rule = next(
        one for one in DEFAULT_MAPS[ActivityKind.CALL] if one.hubspot == "hs_call_disposition"
    )
    with pytest.raises(IncompatibleValueError):
        convert_mapped(rule, H, "Called back")


def test_a_meeting_is_an_event_and_everything_else_a_task() -> None:
    """What has happened is done at once; a subtype is given at creation, as it cannot be set
    later.
    """
    assert {kind: (SALESFORCE_OBJECTS[kind], dict(NEW_IN_SALESFORCE[kind])) for kind in ActivityKind} == {
        ActivityKind.CALL: ("Task", {"TaskSubtype": "Call"}),
        ActivityKind.EMAIL: ("Task", {"TaskSubtype": "Email", "Status": "Completed"}),
        ActivityKind.MEETING: ("Event", {}),
        ActivityKind.NOTE: ("Task", {"TaskSubtype": "Task", "Status": "Completed"}),
        ActivityKind.TASK: ("Task", {"TaskSubtype": "Task"}),
    }  # fmt: skip
