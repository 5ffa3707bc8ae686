"""Set-up creates the Event Relay of the settings, because Salesforce's user interface cannot select
a custom channel.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmsync.config import load_settings
from crmsync.flows.setup.steps import StepState
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment

RELAY = MINIMAL.rstrip() + '\nevent_relay = "arn:aws:eu-west-1:111122223333"\n'
MEMBERS = ("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole")
PARTS = [
    "named credential Crmsync_Event_Relay",
    "channel Crmsync__chn",
    *(f"changes of {name} in Crmsync__chn" for name in MEMBERS),
    "event relay Crmsync",
]


def relay_steps(
    deployment: Deployment, *, apply: bool, as_admin: bool = False
) -> dict[str, tuple[StepState, str]]:
    """Return the steps about the relay."""
    steps = deployment.operator.setup.set_up(apply=apply, as_admin=as_admin)
    return {step.what: (step.state, step.text) for step in steps if step.what in PARTS}


def tooling(deployment: Deployment, name: str, *columns: str) -> list[dict[str, Any]]:
    """Return rows of the Tooling API."""
    rows = deployment.in_salesforce(f"tooling/query/?q=SELECT+{','.join(columns)}+FROM+{name}")[
        "records"
    ]
    return [{column: row[column] for column in columns} for row in rows]


def start(deployment: Deployment, **metadata: str) -> None:
    """Change the relay as an administrator."""
    (row,) = tooling(deployment, "EventRelayConfig", "Id")
    body = {"FullName": "Crmsync", "Metadata": metadata}
    deployment._ask_salesforce("PATCH", f"tooling/sobjects/EventRelayConfig/{row['Id']}", body)


def test_a_relay_is_made_once_with_its_channel(deployment: Deployment) -> None:
    """It leads to the AWS account of the settings and resumes with the earliest event after an
    outage; a second run creates nothing and says what is left to do.
    """
    deployment.operator.settings.push(RELAY, apply=True)
    before = relay_steps(deployment, apply=False)
    made = relay_steps(deployment, apply=True)
    written = deployment.writes
    at_rest = relay_steps(deployment, apply=True)
    assert written == deployment.writes
    start(deployment, state="RUN")
    running = relay_steps(deployment, apply=True)

    assert before == dict.fromkeys(PARTS, (StepState.MISSING, ""))
    assert made == dict.fromkeys(PARTS, (StepState.MADE, ""))
    assert at_rest["event relay Crmsync"] == (
        StepState.WRONG,
        "does not run: start it in Setup, Event Relays, once the stack has taken its event source",
    )
    assert running == dict.fromkeys(PARTS, (StepState.THERE, ""))
    columns = ("EventChannel", "DestinationResourceName", "RelayOption")
    (relay,) = tooling(deployment, "EventRelayConfig", *columns)
    assert json.loads(relay.pop("RelayOption")) == {"ReplayRecovery": "EARLIEST"}
    assert relay == {
        "EventChannel": "Crmsync__chn",
        "DestinationResourceName": "callout:Crmsync_Event_Relay",
    }
    assert tooling(deployment, "NamedCredential", "Endpoint") == [
        {"Endpoint": "arn:aws:EU-WEST-1:111122223333"}
    ]


def test_a_relay_that_would_skip_events_is_reported(deployment: Deployment) -> None:
    """By Salesforce's own default, a relay resumes with the newest event after an outage."""
    deployment.operator.settings.push(RELAY, apply=True)
    deployment.operator.setup.set_up(apply=True)
    start(deployment, state="RUN", relayOption='{"ReplayRecovery":"LATEST"}')

    assert relay_steps(deployment, apply=False)["event relay Crmsync"][0] is StepState.WRONG


@pytest.mark.rule("SET-4")
def test_a_relay_carries_only_objects_that_sync(deployment: Deployment) -> None:
    """If only contacts sync, the channel has leads and contacts; without the setting no relay is
    created.
    """
    deployment.operator.settings.push(RELAY + "[connection.companies]\nsync = false\n", apply=True)
    alone = relay_steps(deployment, apply=True)
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert [what for what in alone if what.startswith("changes")] == [
        f"changes of {name} in Crmsync__chn" for name in MEMBERS[:2]
    ]
    assert relay_steps(deployment, apply=True) == {}


def test_an_administrator_makes_the_relay_that_the_integration_user_may_not() -> None:
    """Channels and named credentials are metadata and need *Customize Application*."""
    with deployments.deployment(org={"integration_setup_rights": False}) as deployment:
        deployment.operator.settings.push(RELAY, apply=True)
        alone = relay_steps(deployment, apply=True)
        made = relay_steps(deployment, apply=True, as_admin=True)

    assert {state for state, _ in alone.values()} == {StepState.FAILED}
    assert made == dict.fromkeys(PARTS, (StepState.MADE, ""))


def test_the_region_is_written_in_uppercase() -> None:
    """Salesforce requires uppercase, whatever the file has."""
    (connection,) = load_settings(RELAY).connections

    assert connection.salesforce.event_relay == "arn:aws:EU-WEST-1:111122223333"
