"""``crmsync brakes``: the changes that an hourly limit holds back."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    Answer,
    Run,
    Subparsers,
    add_apply,
    add_command,
    add_group,
)
from crmsync.cli.tables import listed
from crmsync.model.operations.jobs import JobType

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.over_limit import OverLimitRecord

SHOWN = 50
"""Rows that people see before a decision; ``brakes list`` and ``--json`` have all."""


def add_commands(commands: Subparsers) -> None:
    """Add ``brakes``."""
    brakes = add_group(
        commands, "brakes", "changes held back because there were too many within an hour"
    )
    add_command(
        brakes,
        "list",
        _list,
        "list every record with changes held back, and the fields",
        "crmsync brakes list",
    )
    for name, run, text in (
        ("release", _release, "sync what is held back, as both sides show it now"),
        ("drop", _drop, "drop what is held back: both sides stay as they are"),
    ):
        parser = add_command(
            brakes, name, run, text, f"crmsync brakes {name} --object contact --apply"
        )
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--id", metavar="ID", default="", help="the record with this id")
        which.add_argument(
            "--object",
            metavar="OBJECT",
            default="",
            help="contact, company, deal; Lead, Account, ...",
        )
        which.add_argument("--all", action="store_true", help="everything that is held back")
        add_apply(parser)


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    rows = operator.over_limit.held()
    text = listed([_cells(row) for row in rows]) or "Nothing is held back."
    return Answer([_row(row) for row in rows], text)


def _decision(decision: JobType, would: str, done: str) -> Run:
    """A command that shows the records and, with ``--apply``, decides about them."""

    def run(operator: Operator, arguments: argparse.Namespace) -> Answer:
        rows = operator.over_limit.held(arguments.id, arguments.object)
        if not rows:
            return Answer({"applied": False, "records": []}, "Nothing is held back.")
        if arguments.apply:
            operator.over_limit.decide(rows, decision)
        lines = [listed([_cells(row) for row in rows[:SHOWN]])]
        if len(rows) > SHOWN:
            lines.append(f"... and {len(rows) - SHOWN:,} more")
        kinds = sorted(Counter(row.kind for row in rows).items())
        counts = ", ".join(f"{number:,} {kind}" for kind, number in kinds)
        lines.append(f"{len(rows):,} records ({counts}) {done if arguments.apply else would}")
        document = {"applied": arguments.apply, "records": [_row(row) for row in rows]}
        return Answer(document, "\n".join(lines))

    return run


_release = _decision(
    JobType.RELEASE,
    "would sync; --apply releases them.",
    "sync now; each leaves the list once it is written.",
)
_drop = _decision(
    JobType.DROP,
    "would stay different on the two sides; --apply drops what waits.",
    "stay as they are on both sides; each leaves the list within a minute or so.",
)


def _cells(row: OverLimitRecord) -> tuple[str, ...]:
    return row.connection, str(row.report.ref), row.report.fieldname, row.report.text


def _row(row: OverLimitRecord) -> dict[str, object]:
    return {"connection": row.connection, **asdict(row.report)}
