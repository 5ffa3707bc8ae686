"""Set-up makes what is missing on both sides, once, and touches nothing that it did not make."""

from __future__ import annotations

import pytest
import requests

from crmsync.config import load_settings
from crmsync.errors import Refused
from crmsync.flows.setup.connection import Schema
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.records import Side
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS, needed, salesforce_parts
from crmsync.rules.settings.set_up_parts import FieldAccess, KeyField, Part
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment

HUBSPOT_NAMES = [str(part) for part in HUBSPOT_PARTS]
PARTS = salesforce_parts(555001)
NEEDED = needed(PARTS, {part.object for part in PARTS if isinstance(part, KeyField | FieldAccess)})
SALESFORCE_NAMES = [str(part) for part in NEEDED]
ACCOUNT = SetupStep("acme", Side.HUBSPOT, "account 555001", StepState.THERE)
APP = SetupStep("acme", Side.HUBSPOT, "app 990077", StepState.THERE)
SCOPES = SetupStep("acme", Side.HUBSPOT, "scopes", StepState.THERE)
HUBSPOT_STEPS = 3 + len(HUBSPOT_NAMES)
"""The account, the app, its scopes, and our own parts."""
PIPELINE_STEPS = 2
MAPPED = [
    SetupStep("acme", Side.SALESFORCE, f"mapped fields of {name}", StepState.THERE)
    for name in ("Lead", "Contact", "Account", "Opportunity")
]


def org(deployment: Deployment) -> SetupStep:
    """The step that names the org."""
    row = deployment.in_salesforce("query/?q=SELECT+Name,OrganizationType+FROM+Organization")[
        "records"
    ][0]
    return SetupStep(
        "acme", Side.SALESFORCE, f"org {row['Name']}, {row['OrganizationType']}", StepState.THERE
    )


def steps(deployment: Deployment, state: StepState) -> list[SetupStep]:
    """All steps, every part of them in one state."""
    return [
        *(ACCOUNT, APP, SCOPES),
        *(SetupStep("acme", Side.HUBSPOT, name, state) for name in HUBSPOT_NAMES),
        org(deployment),
        *(SetupStep("acme", Side.SALESFORCE, name, state) for name in SALESFORCE_NAMES),
        *MAPPED,
        *pipelines(state),
    ]


def pipelines(state: StepState, connection: str = "acme") -> list[SetupStep]:
    """The last steps: the one pipeline of an org without record types, and its stages."""
    whats = ("pipeline Salesforce - Default pipeline", "stages of Salesforce - Default pipeline")
    return [SetupStep(connection, Side.HUBSPOT, what, state) for what in whats]


def test_without_apply_nothing_is_made(deployment: Deployment) -> None:
    """Set-up says what it would make in both CRMs, and writes nothing."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.setup.set_up(apply=False) == steps(deployment, StepState.MISSING)
    assert deployment.writes == (0, 0)


def test_set_up_makes_everything_and_a_second_run_changes_nothing(deployment: Deployment) -> None:
    """The first run makes each part; the second finds each part and writes nothing."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)
    written = deployment.writes
    assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.THERE)
    assert deployment.writes == written


def test_the_key_property_is_unique_and_the_others_have_their_types(deployment: Deployment) -> None:
    """HubSpot upserts by the key, so it must be unique; dates and numbers are what lists and
    reports can use (ROLL-8).
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    rows = deployment.in_hubspot("/crm/v3/properties/contacts")["results"]
    own = {
        row["name"]: (row["type"], row["fieldType"], row["hasUniqueValue"])
        for row in rows
        if row["groupName"] == "crmsync"
    }
    assert own == {
        "crmsync_salesforce_id": ("string", "text", True),
        "crmsync_owner_id": ("string", "text", False),
        "crmsync_owner_name": ("string", "text", False),
        "crmsync_error": ("string", "textarea", False),
        "crmsync_revision": ("string", "text", False),
        "crmsync_opportunity_stage": ("string", "text", False),
        "crmsync_num_associated_deals": ("number", "number", False),
        "crmsync_first_deal_created_date": ("date", "date", False),
        "crmsync_recent_deal_close_date": ("date", "date", False),
        "crmsync_recent_deal_amount": ("number", "number", False),
        "crmsync_total_revenue": ("number", "number", False),
    }


@pytest.mark.parametrize("name", ["Lead", "Contact", "Account", "Opportunity"])
def test_the_integration_user_sees_and_writes_the_key_field(
    deployment: Deployment, name: str
) -> None:
    """A new field is hidden until a permission set opens it; then it is an external id, unique
    whatever the case.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    fields = deployment.in_salesforce(f"sobjects/{name}/describe")["fields"]
    key = next(field for field in fields if field["name"] == "Crmsync_HubSpot_Id__c")
    wanted = ("type", "length", "externalId", "unique", "caseSensitive", "createable", "updateable")
    assert [key[word] for word in wanted] == ["string", 40, True, True, False, True, True]


