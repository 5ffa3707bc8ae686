"""The field map of a kind of activity: default rows, the operator's, and whose value counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.activities import (
    ActivityKind,
    ActivityKindSettings,
    ActivitySettings,
    ActivitySync,
)
from crmsync.rules.kinds.activity.field_map import POLICIES, activity_map
from crmsync.rules.kinds.activity.maps import DEFAULT_MAPS
from crmsync.rules.settings.rights import mapped_rules
from tests.builders import a_connection

REASON = FieldRule("call_reason", "Call_Reason__c", objects=("Task",), length=40)


def rows_of(sync: ActivitySync, *rows: FieldRule) -> dict[str, Update]:
    """The policies of the rows of calls, by property, under these settings."""
    calls = ActivityKindSettings(sync, field=rows)
    connection = replace(a_connection(), activities=ActivitySettings(calls=calls))
    return {one.hubspot: one.update for one in activity_map(connection, ActivityKind.CALL)}


@pytest.mark.rule("ACT-1")
@pytest.mark.parametrize(
    ("sync", "update", "then"),
    [
        (ActivitySync.TWO_WAY, Update.FILL_BLANK, Update.FILL_BLANK),
        (ActivitySync.TWO_WAY, Update.PREFER_SALESFORCE, Update.PREFER_SALESFORCE),
        (ActivitySync.TO_SALESFORCE, Update.TWO_WAY, Update.ALWAYS_HUBSPOT),
        (ActivitySync.TO_SALESFORCE, Update.PREFER_HUBSPOT, Update.ALWAYS_HUBSPOT),
        (ActivitySync.TO_SALESFORCE, Update.NEVER, Update.NEVER),
        (ActivitySync.TO_HUBSPOT, Update.TWO_WAY, Update.ALWAYS_SALESFORCE),
        (ActivitySync.TO_HUBSPOT, Update.ALWAYS_SALESFORCE, Update.ALWAYS_SALESFORCE),
        (ActivitySync.OFF, Update.TWO_WAY, Update.NEVER),
    ],
)
def test_a_row_never_crosses_against_the_direction(
    sync: ActivitySync, update: Update, then: Update
) -> None:
    """The operator's row keeps its policy where the kind goes both ways; elsewhere it follows the
    direction, as default rows do.
    """
    title = FieldRule("hs_call_title", "Subject", update)
    found = rows_of(sync, replace(REASON, update=update), title)
    default = POLICIES[sync][Update.TWO_WAY]
    assert found == {
        **{one.hubspot: default for one in DEFAULT_MAPS[ActivityKind.CALL]},
        "hs_call_title": then,
        "call_reason": then,
    }


@pytest.mark.rule("MAP-4")
@pytest.mark.rule("PERM-2")
def test_only_rows_that_cross_need_rights() -> None:
    """The operator's rows are among them, a default row that is switched off is not, and each kind
    has its own.
    """
    activities = ActivitySettings(
        calls=ActivityKindSettings(
            ActivitySync.TWO_WAY,
            field=(REASON, FieldRule("hs_call_direction", "CallType", Update.NEVER)),
        ),
        notes=ActivityKindSettings(ActivitySync.TO_SALESFORCE),
    )
    found = mapped_rules(replace(a_connection(), activities=activities))
    assert [(one.hubspot, one.salesforce) for one in found["Task"]] == [
        *(
            (one.hubspot, one.salesforce)
            for one in DEFAULT_MAPS[ActivityKind.CALL]
            if one.salesforce != "CallType"
        ),
        ("call_reason", "Call_Reason__c"),
        *((one.hubspot, one.salesforce) for one in DEFAULT_MAPS[ActivityKind.NOTE]),
    ]
