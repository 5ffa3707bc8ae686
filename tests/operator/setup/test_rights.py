"""What the integration accounts may do: `setup` and `check` name the rights that are missing, and
no others.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Side
from crmsync.model.schema import SalesforceField
from crmsync.model.settings import CompanySettings, ContactSettings, DealSettings, EmailTaskSettings
from crmsync.rules.settings.rights import lacking, mapped_rules
from crmsync.rules.settings.scopes import scopes_of
from tests.builders import a_connection
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment

CONTACTS = tuple(
    f"crm.{what}.contacts.{verb}" for what in ("objects", "schemas") for verb in ("read", "write")
)
OPT_OUT = "communication_preferences.read_write"
OWNERS = "crm.objects.owners.read"


def findings(deployment: Deployment, *, apply: bool = False) -> dict[str, tuple[str, str]]:
    """Return state and text of each step that is not in order."""
    return {
        step.what: (step.state, step.text)
        for step in deployment.operator.setup.set_up(apply=apply)
        if not step.is_good
    }


@pytest.mark.rule("CH-18")
def test_a_connection_needs_only_the_scopes_of_what_syncs() -> None:
    """Companies, an inclusion list and tasks have their own scopes; what is switched off needs none
    (SET-4).
    """
    both = replace(a_connection(), email_tasks=EmailTaskSettings(kinds=()))
    contacts = replace(both, companies=CompanySettings(sync=False))
    listed = replace(contacts, contacts=ContactSettings(inclusion_list="77"))
    mailed = replace(contacts, email_tasks=EmailTaskSettings())
    nothing = replace(contacts, contacts=ContactSettings(sync=False))

    plain = {*CONTACTS, OPT_OUT, OWNERS}
    assert set(scopes_of(contacts)) == plain
    companies, deals = (
        {one.replace("contacts", name) for one in CONTACTS} for name in ("companies", "deals")
    )
    assert set(scopes_of(both)) == plain | companies | deals
    assert set(scopes_of(replace(both, deals=DealSettings(sync=False)))) == plain | companies
    assert set(scopes_of(listed)) == plain | {"crm.lists.read"}
    assert set(scopes_of(mailed)) == plain | {"content"}
    assert set(scopes_of(nothing)) == {"crm.objects.contacts.read", OWNERS}


@pytest.mark.rule("CH-18")
def test_scopes_that_the_token_lacks_are_named() -> None:
    """They are reported before anything fails because of them; what can be created without them is
    created.
    """
    scopes = [scope for scope in scopes_of(a_connection()) if scope not in {"content", OPT_OUT}]
    with deployments.deployment(portal={"scopes": scopes}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        found = findings(deployment, apply=True)

    text = f"the app lacks {OPT_OUT}, content: add them to it and install it again (CH-18)"
    assert found == {"scopes": (StepState.WRONG, text)}


def test_a_check_without_its_scope_fails_alone() -> None:
    """Without a scope for companies their properties cannot be checked; Salesforce is set up all
    the same.
    """
    scopes = [scope for scope in scopes_of(a_connection()) if "companies" not in scope]
    with deployments.deployment(portal={"scopes": scopes}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        found = findings(deployment, apply=True)

    assert set(found) == {"scopes", "properties and fields of our own"}
    assert found["properties and fields of our own"][0] == StepState.FAILED


@pytest.mark.rule("CH-5")
def test_a_secret_that_names_another_app_is_reported() -> None:
    """Webhooks identify our own writes by the app's id, so with a wrong id each of them would look
    like a change by others.
    """
    with deployments.deployment(portal={"app_id": 4711}) as deployment:
        deployment.hubspot.portals[0].app_id = 4712
        deployment.operator.settings.push(MINIMAL, apply=True)
        found = findings(deployment)

    assert found["app 4712"] == (
        StepState.WRONG,
        "the token belongs to app 4712, the secret names app 4711: store app_id 4712 (CH-5)",
    )


@pytest.mark.rule("PERM-1")
def test_set_up_gives_an_integration_user_what_it_needs() -> None:
    """A user without rights cannot see the objects; the permission set gives access to these
    objects only.
    """
    with deployments.deployment(org={"integration_profile": "minimum"}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)
        before = findings(deployment)
        after = findings(deployment, apply=True)
        made = deployment.in_salesforce("sobjects/Lead/describe")
        opened = deployment.in_salesforce("query/?q=SELECT+SobjectType+FROM+ObjectPermissions")[
            "records"
        ]
        again = deployment.operator.setup.set_up(apply=True)

    assert before["mapped fields of Lead"] == (StepState.MISSING, "no access")
    assert before["access to every Lead"] == (StepState.MISSING, "")
    assert after == {}
    assert (made["createable"], made["updateable"]) == (True, True)
    assert sorted(row["SobjectType"] for row in opened) == [
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
    ]
    assert {step.state for step in again} == {StepState.THERE}


@pytest.mark.rule("PERM-1")
@pytest.mark.rule("SET-4")
def test_contacts_alone_need_read_access_to_accounts() -> None:
    """Salesforce gives access to contacts only with read access to accounts; once companies sync,
    the user gets the other rights to accounts.
    """
    with deployments.deployment(org={"integration_profile": "minimum"}) as deployment:
        deployment.operator.settings.push(
            MINIMAL + "[connection.companies]\nsync = false\n", apply=True
        )
        alone = (
            findings(deployment, apply=True),
            granted(deployment),
            findings(deployment, apply=True),
        )
        deployment.operator.settings.push(MINIMAL, apply=True)
        together = findings(deployment), findings(deployment, apply=True), granted(deployment)

    everything = ["Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords"]
    assert alone == (
        {},
        {"Account": ["Read", "ViewAllRecords"], "Contact": everything, "Lead": everything},
        {},
    )
    assert together[0]["access to every Account"] == (StepState.MISSING, "")
    assert together[1:] == (
        {},
        dict.fromkeys(("Account", "Contact", "Lead", "Opportunity"), everything),
    )


def granted(deployment: deployments.Deployment) -> dict[str, list[str]]:
    """Return the rights that our permission set gives, by object."""
    names = ["Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords"]
    columns = ",".join(f"Permissions{name}" for name in names)
    rows = deployment.in_salesforce(
        f"query/?q=SELECT+SobjectType,{columns}+FROM+ObjectPermissions"
    )["records"]
    given = {
        row["SobjectType"]: [name for name in names if row[f"Permissions{name}"]] for row in rows
    }
    return dict(sorted(given.items()))


@pytest.mark.rule("PERM-2")
def test_mapped_fields_without_access_are_named(deployment: Deployment) -> None:
    """A field that the integration user cannot see cannot sync; the step says what to do."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)
    fault = {
        "at": "salesforce",
        "kind": "field_removed",
        "object": "Contact",
        "field": "Fax",
        "times": 99,
    }
    deployment.faults.replace([fault])

    text = 'Fax cannot be seen: give the integration user access to it, or map it with update = "never" (PERM-2)'
    assert findings(deployment) == {"mapped fields of Contact": (StepState.WRONG, text)}
    wrong = SetupStep("acme", Side.SALESFORCE, "mapped fields of Contact", StepState.WRONG, text)
    assert wrong in deployment.operator.setup.check().steps


