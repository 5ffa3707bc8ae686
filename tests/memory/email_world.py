"""The e-mail flows in memory: an event log, a queue with delays, tasks, and a clock that moves only
on command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crmsync.flows.email.make_tasks import make_tasks
from crmsync.flows.email.scan import queue_events
from crmsync.flows.email.task_run import TaskContext, TaskSummary
from crmsync.model.links import Link
from crmsync.model.mail import Campaign, LogRange, MailEvent, milliseconds
from crmsync.model.names import TASK_COUNT
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, EmailTaskSettings, Repeat
from tests.builders import FINGERPRINTER, NOON, a_connection
from tests.memory import (
    MemoryCrm,
    MemoryCursors,
    MemoryInbox,
    MemoryLinks,
    MemoryLists,
    MemoryMailLog,
    MemoryRangeQueue,
    MemoryTasks,
    MemoryTaskStates,
)

RUN = timedelta(seconds=60)


@dataclass
class MemoryEmailWorld:
    """One connection with its e-mail events and tasks; contacts are linked when they are
    created.
    """

    now: datetime = NOON
    settings: EmailTaskSettings = field(default_factory=EmailTaskSettings)
    page: int = 1000
    run: timedelta = RUN

    def __post_init__(self) -> None:
        """Create the log, the CRM and the stores."""
        self.log = MemoryMailLog(self.page)
        self.log.known["113", "70012"] = Campaign("Spring offer", "Spring is here")
        self.crm = MemoryCrm(Side.HUBSPOT, now=lambda: self.now)
        self.links, self.lists = MemoryLinks(), MemoryLists(now=lambda: self.now)
        self.tasks, self.task_states, self.queue = (
            MemoryTasks(lambda: self.now),
            MemoryTaskStates(),
            MemoryRangeQueue(),
        )
        self.cursors, self.inbox = MemoryCursors(), MemoryInbox()
        self.due: list[tuple[LogRange, datetime]] = []

    @property
    def connection(self) -> Connection:
        """The connection, with the present settings."""
        return replace(a_connection(), email_tasks=self.settings)

    @property
    def ms(self) -> int:
        """The time in milliseconds, as in the log."""
        return milliseconds(self.now)

    def add_contact(self, address: str, *, linked: bool = True) -> None:
        """Create a contact with this address, and link it unless `linked` is off."""
        ref = self.crm.add("contact", {"email": address})
        if linked:
            self.link(ref)

    def link(self, ref: Ref) -> None:
        """Link a contact with its own lead."""
        lead = Ref(Side.SALESFORCE, "Lead", f"00Q{int(ref.id):012d}AAA")
        self.links.save([Link("acme", Kind.CONTACT, ref, lead)])

    def scan(self, *kinds: str) -> int:
        """Read the log once; queued ranges are due at once. Return the number of ranges."""
        found = sum(
            queue_events(self.connection, kind, self.log, self.cursors, self.queue, self.now)
            for kind in kinds or self.settings.kinds
        )
        self.collect()
        return found

    def deliver(self, windows: Sequence[LogRange] | None = None) -> TaskSummary:
        """Work on these ranges, or on all that are due; return the summary."""
        if windows is None:
            windows = [window for window, at in self.due if at <= self.now]
            self.due = [(window, at) for window, at in self.due if at > self.now]
        summary = make_tasks(windows, self.context())
        self.collect()
        return summary

    def context(self) -> TaskContext:
        """Return the context of a run."""
        return TaskContext(
            self.connection,
            log=self.log,
            hubspot=self.crm,
            links=self.links,
            lists=self.lists,
            tasks=self.tasks,
            task_states=self.task_states,
            queue=self.queue,
            inbox=self.inbox,
            fingerprinter=FINGERPRINTER,
            now=lambda: self.now,
            until=self.now + self.run,
        )

    def run_until_idle(self, most: int = 60) -> TaskSummary:
        """Let time pass until no range waits; return the last summary."""
        summary = self.deliver()
        for _ in range(most):
            if not self.due:
                return summary
            self.now = max(self.now, min(at for _, at in self.due))
            summary = self.deliver()
        return summary

    def counts(self) -> list[int]:
        """Return the number of events of each task."""
        return sorted(int(str(row[TASK_COUNT])) for row in self.tasks.rows.values())

    def collect(self) -> None:
        """Make queued ranges due after their delays."""
        self.due += [
            (window, self.now + timedelta(seconds=after)) for window, after in self.queue.waiting
        ]
        self.queue.waiting = []


def opened(
    number: int, at: int, recipient: str = "ada@example.com", kind: str = "OPEN"
) -> MailEvent:
    """Return an event of the spring campaign."""
    return MailEvent(f"event-{number}", at, kind, recipient, "113", "70012")


ONCE = EmailTaskSettings(repeat=Repeat.ONCE_PER_EMAIL)
