"""The words about what the operator has to decide: records that a brake holds back, and connections
that are paused.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Run, Subparsers, add_apply, add_command, add_group, columns
from crmsync.model.jobs import JobType

if TYPE_CHECKING:
    from crmsync.flows.operator.held_changes import OverLimitRecord
    from crmsync.flows.operator.operator import Operator

SHOWN = 50
"""Rows that people are shown before a decision; ``brakes list`` and ``--json`` have all."""


def add_commands(words: Subparsers) -> None:
    """Add ``brakes``, ``pause`` and ``resume``."""
    brakes = add_group(
        words,
        "brakes",
        "what waits as too many records were to be changed or deleted within an hour",
    )
    add_command(brakes, "list", _list, "every record that is held back, and in which fields")
    for name, run, text in (
        ("release", _release, "let what is held back cross, as both sides show it now"),
        ("drop", _drop, "throw what is held back away: both sides stay as they are"),
    ):
        made = add_command(brakes, name, run, text)
        which = made.add_mutually_exclusive_group(required=True)
        which.add_argument("--id", metavar="ID", default="", help="the record with this id")
        which.add_argument(
            "--object",
            metavar="OBJECT",
            default="",
            help="contact, company, deal; Lead, Account, ...",
        )
        which.add_argument("--all", action="store_true", help="everything that is held back")
        add_apply(made)
    for name, run, text in (
        (
            "pause",
            _pause,
            "stop everything of a connection; what changes meanwhile waits in the queues",
        ),
        ("resume", _resume, "have a paused connection go on from where it stopped"),
    ):
        made = add_command(words, name, run, text)
        made.add_argument("connection", metavar="CONNECTION")
        add_apply(made)


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    rows = operator.brakes.held()
    return Answer(
        [_row(row) for row in rows],
        columns([_cells(row) for row in rows]) or "Nothing is held back.",
    )


def _decided(verb: JobType, would: str, done: str) -> Run:
    """Shows what would be decided so; with ``--apply`` it is."""

    def run(operator: Operator, arguments: argparse.Namespace) -> Answer:
        rows = operator.brakes.held(arguments.id, arguments.object)
        if arguments.apply and rows:
            operator.brakes.decide(rows, verb)
        more = f"... and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        counts = ", ".join(
            f"{number:,} {kind}"
            for kind, number in sorted(Counter(row.kind for row in rows).items())
        )
        last = (
            f"{len(rows):,} records ({counts}) {done if arguments.apply else would}"
            if rows
            else "Nothing is held back."
        )
        text = "\n".join(filter(None, (columns([_cells(row) for row in rows[:SHOWN]]), more, last)))
        return Answer(
            {"applied": arguments.apply and bool(rows), "records": [_row(row) for row in rows]},
            text,
        )

    return run


_release = _decided(
    JobType.RELEASE,
    "would cross; --apply lets them.",
    "cross now; each leaves the list once it is written.",
)
_drop = _decided(
    JobType.DROP,
    "would stay different on the two sides; --apply drops what waits.",
    "stay as they are on either side; each leaves the list within a minute or so.",
)


def _pause(operator: Operator, arguments: argparse.Namespace) -> Answer:
    name, office = arguments.connection, operator.pauses
    paused = office.state(name)
    if paused:
        text = f"{name} is paused already, since {paused.since:%Y-%m-%d %H:%M} UTC."
    elif arguments.apply:
        office.pause(name)
        text = f"{name} is paused: what has begun is finished, nothing new begins. crmsync resume {name} --apply ends it."
    else:
        text = f"{name} would be paused: nothing more is read or written for it, and nothing is lost. --apply does it."
    return Answer(
        {
            "applied": arguments.apply and not paused,
            "connection": name,
            "paused": bool(paused or arguments.apply),
        },
        text,
    )


def _resume(operator: Operator, arguments: argparse.Namespace) -> Answer:
    name, office = arguments.connection, operator.pauses
    paused = office.state(name)
    if not paused:
        text = f"{name} is not paused."
    elif arguments.apply:
        office.resume(name)
        text = f"{name} goes on; what waits is worked off, within five minutes for the first of it."
    else:
        text = f"{name} is paused since {paused.since:%Y-%m-%d %H:%M} UTC, by {paused.by or 'somebody unknown'}; --apply has it go on."
    return Answer(
        {
            "applied": arguments.apply and bool(paused),
            "connection": name,
            "paused": bool(paused) and not arguments.apply,
        },
        text,
    )


def _cells(row: OverLimitRecord) -> tuple[str, ...]:
    return row.connection, str(row.report.ref), row.report.fieldname, row.report.text


def _row(row: OverLimitRecord) -> dict[str, object]:
    return {"connection": row.connection, **asdict(row.report)}
