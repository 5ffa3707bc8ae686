"""The words about what does not sync."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Subparsers, add_apply, add_command, add_group, columns
from crmsync.model.effects import Category

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.results import ErrorRow


def add_commands(words: Subparsers) -> None:
    """Add ``errors`` and what it can do."""
    errors = add_group(words, "errors", "what does not sync")
    add_command(errors, "list", _list, "every record that waits or failed, and why")
    retry = add_command(errors, "retry", _retry, "have parked records looked at again now")
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
        "take off the list what a person has settled: what a privacy deletion left in Salesforce",
    )
    done.add_argument(
        "--id", metavar="ID", required=True, help="the Salesforce record with this id"
    )
    add_apply(done)


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    rows = operator.errors()
    text = columns([_cells(row) for row in rows]) or "Nothing is waiting and nothing has failed."
    return Answer([_row(row) for row in rows], text)


def _retry(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.retry(arguments.id, arguments.category, apply=arguments.apply)
    done = (
        "looked at again; what still fails comes back to the list"
        if arguments.apply
        else "to look at; --apply does"
    )
    lines = (columns([_cells(row)[:3] for row in found.rows]), f"{len(found.rows):,} {done}.")
    remarks = (
        f"{len(found.left):,} are of no concern that is switched on, come back by themselves, or are for a person to settle.",
    )
    document = {
        "applied": arguments.apply,
        "records": [_row(row) for row in found.rows],
        "left": len(found.left),
    }
    return Answer(document, "\n".join(filter(None, lines)), remarks * bool(found.left))


def _done(operator: Operator, arguments: argparse.Namespace) -> Answer:
    rows = operator.done(arguments.id, apply=arguments.apply)
    said = "taken off the list" if arguments.apply else "to take off the list; --apply does"
    text = "\n".join(
        filter(None, (columns([_cells(row)[:3] for row in rows]), f"{len(rows):,} {said}."))
    )
    return Answer({"applied": arguments.apply, "records": [_row(row) for row in rows]}, text)


def _cells(row: ErrorRow) -> tuple[str, ...]:
    report = row.report
    where = f"[{report.fieldname}]" if report.fieldname else ""
    return (
        row.connection,
        str(report.category),
        str(report.ref),
        " ".join(filter(None, (where, report.text, report.hint))),
    )


def _row(row: ErrorRow) -> dict[str, object]:
    return {"connection": row.connection, **asdict(row.report)}
