"""An org's own statuses of tasks and an account's own outcomes of calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fields import Choices, FieldType
from crmsync.model.kinds.activities import (
    ActivityKind,
    ActivityKindSettings,
    ActivitySettings,
    ActivitySync,
    TaskStatus,
)
from crmsync.model.records import Side
from crmsync.rules.fields.values import (
    IncompatibleValueError,
    canonical,
    compared_format,
    convert_mapped,
)
from crmsync.rules.kinds.activity.field_map import activity_map
from crmsync.rules.kinds.activity.maps import CALL_STATUSES, OUTCOMES, TASK_STATUSES
from crmsync.rules.kinds.activity.org_values import new_status, statuses_of_org, unmapped
from tests.builders import a_connection

NEW_ORG = (
    TaskStatus("Not Started", is_default=True),
    TaskStatus("In Progress"),
    TaskStatus("Completed", is_closed=True),
    TaskStatus("Waiting on someone else"),
    TaskStatus("Deferred"),
)
GERMAN = (
    TaskStatus("Offen"),
    TaskStatus("Begonnen", is_default=True),
    TaskStatus("Verworfen", is_closed=True),
    TaskStatus("Erledigt", is_closed=True),
)
MIXED = (
    TaskStatus("Not Started"),
    TaskStatus("Completed", is_closed=True),
    TaskStatus("Cancelled", is_closed=True),
)
REOPENED = (TaskStatus("Completed", is_default=True), TaskStatus("Closed", is_closed=True))


@pytest.mark.rule("ACT-4")
@pytest.mark.parametrize(
    ("statuses", "choices"),
    [
        (NEW_ORG, TASK_STATUSES),
        (
            GERMAN,
            (
                ("NOT_STARTED", "Begonnen"),
                ("IN_PROGRESS", "Begonnen"),
                ("WAITING", "Begonnen"),
                ("COMPLETED", "Verworfen"),
                ("DEFERRED", "Begonnen"),
                ("NOT_STARTED", "Offen"),
                ("COMPLETED", "Erledigt"),
            ),
        ),
        (
            MIXED,
            (
                ("NOT_STARTED", "Not Started"),
                ("COMPLETED", "Completed"),
                ("IN_PROGRESS", "Not Started"),
                ("WAITING", "Not Started"),
                ("DEFERRED", "Not Started"),
                ("COMPLETED", "Cancelled"),
            ),
        ),
        (
            REOPENED,
            (
                ("NOT_STARTED", "Completed"),
                ("IN_PROGRESS", "Completed"),
                ("WAITING", "Completed"),
                ("COMPLETED", "Closed"),
                ("DEFERRED", "Completed"),
            ),
        ),
        (
            (TaskStatus("Offen"),),
            (
                ("NOT_STARTED", "Offen"),
                ("IN_PROGRESS", "Offen"),
                ("WAITING", "Offen"),
                ("DEFERRED", "Offen"),
            ),
        ),
    ],
)
def test_an_orgs_own_statuses_mean_done_or_not(
    statuses: tuple[TaskStatus, ...], choices: Choices
) -> None:
    """Each status of either side has one on the other, by whether it is closed; the org's default
    one comes before others, and a "Completed" that is open is not done.
    """
    assert statuses_of_org(TASK_STATUSES, statuses) == choices


@pytest.mark.rule("ACT-4")
def test_calls_have_the_orgs_statuses_too() -> None:
    """In a new org they are what they were, and every further status is one as well."""
    further = ("Waiting on someone else", "Deferred")
    assert statuses_of_org(CALL_STATUSES, NEW_ORG) == (
        *CALL_STATUSES,
        *(("QUEUED", name) for name in further),
    )
    german = dict(statuses_of_org(CALL_STATUSES, GERMAN[:1] + GERMAN[3:]))
    assert {german[mine] for mine, theirs in CALL_STATUSES if theirs == "Completed"} == {"Erledigt"}
    assert {german[mine] for mine, theirs in CALL_STATUSES if theirs != "Completed"} == {"Offen"}


def calls_and_tasks(
    statuses: tuple[TaskStatus, ...] = (), outcomes: Choices = ()
) -> ActivitySettings:
    """The settings of calls and tasks that go both ways, with what the push has found."""
    on = ActivityKindSettings(ActivitySync.TWO_WAY)
    return ActivitySettings(calls=on, tasks=on, statuses=statuses, outcomes=outcomes)


def crossed(
    kind: ActivityKind, name: str, to: Side, value: str, activities: ActivitySettings
) -> object:
    """What a value of a property, or of the field it goes with, becomes on `to`."""
    connection = replace(a_connection(), activities=activities)
    rule = next(one for one in activity_map(connection, kind) if one.hubspot == name)
    return convert_mapped(rule, to, value).value


@pytest.mark.rule("ACT-4")
def test_a_status_stays_what_it_is_while_it_means_the_same() -> None:
    """Both closed statuses of an org are HubSpot's one, and compare equal with it."""
    connection = replace(a_connection(), activities=calls_and_tasks(MIXED))
    rows = activity_map(connection, ActivityKind.TASK)
    rule = next(one for one in rows if one.hubspot == "hs_task_status")
    shapes = {side: compared_format(rule, side) for side in Side}
    assert {
        canonical(shapes[Side.HUBSPOT], "COMPLETED"),
        canonical(shapes[Side.SALESFORCE], "Completed"),
        canonical(shapes[Side.SALESFORCE], "Cancelled"),
    } == {"completed"}
    assert canonical(shapes[Side.SALESFORCE], "Not Started") != "completed"


