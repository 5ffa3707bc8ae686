"""``crmsync explain``: what is known of one record, and what would be written now."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    Answer,
    Subparsers,
    add_command,
    add_connection,
    add_record,
    shown,
)
from crmsync.cli.entries import attempts, times
from crmsync.cli.tables import table, wrapped
from crmsync.model.effects import effect_line
from crmsync.model.links import Link, Place
from crmsync.model.records import Ref, Side
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.preview.explanation import ChangedSide, FieldOutcome

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.preview.explain import Explained
    from crmsync.model.conflicts import FieldConflict
    from crmsync.model.effects import Effect, Report
    from crmsync.model.operations.inbox import InboxEntry
    from crmsync.model.records import Record
    from crmsync.rules.preview.explanation import DecisionLine, FieldLine
    from crmsync.rules.preview.history import HistoryLine


def add_commands(commands: Subparsers) -> None:
    """Add ``explain``."""
    text = "show what is known of one record, and what would be written now and why"
    parser = add_command(
        commands, "explain", _explain, text, "crmsync explain hubspot contact ada@example.com"
    )
    add_record(
        parser,
        ", ".join(dict.fromkeys(one.object for one in BACKFILL_OBJECTS)),
        "its id there, or a person's e-mail address",
    )
    add_connection(parser)


def _explain(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.explainer.explain(
        arguments.side, arguments.object, arguments.id, arguments.connection
    )
    text = "\n\n".join("\n".join(_sections(one)) for one in found)
    documents = [_document(one) for one in found]
    return Answer(documents if len(documents) > 1 else documents[0], text)


# What people read.


def _sections(one: Explained) -> Iterator[str]:
    yield f"{one.ref} on {one.connection}: {one.standing}"
    if not one.syncs:
        yield f"{one.kind.plural} are switched off on {one.connection}: none of this happens."
    yield from _about_link(one)
    yield from _field_table(one)
    if one.decisions:
        yield ""
        yield table(_DECISION_HEADING, [_decision_cells(line) for line in one.decisions])
    yield from _titled(
        "Conflicts resolved", [_conflict(conflict) for conflict in one.plan.conflicts]
    )
    yield from _resolved_table(one.settled)
    yield from _titled(
        "Would be done now", [effect_line(effect) for effect in one.effects] or ["nothing"]
    )
    yield from _titled("Why", [_because(note.text, note.because) for note in one.plan.notes])
    yield from _titled("Waits for", [str(ref) for ref in one.waits_for])
    yield from _titled("Reported once it exists", [_report_line(report) for report in one.foreseen])
    yield from _titled("Campaigns", [_because(each.line, each.because) for each in one.campaigns])
    yield from _titled("In the error inbox", [_entry_line(entry) for entry in one.parked])


_FIELD_HEADING = ("HUBSPOT", "", "", "SALESFORCE", "", "POLICY", "BECOMES", "RULE")
_DECISION_HEADING = ("", "HUBSPOT", "SALESFORCE", "BECOMES", "RULE")
_RESOLVED_HEADING = ("RESOLVED LATELY (UTC)", "HUBSPOT", "SALESFORCE", "POLICY", "WINNER")


def _about_link(one: Explained) -> Iterator[str]:
    if one.link is not None:
        yield (
            f"link     {_place(one.link.hubspot)} - {_place(one.link.salesforce)}, version "
            f"{one.link.version}"
        )
        if one.link.deleted_on:
            yield f"died     {one.link.deleted_on}'s record was deleted"
        yield (
            f"owners   hubspot {_owner(one.link.hubspot_owner)}, salesforce "
            f"{_owner(one.link.salesforce_owner)}"
        )
    for side, record in ((Side.HUBSPOT, one.hubspot), (Side.SALESFORCE, one.salesforce)):
        yield f"{side:<10} {_record_line(record)}"


def _record_line(record: Record | None) -> str:
    if record is None:
        return "shows no record"
    return (
        f"{record.ref.object} {record.ref.id}, changed {record.modified_at:%Y-%m-%d %H:%M:%S} UTC"
    )


def _owner(owner: str | None) -> str:
    return {None: "never read", "": "nobody"}.get(owner, str(owner))


_LEGEND = "-> HubSpot's value wins, <- Salesforce's; * changed since both agreed, ? never agreed on"
_ARROWS = {Side.HUBSPOT: "->", Side.SALESFORCE: "<-", None: ""}
_MARKS = {
    ChangedSide.NOWHERE: ("", ""),
    ChangedSide.HUBSPOT: ("* ", ""),
    ChangedSide.SALESFORCE: ("", "* "),
    ChangedSide.BOTH: ("* ", "* "),
    ChangedSide.NEVER_AGREED: ("? ", "? "),
}
_SHOWN_BY_ARROW = {
    (Side.HUBSPOT, FieldOutcome.TO_SALESFORCE),
    (Side.SALESFORCE, FieldOutcome.TO_HUBSPOT),
}


def _field_table(one: Explained) -> Iterator[str]:
    """A row for each mapped field with a value or a decision; the names of the others. A record
    that does not exist shows nothing: what would be written to it stands on the other side.
    """
    filled = one.filled
    blank = [f"{line.hubspot} / {line.salesforce}" for line in one.fields if line not in filled]
    if filled:
        yield ""
        yield table(_FIELD_HEADING, [_field_cells(line, one.missing) for line in filled])
        yield _LEGEND
    if blank:
        yield wrapped(f"Blank on both sides: {', '.join(blank)}.")


def _field_cells(line: FieldLine, missing: Sequence[Side]) -> tuple[str, ...]:
    hubspot, salesforce = _MARKS[line.changed_side]
    mine = f"{hubspot}{shown(line.hubspot_value)}"
    theirs = f"{salesforce}{shown(line.salesforce_value)}"
    becomes = "written" if (line.winner, line.outcome) in _SHOWN_BY_ARROW else str(line.outcome)
    return (
        line.hubspot,
        "" if Side.HUBSPOT in missing else mine,
        _ARROWS[line.winner],
        line.salesforce,
        "" if Side.SALESFORCE in missing else theirs,
        line.policy,
        f"{becomes}, cut" if line.is_truncated else becomes,
        " ".join(line.because),
    )


def _decision_cells(line: DecisionLine) -> tuple[str, ...]:
    values = shown(line.hubspot_value), shown(line.salesforce_value)
    return line.topic, *values, line.text, " ".join(line.because)


def _resolved_table(resolved: Sequence[HistoryLine]) -> Iterator[str]:
    if resolved:
        yield ""
        yield table(_RESOLVED_HEADING, [_resolved_cells(one) for one in resolved])


def _resolved_cells(one: HistoryLine) -> tuple[str, ...]:
    return (
        f"{one.at:%Y-%m-%d %H:%M:%S}",
        one.hubspot,
        one.salesforce,
        one.policy or "-",
        one.winner or "nobody",
    )


def _titled(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{title}:"
        yield from (wrapped(line, "  ") for line in lines)


def _conflict(one: FieldConflict) -> str:
    values = f"{shown(one.hubspot_value)!r} against {shown(one.salesforce_value)!r}"
    return (
        f"{one.hubspot} / {one.salesforce}: {values}; {one.policy}, {one.winner or 'nobody'} wins"
    )


def _because(text: str, because: tuple[str, ...]) -> str:
    return f"{text} ({', '.join(because)})" if because else text


def _report_line(report: Report) -> str:
    where = f" [{report.fieldname}]" if report.fieldname else ""
    return _because(
        f"{report.category}: {report.text}{where}. {report.hint}".rstrip(), report.because
    )


def _entry_line(entry: InboxEntry) -> str:
    report = entry.report
    code = f"{report.code}: " if report.code else ""
    return f"{code}{_report_line(report)} {attempts(entry)}."


def _place(place: Place) -> str:
    return str(place) if isinstance(place, Ref) else "a new record"


# What programs read.


def _document(one: Explained) -> dict[str, object]:
    return {
        "connection": one.connection,
        "kind": one.kind,
        "record": str(one.ref),
        "syncs": one.syncs,
        "link": _link_row(one.link),
        "hubspot": _record_row(one.hubspot),
        "salesforce": _record_row(one.salesforce),
        "candidates": list(map(str, one.candidates)),
        "taken": list(map(str, one.taken)),
        "fields": [_field_row(line) for line in one.fields],
        "decisions": [_decision_row(line) for line in one.decisions],
        "effects": [_effect_row(effect) for effect in one.effects],
        "conflicts": [_conflict_row(conflict) for conflict in one.plan.conflicts],
        "settled": [_resolved_row(conflict) for conflict in one.settled],
        "notes": [{"text": note.text, "rules": list(note.because)} for note in one.plan.notes],
        "waits_for": list(map(str, one.waits_for)),
        "campaigns": [
            {
                "campaign": each.campaign,
                "list": each.list,
                "text": each.text,
                "rules": list(each.because),
            }
            for each in one.campaigns
        ],
        "foreseen": _report_rows(one.foreseen),
        "errors": [
            {**row, **times(entry)}
            for row, entry in zip(
                _report_rows(entry.report for entry in one.parked), one.parked, strict=True
            )
        ],
    }


def _link_row(link: Link | None) -> dict[str, object] | None:
    if link is None:
        return None
    return {
        "hubspot": _place(link.hubspot),
        "salesforce": _place(link.salesforce),
        "state": link.state,
        "version": link.version,
        "died": link.deleted_on,
        "hubspot_owner": link.hubspot_owner,
        "salesforce_owner": link.salesforce_owner,
    }


def _record_row(record: Record | None) -> dict[str, object] | None:
    if record is None:
        return None
    return {
        "object": record.ref.object,
        "id": record.ref.id,
        "created_at": record.created_at.isoformat(),
        "modified_at": record.modified_at.isoformat(),
        "fields": dict(record.fields),
    }


def _field_row(line: FieldLine) -> dict[str, object]:
    return {
        "hubspot": line.hubspot,
        "salesforce": line.salesforce,
        "hubspot_value": line.hubspot_value,
        "salesforce_value": line.salesforce_value,
        "changed": line.changed_side,
        "holder": line.winner,
        "policy": line.policy,
        "outcome": line.outcome,
        "is_cut": line.is_truncated,
        "rules": list(line.because),
    }


def _decision_row(line: DecisionLine) -> dict[str, object]:
    return {
        "topic": line.topic,
        "hubspot_value": line.hubspot_value,
        "salesforce_value": line.salesforce_value,
        "text": line.text,
        "rules": list(line.because),
    }


def _effect_row(effect: Effect) -> dict[str, object]:
    fields = getattr(effect, "fields", None)
    return {
        "effect": type(effect).__name__,
        "line": effect_line(effect),
        "rules": list(effect.because),
        **({"fields": dict(fields)} if fields is not None else {}),
    }


def _conflict_row(conflict: FieldConflict) -> dict[str, object]:
    return asdict(conflict)


def _resolved_row(one: HistoryLine) -> dict[str, object]:
    return {
        "at": one.at.isoformat(),
        "hubspot": one.hubspot,
        "salesforce": one.salesforce,
        "policy": one.policy,
        "winner": one.winner,
    }


def _report_rows(reports: Iterable[Report]) -> list[dict[str, object]]:
    return [
        {**asdict(one), "ref": str(one.ref), "waits_for": list(map(str, one.waits_for))}
        for one in reports
    ]
