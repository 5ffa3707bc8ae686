"""Stories of an account in which nobody edits anything: revoked credentials and lost permissions
raise an alarm within ten minutes.
"""

from __future__ import annotations

import pytest
from simple_salesforce.format import format_soql

from crmsync.model.names import salesforce_revision
from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, metric_values
from tests.template.document import template_of_the_repository

MINUTE = 60
REVISION = salesforce_revision(555001)
LIMIT_MINUTES = 10
"""Minutes within which the alarm must be raised."""

ALARMS = template_of_the_repository().of_type("AWS::CloudWatch::Alarm")
SWEEP_SEARCH = "POST /crm/objects/2026-03/contacts/search"
ACCESS_CHECK = "POST /oauth/v2/private-apps/get/access-token-info"

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


def advance_to_just_after_an_access_check(stack: Stack) -> None:
    """Let time pass until HubSpot has been swept and then checked, so that the next check is as far
    away as possible.
    """
    for endpoint in (SWEEP_SEARCH, ACCESS_CHECK):
        known = calls(stack, endpoint)
        while calls(stack, endpoint) == known:
            stack.advance(MINUTE)


def calls(stack: Stack, endpoint: str) -> int:
    """The number of the sync's calls of a HubSpot endpoint."""
    return int(stack.stats()["hubspot"]["by_endpoint"].get(endpoint, 0))


def minutes_until(stack: Stack, alarm: str, most: int = LIMIT_MINUTES) -> int | None:
    """The minutes until an alarm is in the state ALARM, or None if it is not within `most` minutes."""
    it = ALARMS[alarm]
    service, metric = it["Dimensions"][0]["Value"], it["MetricName"]
    own = it["Period"] * it.get("DatapointsToAlarm", it["EvaluationPeriods"]) // MINUTE
    before = len(stack.output(service))
    for minute in range(1, most - own + 1):
        stack.advance(MINUTE)
        if any(one >= it["Threshold"] for one in metric_values(stack, service, metric, before)):
            return minute + own
    return None


@pytest.mark.long
@pytest.mark.parametrize(("fault", "alarm"), LOST)
def test_lost_access_raises_an_alarm_within_ten_minutes(
    new_stack: NewStack, fault: dict[str, object], alarm: str
) -> None:
    """The alarm comes even if access is lost just after a check, `status` reports the same, and
    both stop once access is back.
    """
    stack = new_stack()
    stack.advance(2 * SWEEP)
    advance_to_just_after_an_access_check(stack)

    stack.faults([fault])
    took = minutes_until(stack, alarm)
    findings = command(stack, "status", status=1)["findings"]
    stack.faults([])
    stack.advance(2 * SWEEP)

    assert took is not None
    assert took <= LIMIT_MINUTES
    assert findings != []
    assert command(stack, "status")["findings"] == []
    assert minutes_until(stack, alarm) is None


@pytest.mark.long
def test_a_lost_permission_to_edit_raises_an_alarm(new_stack: NewStack) -> None:
    """A field that can be read but no longer written is reported before any edit needs it, and
    until the permission is back.
    """
    stack = new_stack()
    access = People(stack.ready()).salesforce.FieldPermissions
    granted = format_soql("SELECT Id FROM FieldPermissions WHERE Field = {}", f"Lead.{REVISION}")
    (row,) = People(stack.ready()).records(granted)
    stack.advance(2 * SWEEP)
    advance_to_just_after_an_access_check(stack)

    access.update(row["Id"], {"PermissionsEdit": False})
    took = minutes_until(stack, "FieldLackingAlarm")
    (report,) = command(stack, "errors", "list")
    access.update(row["Id"], {"PermissionsEdit": True})
    stack.advance(2 * SWEEP)

    assert took is not None
    assert f"does not let crmsync write the field Lead.{REVISION}" in report["text"]
    assert command(stack, "status")["findings"] == []
    assert minutes_until(stack, "FieldLackingAlarm") is None
