"""What becomes of the events of one task: made, counted, waited for, let go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.links import Link, LinkState
from crmsync.model.mail import Campaign, MailEvent, TaskState, WriteTask
from crmsync.model.names import TASK_COUNT
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import EmailTaskSettings, Repeat
from crmsync.plans.email_tasks import TaskFacts, TaskOutcome, TaskPlan, plan_task
from crmsync.rules.email_tasks import task_fields, template_of

LEAD = Ref(Side.SALESFORCE, "Lead", "00Q000000000001AAA")
LINK = Link("acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", "1"), LEAD)
UNAGREED = MailEvent("0d9e", 1_793_620_800_000, "UNAGREED", "ada@example.com", "113", "70012")
SPRING = Campaign("Spring offer", "Spring is here")
FACTS = TaskFacts(TaskState("key"), (UNAGREED,), LINK, SPRING)
SETTINGS = EmailTaskSettings()


@pytest.mark.rule("TASK-2")
@pytest.mark.rule("TASK-4")
def test_a_new_task_goes_to_the_linked_record() -> None:
    """It goes to the lead, or to the contact once the link has moved there, and names its rules."""
    contact = Ref(Side.SALESFORCE, "Contact", "003000000000001AAA")
    rules = ("TASK-2", "TASK-3", "TASK-4", "Q-19", "Q-20")

    for who in (LEAD, contact):
        fields = task_fields(template_of("UNAGREED", SETTINGS), [UNAGREED], SPRING, who, "", 1)
        facts = replace(FACTS, link=replace(LINK, salesforce=who))
        assert plan_task(facts, SETTINGS) == TaskPlan(
            TaskOutcome.MADE, WriteTask("key", fields, "", rules)
        )


@pytest.mark.rule("CH-2")
def test_later_events_are_counted_in_the_existing_task() -> None:
    """The count includes the events that were counted before."""
    settings = EmailTaskSettings(repeat=Repeat.ONCE_PER_DAY)
    facts = replace(
        FACTS,
        state=TaskState("key", counted=4, task="00T1"),
        events=(UNAGREED, replace(UNAGREED, id="next")),
    )

    plan = plan_task(facts, settings)

    assert (plan.outcome, plan.task and (plan.task.task, plan.task.fields[TASK_COUNT])) == (
        TaskOutcome.COUNTED,
        ("00T1", 6),
    )


@pytest.mark.rule("Q-22")
def test_a_contact_that_does_not_sync_gets_no_task() -> None:
    """A pair outside the inclusion list gets no task."""
    assert plan_task(replace(FACTS, frozen=True), SETTINGS) == TaskPlan(TaskOutcome.OUTSIDE)


@pytest.mark.parametrize(
    ("may_wait", "outcome"), [(True, TaskOutcome.WAITING), (False, TaskOutcome.DROPPED)]
)
def test_events_without_a_link_wait_and_are_dropped_in_the_end(
    may_wait: bool,  # noqa: FBT001
    outcome: TaskOutcome,
) -> None:
    """A contact that was just created is linked some seconds later, so its events wait for
    a while.
    """
    assert plan_task(replace(FACTS, link=None, may_wait=may_wait), SETTINGS) == TaskPlan(outcome)


def test_events_of_a_tombstone_do_not_wait() -> None:
    """A tombstone will not become a link."""
    tombstone = replace(LINK, state=LinkState.TOMBSTONE)

    assert plan_task(replace(FACTS, link=tombstone), SETTINGS) == TaskPlan(TaskOutcome.DROPPED)