@pytest.mark.rule("PERM-2")
def test_only_fields_that_are_written_must_be_editable() -> None:
    """A field whose value always comes from Salesforce must be readable only; one that never syncs
    needs no access (MAP-4).
    """
    rows = (
        FieldRule("fax", "Fax", Update.NEVER),
        FieldRule("rank", "Rank__c", Update.ALWAYS_SALESFORCE),
    )
    connection = a_connection(field=rows)
    rules = mapped_rules(connection)
    names = [rule.salesforce for rule in rules["Lead"]]
    fields = [
        SalesforceField(name, is_read_only=name in {"Rank__c", "Title"})
        for name in names
        if name != "City"
    ]

    assert set(rules) == {"Lead", "Contact", "Account", "Opportunity"}
    assert {"Rank__c", "HasOptedOutOfEmail"} <= set(names)
    assert "Fax" not in names
    assert lacking(rules["Lead"], fields) == (
        "Title cannot be edited; City cannot be seen: give the integration user access to it, "
        'or map it with update = "never" (PERM-2)'
    )


def test_the_task_field_is_created_without_an_external_id_if_need_be() -> None:
    """If Salesforce allows no external id on Activity, set-up says so, and a second run finds
    nothing to correct.
    """
    with deployments.deployment(org={"activity_external_ids": False}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)
        made = {step.what: step for step in deployment.operator.setup.set_up(apply=True)}
        again = deployment.operator.setup.set_up(apply=True)
        fields = {
            row["name"]: row for row in deployment.in_salesforce("sobjects/Task/describe")["fields"]
        }

    field = made["field Activity.Crmsync_Email_Event__c"]
    assert field.state is StepState.MADE
    assert field.text.startswith(
        "a field like any other, as Salesforce will not have an external id there"
    )
    assert {step.state for step in [*made.values(), *again]} == {StepState.MADE, StepState.THERE}
    key = fields["Crmsync_Email_Event__c"]
    assert (key["type"], key["length"], key["externalId"], key["updateable"]) == (
        "string",
        255,
        False,
        True,
    )
    assert {step.state for step in again} == {StepState.THERE}


def test_an_unassigned_record_type_is_named() -> None:
    """Salesforce refuses the integration user every opportunity of that type; other types are not
    affected.
    """
    types = [{"Name": "New Business"}, {"Name": "Renewal", "assigned": False}]
    with deployments.deployment(org={"opportunity_record_types": types}) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)
        deployment.operator.setup.set_up(apply=True)
        (renewal,) = deployment.in_salesforce(
            "query/?q=SELECT+Id+FROM+RecordType+WHERE+Name='Renewal'"
        )["records"]
        row = {
            "Name": "x",
            "StageName": "Prospecting",
            "CloseDate": "2026-12-01",
            "RecordTypeId": renewal["Id"],
        }
        with pytest.raises(requests.HTTPError) as refused:
            deployment.make_in_salesforce("sobjects/Opportunity", row)
        found = findings(deployment)

    assert {what: state for what, (state, _) in found.items()} == {
        "record type Renewal": StepState.WRONG
    }
    assert found["record type Renewal"][1].startswith("is not assigned to the integration user")
    assert refused.value.response.json()[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
