"""``crmsync errors``: what does not sync."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from crmsync.cli.answer import (
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_connection,
    add_group,
    moment,
    one_of,
)
from crmsync.cli.entries import attempts, minute, sentence, times
from crmsync.cli.tables import listed, wrapped
from crmsync.flows.operator.errors import EVERY_ENTRY, Choice, order_of
from crmsync.flows.operator.errors_table import HEADING, cells
from crmsync.model.effects import Category
from crmsync.rules.refusals.table import hint_for, who_fixes
from crmsync.wire.spreadsheet import csv_text

if TYPE_CHECKING:
    from crmsync.flows.operator.errors import ErrorRow, ErrorType
    from crmsync.flows.operator.operator import Operator
    from crmsync.model.effects import Report
    from crmsync.model.records import Ref

SHOWN = 10
"""Records of an error that people see; ``--all``, ``--csv`` and ``--json`` have every one."""

_NOTHING = "Nothing is waiting and nothing has failed."
_NOTHING_SUCH = "Nothing like that is waiting or has failed."
_NO_RECORD = "No record has failed by itself."
_MEANWHILE = "What changes meanwhile waits and is not in this list; crmsync status says more."

Names: TypeAlias = "Mapping[tuple[str, Ref], str]"
"""Connection and record -> what people recognise it by."""


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
        "--object", metavar="OBJECT", default="", help="those of this object, such as leads"
    )
    listing.add_argument(
        "--since",
        metavar="TIME",
        type=moment,
        help="those reported since then, such as 2026-11-02 or 2026-11-02T10:15 (UTC)",
    )
    add_connection(listing)
    listing.add_argument(
        "--names",
        action="store_true",
        help="with the name of each record, which is read from the CRM now and stored nowhere",
    )
    listing.add_argument(
        "--all", action="store_true", help=f"every record, not the first {SHOWN} of each error"
    )
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
    choice = Choice(
        category=arguments.category,
        code=arguments.code,
        object=arguments.object,
        connection=arguments.connection,
        since=arguments.since,
    )
    if arguments.summary:
        types = operator.errors.types(choice)
        return _summary(types, _still(operator, arguments), as_csv=arguments.csv)
    rows, still = operator.errors.all(choice), _still(operator, arguments)
    groups = _groups(rows)
    named = rows if arguments.all or arguments.csv or arguments.json else _first(groups)
    labels = operator.errors.labels(named) if arguments.names else None
    remarks = (
        *still,
        *(
            f"{place} did not answer, so its names are missing: {error.text}"
            for place, error in (labels.unreadable if labels else {}).items()
        ),
    )
    names = labels.of if labels else None
    document = [_row(row) | _name_row(row, names) for row in rows]
    if arguments.csv:
        heading = (*HEADING, *(() if names is None else ("name",)))
        table = [(*cells(row), *_name_row(row, names).values()) for row in rows]
        return Answer(document, csv_text(heading, table), remarks)
    if not rows:
        text = _NOTHING_SUCH if choice != EVERY_ENTRY else _NO_RECORD if still else _NOTHING
        return Answer(document, text, remarks)
    most = len(rows) if arguments.all else SHOWN
    text = "\n\n".join("\n".join(_group_lines(group, most, names)) for group in groups)
    return Answer(document, f"{text}\n\n{_total(rows)}", remarks)


def _still(operator: Operator, arguments: argparse.Namespace) -> tuple[str, ...]:
    """What stands still as a whole, for which no record is in the list."""
    found = operator.health.standstills(arguments.connection)
    return (*map(wrapped, found), _MEANWHILE) if found else ()


def _groups(rows: Sequence[ErrorRow]) -> list[list[ErrorRow]]:
    """The entries by connection, category and code; those with most records first, and behind them
    what only waits.
    """
    groups: dict[tuple[str, str, str], list[ErrorRow]] = {}
    for row in rows:
        key = (row.connection, str(row.report.category), row.report.code)
        groups.setdefault(key, []).append(row)
    return sorted(groups.values(), key=lambda group: order_of(group[0].report.category, len(group)))


def _first(groups: Sequence[Sequence[ErrorRow]]) -> list[ErrorRow]:
    return [row for group in groups for row in group[:SHOWN]]


def _summary(types: Sequence[ErrorType], still: tuple[str, ...], *, as_csv: bool) -> Answer:
    document = [_type_row(one) for one in types]
    if as_csv:
        rows = [tuple(row.values()) for row in document]
        return Answer(document, csv_text(_TYPE_HEADING, rows), still)
    nothing = _NO_RECORD if still else _NOTHING
    return Answer(document, listed([_type_cells(one) for one in types]) or nothing, still)


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


def _group_lines(group: Sequence[ErrorRow], most: int, names: Names | None) -> Iterator[str]:
    """A heading with the cause and what to do, then the first records."""
    first = group[0]
    report = first.report
    since = minute(min(row.entry.first_at for row in group))
    number = f"{len(group):,} record{'' if len(group) == 1 else 's'}"
    code = f"{report.code}  " if report.code else ""
    yield f"{first.connection}  {report.category}  {code}{number} since {since} UTC"
    hints = dict.fromkeys(row.report.hint for row in group)
    is_same_hint = len(hints) == 1
    if is_same_hint and report.hint:
        yield wrapped(f"{report.hint} ({_who(report)})", "    ")
    yield listed([_cells(row, names, with_hint=not is_same_hint) for row in group[:most]])
    if len(group) > most:
        yield f"    ... and {len(group) - most:,} more; --all lists them, --csv makes a table"


def _cells(row: ErrorRow, names: Names | None, *, with_hint: bool) -> tuple[str, ...]:
    report = row.report
    where = f"[{report.fieldname}]" if report.fieldname else ""
    hint = report.hint if with_hint else ""
    text = " ".join(filter(None, (where, sentence(report.text), hint)))
    name = () if names is None else (_name(row, names),)
    return f"    {report.ref}", *name, attempts(row.entry), text


def _total(rows: Sequence[ErrorRow]) -> str:
    number = f"{len(rows):,} record{'' if len(rows) == 1 else 's'}"
    return f"{number}. crmsync explain SIDE OBJECT ID says more about one."


def _name(row: ErrorRow, names: Names) -> str:
    return names.get((row.connection, row.report.ref), "-")


def _name_row(row: ErrorRow, names: Names | None) -> dict[str, object]:
    return {} if names is None else {"name": names.get((row.connection, row.report.ref), "")}


def _row(row: ErrorRow) -> dict[str, object]:
    return {
        "connection": row.connection,
        **asdict(row.report),
        **times(row.entry),
        "who": _who(row.report),
    }


def _who(report: Report) -> str:
    return str(who_fixes(report.code, report.category))


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
        "hint": hint_for(one.code, one.category),
    }


def _type_cells(one: ErrorType) -> tuple[str, ...]:
    who = who_fixes(one.code, one.category)
    return (
        one.connection,
        str(one.category),
        one.code or "-",
        f"{one.records:,} record{'' if one.records == 1 else 's'}",
        f"since {minute(one.first_at)} UTC",
        f"{who}. {hint_for(one.code, one.category)}".strip(),
    )
