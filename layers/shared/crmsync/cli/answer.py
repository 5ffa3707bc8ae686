"""How commands are declared, and what they answer. No command of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from crmsync.model.records import Side
from crmsync.wire.printable import flat

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator

DONE, FINDINGS, USAGE = 0, 1, 2
"""Exit statuses."""

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a command.

    Attributes:
        document: What programs read, on stdout with ``--json``.
        text: What people read, on stdout.
        remarks: What else they should know, on stderr.
        status: The exit status.
    """

    document: object
    text: str
    remarks: tuple[str, ...] = ()
    status: int = DONE


Word = TypeVar("Word", bound=StrEnum)
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no public name for it
Run: TypeAlias = "Callable[[Operator, argparse.Namespace], Answer]"


def add_command(
    commands: Subparsers, name: str, run: Run, text: str, example: str
) -> argparse.ArgumentParser:
    """Add a command; `text` says what it does, and `example` is a whole line to type."""
    parser = commands.add_parser(
        name, help=text, description=_sentence(text), epilog=f"Example: {example}"
    )
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
    )
    parser.set_defaults(run=run)
    return parser


def add_offline_command(
    commands: Subparsers,
    name: str,
    look_up: Callable[[argparse.Namespace], Answer],
    text: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add a command that needs no deployment, and so no AWS account."""

    def run(_operator: Operator, arguments: argparse.Namespace) -> Answer:
        return look_up(arguments)

    parser = add_command(commands, name, run, text, example)
    parser.set_defaults(is_offline=True)
    return parser


def add_group(commands: Subparsers, name: str, text: str) -> Subparsers:
    """Add a command that has commands of its own; `text` says what they are about."""
    group = commands.add_parser(
        name,
        help=text,
        description=_sentence(text),
        epilog=f"crmsync {name} WORD --help says more about each.",
    )
    return group.add_subparsers(required=True, metavar="WORD")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def add_apply(parser: argparse.ArgumentParser) -> None:
    """Add ``--apply``, without which the command only shows what it would do."""
    parser.add_argument(
        "--apply", action="store_true", help="do it; without, only say what would be done"
    )


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add ``--connection``."""
    parser.add_argument("--connection", metavar="NAME", default="", help="this connection alone")


def add_record(
    parser: argparse.ArgumentParser, objects: str, identifier: str = "its id there"
) -> None:
    """Add the side, object and id of a record; `objects` lists some objects, and `identifier` says
    what may be given for the id.
    """
    parser.add_argument("side", type=one_of(Side), metavar="SIDE", help="hubspot or salesforce")
    parser.add_argument("object", metavar="OBJECT", help=objects)
    parser.add_argument("id", metavar="ID", help=identifier)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns, each as wide as its longest cell; "" for no rows."""
    cells = [[flat(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def duration(seconds: int) -> str:
    """A number of seconds as ``2 h 5 min``, ``3 min 20 s`` or ``40 s``."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s"


def shown(value: object) -> str:
    """A field's value as a cell; "" for None."""
    return "" if value is None else str(value)


def one_of(words: type[Word]) -> Callable[[str], Word]:
    """Reads an option that is one of an enumeration's words; for argparse."""

    def read(text: str) -> Word:
        try:
            return words(text)
        except ValueError:
            known = ", ".join(words)
            raise argparse.ArgumentTypeError(f"{text} is none of {known}") from None

    return read


def count(text: str) -> int:
    """The number of an option, 1 or more; for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number, 1 or more")
    return int(text)


def moment(text: str) -> datetime:
    """The time of an option, in UTC unless it says otherwise; for argparse."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no time such as 2026-11-02T10:15 or 2026-11-02T10:15+01:00"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
