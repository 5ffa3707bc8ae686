"""Task and Event, their relations, and the statuses and priorities of tasks, as data.

Fields, lengths and rights follow the Object Reference [D]; picklists are those of a new org [M].
docs/vendors.md#salesforce-activities says what is behind them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simulators.salesforce.objects.fields import (
    Choice,
    Field,
    area,
    day,
    flag,
    instant,
    lookup,
    number,
    picklist,
    read_only,
    required,
    system_fields,
    text,
)
from simulators.salesforce.objects.people import owner
from simulators.salesforce.objects.sobject import SObject

_TASK_KINDS: Final = ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn")
_EVENT_KINDS: Final = ("Event",)
_PATTERNS: Final = (
    "RecursDaily",
    "RecursEveryWeekday",
    "RecursWeekly",
    "RecursMonthly",
    "RecursMonthlyNth",
    "RecursYearly",
    "RecursYearlyNth",
)
_INSTANCES: Final = ("First", "Second", "Third", "Fourth", "Last")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _subject() -> Field:
    choices = tuple(Choice(v, v) for v in ("Call", "Email", "Send Letter", "Other"))
    return Field("Subject", "combobox", "Subject", 255, choices=choices)


def _fixed(field: Field) -> Field:
    """Return the same field, which only a create may give."""
    return replace(field, updateable=False)


def _people(children: str) -> tuple[Field, ...]:
    return (
        lookup("WhoId", "Name ID", "Contact", "Lead", children=children, cascade=True),
        lookup(
            "WhatId", "Related To ID", "Account", "Opportunity", children=children, cascade=True
        ),
        read_only(lookup("AccountId", "Account ID", "Account")),
    )


def _recurrence(start: Field) -> tuple[Field, ...]:
    """The fields of a series [D]; its occurrences are not simulated."""
    return (
        read_only(lookup("RecurrenceActivityId", "Recurrence Activity ID", "Task", "Event")),
        _fixed(flag("IsRecurrence", "Create Recurring Series")),
        start,
        day("RecurrenceEndDateOnly", "Recurrence End"),
        picklist("RecurrenceTimeZoneSidKey", "Recurrence Time Zone"),
        picklist("RecurrenceType", "Recurrence Type", *_PATTERNS, restricted=True),
        number("RecurrenceInterval", "Recurrence Interval", "int", 9, 0),
        number("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", "int", 9, 0),
        number("RecurrenceDayOfMonth", "Recurrence Day of Month", "int", 9, 0),
        picklist("RecurrenceInstance", "Recurrence Instance", *_INSTANCES, restricted=True),
        picklist("RecurrenceMonthOfYear", "Recurrence Month", *_MONTHS, restricted=True),
    )


_REMINDER: Final = (
    instant("ReminderDateTime", "Reminder Date/Time"),
    flag("IsReminderSet", "Reminder Set"),
)


def _all_people(name: str) -> Field:
    """All people of an activity, with Shared Activities only [D]; its type in a describe is [M]."""
    return Field(name, "complexvalue", "Names", in_events=False)


TASK: Final = SObject(
    "Task",
    "Task",
    "Tasks",
    "00T",
    (
        *system_fields(),
        *_people("Tasks"),
        _subject(),
        day("ActivityDate", "Due Date Only"),
        picklist(
            "Status",
            "Status",
            "Not Started",
            "In Progress",
            "Completed",
            "Waiting on someone else",
            "Deferred",
            default="Not Started",
            nillable=False,
        ),
        picklist("Priority", "Priority", "High", "Normal", "Low", default="Normal", nillable=False),
        read_only(flag("IsHighPriority", "High Priority")),
        owner("User", "Group"),
        area("Description", "Description"),
        picklist("Type", "Type", "Call", "Email", "Meeting", "Other"),
        read_only(flag("IsClosed", "Closed")),
        read_only(flag("IsArchived", "Archived")),
        number("CallDurationInSeconds", "Call Duration", "int", 8, 0),
        picklist("CallType", "Call Type", "Internal", "Inbound", "Outbound", restricted=True),
        text("CallDisposition", "Call Result", 255),
        text("CallObject", "Call Object Identifier", 255),
        *_REMINDER,
        *_recurrence(day("RecurrenceStartDateOnly", "Recurrence Start")),
        picklist(
            "RecurrenceRegeneratedType",
            "Repeat This Task",
            "RecurrenceRegenerateAfterDueDate",
            "RecurrenceRegenerateAfterToday",
            "RecurrenceRegenerated",
            restricted=True,
        ),
        _fixed(
            picklist("TaskSubtype", "Task Subtype", *_TASK_KINDS, default="Task", restricted=True)
        ),
        read_only(instant("CompletedDateTime", "Completed Date/Time")),
        _all_people("TaskWhoIds"),
    ),
    custom_fields_on="Activity",
)

EVENT: Final = SObject(
    "Event",
    "Event",
    "Events",
    "00U",
    (
        *system_fields(),
        *_people("Events"),
        _subject(),
        text("Location", "Location", 255),
        flag("IsAllDayEvent", "All-Day Event"),
        instant("ActivityDateTime", "Due Date Time"),
        day("ActivityDate", "Due Date Only"),
        number("DurationInMinutes", "Duration", "int", 8, 0),
        instant("StartDateTime", "Start Date Time"),
        instant("EndDateTime", "End Date Time"),
        read_only(day("EndDate", "End Date")),
        area("Description", "Description"),
        owner("User"),
        picklist("Type", "Type", "Call", "Email", "Meeting", "Other"),
        flag("IsPrivate", "Private"),
        picklist(
            "ShowAs",
            "Show Time As",
            "Busy",
            "OutOfOffice",
            "Free",
            default="Busy",
            restricted=True,
        ),
        read_only(flag("IsChild", "Is Child")),
        read_only(flag("IsGroupEvent", "Is Group Event")),
        read_only(picklist("GroupEventType", "Group Event Type", "0", "1", "2")),
        read_only(flag("IsArchived", "Archived")),
        *_REMINDER,
        *_recurrence(instant("RecurrenceStartDateTime", "Recurrence Start")),
        _fixed(
            picklist(
                "EventSubtype", "Event Subtype", *_EVENT_KINDS, default="Event", restricted=True
            )
        ),
        read_only(flag("IsRecurrence2", "Repeat")),
        read_only(flag("IsRecurrence2Exclusion", "Historical Event, Not Following Recurrence")),
        read_only(flag("IsRecurrence2Exception", "Is Exception")),
        _fixed(text("Recurrence2PatternText", "Recurrence Pattern", 512)),
        _fixed(instant("Recurrence2PatternStartDate", "Pattern Start Date")),
        _fixed(text("Recurrence2PatternTimeZone", "Recurrence Pattern Time Zone", 255)),
        _all_people("EventWhoIds"),
    ),
    custom_fields_on="Activity",
)


def _relation(name: str, label: str, prefix: str, parent: str, *more: Field) -> SObject:
    """One of an activity's people, or the record to which it is related."""
    return SObject(
        name,
        label,
        f"{label}s",
        prefix,
        (
            *system_fields(),
            required(_fixed(lookup("RelationId", "Relation ID", *_RELATED))),
            required(
                _fixed(
                    lookup(f"{parent}Id", f"{parent} ID", parent, children=f"{name}s", cascade=True)
                )
            ),
            _fixed(flag("IsWhat", "Is What")),
            *more,
            read_only(lookup("AccountId", "Account ID", "Account")),
        ),
        updateable=False,
        binned=False,
    )


