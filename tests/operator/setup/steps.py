"""The steps of a set-up whose parts are all in one state."""

from __future__ import annotations

from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.records import Side
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS, needed, salesforce_parts
from crmsync.rules.settings.set_up_parts import FieldAccess, KeyField
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
    """Return the step that names the org."""
    row = deployment.in_salesforce("query/?q=SELECT+Name,OrganizationType+FROM+Organization")[
        "records"
    ][0]
    return SetupStep(
        "acme", Side.SALESFORCE, f"org {row['Name']}, {row['OrganizationType']}", StepState.THERE
    )


def steps(deployment: Deployment, state: StepState) -> list[SetupStep]:
    """Return all steps, with every part in one state."""
    return [
        *(ACCOUNT, APP, SCOPES),
        *(SetupStep("acme", Side.HUBSPOT, name, state) for name in HUBSPOT_NAMES),
        org(deployment),
        *(SetupStep("acme", Side.SALESFORCE, name, state) for name in SALESFORCE_NAMES),
        *MAPPED,
        *pipelines(state),
    ]


def pipelines(state: StepState, connection: str = "acme") -> list[SetupStep]:
    """Return the last steps: the one pipeline of an org without record types, and its stages."""
    whats = ("pipeline Salesforce - Default pipeline", "stages of Salesforce - Default pipeline")
    return [SetupStep(connection, Side.HUBSPOT, what, state) for what in whats]
