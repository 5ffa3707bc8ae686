"""Writes tasks, two hundred per call: claim, write, commit.

Law: a claim belongs to one run until Salesforce has surely finished with the run's call. A task
that was not committed by then is written again, and Salesforce finds it by its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.email.task_run import RangeWork, TaskContext, TaskSummary
from crmsync.model.crm_names import SALESFORCE_OWNER
from crmsync.model.mail import MailEvent, TaskState, WriteTask, milliseconds
from crmsync.plans.email_tasks import TaskFacts, plan_task
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.email_tasks import OWNER_CODES, event_hash, remembered_for

PER_CALL = 200
"""Tasks of one call (docs/vendors.md#salesforce-rows)."""

LEASE = timedelta(seconds=720)
"""How long a claim holds: Salesforce ends a request after ten minutes at most, and ours begins
within seconds of the claim.
"""

_AFTER_LEASE = LEASE.total_seconds() + 1


@dataclass(slots=True)
class _Pending:
    """A task that waits for its call, and the ranges that its events come from."""

    facts: TaskFacts
    ranges: list[RangeWork]


@dataclass(slots=True)
class TaskWriter:
    """Writes the tasks of one connection.

    Attributes:
        context: The connection and its ports.
        summary: Counts the events of tasks that were written or failed.
        made: The kinds of events that a task was written for.
    """

    context: TaskContext
    summary: TaskSummary
    made: set[str] = field(default_factory=set)
    _pending: dict[str, _Pending] = field(default_factory=dict)

    def add(self, facts: TaskFacts, work: RangeWork) -> None:
        """Add a task, or more events of a task that waits already."""
        held = self._pending.get(facts.state.key)
        if held is None:
            self._pending[facts.state.key] = _Pending(facts, [work])
            return
        events = {event_hash(event): event for event in (*held.facts.events, *facts.events)}
        held.facts = replace(held.facts, events=tuple(events.values()))
        held.ranges.append(work)

    def write(self, *, at_least: int) -> None:
        """Write call by call while at least so many tasks wait. Raises nothing: errors are counted,
        and the ranges of the tasks worked on again.
        """
        while len(self._pending) >= at_least:
            keys = list(self._pending)[:PER_CALL]
            batch = [self._pending.pop(key) for key in keys]
            try:
                self._write(batch)
            except SyncError as error:
                for one in batch:
                    self._fail(one, error)

    def _write(self, batch: Sequence[_Pending]) -> None:
        context, now = self.context, self.context.now()
        name, settings = context.connection.name, context.connection.email_tasks
        keep = remembered_for(settings)
        states = [one.facts.state for one in batch]
        claimed = context.task_states.claim(
            name, states, milliseconds(now), milliseconds(now + LEASE), keep
        )
        ours = [one for one in batch if one.facts.state.key in claimed]
        for one in batch:
            if one.facts.state.key not in claimed:
                for work in one.ranges:
                    work.retry_after(_AFTER_LEASE)
        plans = [plan_task(one.facts, settings) for one in ours]
        effects = [plan.task for plan in plans if plan.task is not None]
        outcomes = self._call(effects)
        done: list[TaskState] = []
        for one, plan, effect, outcome in zip(ours, plans, effects, outcomes, strict=True):
            events = one.facts.events
            # A task that a person has deleted is not made again; its count ends.
            if isinstance(outcome, Written) or (isinstance(outcome, Gone) and effect.task):
                done.append(_committed(claimed[effect.key], events, outcome, effect))
                self.summary.counts[plan.outcome] += len(events)
                self.made.add(events[0].kind)
            elif isinstance(outcome, SyncError):
                self._fail(one, outcome)
        context.task_states.commit(name, done, keep)

    def _call(self, effects: Sequence[WriteTask]) -> list[Outcome]:
        """The outcomes of a call.

        A task that is refused because of its owner is written without one: it then belongs to the
        integration user.
        """
        if not effects:
            return []
        outcomes = list(self.context.tasks.write(effects))
        refused = [at for at, one in enumerate(outcomes) if _is_owners_fault(one, effects[at])]
        if refused:
            ownerless = [_without_owner(effects[at]) for at in refused]
            for at, outcome in zip(refused, self.context.tasks.write(ownerless), strict=True):
                outcomes[at] = outcome
        return outcomes

    def _fail(self, one: _Pending, error: SyncError) -> None:
        """Work on the ranges of a task again once its claim has expired."""
        for work in one.ranges:
            work.fail(error, self.summary, events=len(one.facts.events), least=_AFTER_LEASE)


def _committed(
    claimed: TaskState, events: Sequence[MailEvent], outcome: Outcome, effect: WriteTask
) -> TaskState:
    """The state of a task that now stands for these events, too; its claim has ended."""
    task = outcome.ref.id if isinstance(outcome, Written) else effect.task
    seen = claimed.seen | {event_hash(event) for event in events}
    return replace(claimed, seen=seen, counted=claimed.counted + len(events), task=task, until=0)


def _without_owner(effect: WriteTask) -> WriteTask:
    fields = {name: value for name, value in effect.fields.items() if name != SALESFORCE_OWNER}
    return replace(effect, fields=fields)


def _is_owners_fault(outcome: Outcome, effect: WriteTask) -> bool:
    if not isinstance(outcome, Refused) or SALESFORCE_OWNER not in effect.fields:
        return False
    return outcome.fieldname == SALESFORCE_OWNER or (
        outcome.code in OWNER_CODES and not outcome.fieldname
    )
