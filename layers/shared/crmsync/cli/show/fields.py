"""``crmsync fields``: which fields are mapped, in which direction, and what cannot cross."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_command,
    add_connection,
)
from crmsync.cli.settings import read
from crmsync.cli.tables import table, wrapped
from crmsync.flows.operator.fields import FieldRequest, notes_of, unread_of
from crmsync.model.records import Side
from crmsync.rules.merge.resting_mappings import report_of
from crmsync.rules.settings.field_rows import CROSSES

if TYPE_CHECKING:
    from crmsync.flows.operator.fields import SectionRows
    from crmsync.flows.operator.operator import Operator
    from crmsync.rules.settings.field_rows import FieldRow

_ARROWS: Mapping[tuple[Side, ...], str] = {
    (Side.HUBSPOT, Side.SALESFORCE): "<->",
    (Side.HUBSPOT,): "->",
    (Side.SALESFORCE,): "<-",
    (): "-",
}
"""The sides whose values cross, as an arrow."""

_HEADING = ("HUBSPOT", "TYPE", "", "SALESFORCE", "TYPE", "ON", "POLICY", "ROW")
_LEGEND = (
    "-> HubSpot's values cross, <- Salesforce's, <-> both, - none. default: crmsync's own row; "
    "settings: a row of the settings file. What a policy means: crmsync rule MAP-1 MAP-2 MAP-3"
)


def add_commands(commands: Subparsers) -> None:
    """Add ``fields``."""
    text = (
        "show every mapped field, default rows included: direction, policy, types, choices that "
        "cannot cross, and why a pair cannot be mapped"
    )
    parser = add_command(commands, "fields", _fields, text, "crmsync fields --object leads")
    parser.add_argument(
        "--object",
        metavar="OBJECT",
        default="",
        help="this object alone, such as contacts or Account",
    )
    add_connection(parser)
    parser.add_argument(
        "--settings", metavar="FILE", help="under these settings instead of those in force"
    )
    parser.add_argument(
        "--pair",
        metavar="HUBSPOT/SALESFORCE",
        type=_pair,
        help="say of these two fields, such as nickname/Nickname__c, whether they can be mapped",
    )


def _pair(text: str) -> tuple[str, str]:
    hubspot, slash, salesforce = (part.strip() for part in text.partition("/"))
    if not (hubspot and slash and salesforce):
        raise argparse.ArgumentTypeError(f"{text} is no pair such as nickname/Nickname__c")
    return hubspot, salesforce


def _fields(operator: Operator, arguments: argparse.Namespace) -> Answer:
    request = FieldRequest(arguments.object, arguments.connection, arguments.pair)
    text = read(arguments.settings) if arguments.settings else None
    sections = operator.fields.read(request, text)
    remarks = tuple(remark for one in sections for remark in unread_of(one))
    lines = [line for one in sections for line in _section(one, is_pair=bool(arguments.pair))]
    is_bad = any(one.rests or any(row.trouble for row in one.rows) for one in sections)
    return Answer(
        [_document(one) for one in sections],
        "\n".join((*lines, wrapped(_LEGEND))),
        remarks,
        FINDINGS if is_bad or remarks else DONE,
    )


# What people read.


def _section(one: SectionRows, *, is_pair: bool) -> Iterator[str]:
    off = "" if one.is_on else " (switched off)"
    yield f"{one.connection}: {one.section}{off}"
    yield table(_HEADING, [_cells(row, one, is_pair=is_pair) for row in one.rows])
    for row in one.rows:
        yield from (wrapped(note, "  ") for note in notes_of(row, is_pair=is_pair))
    for rest in one.rests:
        report = report_of(rest)
        yield wrapped(f"Since {rest.since:%Y-%m-%d}: {report.text} {report.hint}", "  ")
    yield ""


def _cells(row: FieldRow, one: SectionRows, *, is_pair: bool) -> tuple[str, ...]:
    rule = row.rule
    origin = "default" if row.is_default else "settings"
    return (
        rule.hubspot,
        row.types[0] or "?",
        _ARROWS[CROSSES[rule.update]],
        rule.salesforce,
        row.types[1] or "?",
        "" if row.objects == one.salesforce else ", ".join(row.objects),
        rule.update,
        "asked" if is_pair and not row.is_default else origin,
    )


# What programs read.


def _document(one: SectionRows) -> dict[str, object]:
    return {
        "connection": one.connection,
        "section": one.section,
        "hubspot": one.hubspot,
        "salesforce": list(one.salesforce),
        "syncs": one.is_on,
        "fields": _rows(one.rows),
        "rests": [
            {
                "side": str(rest.side),
                "object": rest.object,
                "field": rest.field,
                "since": rest.since.isoformat(),
                "text": report_of(rest).text,
            }
            for rest in one.rests
        ],
        "unreachable": {str(side): error.text for side, error in one.unreachable.items()},
    }


def _rows(rows: Sequence[FieldRow]) -> list[dict[str, object]]:
    return [
        {
            "hubspot": row.rule.hubspot,
            "salesforce": row.rule.salesforce,
            "direction": _ARROWS[CROSSES[row.rule.update]],
            "policy": row.rule.update,
            "default": row.is_default,
            "objects": list(row.objects),
            "hubspot_type": row.types[0],
            "salesforce_type": row.types[1],
            "only_hubspot": list((row.alone or {}).get(Side.HUBSPOT, ())),
            "only_salesforce": list((row.alone or {}).get(Side.SALESFORCE, ())),
            "trouble": row.trouble,
            "rule": row.because,
        }
        for row in rows
    ]
