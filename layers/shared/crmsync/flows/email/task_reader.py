"""Reads the events of a log range, and finds those that have no task yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crmsync.flows.email.task_run import RangeWork, TaskContext, TaskSummary
from crmsync.model.mail import MailEvent, TaskState, milliseconds
from crmsync.rules.email_tasks import event_hash, task_key, wants

OpenTask: TypeAlias = tuple[TaskState, tuple[MailEvent, ...]]
"""What is remembered of a task, and its events that it does not stand for yet."""


@dataclass(frozen=True, slots=True)
class TaskReader:
    """Reads the ranges of one connection.

    Attributes:
        context: The connection and its ports.
        summary: Counts the ranges of kinds that are switched off.
    """

    context: TaskContext
    summary: TaskSummary

    def pages(self, work: RangeWork) -> Iterator[list[OpenTask]]:
        """The open tasks of a range, page by page.

        When the time of the run is over, the rest of the range is put off: this run's part of it is
        done by then. Raises `SyncError`.
        """
        log_range, settings = work.log_range, self.context.connection.email_tasks
        if log_range.kind not in settings.kinds:
            self.summary.counts["SwitchedOff"] += 1
            return
        if self.context.is_over:
            work.retry_after(0)
            return
        for page in self.context.log.events(
            log_range.kind, log_range.start, log_range.end, without_bots=settings.ignore_bots
        ):
            yield self._open_tasks(page, work)
            if self.context.is_over:
                work.retry_after(0)
                return

    def _open_tasks(self, page: Sequence[MailEvent], work: RangeWork) -> list[OpenTask]:
        """The tasks of a page with new events.

        A task that another run has claimed is left out, and its range is worked on again.
        """
        connection, now = self.context.connection, milliseconds(self.context.now())
        groups: dict[str, dict[bytes, MailEvent]] = {}
        for event in page:
            if wants(event, connection.email_tasks):
                key = task_key(
                    event,
                    connection.email_tasks,
                    connection.hubspot.portal_id,
                    self.context.fingerprinter,
                )
                groups.setdefault(key, {})[event_hash(event)] = event
        states = self.context.task_states.load(connection.name, groups)
        open_tasks: list[OpenTask] = []
        for key, events in groups.items():
            state = states.get(key, TaskState(key))
            new = tuple(event for name, event in events.items() if name not in state.seen)
            if new and state.until > now:
                work.retry_after((state.until - now) / 1000 + 1)
            elif new:
                open_tasks.append((state, new))
        return open_tasks