def test_companies_have_properties_of_their_own(deployment: Deployment) -> None:
    """They have the key by which HubSpot upserts, the owner and the error; the roll-ups belong to
    contacts.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    rows = deployment.in_hubspot("/crm/v3/properties/companies")["results"]
    own = {
        row["name"]: (row["type"], row["fieldType"], row["hasUniqueValue"])
        for row in rows
        if row["groupName"] == "crmsync"
    }
    assert own == {
        "crmsync_salesforce_id": ("string", "text", True),
        "crmsync_owner_id": ("string", "text", False),
        "crmsync_owner_name": ("string", "text", False),
        "crmsync_error": ("string", "textarea", False),
        "crmsync_revision": ("string", "text", False),
    }


@pytest.mark.rule("SET-4")
def test_nothing_is_made_for_companies_that_do_not_sync(deployment: Deployment) -> None:
    """With companies switched off neither company nor account gets anything of ours; accounts can
    be read, as contacts ask for that.
    """
    deployment.operator.settings.push(
        MINIMAL + "[connection.companies]\nsync = false\n", apply=True
    )

    made = [step.what for step in deployment.operator.setup.set_up(apply=True)]

    assert [what for what in made if "company" in what or "Account" in what] == [
        "reading of every Account"
    ]
    assert "property contact.crmsync_owner_id" in made
    rows = deployment.in_hubspot("/crm/v3/properties/companies")["results"]
    assert [row["name"] for row in rows if row["name"].startswith("crmsync")] == []


@pytest.mark.rule("SET-5")
def test_nothing_is_made_for_deals_that_do_not_sync(deployment: Deployment) -> None:
    """With deals switched off neither deal nor opportunity nor contact role gets anything of ours;
    with them on, each has its key.
    """
    deployment.operator.settings.push(MINIMAL + "[connection.deals]\nsync = false\n", apply=True)
    off = [step.what for step in deployment.operator.setup.set_up(apply=True)]
    deployment.operator.settings.push(MINIMAL, apply=True)
    on = [
        step.what
        for step in deployment.operator.setup.set_up(apply=True)
        if step.state is StepState.MADE
    ]

    assert [what for what in off if "deal." in what or "Opportunity" in what] == []
    assert on == [
        "group crmsync of deal",
        "property deal.crmsync_salesforce_id",
        "property deal.crmsync_owner_id",
        "property deal.crmsync_owner_name",
        "property deal.crmsync_error",
        "property deal.crmsync_revision",
        "field Opportunity.Crmsync_HubSpot_Id__c",
        "field OpportunityContactRole.Crmsync_HubSpot_Id__c",
        "access to every Opportunity",
        "access to Opportunity.Crmsync_HubSpot_Id__c",
        "access to OpportunityContactRole.Crmsync_HubSpot_Id__c",
        "field Opportunity.Crmsync_Revision_555001__c",
        "access to Opportunity.Crmsync_Revision_555001__c",
        *(step.what for step in pipelines(StepState.MADE)),
    ]
    fields = deployment.in_salesforce("sobjects/OpportunityContactRole/describe")["fields"]
    key = next(field for field in fields if field["name"] == "Crmsync_HubSpot_Id__c")
    assert (key["externalId"], key["unique"], key["createable"]) == (True, True, True)


def test_tasks_have_two_fields_of_their_own(deployment: Deployment) -> None:
    """Made on Activity and seen on Task: an external id that need not be unique, and a whole number
    (Q-19, CH-2).
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    fields = {
        row["name"]: row for row in deployment.in_salesforce("sobjects/Task/describe")["fields"]
    }
    key, count = fields["Crmsync_Email_Event__c"], fields["Crmsync_Email_Event_Count__c"]
    assert (key["type"], key["length"], key["externalId"], key["unique"], key["updateable"]) == (
        *("string", 255, True, False, True),
    )
    assert (count["type"], count["precision"], count["scale"], count["updateable"]) == (
        "double",
        9,
        0,
        True,
    )


