"""Plan the e-mail events of one task: create the task, count them in it, wait, or drop them. Facts
in, a `TaskPlan` out; no I/O, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crmsync.model.links import Link, LinkState
from crmsync.model.mail import Campaign, MailEvent, TaskState, WriteTask
from crmsync.model.records import Ref
from crmsync.model.settings import EmailTaskSettings, Repeat
from crmsync.rules.email_tasks import count_fields, owner_of, task_fields, template_of


class TaskOutcome(StrEnum):
    """What becomes of events."""

    MADE = "Made"
    COUNTED = "Counted"
    WAITING = "Waiting"
    DROPPED = "Dropped"
    OUTSIDE = "Outside"


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """All that is known about the events of one task that have not been processed.

    Attributes:
        state: The state of the task, as stored.
        events: The events.
        link: The link of the recipient's HubSpot contact, None where it has none yet.
        campaign: The e-mail that the events are about.
        frozen: Whether the contact does not sync (INC-7).
        may_wait: Whether the events may still wait for a link.
    """

    state: TaskState
    events: tuple[MailEvent, ...]
    link: Link | None
    campaign: Campaign = field(default_factory=Campaign)
    frozen: bool = False
    may_wait: bool = True


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What becomes of the events, and the task to write, if any."""

    outcome: TaskOutcome
    task: WriteTask | None = None


_MODE = {Repeat.EVERY_EVENT: "TASK-3", Repeat.ONCE_PER_EMAIL: "CH-2", Repeat.ONCE_PER_DAY: "CH-2"}


def plan_task(facts: TaskFacts, settings: EmailTaskSettings) -> TaskPlan:
    """The plan for the events of one task.

    The task goes to the linked record only, not to others with the same address: the contact, or
    the lead until there is a contact (Q-19). A contact that does not sync gets none (Q-22). Without
    a link the events wait, and are dropped in the end.
    """
    who = _person(facts.link)
    if facts.frozen:
        return TaskPlan(TaskOutcome.OUTSIDE)
    if who is None or facts.link is None:
        return TaskPlan(
            TaskOutcome.WAITING
            if facts.may_wait and not _has_ended(facts.link)
            else TaskOutcome.DROPPED
        )
    template, state = template_of(facts.events[0].kind, settings), facts.state
    count = state.counted + len(facts.events)
    mode = _MODE[settings.repeat]
    if state.task:
        fields = count_fields(template, facts.events, facts.campaign, count)
        return TaskPlan(
            TaskOutcome.COUNTED, WriteTask(state.key, fields, state.task, (mode, "Q-20"))
        )
    owner = owner_of(template, facts.link)
    fields = task_fields(template, facts.events, facts.campaign, who, owner, count)
    because = ("TASK-2", mode, "TASK-4", "Q-19", "Q-20")
    # The state was claimed and never committed: an earlier call may have got through.
    return TaskPlan(
        TaskOutcome.MADE, WriteTask(state.key, fields, "", because, tried=state.until > 0)
    )


def _person(link: Link | None) -> Ref | None:
    if link is None or link.state is not LinkState.ACTIVE or not isinstance(link.salesforce, Ref):
        return None
    return link.salesforce


def _has_ended(link: Link | None) -> bool:
    """Whether a record of the pair was deleted, so that no link will follow."""
    return link is not None and link.state is not LinkState.ACTIVE
