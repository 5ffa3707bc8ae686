"""What one run of the e-mail tasks works with, and what becomes of its log ranges. No decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.errors import Down, Gone, Refused, SyncError
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.mail import LogRange
from crmsync.model.settings import Connection
from crmsync.ports.crm import Crm
from crmsync.ports.listing import Lists
from crmsync.ports.mail import MailLog, RangeQueue, Tasks, TaskStates
from crmsync.ports.stores import Inbox, Links
from crmsync.rules.email_tasks import PASSING

WAITS = (60, 300, 900)
"""Seconds until the next try, by the number of tries before it; the last one from then on."""


@dataclass(frozen=True, slots=True)
class TaskContext:
    """One connection, and the ports that its e-mail tasks need.

    Attributes:
        connection: The connection.
        log: HubSpot's log of e-mail events.
        hubspot: HubSpot's contacts.
        links: The stored links.
        lists: HubSpot's lists.
        tasks: Salesforce's tasks.
        task_states: Remembers which events a task stands for.
        queue: The queue of log ranges.
        inbox: The error inbox.
        fingerprinter: Makes aliases of addresses.
        now: The clock (UTC).
        until: When the last range of the run must have begun.
    """

    connection: Connection
    log: MailLog
    hubspot: Crm
    links: Links
    lists: Lists
    tasks: Tasks
    task_states: TaskStates
    queue: RangeQueue
    inbox: Inbox
    fingerprinter: Fingerprinter
    now: Callable[[], datetime]
    until: datetime

    @property
    def is_over(self) -> bool:
        """Whether no other page or range may begin."""
        return self.now() >= self.until


@dataclass(slots=True)
class TaskSummary:
    """The result of a run.

    Attributes:
        counts: Numbers of events by what became of them, for the metrics.
        refusals: The last refusal of each kind of event, for the log and the error inbox.
        given_up: The ranges that must become dead letters.
    """

    counts: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, SyncError] = field(default_factory=dict)
    given_up: list[LogRange] = field(default_factory=list)


@dataclass(slots=True)
class RangeWork:
    """A log range, and whether it must be worked on again.

    Attributes:
        log_range: The range.
        again: The seconds until then; None = it is done.
        has_failed: Whether an error is the reason.
        is_try: Whether this run counts as a try; it does not while a whole side is down.
    """

    log_range: LogRange
    again: int | None = None
    has_failed: bool = False
    is_try: bool = True

    @property
    def wait(self) -> float:
        """The seconds that it must wait after as many tries."""
        return WAITS[min(self.log_range.tries, len(WAITS) - 1)]

    def retry_after(self, seconds: float) -> None:
        """Work on it again after so many seconds, or later if something else requires that."""
        self.again = max(self.again or 0, round(seconds))

    def fail(
        self, error: SyncError, summary: TaskSummary, *, events: int = 0, least: float = 0
    ) -> None:
        """Work on it again after an error, at the earliest after `least` seconds.

        `events` is the number of events that the error is about. A refusal is also reported.
        """
        is_refused = isinstance(error, Refused | Gone) and error.code not in PASSING
        summary.counts["Refused" if is_refused else "PutOff"] += events
        if is_refused:
            summary.refusals[self.log_range.kind] = error
        if isinstance(error, Down):
            self.is_try = False
            self.retry_after(max(least, min(error.after, WAITS[1])))
            return
        self.has_failed = True
        wait = getattr(error, "after", WAITS[-1])
        self.retry_after(max(least, self.wait, wait))