_RELATED: Final = ("Contact", "Lead", "Account", "Opportunity")

SHARED_FIELDS: Final = frozenset({"TaskWhoIds", "EventWhoIds"})
"""The fields that exist with Shared Activities only."""

RELATIONS: Final = frozenset({"TaskRelation", "EventRelation"})
"""The objects that exist with Shared Activities only. Invitees of events, which are relations in
every org, are not simulated.
"""

TASK_RELATION: Final = _relation("TaskRelation", "Task Relation", "0RT", "Task")
EVENT_RELATION: Final = _relation(
    "EventRelation",
    "Event Relation",
    "0RE",
    "Event",
    read_only(flag("IsParent", "Is Parent", default=True)),
)


def _setting(name: str, label: str, prefix: str, mark: str, mark_label: str) -> SObject:
    """A value of one of the two picklists of tasks that mean something to the org."""
    fields = (
        *system_fields(deletable=False),
        text("MasterLabel", "Master Label", nillable=False),
        text("ApiName", "API Name", nillable=False),
        number("SortOrder", "Sort Order", "int", 9, 0),
        flag("IsDefault", "Is Default"),
        flag(mark, mark_label),
    )
    return SObject(
        name,
        label,
        label,
        prefix,
        tuple(read_only(field) for field in fields),
        createable=False,
        updateable=False,
        deletable=False,
    )


TASK_STATUS: Final = _setting("TaskStatus", "Task Status Value", "01T", "IsClosed", "Closed")
TASK_PRIORITY: Final = _setting(
    "TaskPriority", "Task Priority Value", "01U", "IsHighPriority", "High Priority"
)

ACTIVITY_OBJECTS: Final = (
    TASK,
    EVENT,
    TASK_RELATION,
    EVENT_RELATION,
    TASK_STATUS,
    TASK_PRIORITY,
)
"""Key prefixes other than those of tasks and events are [M]."""
