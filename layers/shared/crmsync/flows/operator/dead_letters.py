"""Dead letters for the operator: which records they name and why they failed, and the way back to
their queues.

Law: nothing is deleted before it is in its queue again, and nothing moves without `apply`. What was
received and not moved shows again at once, even if the command fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from crmsync.errors import Refused, SyncError
from crmsync.flows.arguments import ReportProgress, no_progress
from crmsync.model.operations.dead_letters import DeadLetter
from crmsync.model.records import Ref
from crmsync.model.settings import Settings
from crmsync.ports.queues import DeadLetterQueues
from crmsync.ports.stores import Inbox
from crmsync.wire.dead_letters import Subject, bodies_of, is_readable, subjects_of

MOST = 50_000
"""Messages of one queue that one command receives; SQS lets 120,000 be hidden at a time."""

_FUNCTIONS = {
    "ContactDeadLetters": "contact_sync",
    "AccountDeadLetters": "account_sync",
    "ActivityDeadLetters": "activity_sync",
    "OpportunityDeadLetters": "opportunity_sync",
    "EmailTaskDeadLetters": "email_tasks",
    "BackfillDeadLetters": "backfill",
    "AlertDeadLetters": "alerts",
}


@dataclass(frozen=True, slots=True)
class DeadLetterChoice:
    """Which dead letters are meant; "" stands for any.

    Attributes:
        queue: A dead-letter queue, by its name in the template.
        identifier: The id of a record or job. A message moves as a whole, so all its records do.
    """

    queue: str = ""
    identifier: str = ""


EVERY_LETTER = DeadLetterChoice()


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """One thing that a dead letter asks for, or a message that cannot be read.

    Attributes:
        letter: The dead letter.
        subject: What it asks for; None if it cannot be read.
        cause: Why it is dead, as far as that is known.
    """

    letter: DeadLetter
    subject: Subject | None
    cause: str


@dataclass(frozen=True, slots=True)
class DeadLetterList:
    """What was found.

    Attributes:
        rows: A row per record, job or range of the chosen messages, oldest message first.
        messages: How many messages these are.
        unread: Messages that were not received, because there are too many.
    """

    rows: Sequence[DeadLetterRow]
    messages: int
    unread: int = 0

    @property
    def unreadable(self) -> int:
        """How many of the messages cannot be read; they stay where they are."""
        return sum(row.subject is None for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterAdmin:
    """What the command does with dead letters.

    Attributes:
        settings: Reads the settings in force.
        queues: The dead-letter queues.
        inbox: The error inbox, which may know why a record fails.
    """

    settings: Callable[[], Settings]
    queues: DeadLetterQueues
    inbox: Inbox

    def all(self, choice: DeadLetterChoice = EVERY_LETTER, most: int = MOST) -> DeadLetterList:
        """The chosen dead letters, of each queue among the first `most`. Raises as `redrive`
        does.
        """
        return self._receive(choice, most, lambda _letters: ())

    def redrive(
        self, choice: DeadLetterChoice, *, apply: bool, progress: ReportProgress = no_progress
    ) -> DeadLetterList:
        """Move the chosen dead letters back to their queues, as many as there are when it begins:
        one that fails again meanwhile is not moved twice.

        Raises `Refused` for a queue without dead letters, and `TryAgain`; what was moved until then
        stays moved.
        """
        return self._receive(choice, MOST, self._move if apply else lambda _letters: (), progress)

    def _move(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        """Move those that can be read; returns them."""
        readable = [one for one in letters if is_readable(one)]
        self.queues.move([(one, bodies_of(one)) for one in readable])
        return readable

    def _receive(
        self,
        choice: DeadLetterChoice,
        most: int,
        move: Callable[[Sequence[DeadLetter]], Sequence[DeadLetter]],
        progress: ReportProgress = no_progress,
    ) -> DeadLetterList:
        """Receive what is there, have `move` move what is meant, and release everything else."""
        chosen: list[DeadLetter] = []
        unread = 0
        for queue, count in self._counts(choice):
            wanted = min(count, most)
            unread += count - wanted
            hidden: dict[str, DeadLetter] = {}
            seen = 0
            try:
                for letters in self.queues.receive(queue, wanted):
                    hidden |= {one.handle: one for one in letters}
                    meant = [one for one in letters if _is_meant(one, choice)]
                    for one in move(meant):
                        del hidden[one.handle]
                    chosen += meant
                    seen += len(letters)
                    progress(queue, seen, wanted)
            finally:
                with suppress(SyncError):  # they show by themselves after a while
                    self.queues.release(list(hidden.values()))
        return DeadLetterList(self._rows(chosen), len(chosen), unread)

    def _counts(self, choice: DeadLetterChoice) -> Sequence[tuple[str, int]]:
        """How many messages each queue has. Raises `Refused` and `TryAgain`."""
        counts = self.queues.counts()
        if choice.queue and choice.queue not in counts:
            raise Refused(
                f"{choice.queue} has no dead letters.",
                code="QUEUE",
                hint=f"These queues have some: {', '.join(sorted(counts)) or 'none'}.",
            )
        return [(name, counts[name]) for name in sorted(counts) if choice.queue in {"", name}]

    def _rows(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetterRow]:
        """The rows of messages, those of the oldest first."""
        known = {one.name for one in self.settings().connections}
        reports: dict[str, Mapping[Ref, str]] = {}
        rows: list[DeadLetterRow] = []
        for letter in sorted(letters, key=lambda one: (one.sent_at, one.id)):
            if not is_readable(letter):
                rows.append(DeadLetterRow(letter, None, "is no message that this release knows"))
                continue
            for subject in subjects_of(letter):
                if subject.connection not in reports:
                    reports[subject.connection] = self._reports(subject.connection)
                cause = (
                    _cause(letter, subject, reports[subject.connection])
                    if subject.connection in {*known, ""}
                    else "the settings have no such connection"
                )
                rows.append(DeadLetterRow(letter, subject, cause))
        return rows

    def _reports(self, connection: str) -> Mapping[Ref, str]:
        """Record -> the code or category under which the error inbox has it."""
        reports = self.inbox.parked(connection)
        return {one.ref: one.code or str(one.category) for one in reports}


def _is_meant(letter: DeadLetter, choice: DeadLetterChoice) -> bool:
    """Whether a message of the chosen queue is meant. One that cannot be read names no record."""
    if not choice.identifier:
        return True
    return is_readable(letter) and choice.identifier in {one.id for one in subjects_of(letter)}


def _cause(letter: DeadLetter, subject: Subject, reports: Mapping[Ref, str]) -> str:
    if letter.undelivered:
        return f"the event bus could not deliver it: {letter.undelivered}"
    if subject.ref and subject.ref in reports:
        return f"{reports[subject.ref]} in crmsync errors list"
    return f"see the log of {_FUNCTIONS.get(letter.queue, letter.queue)}"
