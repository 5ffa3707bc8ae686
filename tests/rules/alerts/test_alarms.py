"""Alarms as incidents."""

from __future__ import annotations

import pytest

from crmsync.model.operations.alerts import AlarmState, Incident
from crmsync.rules.alerts.alarms import URGENT, incidents_of_alarms, is_reported
from tests.builders import NOON, at
from tests.template.document import template_of_the_repository
from tests.template.laws import runbook_rows

TEXT = "A CRM refuses whole looks. See docs/operations.md#a-crm-refuses-us."


def test_alarms_that_differ_in_the_kind_are_one_incident() -> None:
    """It has the earliest time, the text without its last sentence, and the page."""
    alarms = [
        AlarmState("ContactLooksRefusedAlarm", True, NOON, TEXT, "https://example.com/contact"),
        AlarmState("AccountLooksRefusedAlarm", True, at(-2), TEXT, "https://example.com/account"),
        AlarmState("OpportunityLooksRefusedAlarm", False, at(-3), TEXT),
    ]
    assert incidents_of_alarms(alarms) == [
        Incident(
            "alarm LooksRefusedAlarm",
            "Alarm AccountLooksRefused, ContactLooksRefused",
            "A CRM refuses whole looks.",
            at(-2),
            "Do what docs/operations.md#a-crm-refuses-us says.",
            "operations#a-crm-refuses-us",
            "https://example.com/account",
            is_urgent=True,
            has_alarm=True,
        )
    ]


def test_an_alarm_without_a_page_leads_to_the_list() -> None:
    """Somebody has changed its description."""
    (found,) = incidents_of_alarms([AlarmState("HubspotCallsAlarm", True, NOON, "Oh.")])
    assert (found.key, found.page, found.text) == (
        "alarm HubspotCallsAlarm",
        "metrics-and-alarms#alarms",
        "Oh.",
    )


@pytest.mark.parametrize(
    "name", sorted(template_of_the_repository().of_type("AWS::CloudWatch::Alarm"))
)
def test_no_alarm_about_alerts_is_reported(name: str) -> None:
    """Otherwise a message that cannot be sent would incident the next one. All others are reported."""
    is_own = runbook_rows()[name].section == "alerts"
    assert is_reported(name) is not is_own


def test_every_urgent_page_is_named_by_an_alarm() -> None:
    """A page that was renamed is noticed."""
    named = {f"operations#{row.link}" for row in runbook_rows().values()}
    assert named >= URGENT
