"""The ruleset of one kind of activity: which fields count, and whose value (ACT-1).

Whom and what an activity is about crosses like any field. HubSpot's record has no property for it,
so the flow adds the two Salesforce ids under names of their own (`with_about`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, tzinfo
from types import MappingProxyType

from crmsync.model.crm_names import EVENT, SALESFORCE_CONTACT, TASK, WHAT_ID, WHO_ID
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.activities import (
    CONTACT_LISTS,
    HUBSPOT_OBJECTS,
    MOST_CONTACTS,
    SALESFORCE_OBJECTS,
    About,
    ActivityKind,
    ActivityOwner,
)
from crmsync.model.names import TASK_KEY
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import in_zone
from crmsync.rules.kinds.activity.field_map import POLICIES, activity_map
from crmsync.rules.merge.ruleset import ActivityRules, Ruleset, object_mapping

WHO = "salesforce person"
WHAT = "salesforce record"
"""The names in a HubSpot activity's record of whom and what its task or event is to be about, as
ids of Salesforce. Not properties.
"""

CONTACTS = "salesforce contacts"
"""The name there of all contacts that its task or event is to be about, as in `CONTACT_LISTS`, in
an org where there may be several.
"""

ABOUT: Mapping[str, str] = MappingProxyType({WHO: WHO_ID, WHAT: WHAT_ID})
"""`WHO` and `WHAT` -> Salesforce's fields."""

TIMESTAMP = "hs_timestamp"
"""The property that HubSpot requires of every activity."""

EMAIL_STATUS = "hs_email_status"

TYPES: Mapping[ActivityKind, str] = MappingProxyType(
    {
        ActivityKind.CALL: "hs_activity_type",
        ActivityKind.EMAIL: "hs_email_direction",
        ActivityKind.MEETING: "hs_activity_type",
        ActivityKind.TASK: "hs_task_type",
    }
)
"""The property by which a kind is filtered by type; a note has no type."""

_MARKS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        TASK: frozenset({"TaskSubtype", "IsRecurrence", "RecurrenceActivityId"}),
        EVENT: frozenset(
            {"IsRecurrence", "RecurrenceActivityId", "IsRecurrence2", "IsPrivate", "IsChild"}
        ),
    }
)
"""What shows which kind of activity a task or event is, and whether it is left alone."""


def marks_of(connection: Connection, salesforce_object: str) -> frozenset[str]:
    """The fields that show which kind of activity a task or event is. The one of tasks that were
    made of marketing e-mails exists only where such tasks are made.
    """
    marketing = connection.contacts.sync and connection.email_tasks.kinds
    key = {TASK_KEY} if salesforce_object == TASK and marketing else set[str]()
    return _MARKS[salesforce_object] | key


def activity_ruleset(
    connection: Connection,
    activity: ActivityKind,
    fingerprinter: Fingerprinter,
    our_user: str,
    our_app: str = "",
    *,
    zone: tzinfo = UTC,
) -> Ruleset:
    """The ruleset of a kind of activity of a connection. `zone` is the time zone of the HubSpot
    account.
    """
    settings = connection.activities.of(activity)
    sync = settings.sync
    update = POLICIES[sync][Update.TWO_WAY]
    about = [FieldRule(name, field, update) for name, field in ABOUT.items()]
    salesforce_object = SALESFORCE_OBJECTS[activity]
    if connection.activities.several_contacts:
        field = CONTACT_LISTS[salesforce_object]
        about.append(FieldRule(CONTACTS, field, update, FieldType.MULTI))
    field_map = (*in_zone(activity_map(connection, activity), zone), *about)
    hubspot = {TIMESTAMP, TYPES.get(activity, TIMESTAMP)}
    if activity is ActivityKind.EMAIL:
        hubspot.add(EMAIL_STATUS)
    return Ruleset(
        Kind.ACTIVITY,
        connection,
        HUBSPOT_OBJECTS[activity],
        MappingProxyType({salesforce_object: object_mapping(field_map, {}, {})}),
        fingerprinter,
        our_user,
        our_app,
        extras=MappingProxyType(
            {
                Side.HUBSPOT: frozenset(hubspot),
                Side.SALESFORCE: marks_of(connection, salesforce_object),
            }
        ),
        activity=ActivityRules(
            activity,
            frozenset({*ABOUT, CONTACTS}),
            frozenset(one for one in Side if sync.goes_to(one))
            if settings.owner is ActivityOwner.MATCHED
            else frozenset(),
        ),
    )


def with_about(activity: Record, about: About, room: int) -> Record:
    """A HubSpot activity's record with the ids of whom and what it is about in Salesforce. `room`
    is for how many contacts the task or event has room in its field for all of them, 0 without one;
    the oldest in HubSpot have it.
    """
    shown = {
        WHO: about.who.id if about.who else None,
        WHAT: about.what.id if about.what else None,
        CONTACTS: listed(contacts_of(about)[:room]),
    }
    return replace(activity, fields={**activity.fields, **shown})


def contacts_of(about: About) -> tuple[Ref, ...]:
    """The contacts that an activity is about, that of ``WhoId`` first; none beside a lead."""
    if about.who is None or about.who.object != SALESFORCE_CONTACT:
        return ()
    return (about.who, *about.others)


def most_contacts(connection: Connection) -> int:
    """How many contacts a new task or event may have in its field for all of them; 0 without it."""
    return MOST_CONTACTS if connection.activities.several_contacts else 0


def listed(contacts: Iterable[Ref]) -> str | None:
    """The value of a field of `CONTACT_LISTS` with these people; None for nobody."""
    return ";".join(sorted(one.id for one in contacts)) or None
