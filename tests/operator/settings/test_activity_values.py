"""The org's statuses of tasks and the account's outcomes of calls: read at a push, checked later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from crmsync.config import read_settings
from crmsync.errors import Gone, Refused
from crmsync.flows.setup.mapped_fields import MAPPED_FIELDS, outdated_mappings, resolve_mappings
from crmsync.flows.setup.steps import StepState
from crmsync.model.kinds.activities import TaskStatus
from crmsync.model.records import Side
from crmsync.model.schema import SalesforceField
from crmsync.wire.settings.stored import from_json, to_json
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.mapped_worlds import options
from tests.operator.shell import Shell

CALLS = '[connection.activities.calls]\nsync = "two_way"\n'
NOTES = '[connection.activities.notes]\nsync = "to_salesforce"\n'
MEETINGS = '[connection.activities.meetings]\nsync = "two_way"\n'
LINE = MINIMAL.count("\n")
OUTCOMES = options("0b1c=Ruft zur\u00fcck", "f240bbac-87c9-4f6e-bf70-924b57d47db7=Erreicht")
PORTAL: Mapping[str, Any] = {
    "properties": {
        "calls": [{"name": "hs_call_disposition", "type": "enumeration", "options": OUTCOMES}]
    }
}
ORG: Mapping[str, Any] = {
    "task_statuses": [
        {"ApiName": "Offen", "IsDefault": True},
        {"ApiName": "Erledigt", "IsClosed": True},
    ]
}
STATUSES = (TaskStatus("Offen", is_default=True), TaskStatus("Erledigt", is_closed=True))


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """An account with outcomes of its own, and an org with statuses of its own."""
    with deployments.deployment(portal=PORTAL, org=ORG) as made:
        yield made


@pytest.mark.rule("ACT-4")
def test_a_push_stores_what_both_call_their_values(deployment: Deployment) -> None:
    """One call to HubSpot and two to Salesforce, as no row of the operator's own asks for more."""
    pushed = deployment.operator.settings.push(MINIMAL + CALLS, apply=True)

    settings = deployment.operator.settings.in_force()
    (connection,) = settings.connections
    assert connection.activities.statuses == STATUSES
    assert connection.activities.outcomes == (
        ("0b1c", "Ruft zur\u00fcck"),
        ("f240bbac-87c9-4f6e-bf70-924b57d47db7", "Erreicht"),
    )
    assert from_json(to_json(settings), settings.version) == settings
    assert (pushed.changes, pushed.warnings) == (("acme: new, HubSpot account 555001",), ())
    assert (deployment.hubspot.stats()["calls"], deployment.salesforce.stats()["calls"]) == (1, 2)


@pytest.mark.parametrize(("kinds", "calls"), [(MEETINGS, (0, 1)), (NOTES, (0, 2))])
def test_only_what_a_kind_needs_is_read(
    deployment: Deployment, kinds: str, calls: tuple[int, int]
) -> None:
    """Any may have several contacts, but events have no status, and only calls have an outcome."""
    deployment.operator.settings.push(MINIMAL + kinds, apply=True)

    stats = deployment.hubspot.stats()["calls"], deployment.salesforce.stats()["calls"]
    assert stats == calls


@pytest.mark.rule("ACT-4")
def test_changed_statuses_and_outcomes_are_told_until_the_next_push(
    deployment: Deployment,
) -> None:
    """The check names each side; a push of the same file takes over what they call them now."""
    operator = deployment.operator
    operator.settings.push(MINIMAL + CALLS, apply=True)
    deployment.salesforce.person(
        {"do": "define_task_status", "ApiName": "Verworfen", "IsClosed": True}
    )
    deployment.make_in_hubspot(
        "/crm/v3/properties/calls/hs_call_disposition",
        {"options": [{**one, "label": "Other"} for one in OUTCOMES[:1]]},
        "PATCH",
    )

    def told() -> list[tuple[Side, StepState, str]]:
        steps = operator.setup.check().steps
        return [(one.side, one.state, one.text) for one in steps if one.what == MAPPED_FIELDS]

    before = told()
    pushed = operator.settings.push(MINIMAL + CALLS, apply=True)

    again = "are not those of the push: push the settings again"
    assert before == [
        (Side.SALESFORCE, StepState.WRONG, f"Salesforce's statuses of tasks {again}"),
        (Side.HUBSPOT, StepState.WRONG, f"HubSpot's outcomes of calls {again}"),
    ]
    assert pushed.changes == ("what the CRMs say of the mapped fields",)
    assert told() == []


