"""Which activities sync, and why the others are left alone: tables first, the operator's filters
after them.

Each reason is one of `LeftAlone`, so that a person can be told it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.crm_names import EVENT, TASK
from crmsync.model.kinds.activities import ActivityFacts, ActivityFilter, ActivityKind, LeftAlone
from crmsync.model.names import TASK_KEY
from crmsync.model.records import Record, Value
from crmsync.rules.fields.values import is_blank

MARKS: tuple[tuple[str, LeftAlone], ...] = (
    ("IsRecurrence", LeftAlone.RECURRING),
    ("RecurrenceActivityId", LeftAlone.RECURRING),
    ("IsRecurrence2", LeftAlone.RECURRING),
    ("IsPrivate", LeftAlone.PRIVATE),
    ("IsChild", LeftAlone.INVITATION),
    (TASK_KEY, LeftAlone.MARKETING),
)
"""Field of a task or event -> why one that has it is left alone, the first that holds."""

SUBTYPES: Mapping[str, ActivityKind | LeftAlone] = MappingProxyType(
    {
        "Task": ActivityKind.TASK,
        "Call": ActivityKind.CALL,
        "Email": ActivityKind.EMAIL,
        "ListEmail": LeftAlone.LIST_EMAIL,
        "Cadence": LeftAlone.CADENCE,
    }
)
"""Subtype of a Salesforce task -> the kind of activity that it is, or why it is left alone. Others
are tasks.
"""

UNSENT = frozenset({"FAILED", "SCHEDULED", "SENDING"})
"""Statuses of a HubSpot e-mail that nobody has received."""


def kind_of(record: Record) -> ActivityKind | LeftAlone:
    """Which kind of activity a Salesforce task or event is, or why it is left alone.

    A note is a task like any other there; only one that came from HubSpot is known as a note, by
    its link.
    """
    for name, reason in MARKS:
        if _is_set(record.fields.get(name)):
            return reason
    if record.ref.object == EVENT:
        return ActivityKind.MEETING
    return SUBTYPES.get(str(record.fields.get("TaskSubtype") or TASK), ActivityKind.TASK)


def left_alone_in_hubspot(record: Record) -> LeftAlone | None:
    """Why a HubSpot activity is left alone whatever the settings say; None for one that syncs."""
    if str(record.fields.get("hs_email_status") or "") in UNSENT:
        return LeftAlone.UNSENT
    return None


def filtered(facts: ActivityFacts, wanted: ActivityFilter) -> LeftAlone | None:
    """Which of the operator's filters an activity does not pass; None for one that syncs."""
    types = {one.lower() for one in wanted.types}
    if wanted.since is not None and facts.at < wanted.since:
        return LeftAlone.TOO_OLD
    if wanted.owners and facts.owner not in wanted.owners:
        return LeftAlone.OTHER_OWNER
    if types and facts.type.lower() not in types:
        return LeftAlone.OTHER_TYPE
    if wanted.only_with_opportunity and not facts.has_opportunity:
        return LeftAlone.NO_OPPORTUNITY
    return None


def _is_set(value: Value) -> bool:
    return value is not False and not is_blank(value)
