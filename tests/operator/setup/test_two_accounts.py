"""Several HubSpot accounts on one org: what set-up creates once, what it creates for each, and what
a check reports.
"""

from __future__ import annotations

import pytest

from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.records import Side
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.setup.steps import (
    APP,
    HUBSPOT_NAMES,
    HUBSPOT_STEPS,
    PIPELINE_STEPS,
    SCOPES,
    pipelines,
)

SECOND = MINIMAL.replace('"acme"', '"beta"').replace("555001", "555002")
"""Another HubSpot account on the same org."""

REVISED = ("Lead", "Contact", "Account", "Opportunity")
REVISION_FIELDS = {
    f"Crmsync_Revision_{portal}__c": ("string", 40, True, True) for portal in (555001, 555002)
}


def revision_parts(portal: int) -> list[str]:
    """Return the parts that set-up creates in the org for one HubSpot account only."""
    return [
        f"{what} {name}.Crmsync_Revision_{portal}__c"
        for what in ("field", "access to")
        for name in REVISED
    ]


def writable_revisions(deployment: Deployment, name: str) -> dict[str, tuple[object, ...]]:
    """The revision fields that the integration user sees on an object: type, length, and whether it
    may write them.
    """
    fields = deployment.in_salesforce(f"sobjects/{name}/describe")["fields"]
    wanted = ("type", "length", "createable", "updateable")
    return {
        row["name"]: tuple(row[one] for one in wanted)
        for row in fields
        if "Crmsync_Revision" in row["name"]
    }


@pytest.mark.rule("TEN-2")
def test_a_second_account_is_set_up_like_the_first() -> None:
    """The account gets the same parts, and the org gets one more revision field; the existing parts
    stay.
    """
    with deployments.deployment(555001, 555002) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)
        deployment.operator.setup.set_up(apply=True)
        deployment.operator.settings.push(SECOND, apply=True)

        made = deployment.operator.setup.set_up(apply=True)

        hubspot, salesforce = made[:HUBSPOT_STEPS], made[HUBSPOT_STEPS:-PIPELINE_STEPS]
        assert [step.what for step in hubspot] == [
            "account 555002",
            APP.what,
            SCOPES.what,
            *HUBSPOT_NAMES,
        ]
        assert [step.state for step in hubspot] == [
            *[StepState.THERE] * 3,
            *[StepState.MADE] * len(HUBSPOT_NAMES),
        ]
        assert [step.what for step in salesforce if step.state is StepState.MADE] == revision_parts(
            555002
        )
        assert {step.state for step in salesforce} == {StepState.THERE, StepState.MADE}
        assert made[-PIPELINE_STEPS:] == pipelines(StepState.MADE, "beta")


@pytest.mark.rule("TEN-1")
def test_each_account_has_its_own_revision_field() -> None:
    """Set-up creates the fields of both accounts on one org and lets the integration user write
    them; a check names a missing one.
    """
    with deployments.deployment(555001, 555002) as deployment:
        deployment.operator.settings.push(MINIMAL + SECOND, apply=True)

        steps = deployment.operator.setup.set_up(apply=True)
        made = {
            name: [step.what for step in steps if step.connection == name]
            for name in ("acme", "beta")
        }

        assert [step for step in steps if not step.is_good] == []
        assert {
            name: [what for what in whats if "_Revision_" in what] for name, whats in made.items()
        } == {
            "acme": revision_parts(555001),
            "beta": revision_parts(555002),
        }
        assert {name: writable_revisions(deployment, name) for name in REVISED} == dict.fromkeys(
            REVISED, REVISION_FIELDS
        )

        soql = "SELECT+Id+FROM+CustomField+WHERE+DeveloperName='Crmsync_Revision_555002'+AND+TableEnumOrId='Contact'"
        (row,) = deployment.in_salesforce(f"tooling/query/?q={soql}")["records"]
        deployment.remove_in_salesforce(f"tooling/sobjects/CustomField/{row['Id']}")

        assert [step for step in deployment.operator.setup.check().steps if not step.is_good] == [
            SetupStep(
                "beta",
                Side.SALESFORCE,
                f"{what} Contact.Crmsync_Revision_555002__c",
                StepState.MISSING,
            )
            for what in ("field", "access to")
        ]


@pytest.mark.rule("TEN-1")
def test_one_org_under_two_addresses_is_reported() -> None:
    """Each connection would take the other's writes for its own; equal addresses and different orgs
    are accepted.
    """
    with deployments.deployment(555001, 555002) as deployment:
        deployment.operator.settings.push(MINIMAL + SECOND, apply=True)
        assert [
            step for step in deployment.operator.setup.set_up(apply=True) if not step.is_good
        ] == []
        deployment.operator.settings.push(
            MINIMAL + SECOND.replace("acme.my.", "other.my."), apply=True
        )
        text = "leads to the org of acme, which has another login_url: give both the org's own address, letter for letter (TEN-1)"
        step = SetupStep("beta", Side.SALESFORCE, "login_url", StepState.WRONG, text)

        assert [step for step in deployment.operator.setup.check().steps if not step.is_good] == [
            step
        ]
