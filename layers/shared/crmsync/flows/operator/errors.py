"""The error inbox for the operator: what does not sync is listed, tried again, or checked off;
nothing happens without `apply`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.arguments import chosen_connections, singular_forms
from crmsync.flows.backfill.link_rebuild import RecordReader
from crmsync.flows.operator.decisions import DecisionLog
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF, objects_of
from crmsync.model.effects import Category, Report
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.jobs import JobType
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox
from crmsync.rules.pair.reports import FIELD_LOOP
from crmsync.rules.preview.labels import LABEL_FIELDS, label_of

NO_ERRORS = frozenset({Category.WAITING, Category.HELD})
"""Categories of the error inbox that are no errors: their records only wait."""

_NAMES = tuple(dict.fromkeys(name for objects in KIND_OF.values() for name in objects))
_OBJECTS = frozenset(name.lower() for name in _NAMES)


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
        object: The name of an object of either side, singular or plural, in any case.
        connection: The name of a connection.
        since: Only what was reported at or after this moment (UTC).
    """

    identifier: str = ""
    category: Category | None = None
    code: str = ""
    object: str = ""
    connection: str = ""
    since: datetime | None = None

    def has(self, entry: InboxEntry) -> bool:
        """Whether this entry is meant, of whichever connection."""
        report = entry.report
        return (
            self.identifier in {"", report.ref.id}
            and self.category in {None, report.category}
            and self.code in {"", report.code}
            and (not self.object or _object_of(report).lower() in singular_forms(self.object))
            and (self.since is None or entry.last_at >= self.since)
        )


EVERY_ENTRY = Choice()


@dataclass(frozen=True, slots=True)
class Labels:
    """What people recognise records by. Personal data, for the one who asked.

    Attributes:
        of: Connection and record -> its name.
        unreadable: Connection and side -> why it did not answer.
    """

    of: Mapping[tuple[str, Ref], str]
    unreadable: Mapping[str, SyncError]


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
        reader: Makes what reads the records of a connection's side.
        decisions: Keeps who had what synced again.
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    outbox: Outbox
    now: Callable[[], datetime]
    reader: Callable[[Connection, Side], RecordReader]
    decisions: DecisionLog

    def all(self, choice: Choice = EVERY_ENTRY) -> list[ErrorRow]:
        """The chosen entries, also those of records that only wait; by connection, then oldest
        first. Raises `TryAgain`, and `Refused` for an unknown connection or object.
        """
        if choice.object and not _OBJECTS & set(singular_forms(choice.object)):
            raise Refused(
                f"There is no object {choice.object}.",
                code="OBJECT",
                hint=f"There are these: {', '.join(_NAMES)}.",
            )
        settings = self.settings()
        connections = (
            chosen_connections(settings, choice.connection)
            if choice.connection
            else settings.connections
        )
        return [
            ErrorRow(one.name, entry)
            for one in connections
            for entry in self.inbox.entries(one.name)
            if choice.has(entry)
        ]

    def labels(self, rows: Sequence[ErrorRow]) -> Labels:
        """What people recognise the records of these entries by, read from both CRMs now.

        Nothing of it is stored. A record that is no longer there has none; a side that does not
        answer is named under `unreadable`.
        """
        labels: dict[tuple[str, Ref], str] = {}
        unreadable: dict[str, SyncError] = {}
        for connection in self.settings().connections:
            refs = [row.report.ref for row in rows if row.connection == connection.name]
            for side, fields in LABEL_FIELDS.items():
                named = [ref for ref in refs if ref.side is side and ref.object in fields]
                if not named:
                    continue
                try:
                    records = self.reader(connection, side).read(named, fields)
                except SyncError as error:
                    unreadable[f"{connection.name}: {side}"] = error
                    continue
                labels |= {(connection.name, ref): label_of(records[ref]) for ref in records}
        return Labels(labels, unreadable)

    def types(self, choice: Choice = EVERY_ENTRY) -> list[ErrorType]:
        """The chosen entries counted by connection, category and code; those with most records
        first, and behind them what only waits. Raises `TryAgain`.
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
        return sorted(types, key=lambda one: order_of(one.category, one.records))

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
        return self.retry_rows(self.all(choice), apply=apply)

    def retry_rows(self, chosen: Sequence[ErrorRow], *, apply: bool) -> Retried:
        """The same for these entries. A job of each connection keeps who asked for it. Raises
        `TryAgain`.
        """
        rows: list[ErrorRow] = []
        left: list[ErrorRow] = []
        changes: list[Change] = []
        for row in chosen:
            change = self._retry_of(row)
            if change is None:
                left.append(row)
            else:
                rows.append(row)
                changes.append(change)
        if apply:
            for connection in dict.fromkeys(row.connection for row in rows):
                refs = [row.report.ref for row in rows if row.connection == connection]
                counts = Counter((ref.side, ref.object) for ref in refs)
                self.decisions.add(connection, JobType.RETRY, counts)
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


def order_of(category: Category, records: int) -> tuple[bool, int]:
    """The place of an error with so many records: errors before what only waits, however many
    records do; those with most records first.
    """
    return category in NO_ERRORS, -records


def _object_of(report: Report) -> str:
    """The object of a record, also of one that a privacy deletion left (CH-9)."""
    name = report.ref.object
    return report.ref.id.partition(".")[0] if report.category is Category.PRIVACY else name
