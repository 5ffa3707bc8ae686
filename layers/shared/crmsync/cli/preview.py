"""The word that previews a first sync or a change of settings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Subparsers, add_command, count, duration
from crmsync.cli.settings import read
from crmsync.cli.tables import table, wrapped
from crmsync.flows.preview.first_sync import SAMPLE, PreviewRequest
from crmsync.model.records import Side
from crmsync.rules.preview.actions import Action

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.preview.first_sync import CallBudget, Preview, PreviewedObject
    from crmsync.rules.preview.report import PreviewReport, RefusedRecords, ResolvedFields, Sample

BAR = 30


def add_commands(words: Subparsers) -> None:
    """Add ``preview``."""
    text = "what a first sync or a change of settings would write, what that costs, and what would be refused"
    made = add_command(words, "preview", _preview, text)
    made.add_argument(
        "--settings", metavar="FILE", help="under these settings instead of those in force"
    )
    made.add_argument(
        "--object",
        metavar="OBJECT",
        default="",
        help="this object alone, such as leads or companies",
    )
    made.add_argument("--connection", metavar="NAME", default="", help="this connection alone")
    size = made.add_mutually_exclusive_group()
    size.add_argument(
        "--limit",
        metavar="N",
        type=count,
        default=SAMPLE,
        help=f"look at N records of each object ({SAMPLE:,})",
    )
    size.add_argument("--all", action="store_true", help="look at every record")


def _preview(operator: Operator, arguments: argparse.Namespace) -> Answer:
    wanted = PreviewRequest(
        arguments.object, arguments.connection, 0 if arguments.all else arguments.limit
    )
    text = read(arguments.settings) if arguments.settings else None
    is_person = sys.stderr.isatty()
    preview = operator.preview(wanted, text, _tell) if is_person else operator.preview(wanted, text)
    if is_person:
        print(file=sys.stderr)
    return Answer(_document(preview), "\n".join(_sections(preview)), preview.remarks)


def _tell(name: str, at: int, of: int) -> None:
    """A bar on stderr for a person who waits."""
    full = BAR * at // of if of else BAR
    print(
        f"\r[{'#' * full}{'.' * (BAR - full)}] {name} {at:,} of {of:,}\x1b[K",
        end="",
        file=sys.stderr,
        flush=True,
    )


# What people read.


def _sections(preview: Preview) -> Iterator[str]:
    yield table(
        ("CONNECTION", "OBJECT", "THERE ARE", "LOOKED AT", "NO E-MAIL"),
        [_seen_cells(one) for one in preview.seen],
    )
    yield from _titled("What would be done", _counts(preview.outlook))
    yield from _titled(
        "For example", "\n".join(line for one in _samples(preview.outlook) for line in _sample(one))
    )
    settled, shown = preview.outlook.conflict_count, preview.outlook.conflicts
    title = f"Conflicts that would be settled: {settled:,}{', the first of them' if settled > len(shown) else ''}"
    yield from _titled(title, table(_CONFLICT_HEADING, [_conflict_cells(one) for one in shown]))
    refused = sorted(preview.outlook.refusals.values(), key=lambda one: -one.count)
    yield from _titled(
        "What people would be told", "\n".join(_refusal_line(one) for one in refused)
    )
    yield ""
    yield from _price_lines(preview)


def _titled(title: str, text: str) -> Iterator[str]:
    if text:
        yield from ("", f"{title}:", text)


def _seen_cells(one: PreviewedObject) -> tuple[str, ...]:
    left_out = f"{one.leg.left_out:,}" if one.leg.left_out else ""
    return (
        one.connection,
        f"{one.leg.side} {one.leg.object}",
        f"{one.leg.total:,}",
        f"{one.looked_at:,}",
        left_out,
    )


def _counts(outlook: PreviewReport) -> str:
    """A row for each object, a column for each deed that there is."""
    deeds = [deed for deed in Action if any(counts[deed] for counts in outlook.counts.values())]
    rows = [
        (f"{side} {name}", *(f"{counts[deed]:,}" if counts[deed] else "" for deed in deeds))
        for (side, name), counts in sorted(outlook.counts.items())
    ]
    return table(("", *(deed.upper().replace("_", " ") for deed in deeds)), rows)


def _samples(outlook: PreviewReport) -> list[Sample]:
    return [one for _, samples in sorted(outlook.samples.items()) for one in samples]


def _sample(one: Sample) -> Iterator[str]:
    rules = f" ({', '.join(one.because)})" if one.because else ""
    yield f"  {one.deed.replace('_', ' ')} {one.side} {one.object} for {one.record}{rules}"
    rows = [
        (f"    {wrote.name}", _shown(wrote.before), "->", _shown(wrote.after))
        for wrote in one.fields
    ]
    yield from table(("", "", "", ""), rows).splitlines()[1:]


_CONFLICT_HEADING = ("RECORD", "FIELD", "HUBSPOT", "SALESFORCE", "POLICY", "WINS")


def _conflict_cells(one: ResolvedFields) -> tuple[str, ...]:
    conflict = one.conflict
    values = _shown(conflict.hubspot_value), _shown(conflict.salesforce_value)
    return (
        str(one.record),
        conflict.hubspot,
        *values,
        conflict.policy,
        str(conflict.winner or "nobody"),
    )


def _refusal_line(one: RefusedRecords) -> str:
    report = one.report
    where = f" [{report.fieldname}]" if report.fieldname else ""
    because = f" ({', '.join(report.because)})" if report.because else ""
    records = ", ".join(map(str, one.records))
    return wrapped(
        f"{one.count:,} {report.category}: {report.text}{where}{because}. {report.hint} Such as {records}",
        "  ",
    )


def _price_lines(preview: Preview) -> Iterator[str]:
    price = preview.price
    calls = "; ".join(
        f"{label} {span.least:,} to {span.most:,}, about {preview.expected[side]:,}"
        for side, label, span in (
            (Side.HUBSPOT, "HubSpot", price.hubspot),
            (Side.SALESFORCE, "Salesforce", price.salesforce),
        )
    )
    yield wrapped(f"For all {price.records:,} records, API calls: {calls}.")
    yield f"It takes at most {duration(price.seconds)} at the present budgets."
    yield from (wrapped(_budget_line(one)) for one in preview.budgets)
    spent = preview.spent
    yield f"This preview cost {spent[Side.HUBSPOT]:,} HubSpot and {spent[Side.SALESFORCE]:,} Salesforce calls, and wrote nothing."


def _budget_line(one: CallBudget) -> str:
    allotted = (
        f"{one.allotment:,} are allotted to crmsync"
        if one.allotment
        else "no share is allotted to crmsync"
    )
    return (
        f"{one.connection}: {one.calls.used:,} of Salesforce's {one.calls.allowed:,} calls of 24 hours are used, {allotted};"
        f" {one.left:,} are left for a backfill now (RTY-2)."
    )


def _shown(value: object) -> str:
    return "" if value is None else str(value)


# What programs read.


def _document(preview: Preview) -> dict[str, object]:
    outlook, price = preview.outlook, preview.price
    return {
        "looked_at": [_seen_row(one) for one in preview.seen],
        "counts": {
            f"{side} {name}": dict(counts)
            for (side, name), counts in sorted(outlook.counts.items())
        },
        "samples": [_sample_row(one) for one in _samples(outlook)],
        "conflicts": {
            "count": outlook.conflict_count,
            "samples": [_conflict_row(one) for one in outlook.conflicts],
        },
        "refused": [_refusal_row(one) for one in outlook.refusals.values()],
        "records": price.records,
        "calls": {
            "hubspot": {**asdict(price.hubspot), "expected": preview.expected[Side.HUBSPOT]},
            "salesforce": {
                **asdict(price.salesforce),
                "expected": preview.expected[Side.SALESFORCE],
            },
        },
        "seconds": price.seconds,
        "budgets": [_budget_row(one) for one in preview.budgets],
        "cost": {str(side): calls for side, calls in preview.spent.items()},
    }


def _seen_row(one: PreviewedObject) -> dict[str, object]:
    leg = one.leg
    return {
        "connection": one.connection,
        "side": leg.side,
        "object": leg.object,
        "total": leg.total,
        "looked_at": one.looked_at,
        "left_out": leg.left_out,
    }


def _sample_row(one: Sample) -> dict[str, object]:
    return {
        "deed": one.deed,
        "side": one.side,
        "object": one.object,
        "record": str(one.record),
        "line": one.line,
        "fields": [asdict(wrote) for wrote in one.fields],
        "rules": list(one.because),
    }


def _conflict_row(one: ResolvedFields) -> dict[str, object]:
    return {"record": str(one.record), **asdict(one.conflict)}


def _refusal_row(one: RefusedRecords) -> dict[str, object]:
    report = one.report
    return {
        "count": one.count,
        "category": report.category,
        "text": report.text,
        "field": report.fieldname,
        "hint": report.hint,
        "rules": list(report.because),
        "records": list(map(str, one.records)),
    }


def _budget_row(one: CallBudget) -> dict[str, object]:
    return {
        "connection": one.connection,
        "used": one.calls.used,
        "allowed": one.calls.allowed,
        "allotment": one.allotment,
        "left": one.left,
    }
