"""The properties of activities (calls, e-mails, meetings, notes, tasks): a table of short rows, as
in `standard`.

Names, lists of values and flags: docs/vendors.md#hubspot-activities. Left out are the previews that
HubSpot makes of bodies (``hs_body_preview``), attachments' contents, sequences and queues.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Rows = tuple[tuple[str, str, str, str], ...]

_SHARED: Rows = (
    ("hs_object_id", "Record ID", "number", "ru"),
    ("hs_createdate", "Create date", "moment", "r"),
    ("hs_lastmodifieddate", "Last modified date", "moment", "r"),
    ("hs_timestamp", "Activity date", "moment", ""),
    ("hs_attachment_ids", "Attached file IDs", "text", ""),
    ("hubspot_owner_id", "Activity assigned to", "owner", ""),
    ("hubspot_owner_assigneddate", "Owner assigned date", "moment", "r"),
    ("hs_merged_object_ids", "Merged record IDs", "several", "r"),
    ("hs_object_source", "Record source", "text", "r"),
    ("hs_object_source_id", "Record source ID", "text", "r"),
)
_CALL: Rows = (
    ("hs_call_title", "Call Title", "text", ""),
    ("hs_call_body", "Call notes", "rich", ""),
    ("hs_call_direction", "Call direction", "select", ""),
    ("hs_call_disposition", "Call outcome", "select", ""),
    ("hs_call_duration", "Call duration", "number", ""),
    ("hs_call_status", "Call status", "select", ""),
    ("hs_call_from_number", "From number", "text", ""),
    ("hs_call_to_number", "To Number", "text", ""),
    ("hs_call_recording_url", "Recording URL", "text", ""),
    ("hs_call_source", "Call source", "text", ""),
    ("hs_call_callee_object_id", "Callee object id", "number", ""),
    ("hs_call_callee_object_type_id", "Callee object type", "text", ""),
    ("hs_activity_type", "Call and meeting type", "select", ""),
)
_EMAIL: Rows = (
    ("hs_email_subject", "Email subject", "text", ""),
    ("hs_email_html", "Email body (HTML)", "rich", ""),
    ("hs_email_text", "Email body", "long", ""),
    ("hs_email_direction", "Email Direction", "select", ""),
    ("hs_email_status", "Email send status", "select", ""),
    ("hs_email_headers", "Email headers", "long", ""),
    ("hs_email_from_email", "Email from address", "text", "r"),
    ("hs_email_from_firstname", "Email from first name", "text", "r"),
    ("hs_email_from_lastname", "Email from last name", "text", "r"),
    ("hs_email_to_email", "Email to address", "text", "r"),
    ("hs_email_to_firstname", "Email to first name", "text", "r"),
    ("hs_email_to_lastname", "Email to last name", "text", "r"),
)
_MEETING: Rows = (
    ("hs_meeting_title", "Meeting name", "text", ""),
    ("hs_meeting_body", "Meeting description", "rich", ""),
    ("hs_internal_meeting_notes", "Internal meeting notes", "rich", ""),
    ("hs_meeting_location", "Meeting location", "text", ""),
    ("hs_meeting_external_url", "External URL", "text", ""),
    ("hs_meeting_start_time", "Meeting start time", "moment", ""),
    ("hs_meeting_end_time", "Meeting end time", "moment", ""),
    ("hs_meeting_outcome", "Meeting outcome", "select", ""),
    ("hs_activity_type", "Call and meeting type", "select", ""),
)
_NOTE: Rows = (("hs_note_body", "Note body", "rich", ""),)
_TASK: Rows = (
    ("hs_task_subject", "Task Title", "text", ""),
    ("hs_task_body", "Task Notes", "rich", ""),
    ("hs_task_status", "Task Status", "select", ""),
    ("hs_task_priority", "Priority", "select", ""),
    ("hs_task_type", "Task Type", "select", ""),
    ("hs_task_reminders", "Task Reminders", "text", ""),
    ("hs_task_completion_date", "Completed at", "moment", "r"),
)

ROWS: Mapping[str, Rows] = MappingProxyType(
    {
        "0-48": (*_SHARED, *_CALL),
        "0-49": (*_SHARED, *_EMAIL),
        "0-47": (*_SHARED, *_MEETING),
        "0-46": (*_SHARED, *_NOTE),
        "0-27": (*_SHARED, *_TASK),
    }
)
"""Object type -> its properties."""

GROUPS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "0-48": (("call", "Call information"),),
        "0-49": (("email", "Email information"),),
        "0-47": (("meeting", "Meeting information"),),
        "0-46": (("note", "Note information"),),
        "0-27": (("task", "Task information"),),
    }
)
"""Object type -> its property groups; the names are [M]."""

OPTIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "hs_call_direction": (("INBOUND", "Inbound"), ("OUTBOUND", "Outbound")),
        "hs_call_disposition": (
            ("9d9162e7-6cf3-4944-bf63-4dff82258764", "Busy"),
            ("f240bbac-87c9-4f6e-bf70-924b57d47db7", "Connected"),
            ("a4c4c377-d246-4b32-a13b-75a56a4cd0ff", "Left live message"),
            ("b2cf5968-551e-4856-9783-52b3da59a7d0", "Left voicemail"),
            ("73a0d17f-1163-4015-bdd5-ec830791da20", "No answer"),
            ("17b47fee-58de-441e-a44c-c6300d46f273", "Wrong number"),
        ),
        "hs_call_status": (
            ("BUSY", "Busy"),
            ("CALLING_CRM_USER", "Calling CRM user"),
            ("CANCELED", "Canceled"),
            ("COMPLETED", "Completed"),
            ("CONNECTING", "Connecting"),
            ("FAILED", "Failed"),
            ("IN_PROGRESS", "In progress"),
            ("NO_ANSWER", "No answer"),
            ("QUEUED", "Queued"),
            ("RINGING", "Ringing"),
        ),
        "hs_email_direction": (
            ("EMAIL", "Email"),
            ("INCOMING_EMAIL", "Incoming email"),
            ("FORWARDED_EMAIL", "Forwarded email"),
        ),
        "hs_email_status": (
            ("BOUNCED", "Bounced"),
            ("FAILED", "Failed"),
            ("SCHEDULED", "Scheduled"),
            ("SENDING", "Sending"),
            ("SENT", "Sent"),
        ),
        "hs_meeting_outcome": (
            ("SCHEDULED", "Scheduled"),
            ("COMPLETED", "Completed"),
            ("RESCHEDULED", "Rescheduled"),
            ("NO_SHOW", "No show"),
            ("CANCELED", "Canceled"),
        ),
        "hs_task_status": (
            ("NOT_STARTED", "Not started"),
            ("IN_PROGRESS", "In progress"),
            ("WAITING", "Waiting"),
            ("COMPLETED", "Completed"),
            ("DEFERRED", "Deferred"),
        ),
        "hs_task_priority": (
            ("NONE", "None"),
            ("LOW", "Low"),
            ("MEDIUM", "Medium"),
            ("HIGH", "High"),
        ),
        "hs_task_type": (("TODO", "To-do"), ("CALL", "Call"), ("EMAIL", "Email")),
    }
)
"""Property -> its options. ``hs_activity_type`` has those that an administrator defines, none at
first.
"""
