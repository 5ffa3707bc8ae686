"""``crmsync preview``: what a first sync or a change of settings would write."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli import progress
from crmsync.cli.answer import (
    Answer,
    Subparsers,
    add_command,
    add_connection,
    count,
    duration,
    shown,
)
from crmsync.cli.settings import read
from crmsync.cli.tables import table, wrapped
from crmsync.flows.preview.first_sync import SAMPLE, PreviewRequest
from crmsync.model.records import Side
from crmsync.rules.preview.actions import Action

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.preview.first_sync import CallBudget, Preview, PreviewedObject
    from crmsync.rules.preview.report import PreviewReport, RefusedRecords, ResolvedFields, Sample


def add_commands(commands: Subparsers) -> None:
    """Add ``preview``."""
    text = (
        "show what a first sync or a change of settings would write, what it costs, and what "
        "would be refused"
    )
    preview = add_command(
        commands, "preview", _preview, text, "crmsync preview --object leads --limit 200"
    )
    preview.add_argument(
        "--settings", metavar="FILE", help="under these settings instead of those in force"
    )
    preview.add_argument(
        "--object",
        metavar="OBJECT",
        default="",
        help="this object alone, such as leads or companies",
    )
    add_connection(preview)
    size = preview.add_mutually_exclusive_group()
    size.add_argument(
        "--limit",
        metavar="N",
        type=count,
        default=SAMPLE,
        help=f"read N records of each object ({SAMPLE:,})",
    )
    size.add_argument("--all", action="store_true", help="read every record")


def _preview(operator: Operator, arguments: argparse.Namespace) -> Answer:
    limit = 0 if arguments.all else arguments.limit
    request = PreviewRequest(arguments.object, arguments.connection, limit)
    text = read(arguments.settings) if arguments.settings else None
    preview = operator.preview(request, text, progress.report)
    progress.finish()
    return Answer(_document(preview), "\n".join(_sections(preview)), preview.remarks)


# What people read.


def _sections(preview: Preview) -> Iterator[str]:
    report = preview.report
    yield table(_OBJECT_HEADING, [_object_cells(one) for one in preview.objects])
    yield from _titled(_of_whom(preview), _counts(report))
    samples = [line for one in _samples(report) for line in _sample(one)]
    yield from _titled("For example", "\n".join(samples))
    title = f"Conflicts that would be resolved: {report.conflict_count:,}"
    if report.conflict_count > len(report.conflicts):
        title += ", the first of them"
    conflicts = table(_CONFLICT_HEADING, [_conflict_cells(one) for one in report.conflicts])
    yield from _titled(title, conflicts)
    refused = sorted(report.refusals.values(), key=lambda one: -one.count)
    yield from _titled("What would be reported", "\n".join(map(_refusal_line, refused)))
    yield from _titled("Members of campaigns", _campaigns(preview))
    if report.cleared_count:
        yield from ("", wrapped(_cleared_line(report)))
    yield ""
    yield from _estimate_lines(preview)


def _of_whom(preview: Preview) -> str:
    """The title of the counts, which are those of the records that were read."""
    read = sum(one.looked_at for one in preview.objects)
    total = sum(one.step.total for one in preview.objects)
    part = f" with the {read:,} of {total:,} records that were read" if read < total else ""
    return f"What would be done{part}"


def _titled(title: str, text: str) -> Iterator[str]:
    if text:
        yield from ("", f"{title}:", text)


_OBJECT_HEADING = ("CONNECTION", "OBJECT", "RECORDS", "PREVIEWED", "NO E-MAIL")


def _object_cells(one: PreviewedObject) -> tuple[str, ...]:
    step = one.step
    left_out = f"{step.left_out:,}" if step.left_out else ""
    return one.connection, str(step), f"{step.total:,}", f"{one.looked_at:,}", left_out


def _counts(report: PreviewReport) -> str:
    """A row for each object, and a column for each action that occurs."""
    actions = [one for one in Action if any(counts[one] for counts in report.counts.values())]
    heading = ("", *(one.upper().replace("_", " ") for one in actions))
    rows = [
        (f"{side} {name}", *(f"{counts[one]:,}" if counts[one] else "" for one in actions))
        for (side, name), counts in sorted(report.counts.items())
    ]
    return table(heading, rows)


def _samples(report: PreviewReport) -> list[Sample]:
    return [one for _, samples in sorted(report.samples.items()) for one in samples]


def _sample(one: Sample) -> Iterator[str]:
    rules = f" ({', '.join(one.because)})" if one.because else ""
    yield f"  {one.action.replace('_', ' ')} {one.side} {one.object} for {one.record}{rules}"
    rows = [
        (f"    {diff.name}", shown(diff.before), "->", shown(diff.after)) for diff in one.fields
    ]
    yield from table(("", "", "", ""), rows).splitlines()[1:]


_CONFLICT_HEADING = ("RECORD", "FIELD", "HUBSPOT", "SALESFORCE", "POLICY", "WINS")


def _conflict_cells(one: ResolvedFields) -> tuple[str, ...]:
    conflict = one.conflict
    values = shown(conflict.hubspot_value), shown(conflict.salesforce_value)
    return (
        str(one.record),
        conflict.hubspot,
        *values,
        conflict.policy,
        str(conflict.winner or "nobody"),
    )


_CAMPAIGN_HEADING = (
    "CONNECTION", "CAMPAIGN", "LIST", "IN IT", "JOIN", "THERE", "WAIT", "LEAVE",
)  # fmt: skip


def _campaigns(preview: Preview) -> str:
    """A row for each campaign that could be looked at, and why others could not."""
    rows = [
        (
            *(one.connection, one.campaign, one.list),
            *(
                f"{number:,}"
                for number in (one.listed, one.joining, one.there, one.waiting, one.leaving)
            ),
        )
        for one in preview.campaigns
        if not one.trouble
    ]
    stopped = [
        wrapped(f"{one.connection}, campaign {one.campaign}: nothing. {one.trouble}", "  ")
        for one in preview.campaigns
        if one.trouble
    ]
    return "\n".join(([table(_CAMPAIGN_HEADING, rows)] if rows else []) + stopped)


def _refusal_line(one: RefusedRecords) -> str:
    report = one.report
    where = f" [{report.fieldname}]" if report.fieldname else ""
    because = f" ({', '.join(report.because)})" if report.because else ""
    records = ", ".join(map(str, one.records))
    return wrapped(
        f"{one.count:,} {report.category}: {report.text}{where}{because}. {report.hint} Such "
        f"as {records}",
        "  ",
    )


def _cleared_line(report: PreviewReport) -> str:
    return (
        f"HubSpot records that would lose their owner: {report.cleared_count:,}. No HubSpot owner "
        "matches the one that the Salesforce record has or gets, and an active owner in Salesforce "
        "counts (OWN-11, Q-18). A new lead may get another one by an assignment rule. Such as "
        f"{', '.join(map(str, report.cleared))}. [connection.owners] in the settings matches "
        "owners whose names or addresses differ."
    )


def _estimate_lines(preview: Preview) -> Iterator[str]:
    estimate = preview.estimate
    calls = "; ".join(
        f"{label} {span.least:,} to {span.most:,}, about {preview.expected[side]:,}"
        for side, label, span in (
            (Side.HUBSPOT, "HubSpot", estimate.hubspot),
            (Side.SALESFORCE, "Salesforce", estimate.salesforce),
        )
    )
    yield wrapped(f"For all {estimate.records:,} records, API calls: {calls}.")
    yield f"Under the present limits these calls need up to {duration(estimate.seconds)}."
    yield from (wrapped(_budget_line(one)) for one in preview.budgets)
    spent = preview.spent
    yield (
        f"This preview cost {spent[Side.HUBSPOT]:,} HubSpot and {spent[Side.SALESFORCE]:,} "
        "Salesforce calls, and wrote nothing."
    )


def _budget_line(one: CallBudget) -> str:
    allotted = (
        f"{one.allotment:,} are allotted to crmsync"
        if one.allotment
        else "no share is allotted to crmsync"
    )
    return (
        f"{one.connection}: {one.calls.used:,} of Salesforce's {one.calls.allowed:,} calls in "
        f"24 hours are used, {allotted};"
        f" {one.left:,} are left for a backfill now (RTY-2)."
    )


# What programs read.


def _document(preview: Preview) -> dict[str, object]:
    report, estimate = preview.report, preview.estimate
    return {
        "looked_at": [_object_row(one) for one in preview.objects],
        "counts": {
            f"{side} {name}": dict(counts) for (side, name), counts in sorted(report.counts.items())
        },
        "samples": [_sample_row(one) for one in _samples(report)],
        "conflicts": {
            "count": report.conflict_count,
            "samples": [_conflict_row(one) for one in report.conflicts],
        },
        "refused": [_refusal_row(one) for one in report.refusals.values()],
        "owners_cleared": {
            "count": report.cleared_count,
            "records": list(map(str, report.cleared)),
        },
        "campaigns": list(map(asdict, preview.campaigns)),
        "records": estimate.records,
        "calls": {
            "hubspot": {**asdict(estimate.hubspot), "expected": preview.expected[Side.HUBSPOT]},
            "salesforce": {
                **asdict(estimate.salesforce),
                "expected": preview.expected[Side.SALESFORCE],
            },
        },
        "seconds": estimate.seconds,
        "budgets": [_budget_row(one) for one in preview.budgets],
        "cost": {str(side): calls for side, calls in preview.spent.items()},
    }


def _object_row(one: PreviewedObject) -> dict[str, object]:
    step = one.step
    return {
        "connection": one.connection,
        "side": step.side,
        "object": step.object,
        "total": step.total,
        "looked_at": one.looked_at,
        "left_out": step.left_out,
    }


def _sample_row(one: Sample) -> dict[str, object]:
    return {
        "action": one.action,
        "side": one.side,
        "object": one.object,
        "record": str(one.record),
        "line": one.line,
        "fields": [asdict(diff) for diff in one.fields],
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