def test_nothing_is_made_for_tasks_that_are_off(deployment: Deployment) -> None:
    """Without a kind of event no task field is made or missed (SET-10)."""
    deployment.operator.settings.push(
        MINIMAL + "[connection.email_tasks]\nkinds = []\n", apply=True
    )
    made = {step.what for step in deployment.operator.setup.set_up(apply=True)}

    assert not any("Activity" in what or "Task" in what for what in made)


def test_existing_parts_are_left_alone(deployment: Deployment) -> None:
    """A part that somebody made before is found; one that cannot be used is reported and not
    altered.
    """
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
    """A token of another HubSpot account is told and its account left alone; the other side is set
    up all the same.
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


def test_set_up_works_with_the_date_based_api() -> None:
    """HubSpot's /v3 paths end in 2027; the same set-up works with the new ones."""
    with deployments.deployment(version="2026-03") as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)
        assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.THERE)
        assert "POST /crm/properties/2026-03/contacts" in deployment.hubspot.stats()["by_endpoint"]


@pytest.mark.rule("LIM-3")
def test_a_pipeline_beyond_the_accounts_limit_fails() -> None:
    """Everything else is made; the pipeline that exceeds the limit fails and says what to do."""
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


@pytest.mark.rule("INS-3")
@pytest.mark.parametrize(
    "edition",
    ["Professional Edition", "Enterprise Edition", "Unlimited Edition", "Developer Edition"],
)
def test_editions_with_the_api_are_supported(edition: str) -> None:
    """An org whose edition has the API can be connected."""
    with deployments.deployment(org={"edition": edition}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)


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
    """Both sides of the connection with their parts."""
    (connection,) = load_settings(MINIMAL).connections
    return [
        (deployment.operator.setup.hubspot(connection), HUBSPOT_PARTS),
        (deployment.operator.setup.salesforce(connection), NEEDED),
    ]


def test_a_part_that_somebody_made_meanwhile_counts_as_made(deployment: Deployment) -> None:
    """Two operators who run set-up at the same time do not disturb each other."""
    for schema, parts in schemas(deployment):
        for part in (*parts, *parts):
            schema.make(part)

        assert schema.look(parts) == dict.fromkeys(parts, "")


def test_a_side_makes_only_its_own_parts(deployment: Deployment) -> None:
    """A part of the other side is a mistake of ours, not of the account's; looking for nothing
    finds nothing.
    """
    (hubspot, hubspot_parts), (salesforce, salesforce_parts) = schemas(deployment)

    for schema, part in ((hubspot, salesforce_parts[0]), (salesforce, hubspot_parts[0])):
        assert schema.look([part]) == {}
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

    assert hubspot.look(hubspot_parts) == {
        group: "",
        owner: "is of type number, must be string: remove it in HubSpot and run this again",
    }
    assert salesforce.look(salesforce_parts) == {
        lead: "is of type Number, must be Text: remove it in Salesforce and run this again",
        contact: "must be an external id and unique: set that in Salesforce's Object Manager",
        permission_set: "",
        account_access: "is not Create and Modify All: allow both in the permission set (PERM-1)",
        lead_access: "allows reading only: allow editing in the permission set",
    }


TEXT = {"type": "Text", "length": 40}


def test_what_salesforce_refuses_is_told(deployment: Deployment) -> None:
    """A part that cannot be made fails with Salesforce's sentence, and what hangs on it fails after
    it.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    too_long = KeyField("Lead", "Crmsync_HubSpot_Id__c", "Id", "", length=300)
    (_, (salesforce, _)) = schemas(deployment)

    with pytest.raises(Refused) as refused:
        salesforce.make(too_long)

    assert (refused.value.code, refused.value.text) == (
        "FIELD_INTEGRITY_EXCEPTION",
        "Text field length must be between 1 and 255",
    )


@pytest.mark.rule("INS-1")
def test_an_org_on_hosts_of_its_own_is_set_up(deployment: Deployment) -> None:
    """Sign-in goes to the address of the settings, everything else to the host that the org then
    names; neither need be salesforce.com.
    """
    deployment.salesforce.set_instance_url(
        deployment.urls["salesforce"].replace("127.0.0.1", "localhost")
    )
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)
