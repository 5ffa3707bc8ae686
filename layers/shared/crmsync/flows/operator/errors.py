"""The error inbox for the operator: what does not sync is listed, tried again, or checked off;
nothing happens without `apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import objects_of
from crmsync.model.effects import Category, Report
from crmsync.model.settings import Settings
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox

NO_ERRORS = frozenset({Category.WAITING, Category.HELD})
"""Categories of the error inbox that are no errors: their records only wait."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """A report in the error inbox of a connection.

    Attributes:
        connection: The name of the connection.
        report: The report.
    """

    connection: str
    report: Report


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

    def all(self) -> list[ErrorRow]:
        """Every report, also about records that only wait; by connection, then oldest first."""
        return [
            ErrorRow(one.name, report)
            for one in self.settings().connections
            for report in self.inbox.parked(one.name)
        ]

    def count_open(self) -> int:
        """The number of errors, without records that wait (TRG-17) or whose deletion is held back
        (Q-30).
        """
        return sum(row.report.category not in NO_ERRORS for row in self.all())

    def retry(
        self, identifier: str = "", category: Category | None = None, *, apply: bool
    ) -> Retried:
        """Request a sync of parked records: of one, of a category, or of all (RTY-3).

        A record leaves the inbox once it has synced. Raises `TryAgain`.
        """
        rows: list[ErrorRow] = []
        left: list[ErrorRow] = []
        changes: list[Change] = []
        for row in self.all():
            if category not in {None, row.report.category}:
                continue
            if identifier not in {"", row.report.ref.id}:
                continue
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

        Every other report leaves the inbox when its record syncs. Raises `TryAgain`.
        """
        rows = [
            row
            for row in self.all()
            if row.report.category is Category.PRIVACY
            and row.report.ref.id.partition(".")[2] == identifier
        ]
        if apply:
            for row in rows:
                self.inbox.clear(row.connection, [row.report.ref])
        return rows

    def _retry_of(self, row: ErrorRow) -> Change | None:
        """The change that makes a record sync again, or None when its kind is not switched on."""
        connection, ref = self.settings().connection(row.connection), row.report.ref
        kind = objects_of(connection, ref.side).get(ref.object) if connection else None
        return Change(row.connection, kind, ref, Cause.AGAIN, self.now()) if kind else None
