"""Set-up creates what is missing on both sides, once."""

from __future__ import annotations

import pytest

from crmsync.flows.setup.steps import StepState
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.setup.steps import pipelines, steps


def test_without_apply_nothing_is_made(deployment: Deployment) -> None:
    """Set-up lists what it would create in both CRMs, and writes nothing."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.setup.set_up(apply=False) == steps(deployment, StepState.MISSING)
    assert deployment.writes == (0, 0)


def test_set_up_makes_everything_and_a_second_run_changes_nothing(deployment: Deployment) -> None:
    """The first run creates each part; the second finds each part and writes nothing."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)
    written = deployment.writes
    assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.THERE)
    assert deployment.writes == written


def own_properties(deployment: Deployment, name: str) -> dict[str, tuple[str, str, bool]]:
    """Type, form field and uniqueness of each property that set-up has made for an object."""
    rows = deployment.in_hubspot(f"/crm/v3/properties/{name}")["results"]
    return {
        row["name"]: (row["type"], row["fieldType"], row["hasUniqueValue"])
        for row in rows
        if row["groupName"] == "crmsync"
    }


def test_the_key_property_is_unique_and_the_others_have_their_types(deployment: Deployment) -> None:
    """HubSpot upserts by the key, so it must be unique; dates and numbers have types for lists and
    reports (ROLL-8).
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    assert own_properties(deployment, "contacts") == {
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
        "crmsync_campaign_ids": ("string", "textarea", False),
    }


@pytest.mark.parametrize("name", ["Lead", "Contact", "Account", "Opportunity"])
def test_the_integration_user_sees_and_writes_the_key_field(
    deployment: Deployment, name: str
) -> None:
    """A permission set gives access to the new field; it is an external id, unique in any case."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    fields = deployment.in_salesforce(f"sobjects/{name}/describe")["fields"]
    key = next(field for field in fields if field["name"] == "Crmsync_HubSpot_Id__c")
    wanted = ("type", "length", "externalId", "unique", "caseSensitive", "createable", "updateable")
    assert [key[word] for word in wanted] == ["string", 40, True, True, False, True, True]


def test_companies_have_properties_of_their_own(deployment: Deployment) -> None:
    """They have the key by which HubSpot upserts, the owner and the error; roll-ups belong to
    contacts.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)

    assert own_properties(deployment, "companies") == {
        "crmsync_salesforce_id": ("string", "text", True),
        "crmsync_owner_id": ("string", "text", False),
        "crmsync_owner_name": ("string", "text", False),
        "crmsync_error": ("string", "textarea", False),
        "crmsync_revision": ("string", "text", False),
    }


@pytest.mark.rule("SET-4")
def test_nothing_is_made_for_companies_that_do_not_sync(deployment: Deployment) -> None:
    """With companies switched off, neither company nor account gets a field of ours; accounts can
    be read, because contacts need that.
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
    """With deals switched off, neither deal nor opportunity nor contact role gets a field of ours;
    with deals on, each has its key.
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
    """They are created on Activity and appear on Task: an external id that need not be unique, and
    a whole number (Q-19, CH-2).
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
    """If no kind of event is chosen, task fields are neither created nor reported as missing
    (SET-10).
    """
    deployment.operator.settings.push(
        MINIMAL + "[connection.email_tasks]\nkinds = []\n", apply=True
    )
    made = {step.what for step in deployment.operator.setup.set_up(apply=True)}

    assert not any("Activity" in what or "Task" in what for what in made)


def test_set_up_works_with_the_date_based_api() -> None:
    """HubSpot's /v3 paths end in 2027; the same set-up works with the new ones."""
    with deployments.deployment(version="2026-03") as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)
        assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.THERE)
        assert "POST /crm/properties/2026-03/contacts" in deployment.hubspot.stats()["by_endpoint"]


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


@pytest.mark.rule("INS-1")
def test_an_org_on_its_own_hosts_is_set_up(deployment: Deployment) -> None:
    """Sign-in uses the address in the settings, everything else the host that the org then names;
    neither need be salesforce.com.
    """
    deployment.salesforce.set_instance_url(
        deployment.urls["salesforce"].replace("127.0.0.1", "localhost")
    )
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.setup.set_up(apply=True) == steps(deployment, StepState.MADE)
