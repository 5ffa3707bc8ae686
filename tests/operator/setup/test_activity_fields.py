"""The properties and fields that set-up makes for activities, in both simulators."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crmsync.config import load_settings
from crmsync.model.names import PERMISSION_SET
from crmsync.rules.settings.activity_fields import (
    hubspot_activity_parts,
    salesforce_activity_parts,
)
from crmsync.rules.settings.set_up_parts import Assignment, Part, PermissionSet
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment

OBJECTS = ("call", "email", "meeting", "note", "task")
SET = (PermissionSet(PERMISSION_SET, "crmsync", ""), Assignment(PERMISSION_SET))
PLAIN = (
    "a field like any other, as Salesforce will not have an external id there; what it is for "
    "works all the same"
)
WANTED = ("externalId", "unique", "createable", "updateable")


def test_only_the_parts_of_what_syncs_are_named() -> None:
    """Of calls alone HubSpot needs three parts, and Salesforce the fields that tasks show."""
    found = {
        "hubspot": [str(part) for part in hubspot_activity_parts({"call"})],
        "salesforce": [str(part) for part in salesforce_activity_parts(555001, {"Task"})],
        "nothing": [*hubspot_activity_parts(()), *salesforce_activity_parts(555001, ())],
    }

    assert found == {
        "hubspot": [
            "group crmsync of call",
            "property call.crmsync_salesforce_id",
            "property call.crmsync_revision",
        ],
        "salesforce": [
            "field Activity.Crmsync_HubSpot_Id__c",
            "field Activity.Crmsync_Revision_555001__c",
            "access to Task.Crmsync_HubSpot_Id__c",
            "access to Task.Crmsync_Revision_555001__c",
        ],
        "nothing": [],
    }


def test_hubspot_has_the_key_and_the_revision_of_every_activity(deployment: Deployment) -> None:
    """The key is unique; what exists is made once."""
    parts = hubspot_activity_parts(OBJECTS)
    (connection,) = load_settings(MINIMAL).connections
    schema = deployment.operator.setup.hubspot(connection)

    for part in (*parts, *parts):
        schema.make(part)

    assert schema.inspect(parts) == dict.fromkeys(parts, "")
    for name in OBJECTS:
        rows = deployment.in_hubspot(f"/crm/v3/properties/{name}s")["results"]
        assert {
            row["name"]: row["hasUniqueValue"] for row in rows if row["groupName"] == "crmsync"
        } == {"crmsync_salesforce_id": True, "crmsync_revision": False}


def made_in_salesforce(deployment: Deployment, parts: Sequence[Part]) -> list[str]:
    """Make parts in Salesforce; return the remarks."""
    (connection,) = load_settings(MINIMAL).connections
    schema = deployment.operator.setup.salesforce(connection)
    remarks = [schema.make(part) for part in (SET[0], *parts, SET[1])]
    assert schema.inspect(parts) == dict.fromkeys(parts, "")
    return list(filter(None, remarks))


@pytest.mark.parametrize("allowed", [True, False])
def test_the_key_of_tasks_and_events_is_unique_where_the_org_allows_it(*, allowed: bool) -> None:
    """Elsewhere it is a plain field, and set-up says so."""
    parts = salesforce_activity_parts(555001, {"Task", "Event"})
    with deployments.deployment(org={"activity_external_ids": allowed}) as deployment:
        remarks = made_in_salesforce(deployment, parts)

        for name in ("Task", "Event"):
            fields = deployment.in_salesforce(f"sobjects/{name}/describe")["fields"]
            shown = {row["name"]: [row[word] for word in WANTED] for row in fields}
            assert shown["Crmsync_HubSpot_Id__c"] == [allowed, allowed, True, True]
            assert shown["Crmsync_Revision_555001__c"] == [False, False, True, True]
    assert [remark.partition(" (")[0] for remark in remarks] == ([] if allowed else [PLAIN])
