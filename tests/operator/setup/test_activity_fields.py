"""What set-up makes and checks for activities, in both simulators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crmsync.config import load_settings
from crmsync.flows.setup.connection import set_up
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.names import PERMISSION_SET
from crmsync.model.schema import SalesforceField
from crmsync.model.settings import CompanySettings, Connection, ContactSettings, DealSettings
from crmsync.rules.settings.activity_fields import (
    hubspot_activity_parts,
    salesforce_activity_parts,
)
from crmsync.rules.settings.rights import lacking, mapped_rules
from crmsync.rules.settings.scopes import scopes_of
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


CALLS_AND_MEETINGS = ActivitySettings(
    calls=ActivityKindSettings(sync=ActivitySync.TO_SALESFORCE),
    meetings=ActivityKindSettings(sync=ActivitySync.TWO_WAY),
)


def with_activities(activities: ActivitySettings) -> Connection:
    """The smallest connection with these activities and without tasks of e-mail events."""
    (connection,) = load_settings(MINIMAL + "[connection.email_tasks]\nkinds = []\n").connections
    return replace(connection, activities=activities)


def steps_of(deployment: Deployment, connection: Connection, *, apply: bool) -> list[SetupStep]:
    """The steps of a set-up of the connection."""
    setup = deployment.operator.setup
    return set_up(connection, setup.hubspot(connection), setup.salesforce(connection), apply=apply)


def test_set_up_makes_what_the_kinds_that_sync_need_and_no_more(deployment: Deployment) -> None:
    """With calls and meetings on, nothing is made for notes, tasks and e-mails; a second run makes
    nothing; and no field of tasks that e-mail events make is among them.
    """
    off, on = with_activities(ActivitySettings()), with_activities(CALLS_AND_MEETINGS)
    steps_of(deployment, off, apply=True)

    made = [
        step.what for step in steps_of(deployment, on, apply=True) if step.state is StepState.MADE
    ]
    again = steps_of(deployment, on, apply=True)

    assert made == [
        *("group crmsync of call", "property call.crmsync_salesforce_id"),
        *("property call.crmsync_revision", "group crmsync of meeting"),
        *("property meeting.crmsync_salesforce_id", "property meeting.crmsync_revision"),
        "field Activity.Crmsync_HubSpot_Id__c",
        "field Activity.Crmsync_Revision_555001__c",
        *("access to Event.Crmsync_HubSpot_Id__c", "access to Event.Crmsync_Revision_555001__c"),
        *("access to Task.Crmsync_HubSpot_Id__c", "access to Task.Crmsync_Revision_555001__c"),
    ]
    assert {step.state for step in again} == {StepState.THERE}
    assert {"mapped fields of Task", "mapped fields of Event"} <= {step.what for step in again}


def test_the_fields_of_tasks_that_do_not_show_are_named_once() -> None:
    """Several kinds share them; a kind that only goes to HubSpot need not be edited."""
    both = with_activities(
        ActivitySettings(
            calls=ActivityKindSettings(sync=ActivitySync.TWO_WAY),
            notes=ActivityKindSettings(sync=ActivitySync.TO_SALESFORCE),
        )
    )
    read = with_activities(ActivitySettings(tasks=ActivityKindSettings(ActivitySync.TO_HUBSPOT)))
    names = [rule.salesforce for rule in mapped_rules(both)["Task"]]
    fields = [
        SalesforceField(name, "string", is_read_only=name in {"Description", "Subject"})
        for name in dict.fromkeys((*names, "Priority"))
        if name != "CallType"
    ]

    assert lacking(mapped_rules(both)["Task"], fields) == (
        "Subject cannot be edited; Description cannot be edited; CallType cannot be seen: "
        'give the integration user access to it, or map it with update = "never" (PERM-2)'
    )
    assert lacking(mapped_rules(read)["Task"], fields) == ""


def test_activities_are_opened_by_the_scopes_of_contacts_and_e_mails_by_one_more() -> None:
    """Without that one, HubSpot leaves out what an e-mail says."""
    nothing = replace(
        with_activities(ActivitySettings()),
        contacts=ContactSettings(sync=False),
        companies=CompanySettings(sync=False),
        deals=DealSettings(sync=False),
    )
    calls = replace(nothing, activities=CALLS_AND_MEETINGS)
    emails = replace(
        nothing,
        activities=ActivitySettings(emails=ActivityKindSettings(sync=ActivitySync.TO_SALESFORCE)),
    )

    contacts = {
        f"crm.{what}.contacts.{verb}"
        for what in ("objects", "schemas")
        for verb in ("read", "write")
    }
    assert set(scopes_of(calls)) - set(scopes_of(nothing)) == contacts - set(scopes_of(nothing))
    assert set(scopes_of(emails)) - set(scopes_of(calls)) == {"sales-email-read"}
