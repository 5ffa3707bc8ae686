"""The default field map of each kind of activity, and what a new task or event has besides, as
data.

Rows only, as in `crmsync.rules.fields.maps`. Owners and whom an activity is about have rules of
their own. Values and lengths: docs/vendors.md#hubspot-activities and
docs/vendors.md#salesforce-activities.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.fields import Choices, FieldRule, FieldType
from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.records import Value
from crmsync.rules.fields.maps import FieldMap

SUBJECT_LENGTH = 255
BODY_LENGTH = 32_000

STATUS = "Status"
NOT_STARTED, IN_PROGRESS, DONE = "Not Started", "In Progress", "Completed"
"""Statuses of tasks in a new org."""

CALL_STATUS, TASK_STATUS, CALL_OUTCOME = "hs_call_status", "hs_task_status", "hs_call_disposition"

CALL_STATUSES: Choices = (
    ("COMPLETED", DONE),
    ("BUSY", DONE),
    ("NO_ANSWER", DONE),
    ("FAILED", DONE),
    ("CANCELED", DONE),
    ("IN_PROGRESS", IN_PROGRESS),
    ("CALLING_CRM_USER", IN_PROGRESS),
    ("CONNECTING", IN_PROGRESS),
    ("RINGING", IN_PROGRESS),
    ("QUEUED", NOT_STARTED),
)
"""A call that nobody took is over as well: what came of it is its outcome. In the other direction
the first row counts.
"""

DIRECTIONS: Choices = (("INBOUND", "Inbound"), ("OUTBOUND", "Outbound"))

OUTCOMES: Choices = (
    ("f240bbac-87c9-4f6e-bf70-924b57d47db7", "Connected"),
    ("9d9162e7-6cf3-4944-bf63-4dff82258764", "Busy"),
    ("a4c4c377-d246-4b32-a13b-75a56a4cd0ff", "Left live message"),
    ("b2cf5968-551e-4856-9783-52b3da59a7d0", "Left voicemail"),
    ("73a0d17f-1163-4015-bdd5-ec830791da20", "No answer"),
    ("17b47fee-58de-441e-a44c-c6300d46f273", "Wrong number"),
)
"""The outcomes of calls that come with HubSpot [S]."""

TASK_STATUSES: Choices = (
    ("NOT_STARTED", NOT_STARTED),
    ("IN_PROGRESS", IN_PROGRESS),
    ("WAITING", "Waiting on someone else"),
    ("COMPLETED", DONE),
    ("DEFERRED", "Deferred"),
)

PRIORITIES: Choices = (("HIGH", "High"), ("MEDIUM", "Normal"), ("LOW", "Low"), ("NONE", "Normal"))


def _day() -> FieldRule:
    return FieldRule("hs_timestamp", "ActivityDate", form=FieldType.DATED)


def _subject(name: str) -> FieldRule:
    return FieldRule(name, "Subject", length=SUBJECT_LENGTH)


def _body(name: str, form: FieldType = FieldType.HTML) -> FieldRule:
    return FieldRule(name, "Description", form=form, length=BODY_LENGTH)


def _choice(hubspot: str, salesforce: str, choices: Choices) -> FieldRule:
    """Restricted, as Salesforce would store HubSpot's own word for a value that has no pair."""
    form = FieldType.CHOICE
    return FieldRule(hubspot, salesforce, form=form, choices=choices, restricted=True)


DEFAULT_MAPS: Mapping[ActivityKind, FieldMap] = MappingProxyType(
    {
        ActivityKind.CALL: (
            _subject("hs_call_title"),
            _body("hs_call_body"),
            _day(),
            FieldRule("hs_call_duration", "CallDurationInSeconds", form=FieldType.DURATION),
            _choice("hs_call_direction", "CallType", DIRECTIONS),
            _choice(CALL_OUTCOME, "CallDisposition", OUTCOMES),
            _choice(CALL_STATUS, STATUS, CALL_STATUSES),
        ),
        ActivityKind.EMAIL: (
            _subject("hs_email_subject"),
            _body("hs_email_text", FieldType.TEXT),
            _day(),
        ),
        ActivityKind.MEETING: (
            _subject("hs_meeting_title"),
            _body("hs_meeting_body"),
            FieldRule("hs_meeting_location", "Location", length=255),
            FieldRule("hs_meeting_start_time", "StartDateTime", form=FieldType.DATETIME),
            FieldRule("hs_meeting_end_time", "EndDateTime", form=FieldType.DATETIME),
        ),
        ActivityKind.NOTE: (_body("hs_note_body"), _day()),
        ActivityKind.TASK: (
            _subject("hs_task_subject"),
            _body("hs_task_body"),
            _day(),
            _choice(TASK_STATUS, STATUS, TASK_STATUSES),
            _choice("hs_task_priority", "Priority", PRIORITIES),
        ),
    }
)
"""Kind -> the fields that go with each other. A meeting's internal notes stay in HubSpot."""

NEW_IN_SALESFORCE: Mapping[ActivityKind, Mapping[str, Value]] = MappingProxyType(
    {
        ActivityKind.CALL: MappingProxyType({"TaskSubtype": "Call"}),
        ActivityKind.EMAIL: MappingProxyType({"TaskSubtype": "Email", STATUS: DONE}),
        ActivityKind.MEETING: MappingProxyType({}),
        ActivityKind.NOTE: MappingProxyType({"TaskSubtype": "Task", STATUS: DONE}),
        ActivityKind.TASK: MappingProxyType({"TaskSubtype": "Task"}),
    }
)
"""What a new task or event has besides its mapped fields: its subtype, which cannot be set later,
and for what has happened that it is done.
"""

NEW_IN_HUBSPOT: Mapping[ActivityKind, Mapping[str, Value]] = MappingProxyType(
    {
        ActivityKind.EMAIL: MappingProxyType(
            {"hs_email_direction": "EMAIL", "hs_email_status": "SENT"}
        ),
        ActivityKind.TASK: MappingProxyType({"hs_task_type": "TODO"}),
    }
)
"""What a new HubSpot activity has besides its mapped properties: an e-mail was sent, and a task is
a plain one.
"""
