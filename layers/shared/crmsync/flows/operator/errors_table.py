"""The error inbox as a table for spreadsheets. Values only."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.flows.operator.errors import ErrorRow
from crmsync.rules.refusals.table import who_fixes

HEADING = (
    "connection",
    "category",
    "code",
    "side",
    "object",
    "id",
    "field",
    "text",
    "hint",
    "who",
    "first",
    "last",
    "attempts",
    "rules",
    "waits_for",
)


def cells(row: ErrorRow) -> Sequence[object]:
    """The cells of an entry, under `HEADING`. Times are ISO 8601."""
    report, entry = row.report, row.entry
    return (
        row.connection,
        report.category,
        report.code,
        report.ref.side,
        report.ref.object,
        report.ref.id,
        report.fieldname,
        report.text,
        report.hint,
        str(who_fixes(report.code, report.category)),
        entry.first_at.isoformat(),
        entry.last_at.isoformat(),
        entry.attempts,
        " ".join(report.because),
        " ".join(map(str, report.waits_for)),
    )
