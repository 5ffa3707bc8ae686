"""What every word of the command says, and how words are made. No word of its own lives here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from crmsync.cli.printable import flat

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator

DONE, FINDINGS, USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a word of the command has to say: to programs, to people, beside the matter, and as exit
    status.
    """

    document: object
    text: str
    remarks: tuple[str, ...] = ()
    status: int = DONE


Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no public name for it
Run: TypeAlias = "Callable[[Operator, argparse.Namespace], Answer]"


def add_command(words: Subparsers, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    """Add a word that runs `run`; `text` says what it does."""
    made = words.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    made.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
    )
    made.set_defaults(run=run)
    return made


def add_group(words: Subparsers, name: str, text: str) -> Subparsers:
    """Add a word that has words of its own."""
    return words.add_parser(name, help=text).add_subparsers(required=True, metavar="WORD")


def add_apply(made: argparse.ArgumentParser) -> None:
    """Have a word act with ``--apply`` only."""
    made.add_argument(
        "--apply", action="store_true", help="do it; without, only say what would be done"
    )


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns, each as wide as its longest cell; nothing where there are no rows."""
    cells = [[flat(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def duration(seconds: int) -> str:
    """So many seconds as people say it."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return (
        f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min {seconds} s"
        if minutes
        else f"{seconds} s"
    )


def count(text: str) -> int:
    """An option's number, 1 or more; for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
