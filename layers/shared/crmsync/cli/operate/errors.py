"""``crmsync errors``: what does not sync."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_group,
    one_of,
)
from crmsync.cli.entries import attempts, minute, times
from crmsync.cli.spreadsheet import csv_text
from crmsync.cli.tables import listed
from crmsync.flows.operator.errors import Choice
from crmsync.model.effects import Category
from crmsync.rules.refusals.table import hint_of, who_fixes

if TYPE_CHECKING:
    from crmsync.flows.operator.errors import ErrorRow, ErrorType
    from crmsync.flows.operator.operator import Operator
    from crmsync.model.effects import Report

_NOTHING = "Nothing is waiting and nothing has failed."


def add_commands(commands: Subparsers) -> None:
    """Add ``errors``."""
    errors = add_group(commands, "errors", "what does not sync")
    listing = add_command(
        errors,
        "list",
        _list,
        "list every record that waits or failed, and why",
        "crmsync errors list --category validation",
    )
    _add_category(listing, "those of this category alone")
    listing.add_argument("--code", metavar="CODE", default="", help="those with this code alone")
    listing.add_argument(
        "--summary", action="store_true", help="count the records by category and code"
    )
    listing.add_argument("--csv", action="store_true", help="print a table for spreadsheets")
    retry = add_command(
        errors,
        "retry",
        _retry,
        "sync parked records again now",
        "crmsync errors retry --code STRING_TOO_LONG --apply",
    )
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="ID", default="", help="the record with this id")
    _add_category(which, ", ".join(Category))
    which.add_argument("--code", metavar="CODE", default="", help="all records with this code")
    which.add_argument("--all", action="store_true", help="everything that is parked")
    add_apply(retry)
    done = add_command(
        errors,
        "done",
        _done,
        "remove what a person has dealt with: what a privacy deletion left in Salesforce",
        "crmsync errors done --id 00Q5g00000AbCdEEAV --apply",
    )
    done.add_argument(
        "--id", metavar="ID", required=True, help="the Salesforce record with this id"
    )
    add_apply(done)


def _add_category(parser: argparse._ActionsContainer, text: str) -> None:
    parser.add_argument("--category", type=one_of(Category), metavar="C", help=text)


def _list(operator: Operator, arguments: argparse.Namespace) -> Answer:
    choice = Choice(category=arguments.category, code=arguments.code)
    if arguments.summary:
        return _summary(operator.errors.types(choice), as_csv=arguments.csv)
    rows = operator.errors.all(choice)
    document = [_row(row) for row in rows]
    if arguments.csv:
        return Answer(document, csv_text(_HEADING, [_csv_cells(row) for row in rows]))
    text = listed([_cells(row) for row in rows]) or _NOTHING
    return Answer(document, text)


def _summary(types: Sequence[ErrorType], *, as_csv: bool) -> Answer:
    document = [_type_row(one) for one in types]
    if as_csv:
        return Answer(document, csv_text(_TYPE_HEADING, [tuple(row.values()) for row in document]))
    return Answer(document, listed([_type_cells(one) for one in types]) or _NOTHING)


def _retry(operator: Operator, arguments: argparse.Namespace) -> Answer:
    choice = Choice(arguments.id, arguments.category, arguments.code)
    found = operator.errors.retry(choice, apply=arguments.apply)
    last = "to sync again; --apply does it"
    if arguments.apply:
        last = "sync again now; what still fails comes back to the list"
    document = {
        "applied": arguments.apply,
        "records": [_row(row) for row in found.rows],
        "left": len(found.left),
    }
    remarks: tuple[str, ...] = ()
    if found.left:
        remarks = (
            (
                f"{len(found.left):,} are not of a kind that is switched on, come back by "
                "themselves, or need a person."
            ),
        )
    return Answer(document, _short_list(found.rows, last), remarks)


def _done(operator: Operator, arguments: argparse.Namespace) -> Answer:
    rows = operator.errors.done(arguments.id, apply=arguments.apply)
    last = (
        "removed from the list" if arguments.apply else "to remove from the list; --apply does it"
    )
    document = {"applied": arguments.apply, "records": [_row(row) for row in rows]}
    return Answer(document, _short_list(rows, last))


def _short_list(rows: Sequence[ErrorRow], last: str) -> str:
    """The records without their texts, and what becomes of them."""
    lines = [listed([_place(row) for row in rows])] if rows else []
    return "\n".join((*lines, f"{len(rows):,} {last}."))


def _place(row: ErrorRow) -> tuple[str, ...]:
    return row.connection, str(row.report.category), str(row.report.ref)


def _cells(row: ErrorRow) -> tuple[str, ...]:
    report = row.report
    where = f"[{report.fieldname}]" if report.fieldname else ""
    text = " ".join(filter(None, (where, report.text, report.hint)))
    return *_place(row), report.code or "-", attempts(row.entry), text


def _row(row: ErrorRow) -> dict[str, object]:
    return {
        "connection": row.connection,
        **asdict(row.report),
        **times(row.entry),
        "who": _who(row.report),
    }


def _who(report: Report) -> str:
    return str(who_fixes(report.code, report.category))


_HEADING = (
    "connection",
    "category",
    "code",
    "side",
    "object",
    "id",
    "field",
    "text",
    "hint",
    "who",
    "first",
    "last",
    "attempts",
    "rules",
    "waits_for",
)


def _csv_cells(row: ErrorRow) -> Sequence[object]:
    report = row.report
    return (
        row.connection,
        report.category,
        report.code,
        report.ref.side,
        report.ref.object,
        report.ref.id,
        report.fieldname,
        report.text,
        report.hint,
        _who(report),
        *times(row.entry).values(),
        " ".join(report.because),
        " ".join(map(str, report.waits_for)),
    )


_TYPE_HEADING = (
    "connection",
    "category",
    "code",
    "records",
    "attempts",
    "first",
    "last",
    "who",
    "hint",
)


def _type_row(one: ErrorType) -> dict[str, object]:
    return {
        "connection": one.connection,
        "category": str(one.category),
        "code": one.code,
        "records": one.records,
        "attempts": one.attempts,
        "first": one.first_at.isoformat(),
        "last": one.last_at.isoformat(),
        "who": str(who_fixes(one.code, one.category)),
        "hint": hint_of(one.code),
    }


def _type_cells(one: ErrorType) -> tuple[str, ...]:
    who = who_fixes(one.code, one.category)
    return (
        one.connection,
        str(one.category),
        one.code or "-",
        f"{one.records:,} record{'' if one.records == 1 else 's'}",
        f"since {minute(one.first_at)} UTC",
        f"{who}. {hint_of(one.code)}".strip(),
    )
