"""``crmsync errors``: what does not sync."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Subparsers, add_apply, add_command, add_group, columns
from crmsync.model.effects import Category

if TYPE_CHECKING:
    from crmsync.flows.operator.errors import ErrorRow
    from crmsync.flows.operator.operator import Operator


def add_commands(commands: Subparsers) -> None:
    """Add ``errors``."""
    errors = add_group(commands, "errors", "what does not sync")
    add_command(errors, "list", _list, "list every record that waits or failed, and why")
    retry = add_command(errors, "retry", _retry, "sync parked records again now")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="ID", default="", help="the record with this id")
    which.add_argument(
        "--category", type=Category, choices=list(Category), metavar="C", help=", ".join(Category)
    )
    which.add_argument("--all", action="store_true", help="everything that is parked")
    add_apply(retry)
    done = add_command(
        errors,
        "done",
        _done,
        "remove what a person has dealt with: what a privacy deletion left in Salesforce",
    )
    done.add_argument(
        "--id", metavar="ID", required=True, help="the Salesforce record with this id"
    )
    add_apply(done)


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    rows = operator.errors.all()
    text = columns([_cells(row) for row in rows]) or "Nothing is waiting and nothing has failed."
    return Answer([_row(row) for row in rows], text)


def _retry(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.errors.retry(arguments.id, arguments.category, apply=arguments.apply)
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
    lines = [columns([_cells(row)[:3] for row in rows])] if rows else []
    return "\n".join((*lines, f"{len(rows):,} {last}."))


def _cells(row: ErrorRow) -> tuple[str, ...]:
    report = row.report
    where = f"[{report.fieldname}]" if report.fieldname else ""
    text = " ".join(filter(None, (where, report.text, report.hint)))
    return row.connection, str(report.category), str(report.ref), text


def _row(row: ErrorRow) -> dict[str, object]:
    return {"connection": row.connection, **asdict(row.report)}
