"""Decides which open tasks are written now, which wait for a link, and which are let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crmsync.flows.email.recipients import Recipients
from crmsync.flows.email.task_reader import OpenTask
from crmsync.flows.email.task_run import RangeWork, TaskContext, TaskSummary
from crmsync.model.mail import LogRange, TaskState, milliseconds
from crmsync.plans.email_tasks import TaskFacts, TaskOutcome, plan_task
from crmsync.rules.email_tasks import address, event_hash, remembered_for

MIN_TRIES = 3
"""Tries to find a link before it is given up, however long the range was in the queue."""


@dataclass(frozen=True, slots=True)
class TaskPlanner:
    """Plans the tasks of one connection.

    Attributes:
        context: The connection and its ports.
        recipients: Finds the recipients' links.
        summary: Counts the events that no task is written for.
    """

    context: TaskContext
    recipients: Recipients
    summary: TaskSummary

    def plan(
        self, open_tasks: Sequence[OpenTask], work: RangeWork
    ) -> tuple[list[TaskFacts], list[TaskState]]:
        """The facts of the tasks to write, and the states of those to let go.

        The range is worked on again if a task waits for a link. Raises `SyncError`.
        """
        settings = self.context.connection.email_tasks
        to_write: list[TaskFacts] = []
        let_go: list[TaskState] = []
        for facts in self._facts(open_tasks, work.log_range):
            outcome = plan_task(facts, settings).outcome
            if outcome in {TaskOutcome.MADE, TaskOutcome.COUNTED}:
                to_write.append(facts)
                continue
            self.summary.counts[outcome] += len(facts.events)
            if outcome is TaskOutcome.WAITING:
                work.retry_after(work.wait)
            else:
                seen = facts.state.seen | {event_hash(event) for event in facts.events}
                let_go.append(replace(facts.state, seen=seen))
        return to_write, let_go

    def let_go(self, states: Sequence[TaskState], work: RangeWork) -> None:
        """Remember the events of tasks that are never written. Raises `SyncError`."""
        settings = self.context.connection.email_tasks
        now = milliseconds(self.context.now())
        claimed = self.context.task_states.claim(
            self.context.connection.name, states, now, 0, remembered_for(settings)
        )
        if len(claimed) < len(states):
            # Another run has written these tasks meanwhile. If it found a link, our events must be
            # counted there.
            work.retry_after(work.wait)

    def _facts(self, open_tasks: Sequence[OpenTask], log_range: LogRange) -> list[TaskFacts]:
        people = self.recipients.find(
            address(event) for _, events in open_tasks for event in events
        )
        campaigns = self.context.log.campaigns(
            {(event.app, event.campaign) for _, events in open_tasks for event in events}
        )
        may_wait = self._may_wait(log_range)
        found: list[TaskFacts] = []
        for state, events in open_tasks:
            first = events[0]
            person = people[address(first)]
            facts = TaskFacts(state, events, person.link, frozen=person.frozen, may_wait=may_wait)
            if (first.app, first.campaign) in campaigns:
                facts = replace(facts, campaign=campaigns[first.app, first.campaign])
            found.append(facts)
        return found

    def _may_wait(self, log_range: LogRange) -> bool:
        """Whether a recipient may still get a link: a new contact needs some minutes to sync."""
        most = self.context.connection.email_tasks.wait_minutes * 60_000
        waited = milliseconds(self.context.now()) - log_range.at
        return bool(most) and (log_range.tries < MIN_TRIES or waited < most)
