"""What set-up finds and leaves alone, and what it cannot create."""

from __future__ import annotations

import pytest
import requests

from crmsync.config import load_settings
from crmsync.errors import Refused
from crmsync.flows.setup.connection import Schema
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.records import Side
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS
from crmsync.rules.settings.set_up_parts import KeyField, Part
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.setup.steps import (
    ACCOUNT,
    APP,
    HUBSPOT_STEPS,
    MAPPED,
    NEEDED,
    PIPELINE_STEPS,
    SCOPES,
    org,
    steps,
)


def test_existing_parts_are_left_alone(deployment: Deployment) -> None:
    """A part that already exists is found; one that cannot be used is reported and not changed."""
    deployment.make_in_hubspot(
        "/crm/v3/properties/contacts/groups", {"name": "crmsync", "label": "Ours"}
    )
    definition = {"label": "Id", "groupName": "crmsync", "type": "string", "fieldType": "text"}
    deployment.make_in_hubspot(
        "/crm/v3/properties/contacts", {"name": "crmsync_salesforce_id", **definition}
    )
    metadata = {"type": "Text", "label": "Id", "length": 20, "externalId": True}
    deployment.make_in_salesforce(
        "tooling/sobjects/CustomField",
        {"FullName": "Lead.Crmsync_HubSpot_Id__c", "Metadata": metadata},
    )
    deployment.operator.settings.push(MINIMAL, apply=True)

    found = [
        step
        for step in deployment.operator.setup.set_up(apply=True)
        if step.state is not StepState.MADE
    ]

    unique = "does not demand unique values, which is said when a property is made: remove it and run this again"
    manager = "must be unique: set that in Salesforce's Object Manager"
    assert found == [
        *(ACCOUNT, APP, SCOPES),
        SetupStep("acme", Side.HUBSPOT, "group crmsync of contact", StepState.THERE),
        SetupStep(
            "acme", Side.HUBSPOT, "property contact.crmsync_salesforce_id", StepState.WRONG, unique
        ),
        org(deployment),
        SetupStep(
            "acme", Side.SALESFORCE, "field Lead.Crmsync_HubSpot_Id__c", StepState.WRONG, manager
        ),
        *MAPPED,
    ]


def test_an_archived_property_is_reported(deployment: Deployment) -> None:
    """HubSpot keeps the name of an archived property, so a person must restore it."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)
    headers = {"Authorization": f"Bearer {deployment.hubspot.portals[0].user_token}"}
    requests.delete(
        f"{deployment.urls['hubspot']}/crm/v3/properties/contacts/crmsync_owner_id",
        headers=headers,
        timeout=30,
    ).raise_for_status()

    (failed,) = [
        step
        for step in deployment.operator.setup.set_up(apply=True)
        if step.state is not StepState.THERE
    ]

    assert (failed.what, failed.state) == ("property contact.crmsync_owner_id", StepState.FAILED)
    assert failed.text.endswith("Restore the archived property of that name in HubSpot.")


def test_nothing_is_made_in_another_account() -> None:
    """A token of another HubSpot account is reported, and that account is left alone; the other
    side is set up all the same.
    """
    with deployments.deployment(777) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        made = deployment.operator.setup.set_up(apply=True)

        text = "the token in crmsync/acme/hubspot belongs to HubSpot account 777 (TEN-1)"
        assert made == [
            SetupStep("acme", Side.HUBSPOT, "account 555001", StepState.WRONG, text),
            *steps(deployment, StepState.MADE)[HUBSPOT_STEPS:-PIPELINE_STEPS],
        ]
        assert deployment.writes[0] == 0


@pytest.mark.rule("LIM-3")
def test_a_pipeline_beyond_the_accounts_limit_fails() -> None:
    """Everything else is created; the failed step says what to do."""
    with deployments.deployment(portal={"pipelines_allowed": 1}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        *others, failed = deployment.operator.setup.set_up(apply=True)

        assert others == steps(deployment, StepState.MADE)[:-PIPELINE_STEPS]
        assert (failed.what, failed.state) == (
            "pipeline Salesforce - Default pipeline",
            StepState.FAILED,
        )
        assert "(LIM-3)" in failed.text


@pytest.mark.rule("INS-2")
def test_group_edition_is_refused_with_a_reason() -> None:
    """An org of Group Edition cannot be connected; set-up says so and writes nothing to it."""
    with deployments.deployment(org={"edition": "Team Edition"}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        *_, last = deployment.operator.setup.set_up(apply=True)

        text = "this org's edition has no API, as Group Edition has none: it cannot be connected (INS-2)"
        assert last == SetupStep("acme", Side.SALESFORCE, "org", StepState.WRONG, text)
        assert deployment.writes[1] == 0


def test_one_side_is_set_up_without_the_other(
    deployment: Deployment,
) -> None:
    """A refused login is one failed step with its remedy."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    wanted = steps(deployment, StepState.MADE)
    hubspot, salesforce = wanted[:HUBSPOT_STEPS], wanted[HUBSPOT_STEPS:-PIPELINE_STEPS]

    deployment.faults.replace([{"at": "hubspot", "kind": "unauthorized", "times": 9}])
    failed, *others = deployment.operator.setup.set_up(apply=True)

    assert (failed.side, failed.what, failed.state) == (
        Side.HUBSPOT,
        "connection to hubspot",
        StepState.FAILED,
    )
    assert failed.text.endswith("Store a valid HubSpot access token in the connection's secret.")
    assert others == salesforce

    deployment.faults.replace([{"at": "salesforce", "kind": "unauthorized", "times": 9}])
    *others, failed = deployment.operator.setup.set_up(apply=True)

    assert others == hubspot
    assert (failed.side, failed.what, failed.state) == (
        Side.SALESFORCE,
        "connection to salesforce",
        StepState.FAILED,
    )
    assert failed.text.endswith(
        "Check the connection's Salesforce secret and the external client app's policies."
    )


