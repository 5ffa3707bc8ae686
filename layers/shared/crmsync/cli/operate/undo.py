"""``crmsync undo``: what our writes overwrote is put back."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmsync.cli import progress
from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_connection,
    moment,
)
from crmsync.cli.tables import table, wrapped
from crmsync.flows.operator.undo import UndoRequest
from crmsync.wire.rows.jobs import shown

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.undo import UndoResult
    from crmsync.flows.undo.summary import RestoredValues, SkippedValues

_FOLLOWS = (
    "The other side follows by the sync. Run it again to see what is left; nothing is done twice."
)
_NEVER = "New records, deletions, merges, associations, deal stages and opt-outs are not undone."


def add_commands(commands: Subparsers) -> None:
    """Add ``undo``."""
    undo = add_command(
        commands,
        "undo",
        _undo,
        "put back what was overwritten, as far as the settings had it kept",
        "crmsync undo --since 2026-11-02T10:15 --object leads",
    )
    undo.add_argument(
        "--since",
        metavar="TIME",
        type=moment,
        required=True,
        help="what was overwritten since then, such as 2026-11-02T10:15 (UTC)",
    )
    undo.add_argument(
        "--object",
        metavar="OBJECT",
        default="",
        help="this object alone, such as leads or companies",
    )
    add_connection(undo)
    add_apply(undo)


def _undo(operator: Operator, arguments: argparse.Namespace) -> Answer:
    request = UndoRequest(arguments.since, arguments.object, arguments.connection)
    done = operator.undo.undo(request, apply=arguments.apply, progress=progress.report)
    progress.finish()
    status = FINDINGS if done.applied and not done.is_whole else DONE
    return Answer(_document(done), "\n".join(_lines(done)), done.remarks, status)


# What people read.


def _lines(done: UndoResult) -> Iterator[str]:
    heading = "PUT BACK" if done.applied else "WOULD BE PUT BACK"
    yield f"Since {done.since:%Y-%m-%d %H:%M:%S} UTC"
    yield (
        table(("CONNECTION", heading, "RECORDS", "VALUES"), [_back_cells(one) for one in done.back])
        or "Nothing."
    )
    for one in done.back:
        yield from (f"  {sample.record}: {', '.join(sample.fields)}" for sample in one.samples)
    if done.left:
        yield "Left as they are:"
        yield from (wrapped(_left_line(one), "  ") for one in done.left)
    for job in done.jobs:
        if job.trouble:
            yield wrapped(f"{job.connection}: {job.trouble}")
    if done.back:
        yield _FOLLOWS if done.applied else wrapped(f"--apply puts them back. {_NEVER}")


def _back_cells(one: RestoredValues) -> tuple[str, ...]:
    return one.connection, f"{one.side} {one.object}", f"{one.records:,}", f"{one.values:,}"


def _left_line(one: SkippedValues) -> str:
    return f"{one.connection}: {one.values:,} values of {one.side} {one.object} {one.text}"


# What programs read.


def _document(done: UndoResult) -> dict[str, object]:
    return {
        "applied": done.applied,
        "since": done.since.isoformat(),
        "back": [_back_row(one) for one in done.back],
        "left": [_left_row(one) for one in done.left],
        "jobs": [shown(job) for job in done.jobs],
    }


def _back_row(one: RestoredValues) -> dict[str, object]:
    return {
        "connection": one.connection,
        "side": one.side,
        "object": one.object,
        "records": one.records,
        "values": one.values,
        "samples": [
            {"record": str(sample.record), "fields": list(sample.fields)} for sample in one.samples
        ],
    }


def _left_row(one: SkippedValues) -> dict[str, object]:
    return {
        "connection": one.connection,
        "side": one.side,
        "object": one.object,
        "values": one.values,
        "reason": one.text,
        "open": one.is_open,
    }