@pytest.mark.rule("ACT-4")
@pytest.mark.parametrize(
    ("outcomes", "outcome", "text"),
    [
        ((), OUTCOMES[0][0], "Connected"),
        ((("0b1c", "Ruft zur\u00fcck"),), "0b1c", "Ruft zur\u00fcck"),
    ],
)
def test_an_outcome_crosses_by_its_name(outcomes: Choices, outcome: str, text: str) -> None:
    """HubSpot keeps ids of outcomes, Salesforce what a person reads."""
    activities = calls_and_tasks(outcomes=outcomes)
    row = (ActivityKind.CALL, "hs_call_disposition")
    assert crossed(*row, Side.SALESFORCE, outcome, activities) == text
    assert crossed(*row, Side.HUBSPOT, text.upper(), activities) == outcome


@pytest.mark.rule("ACT-4")
@pytest.mark.parametrize(
    ("kind", "name", "value", "activities"),
    [
        (ActivityKind.CALL, "hs_call_disposition", "an-unknown-id", calls_and_tasks()),
        (ActivityKind.TASK, "hs_task_status", "COMPLETED", calls_and_tasks((TaskStatus("Offen"),))),
        (ActivityKind.CALL, "hs_call_status", "MISSED", calls_and_tasks(NEW_ORG)),
    ],
)
def test_what_has_no_pair_does_not_cross_as_it_is(
    kind: ActivityKind, name: str, value: str, activities: ActivitySettings
) -> None:
    """An id or a word of HubSpot's means nothing in Salesforce, so it is told and not written."""
    with pytest.raises(IncompatibleValueError, match=FieldType.CHOICE):
        crossed(kind, name, Side.SALESFORCE, value, activities)


@pytest.mark.rule("ACT-4")
@pytest.mark.parametrize(
    ("kind", "statuses", "status"),
    [
        (ActivityKind.NOTE, (), "Completed"),
        (ActivityKind.NOTE, NEW_ORG, "Completed"),
        (ActivityKind.EMAIL, GERMAN, "Verworfen"),
        (ActivityKind.EMAIL, REOPENED, "Closed"),
        (ActivityKind.EMAIL, (TaskStatus("Offen"),), ""),
        (ActivityKind.CALL, GERMAN, ""),
    ],
)
def test_what_has_happened_is_done_in_the_orgs_own_word(
    kind: ActivityKind, statuses: tuple[TaskStatus, ...], status: str
) -> None:
    """A note and an e-mail get the org's status of closed tasks; other kinds have one of their
    own, and an org without a closed one chooses itself.
    """
    assert new_status(kind, statuses) == status


@pytest.mark.rule("ACT-4")
def test_an_org_without_closed_or_open_statuses_is_told() -> None:
    """Once, at the first kind that has a status; not where nobody has looked."""
    meetings = ActivitySettings(
        meetings=ActivityKindSettings(ActivitySync.TWO_WAY), statuses=(TaskStatus("Offen"),)
    )
    found = [
        [(kind, sentence.partition(":")[0]) for kind, sentence in unmapped(one)]
        for one in (
            calls_and_tasks(),
            calls_and_tasks(NEW_ORG),
            calls_and_tasks((TaskStatus("Offen"),)),
            calls_and_tasks((TaskStatus("Erledigt", is_closed=True),)),
            meetings,
        )
    ]
    assert found == [
        [],
        [],
        [(ActivityKind.CALL, "the org has no closed status of tasks")],
        [(ActivityKind.CALL, "the org has no open status of tasks")],
        [],
    ]
