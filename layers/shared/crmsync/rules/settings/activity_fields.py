"""The properties and fields that set-up adds for activities, as data, in the order in which they
can be made.

Those of the other objects are in `own_fields`. A task's or event's fields are made on Activity and
shown on both; they are hidden from everybody until access to them is given on each.
"""

from __future__ import annotations

from collections.abc import Collection

from crmsync.model.names import (
    HUBSPOT_GROUP,
    HUBSPOT_KEY,
    HUBSPOT_REVISION,
    PERMISSION_SET,
    SALESFORCE_KEY,
)
from crmsync.rules.settings.own_fields import (
    KEY_LABEL,
    KEY_TEXT,
    REVISION_LABEL,
    REVISION_TEXT,
    revision_field,
)
from crmsync.rules.settings.set_up_parts import (
    FieldAccess,
    KeyField,
    OwnProperty,
    Part,
    PropertyGroup,
)

_ACTIVITY = "Activity"


def hubspot_activity_parts(objects: Collection[str]) -> tuple[Part, ...]:
    """What HubSpot needs for these objects of activities: the key by which one is created once, and
    the newest of our writes.
    """
    return tuple(
        part
        for name in sorted(objects)
        for part in (
            PropertyGroup(name, HUBSPOT_GROUP, "Salesforce sync"),
            OwnProperty(
                name,
                HUBSPOT_KEY,
                "Salesforce activity ID",
                "The linked task or event in Salesforce.",
                unique=True,
            ),
            OwnProperty(name, HUBSPOT_REVISION, REVISION_LABEL, REVISION_TEXT),
        )
    )


def salesforce_activity_parts(portal_id: int, objects: Collection[str]) -> tuple[Part, ...]:
    """What a portal needs in its org for tasks, events or both: the key that marks what crmsync has
    made, and the portal's own revision field (TEN-1).

    Not every org may keep a field of Activity unique [M]; then it is a plain one.
    """
    if not objects:
        return ()
    revision = revision_field(_ACTIVITY, portal_id)
    return (
        KeyField(_ACTIVITY, SALESFORCE_KEY, KEY_LABEL, KEY_TEXT, can_be_plain=True),
        revision,
        *(
            FieldAccess(PERMISSION_SET, name, field)
            for name in sorted(objects)
            for field in (SALESFORCE_KEY, revision.name)
        ),
    )
