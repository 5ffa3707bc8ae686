"""What does not sync: a card for each error with its cause, the records of a card, and buttons that
have them synced again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crmsync.console.answers import Done, Download, HtmlPage
from crmsync.console.pages.records import record_path
from crmsync.console.parts import ListPart, list_part, number_in
from crmsync.console.reports import Reports
from crmsync.console.wording import number_of_records
from crmsync.flows.operator.errors import ErrorRow, ErrorType
from crmsync.flows.operator.errors_table import HEADING, cells
from crmsync.flows.operator.records import parsed_ref
from crmsync.rules.refusals.table import hint_for, refusal_of, who_fixes
from crmsync.wire.pages import PageRequest
from crmsync.wire.spreadsheet import csv_text

RECORDS = "/errors/records"


@dataclass(frozen=True, slots=True)
class Which:
    """Which entries of the error inbox are meant; None stands for any.

    Attributes:
        connection: The connection.
        category: The category.
        code: The code; "" for entries without one.
    """

    connection: str | None = None
    category: str | None = None
    code: str | None = None

    def has(self, row: ErrorRow) -> bool:
        """Whether this entry is meant."""
        report = row.report
        return (
            self.connection in {None, row.connection}
            and self.category in {None, str(report.category)}
            and self.code in {None, report.code}
        )

    @property
    def given(self) -> dict[str, str]:
        """What is chosen, as the fields of a form."""
        values = {"connection": self.connection, "category": self.category, "code": self.code}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Card:
    """All records of a connection that have the same error.

    Attributes:
        type: The error, with its counts and times.
        cause: What it means, a sentence; "" if crmsync does not know the code.
        who: Who can do something about it.
        hint: What they can do; "" if it passes by itself.
        which: The card, as the fields of a form.
        to: The page of its records.
    """

    type: ErrorType
    cause: str
    who: str
    hint: str
    which: Mapping[str, str]
    to: str


@dataclass(frozen=True, slots=True)
class Cards:
    """What the page of all errors shows.

    Attributes:
        cards: The cards, those with most records first.
        records: The number of all records.
        told: What a button has done, a sentence; "" if none was pressed.
    """

    cards: tuple[Card, ...]
    records: int
    told: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record of a card.

    Attributes:
        connection: The connection.
        record: Side, object and id, as in a form's field.
        to: The address of its page; "" for what is no record of a CRM.
        field: The field at fault; "" for none.
        text: Why it does not sync.
        hint: What to do about it.
        first_at: When it was first reported (UTC).
        last_at: When it was last reported (UTC).
        attempts: How often it was reported.
    """

    connection: str
    record: str
    to: str
    field: str
    text: str
    hint: str
    first_at: datetime
    last_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class RecordList:
    """What the page of a card's records shows.

    Attributes:
        part: This part of the records.
        which: The card, as the fields of a form.
        file: The address of the records as a file.
    """

    part: ListPart[RecordRow]
    which: Mapping[str, str]
    file: str


def show(reports: Reports, request: PageRequest) -> HtmlPage:
    """The page of all errors. Raises `SyncError`."""
    return HtmlPage("errors", "Errors", cards(reports.errors.types(), _told(request.query)))


def show_records(reports: Reports, request: PageRequest) -> HtmlPage:
    """The records of a card, fifty at a time. Raises `SyncError`."""
    which = _which(request.query)
    rows = list(filter(which.has, reports.errors.all()))
    view = records(rows, which, number_in(request.query.get("page")))
    return HtmlPage("error_records", "Records with this error", view)


def download(reports: Reports, request: PageRequest) -> Download:
    """The chosen entries as a file for spreadsheets. Raises `SyncError`."""
    rows = filter(_which(request.query).has, reports.errors.all())
    text = csv_text(HEADING, [cells(row) for row in rows]) + "\n"
    return Download("crmsync-errors.csv", "text/csv; charset=utf-8", text)


def retry(reports: Reports, request: PageRequest) -> Done:
    """Have the chosen records synced again (RTY-3): one, the selected, those of a card, or all.

    Raises `TryAgain`.
    """
    which = _which({name: values[0] for name, values in request.form.items()})
    rows = list(filter(which.has, reports.errors.all()))
    if request.field("one"):
        rows = [row for row in rows if str(row.report.ref) == request.field("one")]
    elif request.field("choice") == "selected":
        selected = set(request.form.get("record", ()))
        rows = [row for row in rows if str(row.report.ref) in selected]
    found = reports.errors.retry_rows(rows, apply=True)
    counts = {"again": len(found.rows), "left": len(found.left)}
    return Done(f"/errors?{urlencode(counts)}", {**which.given, **counts})


def cards(types: Sequence[ErrorType], told: str = "") -> Cards:
    """What the page of all errors shows of these."""
    return Cards(tuple(map(_card, types)), sum(one.records for one in types), told)


def records(rows: Sequence[ErrorRow], which: Which, page: int) -> RecordList:
    """What the page of a card's records shows: part `page` of them, from 1."""
    return RecordList(
        list_part(rows, page, _row, RECORDS, which.given),
        which.given,
        f"/errors.csv?{urlencode(which.given)}",
    )


def _card(one: ErrorType) -> Card:
    known = refusal_of(one.code)
    which = Which(one.connection, str(one.category), one.code).given
    return Card(
        one,
        known.cause if known else "",
        str(who_fixes(one.code, one.category)),
        hint_for(one.code, one.category),
        which,
        f"{RECORDS}?{urlencode(which)}",
    )


def _row(row: ErrorRow) -> RecordRow:
    report, entry = row.report, row.entry
    return RecordRow(
        row.connection,
        str(report.ref),
        record_path(row.connection, report.ref) if parsed_ref(str(report.ref)) else "",
        report.fieldname,
        report.text,
        report.hint,
        entry.first_at,
        entry.last_at,
        entry.attempts,
    )


def _which(given: Mapping[str, str]) -> Which:
    return Which(given.get("connection"), given.get("category"), given.get("code"))


def _told(query: Mapping[str, str]) -> str:
    """What the button did that led here."""
    if "again" not in query:
        return ""
    again, left = number_in(query["again"], 0), number_in(query.get("left"), 0)
    told = f"Synced again: {number_of_records(again)}. What still fails comes back to this page."
    if left:
        told += (
            f" {left:,} stay as they are: their kind is not switched on, they come back by "
            "themselves, or they need a person."
        )
    return told
