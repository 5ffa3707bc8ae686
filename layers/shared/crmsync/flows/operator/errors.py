"""The error inbox for the operator: what does not sync is listed, tried again, or checked off;
nothing happens without `apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import Gone
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import objects_of
from crmsync.model.effects import Category, Report
from crmsync.model.inbox import InboxEntry
from crmsync.model.settings import Settings
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox
from crmsync.rules.pair.reports import FIELD_LOOP

NO_ERRORS = frozenset({Category.WAITING, Category.HELD})
"""Categories of the error inbox that are no errors: their records only wait."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """An entry in the error inbox of a connection.

    Attributes:
        connection: The name of the connection.
        entry: The report with its times and attempts.
    """

    connection: str
    entry: InboxEntry

    @property
    def report(self) -> Report:
        """The newest report about the record."""
        return self.entry.report


@dataclass(frozen=True, slots=True)
class ErrorType:
    """All records of a connection that have the same error (ERR-1). Times are UTC.

    Attributes:
        connection: The name of the connection.
        category: The category.
        code: The CRM's code, or crmsync's own; "" for none.
        records: How many records have it.
        attempts: How often they were reported.
        first_at: When the first of them was first reported.
        last_at: When one of them was last reported.
    """

    connection: str
    category: Category
    code: str
    records: int
    attempts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are meant; "" and None stand for any.

    Attributes:
        identifier: The id of a record.
        category: A category.
        code: A code.
    """

    identifier: str = ""
    category: Category | None = None
    code: str = ""

    def has(self, report: Report) -> bool:
        """Whether an entry with this report is meant."""
        return (
            self.identifier in {"", report.ref.id}
            and self.category in {None, report.category}
            and self.code in {"", report.code}
        )


EVERY_ENTRY = Choice()


@dataclass(frozen=True, slots=True)
class Retried:
    """The result of a retry.

    Attributes:
        rows: The records that are synced again, or would be.
        left: The records of kinds that are not switched on, which stay.
    """

    rows: tuple[ErrorRow, ...]
    left: tuple[ErrorRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAdmin:
    """What the command does with the error inbox.

    Attributes:
        settings: Reads the settings in force.
        inbox: The error inbox.
        outbox: Takes the changes that make records sync again.
        now: The clock (UTC).
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    outbox: Outbox
    now: Callable[[], datetime]

    def all(self, choice: Choice = EVERY_ENTRY) -> list[ErrorRow]:
        """The chosen entries, also those of records that only wait; by connection, then oldest
        first. Raises `TryAgain`.
        """
        return [
            ErrorRow(one.name, entry)
            for one in self.settings().connections
            for entry in self.inbox.entries(one.name)
            if choice.has(entry.report)
        ]

    def types(self, choice: Choice = EVERY_ENTRY) -> list[ErrorType]:
        """The chosen entries counted by connection, category and code; those with most records
        first. Raises `TryAgain`.
        """
        rows: dict[tuple[str, Category, str], list[InboxEntry]] = {}
        for row in self.all(choice):
            key = (row.connection, row.report.category, row.report.code)
            rows.setdefault(key, []).append(row.entry)
        types = [
            ErrorType(
                *key,
                records=len(entries),
                attempts=sum(one.attempts for one in entries),
                first_at=min(one.first_at for one in entries),
                last_at=max(one.last_at for one in entries),
            )
            for key, entries in rows.items()
        ]
        return sorted(types, key=lambda one: -one.records)

    def count_open(self) -> int:
        """The number of errors, without records that wait (TRG-17) or whose deletion is held back
        (Q-30).
        """
        return sum(row.report.category not in NO_ERRORS for row in self.all())

    def retry(self, choice: Choice, *, apply: bool) -> Retried:
        """Request a sync of the chosen records (RTY-3). A field that the loop breaker has stopped
        is then tried once more (CH-5).

        A record leaves the inbox once it has synced. Raises `TryAgain`, and `Gone` for an id or a
        code that the inbox does not have.
        """
        self._expect(choice)
        rows: list[ErrorRow] = []
        left: list[ErrorRow] = []
        changes: list[Change] = []
        for row in self.all(choice):
            change = self._retry_of(row)
            if change is None:
                left.append(row)
            else:
                rows.append(row)
                changes.append(change)
        if apply:
            self.outbox.publish(changes)
        return Retried(tuple(rows), tuple(left))

    def done(self, identifier: str, *, apply: bool) -> list[ErrorRow]:
        """Check off the reports about a record that only a person can deal with (CH-9).

        Every other report leaves the inbox when its record syncs. Raises `TryAgain`, and `Gone`
        for a record without such a report.
        """
        rows = [
            row
            for row in self.all()
            if row.report.category is Category.PRIVACY
            and row.report.ref.id.partition(".")[2] == identifier
        ]
        if not rows:
            raise Gone(
                f"No privacy deletion waits for {identifier}.",
                hint="crmsync errors list --category privacy shows those that do.",
            )
        if apply:
            for row in rows:
                self.inbox.clear(row.connection, [row.report.ref])
        return rows

    def _expect(self, choice: Choice) -> None:
        """Raise `Gone` for an id or a code that no entry has."""
        reports = [row.report for row in self.all()]
        if choice.identifier and choice.identifier not in {one.ref.id for one in reports}:
            raise Gone(
                f"The error inbox has no record {choice.identifier}.",
                hint="crmsync errors list shows those that it has.",
            )
        codes = sorted({one.code for one in reports if one.code})
        if choice.code and choice.code not in codes:
            raise Gone(
                f"The error inbox has no code {choice.code}.",
                hint=f"It has these codes: {', '.join(codes) or 'none'}.",
            )

    def _retry_of(self, row: ErrorRow) -> Change | None:
        """The change that makes a record sync again, or None when its kind is not switched on."""
        connection, ref = self.settings().connection(row.connection), row.report.ref
        kind = objects_of(connection, ref.side).get(ref.object) if connection else None
        cause = Cause.RELEASED if row.report.code == FIELD_LOOP else Cause.AGAIN
        return Change(row.connection, kind, ref, cause, self.now()) if kind else None
