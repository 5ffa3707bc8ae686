"""The mapping rows of activities are looked up in both CRMs, as those of contacts are: at a push,
by the check, and by `crmsync fields`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crmsync.config import ConfigError
from crmsync.flows.setup.mapped_fields import MAPPED_FIELDS
from crmsync.flows.setup.steps import StepState
from crmsync.model.fields import FieldRule, FieldType, Update
from tests.config.files import MINIMAL
from tests.config.test_activities import row
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.mapped_worlds import options
from tests.operator.shell import Shell

PORTAL: Mapping[str, Any] = {
    "properties": {
        "calls": [
            {
                "name": "call_reason",
                "type": "enumeration",
                "options": options("renewal=Renewal", "invoice=Invoice"),
            },
            {"name": "points", "type": "number"},
        ],
        "meetings": [{"name": "room"}],
    }
}
REASONS = {
    "name": "Call_Reason__c",
    "type": "picklist",
    "restrictedPicklist": True,
    "picklistValues": options("Renewal=Renewal", "Complaint=Complaint"),
}
ORG: Mapping[str, Any] = {
    "custom_fields": {
        "Task": [REASONS, {"name": "Points__c", "type": "double", "precision": 6, "scale": 1}],
        "Event": [{"name": "Room__c", "length": 20}],
    }
}
CALLS = '[connection.activities.calls]\nsync = "two_way"\n'
MEETINGS = '[connection.activities.meetings]\nsync = "two_way"\n'
LINE = (MINIMAL + CALLS).count("\n")


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """An account and an org with properties and fields of their own on activities."""
    with deployments.deployment(portal=PORTAL, org=ORG) as made:
        yield made


@pytest.mark.rule("MAP-7")
@pytest.mark.rule("MAP-10")
def test_the_schemas_of_rows_are_stored_with_the_settings(deployment: Deployment) -> None:
    """Choices and lengths come from the two CRMs, and a choice without a counterpart is a warning
    with its line.
    """
    text = (
        MINIMAL
        + CALLS
        + row("call_reason", "call_reason__c", "prefer_hubspot")
        + row("points", "Points__c")
        + MEETINGS
        + row("room", "Room__c", kind="meetings")
    )

    pushed = deployment.operator.settings.push(text, apply=True)

    (connection,) = deployment.operator.settings.in_force().connections
    assert connection.activities.calls.field == (
        FieldRule(
            *("call_reason", "Call_Reason__c", Update.PREFER_HUBSPOT, FieldType.CHOICE, ("Task",)),
            choices=(("renewal", "Renewal"),),
            restricted=True,
        ),
        FieldRule(
            *("points", "Points__c", Update.TWO_WAY, FieldType.NUMBER, ("Task",)),
            length=5,
            scale=1,
        ),
    )
    assert connection.activities.meetings.field == (
        FieldRule("room", "Room__c", objects=("Event",), length=20),
    )
    assert [str(one) for one in pushed.warnings] == [
        (
            f'line {LINE + 3}: "Invoice" of call_reason and "Complaint" of Call_Reason__c cannot '
            "cross: the other side has no such value (MAP-7)"
        )
    ]


WRONG = {
    row("call_reson", "Call_Reason__c"): (
        f"line {LINE + 2}: HubSpot's calls have no property call_reson; did you mean "
        '"call_reason"? (MAP-8)'
    ),
    row("call_reason", "Call_Reson__c"): (
        f'line {LINE + 3}: Task has no field Call_Reson__c; did you mean "Call_Reason__c"? (MAP-8)'
    ),
    row("points", "Type"): (
        f"line {LINE + 3}: points is a number, Type is of type picklist; a number goes with double, "
        "currency, percent, int (MAP-7)"
    ),
}


@pytest.mark.rule("MAP-7")
@pytest.mark.rule("MAP-8")
@pytest.mark.parametrize("rows", WRONG)
def test_a_row_that_the_crms_contradict_is_refused(deployment: Deployment, rows: str) -> None:
    """Push and check name the line and the rule, and nothing is in force."""
    for refuse in (
        lambda text: deployment.operator.settings.push(text, apply=True),
        deployment.operator.setup.check,
    ):
        with pytest.raises(ConfigError) as refused:
            refuse(MINIMAL + CALLS + rows)
        assert str(refused.value) == WRONG[rows]
    assert deployment.operator.settings.in_force().version == 0


def test_a_field_that_has_changed_since_the_push_is_told(deployment: Deployment) -> None:
    """The check names the row and says what to do."""
    text = MINIMAL + CALLS + row("call_reason", "Call_Reason__c")
    deployment.operator.settings.push(text, apply=True)
    deployment.salesforce.person(
        {
            "do": "change_type",
            "object": "Task",
            "field": "Call_Reason__c",
            "values": ["Renewal", "Invoice"],
        }
    )

    found = deployment.operator.setup.check()

    assert [(one.state, one.text) for one in found.steps if one.what == MAPPED_FIELDS] == [
        (
            StepState.WRONG,
            (
                "call_reason / Call_Reason__c changed in a CRM since the push: push the settings "
                "again"
            ),
        )
    ]


@pytest.mark.rule("PERM-2")
def test_a_row_whose_field_is_hidden_is_told(deployment: Deployment) -> None:
    """The check says which field of a task the integration user cannot see."""
    text = MINIMAL + CALLS + row("call_reason", "Call_Reason__c")
    deployment.operator.settings.push(text, apply=True)
    deployment.operator.setup.set_up(apply=True)
    deployment.faults.replace(
        [
            {
                "at": "salesforce",
                "kind": "field_hidden",
                "object": "Task",
                "field": "Call_Reason__c",
            }
        ]
    )

    with pytest.raises(ConfigError) as refused:
        deployment.operator.setup.check()

    assert str(refused.value) == (
        f"line {LINE + 3}: Task has no field Call_Reason__c, or the integration user may not see it "
        "(MAP-8)"
    )


def test_the_rows_of_the_kinds_that_sync_are_shown(shell: Shell) -> None:
    """Default rows and the operator's own, each with both types; kinds that do not sync are shown
    where somebody asks for them.
    """
    text = MINIMAL + CALLS + row("call_reason", "Call_Reason__c", "fill_blank")
    shell.run("settings", "push", shell.file(text), "--apply")

    _, found = shell.json("fields")
    status, (calls,) = shell.json("fields", "--object", "calls")
    _, tasks = shell.json("fields", "--object", "Task")

    assert [one["section"] for one in found] == [
        *("contacts", "companies", "deals", "activities.calls")
    ]
    assert (status, calls["salesforce"], calls["syncs"]) == (0, ["Task"], True)
    own = [
        *("policy", "default", "hubspot_type", "salesforce_type", "only_hubspot", "only_salesforce")
    ]
    assert {one["salesforce"]: [one[name] for name in own] for one in calls["fields"]}[
        "Call_Reason__c"
    ] == ["fill_blank", False, "a dropdown", "picklist", ["Invoice"], ["Complaint"]]
    assert [(one["section"], one["syncs"]) for one in tasks] == [
        ("activities.calls", True),
        ("activities.emails", False),
        ("activities.notes", False),
        ("activities.tasks", False),
    ]


def test_each_object_is_described_once(deployment: Deployment) -> None:
    """Calls and tasks share Task: two calls to HubSpot, and in Salesforce one, and one for the
    statuses.
    """
    tasks = '[connection.activities.tasks]\nsync = "two_way"\n'
    text = (
        MINIMAL
        + CALLS
        + row("call_reason", "Call_Reason__c")
        + tasks
        + row("hs_task_reminders", "Points__c", "never", kind="tasks")
    )
    with pytest.raises(ConfigError):
        deployment.operator.settings.push(text, apply=True)

    stats = deployment.hubspot.stats()["calls"], deployment.salesforce.stats()["calls"]
    assert stats == (2, 2)
