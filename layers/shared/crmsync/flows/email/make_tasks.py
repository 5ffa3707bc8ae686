"""Ranges of the e-mail event log -> Salesforce tasks.

Law: exactly one task per event or per count, even if messages are delivered twice or a run breaks
off. The order makes it so: read a page, look up which events have a task, find the recipients'
links, and then claim, write and commit, two hundred tasks at a time. A lost answer, a crash or a
second delivery makes no second task, whether the org enforces the key or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.errors import Down, SyncError
from crmsync.flows.email.recipients import Recipients
from crmsync.flows.email.task_planner import TaskPlanner
from crmsync.flows.email.task_reader import TaskReader
from crmsync.flows.email.task_run import WAITS, RangeWork, TaskContext, TaskSummary
from crmsync.flows.email.task_writer import PER_CALL, TaskWriter
from crmsync.model.crm_names import TASK
from crmsync.model.effects import Report
from crmsync.model.mail import LogRange
from crmsync.model.records import Ref, Side
from crmsync.rules.refusals.table import category_of

TRIES = 40
"""After so many tries, some ten hours, a range that still fails becomes a dead letter."""


def make_tasks(log_ranges: Sequence[LogRange], context: TaskContext) -> TaskSummary:
    """Work through log ranges of one connection, one page at a time.

    Raises `SyncError` only when the ranges could not even be put off.
    """
    summary = TaskSummary()
    reader = TaskReader(context, summary)
    recipients = Recipients(context.connection, context.hubspot, context.links, context.lists)
    planner = TaskPlanner(context, recipients, summary)
    writer = TaskWriter(context, summary)
    works = [RangeWork(one) for one in _without_repeats(log_ranges)]
    down: Down | None = None
    for work in works:
        if down is not None:
            # The side is not asked again for the other ranges of this run.
            work.fail(down, summary)
            continue
        try:
            for open_tasks in reader.pages(work):
                to_write, let_go = planner.plan(open_tasks, work)
                for facts in to_write:
                    writer.add(facts, work)
                planner.let_go(let_go, work)
                writer.write(at_least=PER_CALL)
        except SyncError as error:
            # What was found until then is written all the same.
            work.fail(error, summary)
            down = error if isinstance(error, Down) else None
    writer.write(at_least=1)
    _requeue(works, context, summary)
    _report(writer.made, context, summary)
    return summary


def _without_repeats(log_ranges: Sequence[LogRange]) -> list[LogRange]:
    """Each range once, with the most tries of its deliveries."""
    kept: dict[tuple[str, int, int], LogRange] = {}
    for one in log_ranges:
        place = (one.kind, one.start, one.end)
        kept[place] = max(kept.get(place, one), one, key=lambda each: each.tries)
    return list(kept.values())


def _requeue(works: Sequence[RangeWork], context: TaskContext, summary: TaskSummary) -> None:
    """Queue the ranges that must be worked on again, and give up those with too many tries."""
    again: list[tuple[LogRange, int]] = []
    for work in works:
        log_range = work.log_range
        if work.has_failed and log_range.tries >= TRIES:
            summary.given_up.append(log_range)
        elif work.again is not None:
            if work.again and work.is_try:
                log_range = replace(log_range, tries=log_range.tries + 1)
            again.append((log_range, min(work.again, WAITS[-1])))
    if again:
        context.queue.queue(again)


def _report(made: set[str], context: TaskContext, summary: TaskSummary) -> None:
    """Report refusals, one per kind of event, and clear the reports of kinds that work again."""
    reports = [
        Report(
            _place(kind),
            category_of(error.code),
            error.text,
            error.fieldname,
            error.hint,
            ("TASK-2",),
            code=error.code,
        )
        for kind, error in summary.refusals.items()
    ]
    name = context.connection.name
    context.inbox.park(name, reports)
    context.inbox.clear(name, [_place(kind) for kind in sorted(made - set(summary.refusals))])


def _place(kind: str) -> Ref:
    """What the report about the tasks for a kind of event is stored under."""
    return Ref(Side.SALESFORCE, TASK, kind)
