"""Which activities sync, and why the others are left alone."""

from typing import Any

import pytest

from crmsync.model.kinds.activities import ActivityFacts, ActivityFilter, ActivityKind, LeftAlone
from crmsync.model.names import TASK_KEY
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.kinds.activity.inclusion import filtered, kind_of, left_alone_in_hubspot
from tests.builders import at

FACTS = ActivityFacts(owner="71001", type="Demo", at=at(), has_opportunity=False)


def there(sobject: str, **fields: Any) -> Record:
    """Return a Salesforce task or event."""
    return Record(Ref(Side.SALESFORCE, sobject, "00T1"), fields, at(), at())


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (there("Task"), ActivityKind.TASK),
        (there("Task", TaskSubtype="Task"), ActivityKind.TASK),
        (there("Task", TaskSubtype="Call", IsRecurrence=False), ActivityKind.CALL),
        (there("Task", TaskSubtype="Email"), ActivityKind.EMAIL),
        (there("Task", TaskSubtype="LinkedIn"), ActivityKind.TASK),
        (there("Event", IsPrivate=False), ActivityKind.MEETING),
        (there("Task", TaskSubtype="ListEmail"), LeftAlone.LIST_EMAIL),
        (there("Task", TaskSubtype="Cadence"), LeftAlone.CADENCE),
        (there("Task", IsRecurrence=True), LeftAlone.RECURRING),
        (there("Task", RecurrenceActivityId="00T2"), LeftAlone.RECURRING),
        (there("Event", IsRecurrence2=True), LeftAlone.RECURRING),
        (there("Event", IsPrivate=True), LeftAlone.PRIVATE),
        (there("Event", IsChild=True), LeftAlone.INVITATION),
        (there("Task", TaskSubtype="Email", **{TASK_KEY: "1-2"}), LeftAlone.MARKETING),
    ],
)
def test_a_salesforce_activity_is_of_a_kind_or_left_alone(
    record: Record, expected: ActivityKind | LeftAlone
) -> None:
    """The subtype tells the kind; series, private events, copies for invitees and our own tasks of
    marketing e-mails never sync.
    """
    assert kind_of(record) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("SENT", None),
        ("BOUNCED", None),
        (None, None),
        ("FAILED", LeftAlone.UNSENT),
        ("SCHEDULED", LeftAlone.UNSENT),
        ("SENDING", LeftAlone.UNSENT),
    ],
)
def test_an_email_that_was_not_sent_is_left_alone(
    status: str | None, expected: LeftAlone | None
) -> None:
    """What nobody has received is no activity with a person."""
    email = Record(Ref(Side.HUBSPOT, "email", "1"), {"hs_email_status": status}, at(), at())
    assert left_alone_in_hubspot(email) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ActivityFilter(), None),
        (ActivityFilter(owners=frozenset({"71001"})), None),
        (ActivityFilter(owners=frozenset({"71002"})), LeftAlone.OTHER_OWNER),
        (ActivityFilter(types=frozenset({"demo"})), None),
        (ActivityFilter(types=frozenset({"Intro"})), LeftAlone.OTHER_TYPE),
        (ActivityFilter(only_with_opportunity=True), LeftAlone.NO_OPPORTUNITY),
        (ActivityFilter(since=at()), None),
        (ActivityFilter(since=at(1)), LeftAlone.TOO_OLD),
    ],
)
def test_the_filters_of_a_kind_are_applied(
    wanted: ActivityFilter, expected: LeftAlone | None
) -> None:
    """By owner, by type without case, by opportunity and by age; none of them by default."""
    assert filtered(FACTS, wanted) == expected
