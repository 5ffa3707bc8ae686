"""The words about what does not sync."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Words, columns, group, word

if TYPE_CHECKING:
    from crmsync.flows.operator import ErrorRow, Operator


def add_words(words: Words) -> None:
    """Add ``errors`` and what it can do."""
    errors = group(words, "errors", "what does not sync")
    word(errors, "list", _list, "every record that waits or failed, and why")


def _list(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    rows = operator.errors()
    text = columns([_cells(row) for row in rows]) or "Nothing is waiting and nothing has failed."
    return Answer([_row(row) for row in rows], text)


def _cells(row: ErrorRow) -> tuple[str, ...]:
    report = row.report
    return row.connection, str(report.category), str(report.ref), f"{report.text} {report.hint}".strip()


def _row(row: ErrorRow) -> dict[str, object]:
    return {"connection": row.connection, **asdict(row.report)}