def schemas(deployment: Deployment) -> list[tuple[Schema, tuple[Part, ...]]]:
    """Return both sides of the connection with their parts."""
    (connection,) = load_settings(MINIMAL).connections
    return [
        (deployment.operator.setup.hubspot(connection), HUBSPOT_PARTS),
        (deployment.operator.setup.salesforce(connection), NEEDED),
    ]


def test_a_part_that_somebody_made_meanwhile_counts_as_made(deployment: Deployment) -> None:
    """Two operators can run set-up at the same time."""
    for schema, parts in schemas(deployment):
        for part in (*parts, *parts):
            schema.make(part)

        assert schema.inspect(parts) == dict.fromkeys(parts, "")


def test_a_side_accepts_only_its_own_parts(deployment: Deployment) -> None:
    """A part of the other side is a programming error; a check of no parts returns nothing."""
    (hubspot, hubspot_parts), (salesforce, salesforce_parts) = schemas(deployment)

    for schema, part in ((hubspot, salesforce_parts[0]), (salesforce, hubspot_parts[0])):
        assert schema.inspect([part]) == {}
        with pytest.raises(TypeError, match="is not"):
            schema.make(part)
    with pytest.raises(Refused, match="There is no permission set Crmsync"):
        salesforce.make(salesforce_parts[-1])


def test_unusable_parts_are_reported_with_their_remedy(deployment: Deployment) -> None:
    """Properties and fields of another type, and access with too few rights."""
    (hubspot, hubspot_parts), (salesforce, salesforce_parts) = schemas(deployment)
    group, _, owner = hubspot_parts[:3]
    lead, contact, _, permission_set, account_access, _, _, lead_access = salesforce_parts[:8]
    hubspot.make(group)
    definition = {
        "name": "crmsync_owner_id",
        "label": "Id",
        "groupName": "crmsync",
        "type": "number",
        "fieldType": "number",
    }
    deployment.make_in_hubspot("/crm/v3/properties/contacts", definition)
    metadata = {"type": "Number", "label": "Id", "precision": 18, "scale": 0}
    for name in ("Lead", "Contact"):
        row = {
            "FullName": f"{name}.Crmsync_HubSpot_Id__c",
            "Metadata": metadata | ({} if name == "Lead" else TEXT),
        }
        deployment.make_in_salesforce("tooling/sobjects/CustomField", row)
    salesforce.make(permission_set)
    found = deployment.in_salesforce("query/?q=SELECT+Id+FROM+PermissionSet+WHERE+Name='Crmsync'")[
        "records"
    ]
    access = {
        "ParentId": found[0]["Id"],
        "SobjectType": "Lead",
        "Field": "Lead.Crmsync_HubSpot_Id__c",
    }
    deployment.make_in_salesforce(
        "sobjects/FieldPermissions", access | {"PermissionsRead": True, "PermissionsEdit": False}
    )
    reading = {
        "ParentId": found[0]["Id"],
        "SobjectType": "Account",
        "PermissionsRead": True,
        "PermissionsCreate": True,
    }
    deployment.make_in_salesforce("sobjects/ObjectPermissions", reading)

    assert hubspot.inspect(hubspot_parts) == {
        group: "",
        owner: "is of type number, must be string: remove it in HubSpot and run this again",
    }
    assert salesforce.inspect(salesforce_parts) == {
        lead: "is of type Number, must be Text: remove it in Salesforce and run this again",
        contact: "must be an external id and unique: set that in Salesforce's Object Manager",
        permission_set: "",
        account_access: "is not Create and Modify All: allow both in the permission set (PERM-1)",
        lead_access: "allows reading only: allow editing in the permission set",
    }


TEXT = {"type": "Text", "length": 40}


def test_a_refusal_of_salesforce_is_reported(deployment: Deployment) -> None:
    """The part fails with Salesforce's sentence, and so do the parts that depend on it."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    too_long = KeyField("Lead", "Crmsync_HubSpot_Id__c", "Id", "", length=300)
    (_, (salesforce, _)) = schemas(deployment)

    with pytest.raises(Refused) as refused:
        salesforce.make(too_long)

    assert (refused.value.code, refused.value.text) == (
        "FIELD_INTEGRITY_EXCEPTION",
        "Text field length must be between 1 and 255",
    )
