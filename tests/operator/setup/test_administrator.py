"""Set-up with an administrator's credentials, and the licence that the integration user needs."""

from __future__ import annotations

import pytest

from crmsync.errors import Refused
from crmsync.flows.setup.steps import StepState
from crmsync.rules.settings.secret_names import admin_secret
from tests.config.files import MINIMAL
from tests.gateways.scripted import Response, Script
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.mapped_worlds import ORG, PORTAL
from tests.simulated import FixedSecret, served

BARE = {
    "integration_profile": "minimum",
    "integration_licence": False,
    "integration_setup_rights": False,
}
"""The user of a fresh org as Salesforce makes it: the free licence, the least profile, and nothing
else.
"""

LICENCE = "permission set licence Salesforce API Integration"


def states(deployment: Deployment, *, apply: bool, as_admin: bool) -> dict[str, StepState]:
    """Return the state of each part on Salesforce's side."""
    steps = deployment.operator.setup.set_up(apply=apply, as_admin=as_admin)
    return {step.what: step.state for step in steps if step.side == "salesforce"}


@pytest.mark.rule("PERM-1")
@pytest.mark.rule("CH-18")
def test_an_administrator_sets_up_what_the_integration_user_may_not() -> None:
    """The integration user gets its licence, rights and fields, but no administrator's rights; a
    later check finds nothing to correct.
    """
    with deployments.deployment(org=BARE) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)
        alone = states(deployment, apply=True, as_admin=False)
        before = states(deployment, apply=False, as_admin=True)
        made = states(deployment, apply=True, as_admin=True)
        again = states(deployment, apply=True, as_admin=True)
        checked = deployment.operator.setup.check()
        holders = deployment.in_salesforce(
            "query/?q=SELECT+AssigneeId+FROM+PermissionSetAssignment"
        )["records"]

    assert alone[LICENCE] is StepState.FAILED
    assert alone["permission set Crmsync"] is StepState.FAILED
    assert (before[LICENCE], made[LICENCE], again[LICENCE]) == (
        StepState.MISSING,
        StepState.MADE,
        StepState.THERE,
    )
    assert set(made.values()) == {StepState.MADE, StepState.THERE}
    assert set(again.values()) == {StepState.THERE}
    assert checked.is_good
    assert [row["AssigneeId"] for row in holders] == [deployment.salesforce.integration_user_id]


@pytest.mark.rule("PERM-1")
def test_check_names_the_licence_that_is_missing() -> None:
    """A check reports the missing licence before anything fails without it."""
    with deployments.deployment(
        org={"integration_profile": "minimum", "integration_licence": False}
    ) as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)
        (step,) = [step for step in deployment.operator.setup.check().steps if step.what == LICENCE]

    assert step.state is StepState.MISSING
    assert step.text.startswith(
        "Without it Salesforce refuses the integration user every right to an object (PERM-1)"
    )


def test_a_user_of_a_full_licence_needs_no_other() -> None:
    """There is no step about licences."""
    with deployments.deployment() as deployment:
        deployment.operator.settings.push(MINIMAL, apply=True)

        assert LICENCE not in states(deployment, apply=True, as_admin=True)


def test_an_administrator_of_another_org_makes_nothing() -> None:
    """If two secrets are mixed up, that is reported, and neither org is written to."""
    other = Script([Response({"records": [{"Id": "00Dxx0000000001EAA"}]})])
    with served(other) as url:
        secret = FixedSecret({"access_token": "t", "instance_url": url})
        with deployments.deployment(administrators=secret) as deployment:
            deployment.operator.settings.push(MINIMAL, apply=True)
            steps = deployment.operator.setup.set_up(apply=True, as_admin=True)
            writes = deployment.writes[1]

    (step,) = [step for step in steps if step.side == "salesforce"]
    assert (step.what, step.state, writes) == ("connection to salesforce", StepState.FAILED, 0)
    assert step.text.startswith(
        "The administrator's secret leads to another org than the connection's."
    )
    assert {one.method for one in other.requests} == {"GET"}


@pytest.mark.parametrize(
    "secret",
    [
        "crmsync/acme/salesforce",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:crmsync/acme/salesforce-a1B2c3",
    ],
)
def test_the_administrators_secret_has_its_own_name(secret: str) -> None:
    """The name begins with that of the connection's secret, and no function may read it."""
    assert admin_secret(secret) == "admin/crmsync/acme/salesforce"


def test_mapped_fields_need_access_to_the_objects() -> None:
    """Before set-up, a push says why mapped fields cannot be looked up and what to do; after it,
    the push is accepted.
    """
    with deployments.deployment(portal=PORTAL, org={**ORG, **BARE}) as deployment:
        rows = '[[connection.contacts.field]]\nhubspot = "nickname"\nsalesforce = "Nickname__c"\n'
        with pytest.raises(Refused) as refused:
            deployment.operator.settings.push(MINIMAL + rows, apply=True)
        deployment.operator.settings.push(MINIMAL, apply=True)
        deployment.operator.setup.set_up(apply=True, as_admin=True)
        pushed = deployment.operator.settings.push(MINIMAL + rows, apply=True)

    assert refused.value.text.endswith(
        "in salesforce: the integration user has no access to the objects yet."
    )
    assert refused.value.hint.startswith(
        "Push the file without rows of your own, run crmsync setup --apply"
    )
    assert pushed.applied
