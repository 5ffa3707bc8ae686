"""``crmsync dead-letters``: messages that failed too often."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crmsync.cli import progress
from crmsync.cli.answer import (
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_group,
    count,
)
from crmsync.cli.entries import minute
from crmsync.cli.tables import listed
from crmsync.errors import Gone
from crmsync.flows.operator.dead_letters import MOST, DeadLetterChoice
from crmsync.wire.spreadsheet import csv_text

if TYPE_CHECKING:
    from crmsync.flows.operator.dead_letters import DeadLetterList, DeadLetterRow
    from crmsync.flows.operator.operator import Operator

SHOWN = 50
"""Rows that people see of what is moved; ``dead-letters list`` and ``--json`` have all."""

_NOTHING = "There are no dead letters."


def add_commands(commands: Subparsers) -> None:
    """Add ``dead-letters``."""
    letters = add_group(
        commands, "dead-letters", "messages that failed too often, and wait for an operator"
    )
    listing = add_command(
        letters,
        "list",
        _list,
        "list every record that they name, since when, and why",
        "crmsync dead-letters list --queue ContactDeadLetters",
    )
    _add_queue(listing)
    listing.add_argument(
        "--limit", type=count, default=1_000, metavar="N", help="messages per queue; 1000 if absent"
    )
    listing.add_argument("--csv", action="store_true", help="print a table for spreadsheets")
    redrive = add_command(
        letters,
        "redrive",
        _redrive,
        "move them back to their queues, where they are tried again",
        "crmsync dead-letters redrive --id 81 --apply",
    )
    which = redrive.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--id", metavar="ID", default="", help="the messages that name this record or job"
    )
    _add_queue(which)
    which.add_argument("--all", action="store_true", help="all of them")
    add_apply(redrive)


def _add_queue(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--queue", metavar="QUEUE", default="", help="those of one queue, as ContactDeadLetters"
    )


def _list(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.dead_letters.all(DeadLetterChoice(arguments.queue), arguments.limit)
    if arguments.csv:
        return Answer(_document(found), csv_text(_HEADING, [_csv_cells(row) for row in found.rows]))
    return Answer(
        _document(found), listed([_cells(row) for row in found.rows]) or _NOTHING, _remarks(found)
    )


def _redrive(operator: Operator, arguments: argparse.Namespace) -> Answer:
    choice = DeadLetterChoice(arguments.queue, arguments.id)
    found = operator.dead_letters.redrive(choice, apply=arguments.apply, progress=progress.report)
    if not found.messages:
        if arguments.id:
            raise Gone(
                f"No dead letter names {arguments.id}.",
                hint="crmsync dead-letters list shows what they name.",
            )
        return Answer({"applied": False, **_document(found)}, _NOTHING)
    if arguments.apply:
        progress.finish()
    lines = [listed([_cells(row) for row in found.rows[:SHOWN]])]
    if len(found.rows) > SHOWN:
        lines.append(f"... and {len(found.rows) - SHOWN:,} more")
    number = found.messages - found.unreadable
    done = (
        "are in their queues again and tried now."
        if arguments.apply
        else "to move back to their queues; --apply does it."
    )
    lines.append(f"{number:,} messages {done}")
    document = {"applied": arguments.apply, **_document(found)}
    return Answer(document, "\n".join(lines), _remarks(found))


def _remarks(found: DeadLetterList) -> tuple[str, ...]:
    remarks: list[str] = []
    if found.unread:
        remarks.append(
            f"{found.unread:,} more messages were not read; --limit reads more, and redrive takes "
            f"up to {MOST:,} of a queue at a time."
        )
    if found.unreadable:
        remarks.append(
            f"{found.unreadable:,} messages cannot be read and stay where they are; delete them in "
            "the SQS console."
        )
    return tuple(remarks)


def _document(found: DeadLetterList) -> dict[str, object]:
    return {
        "messages": found.messages,
        "unread": found.unread,
        "unreadable": found.unreadable,
        "records": [_row(row) for row in found.rows],
    }


def _row(row: DeadLetterRow) -> dict[str, object]:
    subject, letter = row.subject, row.letter
    ref = subject.ref if subject else None
    return {
        "queue": letter.queue,
        "message": letter.id,
        "connection": subject.connection if subject else "",
        "side": str(ref.side) if ref else "",
        "object": ref.object if ref else "",
        "id": subject.id if subject else "",
        "text": subject.text if subject else "",
        "receives": letter.receives,
        "since": letter.sent_at.isoformat(),
        "cause": row.cause,
    }


_HEADING = (
    "queue",
    "message",
    "connection",
    "side",
    "object",
    "id",
    "text",
    "receives",
    "since",
    "cause",
)


def _csv_cells(row: DeadLetterRow) -> tuple[object, ...]:
    return tuple(_row(row).values())


def _cells(row: DeadLetterRow) -> tuple[str, ...]:
    subject, letter = row.subject, row.letter
    return (
        letter.queue,
        subject.connection if subject else "-",
        subject.text if subject else f"message {letter.id}",
        f"{letter.receives:,} receives",
        f"since {minute(letter.sent_at)} UTC",
        row.cause,
    )
