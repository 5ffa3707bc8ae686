"""``crmsync history``: what was decided about one record lately."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    Answer,
    Subparsers,
    add_command,
    add_connection,
    add_record,
    shown,
)
from crmsync.cli.tables import UNLIMITED, room, table, wrapped
from crmsync.model.records import Side
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.preview.history import MEANINGS, decision_text
from crmsync.wire.spreadsheet import csv_text

if TYPE_CHECKING:
    from crmsync.flows.operator.history import RecordHistory
    from crmsync.flows.operator.operator import Operator
    from crmsync.rules.preview.history import HistoryLine

_PAIR = "(the pair)"
_HEADING = ("WHEN", "FIELD", "DECISION", "RULE")
_NOTHING = "Nothing has been decided about it in the last 90 days."


def add_commands(commands: Subparsers) -> None:
    """Add ``history``."""
    text = "show what was decided about one record lately, newest first, and by which rule"
    parser = add_command(
        commands, "history", _history, text, "crmsync history salesforce Lead 00Q5g00000AbCdEEAV"
    )
    add_record(parser, ", ".join(dict.fromkeys(one.object for one in BACKFILL_OBJECTS)))
    add_connection(parser)
    parser.add_argument(
        "--values",
        action="store_true",
        help="with the values before and after, where the settings have them kept",
    )
    parser.add_argument("--csv", action="store_true", help="print a table for spreadsheets")


def _history(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.history.read(
        arguments.side,
        arguments.object,
        arguments.id,
        arguments.connection,
        values=arguments.values,
    )
    document = [_document(one) for one in found]
    remarks = tuple(remark for one in found for remark in one.remarks)
    if arguments.csv:
        rows = [_csv_cells(one, line) for one in found for line in one.lines]
        return Answer(document, csv_text(_CSV_HEADING, rows), remarks)
    width = room()
    text = "\n\n".join("\n".join(_sections(one, width)) for one in found)
    return Answer(document, text, remarks)


# What people read.


def _sections(one: RecordHistory, width: int) -> Iterator[str]:
    yield wrapped(f"{one.ref} on {one.connection}: {_pair(one)}", width=width)
    if not one.lines:
        yield _NOTHING
        return
    heading, *rows = _table(one.lines, width)
    yield heading
    for row, line in zip(rows, one.lines, strict=True):
        yield row
        if note := _note(line):
            yield wrapped(note, "    ", width=width)
    rules = dict.fromkeys(line.because for line in one.lines if line.because in MEANINGS)
    if rules:
        yield ""
    for rule in rules:
        yield wrapped(f"{rule}: {MEANINGS[rule]}", width=width)


def _pair(one: RecordHistory) -> str:
    if one.link is None:
        return "not linked"
    return f"{one.link.state}, {one.link.hubspot} - {one.link.salesforce}"


def _table(lines: Sequence[HistoryLine], width: int) -> list[str]:
    """A heading and a row per decision, with the names of both sides if these fit, else with those
    of the side that gets the value.
    """
    whole = table(_HEADING, [_cells(line, _both(line)) for line in lines], width=UNLIMITED)
    rows = whole.split("\n")
    if max(map(len, rows)) <= width:
        return rows
    return table(_HEADING, [_cells(line, _one(line)) for line in lines], width=width).split("\n")


def _cells(line: HistoryLine, fieldname: str) -> tuple[str, ...]:
    return _local(line), fieldname, decision_text(line), line.because or "-"


def _local(line: HistoryLine) -> str:
    return f"{line.at.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _both(line: HistoryLine) -> str:
    return " / ".join(filter(None, (line.hubspot, line.salesforce))) or _PAIR


def _one(line: HistoryLine) -> str:
    names = (line.salesforce, line.hubspot)
    ordered = names if line.side is Side.SALESFORCE else tuple(reversed(names))
    return next(filter(None, ordered), _PAIR)


def _note(line: HistoryLine) -> str:
    values = f"{shown(line.old)!r} became {shown(line.new)!r}" if line.is_valued else ""
    by = f"edited by {line.by}" if line.by else ""
    return "; ".join(filter(None, (by, values, line.text)))


# What programs read.


def _document(one: RecordHistory) -> dict[str, object]:
    return {
        "connection": one.connection,
        "record": str(one.ref),
        "hubspot": str(one.link.hubspot) if one.link else None,
        "salesforce": str(one.link.salesforce) if one.link else None,
        "state": one.link.state if one.link else None,
        "decisions": [_row(line) for line in one.lines],
    }


def _row(line: HistoryLine) -> dict[str, object]:
    return {
        "at": line.at.isoformat(),
        "decision": line.decision,
        "to": line.side,
        "hubspot": line.hubspot,
        "salesforce": line.salesforce,
        "policy": line.policy,
        "rule": line.because,
        "meaning": MEANINGS.get(line.because, ""),
        "by": line.by,
        "text": line.text,
        **({"old": line.old, "new": line.new} if line.is_valued else {}),
    }


_CSV_HEADING = (
    "connection",
    "at",
    "decision",
    "to",
    "hubspot",
    "salesforce",
    "policy",
    "rule",
    "meaning",
    "by",
    "text",
    "old",
    "new",
)


def _csv_cells(one: RecordHistory, line: HistoryLine) -> Sequence[object]:
    row = {"connection": one.connection, "old": None, "new": None} | _row(line)
    return [row[name] for name in _CSV_HEADING]
