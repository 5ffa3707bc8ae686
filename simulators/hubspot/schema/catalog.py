"""The object types of a portal and the association types between them: tables only.

A new CRM object is a row here and its properties in `standard`; no code names a type where a column
can say it. Ids and names: docs/vendors.md#hubspot-records [V]; association type ids [M, stable for
years].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of CRM record and its peculiarities."""

    type_id: str
    name: str
    plural: str
    modified: str
    """The property with the time of the last change."""
    shown: tuple[str, ...]
    """Properties that an answer shows when none were requested."""
    searched: tuple[str, ...]
    """Properties that the free-text ``query`` of a search covers [D]."""
    created: str = "createdate"
    """The property with the time of creation."""
    defaults: tuple[tuple[str, str], ...] = ()
    """What a new record has unless its create says something else."""
    required: tuple[str, ...] = ()
    """Properties without which no record is created."""
    is_activity: bool = False
    """Whether it is logged on other records: without merges and webhook types of its own, and
    opened by the scopes of contacts.
    """
    muted: frozenset[str] = frozenset()
    """Properties whose changes webhooks do not report."""
    natural_key: str | None = None
    """A property that is unique by itself (a clash is 409); `other_keys` holds more values of it,
    separated by ``;``.
    """
    other_keys: str | None = None
    can_be_forgotten: bool = False
    """Whether ``gdpr-delete`` exists."""
    first_id: int = 1
    has_pipelines: bool = False

    @property
    def scope(self) -> str:
        """The name under which scopes know it."""
        return "contacts" if self.is_activity else self.plural

    @property
    def label(self) -> str:
        """The name as error texts and association types print it."""
        return self.name.upper()


CONTACT = ObjectType(
    type_id="0-1",
    name="contact",
    plural="contacts",
    modified="lastmodifieddate",
    shown=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    searched=("firstname", "lastname", "email", "phone", "company", "hs_additional_emails"),
    natural_key="email",
    other_keys="hs_additional_emails",
    can_be_forgotten=True,
    first_id=81_000_001,
    defaults=(("lifecyclestage", "lead"),),
)
COMPANY = ObjectType(
    type_id="0-2",
    name="company",
    plural="companies",
    modified="hs_lastmodifieddate",
    shown=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    searched=("name", "phone", "domain", "website"),
    first_id=55_000_001,
    defaults=(("lifecyclestage", "lead"),),
)
DEAL = ObjectType(
    type_id="0-3",
    name="deal",
    plural="deals",
    modified="hs_lastmodifieddate",
    shown=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    searched=("dealname", "pipeline", "dealstage", "description", "dealtype"),
    first_id=99_000_001,
    has_pipelines=True,
)


def _activity(
    type_id: str,
    name: str,
    number: int,
    *searched: str,
    defaults: tuple[tuple[str, str], ...] = (),
    muted: frozenset[str] = frozenset(),
) -> ObjectType:
    """Return a kind of activity; HubSpot searches the beginning of a call's text alone [D]."""
    return ObjectType(
        type_id=type_id,
        name=name,
        plural=f"{name}s",
        modified="hs_lastmodifieddate",
        shown=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        searched=searched,
        created="hs_createdate",
        defaults=defaults,
        required=("hs_timestamp",),
        is_activity=True,
        muted=muted,
        first_id=number,
    )


CALL = _activity("0-48", "call", 48_000_001, "hs_call_title", "hs_call_body")
EMAIL = _activity(
    "0-49",
    "email",
    49_000_001,
    "hs_email_subject",
    muted=frozenset({"hs_email_html", "hs_email_subject"}),
)
MEETING = _activity("0-47", "meeting", 47_000_001, "hs_meeting_title", "hs_meeting_body")
NOTE = _activity("0-46", "note", 46_000_001, "hs_note_body")
TASK = _activity(
    "0-27",
    "task",
    27_000_001,
    "hs_task_subject",
    "hs_task_body",
    defaults=(
        ("hs_task_status", "NOT_STARTED"),
        ("hs_task_priority", "NONE"),
        ("hs_task_type", "TODO"),
    ),
)
ACTIVITIES: tuple[ObjectType, ...] = (CALL, EMAIL, MEETING, NOTE, TASK)
"""docs/vendors.md#hubspot-activities; the defaults of a task are [M]."""

OBJECT_TYPES: tuple[ObjectType, ...] = (CONTACT, COMPANY, DEAL, *ACTIVITIES)

BY_NAME: Mapping[str, ObjectType] = MappingProxyType(
    {name: kind for kind in OBJECT_TYPES for name in (kind.type_id, kind.name, kind.plural)}
)
"""Paths accept the plural, the singular and the id of a type [V]."""


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One direction of one type of association; `inverse` is the type id of the other direction."""

    from_type: str
    to_type: str
    type_id: int
    inverse: int
    label: str | None = None
    is_primary: bool = False


def _both_ways(
    from_type: str, to_type: str, there: int, back: int, label: str | None = None
) -> tuple[AssociationType, ...]:
    """Return both directions of one type; "primary" describes the second record, seen from the
    first.
    """
    return (
        AssociationType(from_type, to_type, there, back, label, is_primary=label == "Primary"),
        AssociationType(to_type, from_type, back, there, label),
    )


ASSOCIATION_TYPES: tuple[AssociationType, ...] = (
    *_both_ways("0-1", "0-2", 279, 280),
    *_both_ways("0-1", "0-2", 1, 2, "Primary"),
    *_both_ways("0-3", "0-1", 3, 4),
    *_both_ways("0-3", "0-2", 341, 342),
    *_both_ways("0-3", "0-2", 5, 6, "Primary"),
    AssociationType("0-1", "0-1", 449, 449),
    AssociationType("0-2", "0-2", 450, 450),
    AssociationType("0-3", "0-3", 451, 451),
    *(
        row
        for activity, contact, company, deal in (
            (CALL, 194, 182, 206),
            (EMAIL, 198, 186, 210),
            (MEETING, 200, 188, 212),
            (NOTE, 202, 190, 214),
            (TASK, 204, 192, 216),
        )
        for other, there in ((CONTACT, contact), (COMPANY, company), (DEAL, deal))
        for row in _both_ways(activity.type_id, other.type_id, there, there - 1)
    ),
)
"""Those between records of one type are [M], those of activities [S]."""

MIRRORS: Mapping[tuple[str, str], str] = MappingProxyType({("0-1", "0-2"): "associatedcompanyid"})
"""The property of the first type that shows the record of the second that is its primary associated
record.
"""
