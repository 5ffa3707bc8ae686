"""The field map of a kind of activity under the settings: the default rows, the operator's own, and
whose value counts in each (ACT-1, ACT-4, MAP-1 to MAP-4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.fields import Update
from crmsync.model.kinds.activities import SALESFORCE_OBJECTS, ActivityKind, ActivitySync
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import FieldMap, with_custom_rows
from crmsync.rules.kinds.activity.maps import DEFAULT_MAPS
from crmsync.rules.kinds.activity.org_values import with_org_values

POLICIES: Mapping[ActivitySync, Mapping[Update, Update]] = MappingProxyType(
    {
        ActivitySync.OFF: MappingProxyType(dict.fromkeys(Update, Update.NEVER)),
        ActivitySync.TO_SALESFORCE: MappingProxyType(
            {
                Update.TWO_WAY: Update.ALWAYS_HUBSPOT,
                Update.PREFER_HUBSPOT: Update.ALWAYS_HUBSPOT,
                Update.ALWAYS_HUBSPOT: Update.ALWAYS_HUBSPOT,
                Update.NEVER: Update.NEVER,
            }
        ),
        ActivitySync.TO_HUBSPOT: MappingProxyType(
            {
                Update.TWO_WAY: Update.ALWAYS_SALESFORCE,
                Update.PREFER_SALESFORCE: Update.ALWAYS_SALESFORCE,
                Update.ALWAYS_SALESFORCE: Update.ALWAYS_SALESFORCE,
                Update.NEVER: Update.NEVER,
            }
        ),
        ActivitySync.TWO_WAY: MappingProxyType({one: one for one in Update}),
    }
)
"""Direction -> the policies that a row may have, each with the one by which it is then synced.
Where a kind goes one way, nothing crosses the other way, whichever row it is.
"""


def activity_map(connection: Connection, kind: ActivityKind) -> FieldMap:
    """All rows of a kind of activity, each under the policy by which it is synced."""
    settings = connection.activities.of(kind)
    name = SALESFORCE_OBJECTS[kind]
    rows = with_custom_rows({name: DEFAULT_MAPS[kind]}, settings.field)[name]
    policies = POLICIES[settings.sync]
    return tuple(
        replace(
            with_org_values(row, connection.activities),
            update=policies.get(row.update, Update.NEVER),
        )
        for row in rows
    )
