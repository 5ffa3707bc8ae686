"""The state of a deployment where no CRM may be asked, as in the console."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.operations.troubles import Outage
from crmsync.model.records import Kind, Side
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment


@pytest.mark.parametrize(
    ("side", "crm"), [(Side.HUBSPOT, "HubSpot"), (Side.SALESFORCE, "Salesforce")]
)
def test_what_the_functions_last_met_stands_for_asking(
    deployment: Deployment, side: Side, crm: str
) -> None:
    """A side that is down is a finding all the same, and nobody is called."""
    outage = Outage(
        side,
        "INVALID_SESSION_ID",
        "The token is no longer valid.",
        "Store a new one.",
        since=NOON,
        seen_at=NOON,
        next_at=NOON,
        fails=3,
        is_whole=True,
    )
    deployment.operator.settings.push(MINIMAL, apply=True)
    calls = [deployment.hubspot.stats()["calls"], deployment.salesforce.stats()["calls"]]
    health = replace(deployment.operator.health, quota=None, account=None)

    before = health.status().findings
    health.troubles.save_outage("acme", Kind.CONTACT, outage)

    assert before == ()
    assert health.status().findings == (
        f"acme: {crm}: The token is no longer valid. Store a new one.",
    )
    assert [deployment.hubspot.stats()["calls"], deployment.salesforce.stats()["calls"]] == calls
