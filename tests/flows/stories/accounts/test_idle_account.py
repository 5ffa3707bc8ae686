"""Stories of an account in which nobody edits anything: what was revoked or taken away is told
within ten minutes all the same.
"""

from __future__ import annotations

import pytest
from simple_salesforce.format import format_soql

from crmsync.model.names import salesforce_revision
from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.reliability.test_refused_credentials import values
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP
from tests.template.document import template_of_the_repository

MINUTE = 60
REVISION = salesforce_revision(555001)
SOON = 10
"""Minutes within which somebody is told."""

ALARMS = template_of_the_repository().of_type("AWS::CloudWatch::Alarm")
SWEPT = "POST /crm/objects/2026-03/contacts/search"
LOOKED = "POST /oauth/v2/private-apps/get/access-token-info"

LOST = [
    pytest.param(
        {"at": "hubspot", "kind": "token_revoked"}, "HubspotLooksRefusedAlarm", id="hubspot-token"
    ),
    *(
        pytest.param(
            {"at": "hubspot", "kind": "scope_lost", "scope": scope},
            "HubspotLooksRefusedAlarm",
            id=scope,
        )
        for scope in (
            "crm.objects.contacts.read",
            "crm.objects.companies.read",
            "crm.objects.deals.write",
            "crm.objects.owners.read",
            "communication_preferences.read_write",
        )
    ),
    pytest.param(
        {"at": "salesforce", "kind": "token_revoked"},
        "SalesforceLooksRefusedAlarm",
        id="salesforce-token",
    ),
    *(
        pytest.param(
            {"at": "salesforce", "kind": "field_hidden", "object": name, "field": field},
            "FieldLackingAlarm",
            id=field,
        )
        for name, field in (
            ("Lead", "Title"),
            ("Account", "Website"),
            ("Contact", "Crmsync_HubSpot_Id__c"),
        )
    ),
]


def just_after_a_look(stack: Stack) -> None:
    """Let time pass until HubSpot was swept, and then looked at: the next time that it is asked is
    as far away as it ever is.
    """
    for endpoint in (SWEPT, LOOKED):
        known = calls(stack, endpoint)
        while calls(stack, endpoint) == known:
            stack.advance(MINUTE)


def calls(stack: Stack, endpoint: str) -> int:
    """How often the sync has called one of HubSpot's endpoints."""
    return int(stack.stats()["hubspot"]["by_endpoint"].get(endpoint, 0))


def minutes_until(stack: Stack, alarm: str, most: int = SOON) -> int | None:
    """After how many minutes an alarm is in the state ALARM, counted from now; None where it is not
    after so many.
    """
    it = ALARMS[alarm]
    service, metric = it["Dimensions"][0]["Value"], it["MetricName"]
    own = it["Period"] * it.get("DatapointsToAlarm", it["EvaluationPeriods"]) // MINUTE
    before = len(stack.output(service))
    for minute in range(1, most - own + 1):
        stack.advance(MINUTE)
        if any(one >= it["Threshold"] for one in values(stack, service, metric, before)):
            return minute + own
    return None


@pytest.mark.long
@pytest.mark.parametrize(("fault", "alarm"), LOST)
def test_on_a_quiet_account_it_is_told_within_ten_minutes(
    new_stack: NewStack, fault: dict[str, object], alarm: str
) -> None:
    """Even where it is lost the moment after a look; the command says the same, and nothing is told
    once it is back.
    """
    stack = new_stack()
    stack.advance(2 * SWEEP)
    just_after_a_look(stack)

    stack.faults([fault])
    took = minutes_until(stack, alarm)
    told = command(stack, "status", status=1)["findings"]
    stack.faults([])
    stack.advance(2 * SWEEP)

    assert took is not None
    assert took <= SOON
    assert told != []
    assert command(stack, "status")["findings"] == []
    assert minutes_until(stack, alarm) is None


@pytest.mark.long
def test_a_right_to_edit_that_is_taken_away_is_told_as_well(new_stack: NewStack) -> None:
    """The field can still be read; it is told before anybody's edit needs it, and no longer once
    the right is back.
    """
    stack = new_stack()
    access = People(stack.ready()).salesforce.FieldPermissions
    granted = format_soql("SELECT Id FROM FieldPermissions WHERE Field = {}", f"Lead.{REVISION}")
    (row,) = People(stack.ready()).records(granted)
    stack.advance(2 * SWEEP)
    just_after_a_look(stack)

    access.update(row["Id"], {"PermissionsEdit": False})
    took = minutes_until(stack, "FieldLackingAlarm")
    (report,) = command(stack, "errors", "list")
    access.update(row["Id"], {"PermissionsEdit": True})
    stack.advance(2 * SWEEP)

    assert took is not None
    assert f"does not let crmsync write the field Lead.{REVISION}" in report["text"]
    assert command(stack, "status")["findings"] == []
    assert minutes_until(stack, "FieldLackingAlarm") is None