@pytest.mark.rule("ACT-5")
def test_an_org_that_shares_activities_is_known_from_the_push() -> None:
    """What is stored says so, also for events alone, and the check is content."""
    with deployments.deployment(org={"shared_activities": True}) as deployment:
        deployment.operator.settings.push(MINIMAL + MEETINGS, apply=True)

        settings = deployment.operator.settings.in_force()
        steps = deployment.operator.setup.check().steps

    assert settings.connections[0].activities.several_contacts
    assert from_json(to_json(settings), settings.version) == settings
    assert [one for one in steps if one.what == MAPPED_FIELDS] == []


@pytest.mark.rule("ACT-5")
def test_an_org_that_shares_activities_by_now_is_told() -> None:
    """By the check, for the settings that were pushed before."""
    pushed = read_settings(MINIMAL + MEETINGS).settings
    (connection,) = pushed.connections
    activities = replace(connection.activities, several_contacts=True)
    now = replace(pushed, connections=(replace(connection, activities=activities),))

    text = "tasks and events {} have several contacts now: push the settings again"
    for old, new, can in ((pushed, now, "can"), (now, pushed, "cannot")):
        (step,) = outdated_mappings(old, new)
        assert (step.side, step.state, step.text) == (
            Side.SALESFORCE,
            StepState.WRONG,
            text.format(can),
        )


@pytest.mark.rule("ACT-4")
def test_an_org_without_a_closed_status_is_told(deployment: Deployment) -> None:
    """As a warning with the line of the kind, at a push and at a check."""
    deployment.salesforce.person(
        {"do": "define_task_status", "ApiName": "Erledigt", "IsClosed": False}
    )

    pushed = deployment.operator.settings.push(MINIMAL + NOTES, apply=True)
    checked = deployment.operator.setup.check()

    sentence = (
        f"line {LINE + 2}: the org has no closed status of tasks: what is done in HubSpot stays "
        "open in Salesforce; add one in Setup, Object Manager, Task, Status (ACT-4)"
    )
    assert [str(one) for one in pushed.warnings] == [sentence]
    assert sentence in map(str, checked.warnings)


class UnseenStatuses:
    """An org whose integration user may not see tasks."""

    def fields(self, name: str) -> Sequence[SalesforceField]:
        """Salesforce's answer about the fields of an object that it does not show."""
        raise Gone(f"The requested resource does not exist: {name}", code="NOT_FOUND")

    def task_statuses(self) -> Sequence[TaskStatus]:
        """Salesforce's answer about an object that it does not show."""
        text = "sObject type 'TaskStatus' is not supported."
        raise Refused(text, code="INVALID_TYPE")


@pytest.mark.rule("ACT-4")
def test_an_org_that_does_not_show_its_statuses_is_no_obstacle(deployment: Deployment) -> None:
    """Before set-up the integration user may see little: the statuses of a new org are taken, and
    it is said.
    """
    reading = read_settings(MINIMAL + NOTES)

    found = resolve_mappings(
        reading, deployment.operator.settings.hubspot, lambda _connection: UnseenStatuses()
    )

    assert (found.reading.settings, found.unreachable) == (reading.settings, ())
    assert [str(one) for one in found.reading.warnings] == [
        (
            f"line {LINE + 2}: Salesforce did not say what it has for activities (statuses, "
            "outcomes, several contacts), so what a new one has is taken: push the file again once "
            f"crmsync setup --apply has given access. {reason} (ACT-4)"
        )
        for reason in (
            "sObject type 'TaskStatus' is not supported.",
            "the integration user has no access to the objects yet.",
        )
    ]


def test_a_side_that_does_not_answer_holds_the_push_back(deployment: Deployment) -> None:
    """Nothing is in force: the next try may find other statuses."""
    deployment.faults.replace([{"at": "salesforce", "kind": "server_error", "times": 99}])

    with pytest.raises(Refused, match="could not be looked up in salesforce"):
        deployment.operator.settings.push(MINIMAL + NOTES, apply=True)

    assert deployment.operator.settings.in_force().version == 0


def test_the_rows_show_what_does_not_cross(shell: Shell) -> None:
    """`crmsync fields` pairs HubSpot's statuses with the org's: none is alone, on either side."""
    shell.deployment.salesforce.person(
        {"do": "define_task_status", "ApiName": "Dropped", "IsClosed": True}
    )
    shell.run("settings", "push", shell.file(MINIMAL + CALLS), "--apply")

    _, (calls,) = shell.json("fields", "--object", "calls")

    alone = {
        one["salesforce"]: (one["only_hubspot"], one["only_salesforce"]) for one in calls["fields"]
    }
    assert (alone["Status"], alone["CallDisposition"]) == (([], []), ([], []))
