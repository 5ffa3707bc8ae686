"""The words about links: show one, drop one, rebuild all."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from crmsync.cli import link_keys
from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_group,
    columns,
)
from crmsync.cli.tables import wrapped
from crmsync.model.records import Side
from crmsync.rules.backfill.objects import WALKED

if TYPE_CHECKING:
    from crmsync.flows.backfill.link_rebuild import RebuildResult
    from crmsync.flows.operator.operator import Operator
    from crmsync.model.links import Link

_FORGOTTEN = "The next look at either record finds its counterpart anew: by the ids that both keep, else by address."
_FIRST_MEETING = "A new link has no base: the next look at its records merges them as when two meet for the first time."


def add_commands(words: Subparsers) -> None:
    """Add ``links`` and what it can do."""
    links = add_group(words, "links", "which records are a pair")
    for name, run, text in (
        ("show", _show, "the pair that a record belongs to"),
        ("drop", _drop, "forget the pair that a record belongs to"),
    ):
        made = add_command(links, name, run, text)
        made.add_argument(
            "side", type=Side, choices=list(Side), metavar="SIDE", help="hubspot or salesforce"
        )
        made.add_argument(
            "object", metavar="OBJECT", help=", ".join(dict.fromkeys(one.object for one in WALKED))
        )
        made.add_argument("id", metavar="ID")
        _narrowed(made)
        if name == "drop":
            add_apply(made)
    rebuild = add_command(
        links, "rebuild", _rebuild, "make links anew from the ids that are stored in both CRMs"
    )
    _narrowed(rebuild)
    add_apply(rebuild)
    link_keys.add_commands(links)


def _narrowed(made: argparse.ArgumentParser) -> None:
    made.add_argument("--connection", metavar="NAME", default="", help="this connection alone")


def _show(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.links.show(
        arguments.side, arguments.object, arguments.id, arguments.connection
    )
    return Answer([_row(link) for link in found], columns([_cells(link) for link in found]))


def _drop(operator: Operator, arguments: argparse.Namespace) -> Answer:
    what = (arguments.side, arguments.object, arguments.id, arguments.connection)
    link = operator.links.drop(*what, apply=arguments.apply)
    last = f"Forgotten. {_FORGOTTEN}" if arguments.apply else "--apply forgets it."
    return Answer(
        {"applied": arguments.apply, **_row(link)}, f"{columns([_cells(link)])}\n{wrapped(last)}"
    )


def _rebuild(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.links.rebuild(_bar, arguments.connection, apply=arguments.apply)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    contradictions = [one for each in found for one in each.contradictions]
    lines = [wrapped(f"{one.connection}: {one.ref} {one.text}") for one in contradictions]
    lines += [_counts(one, applied=arguments.apply) for one in found]
    lines.append(wrapped(_FIRST_MEETING) if arguments.apply else "--apply makes them.")
    document = {"applied": arguments.apply, "connections": [_found(one) for one in found]}
    return Answer(document, "\n".join(lines), status=FINDINGS if contradictions else DONE)


def _bar(found: RebuildResult) -> None:
    """How far it is, for a person on stderr."""
    if sys.stderr.isatty():
        total = max(found.total, found.walked)
        print(
            f"\r{found.connection}: {found.walked:,} of {total:,}\x1b[K",
            end="",
            file=sys.stderr,
            flush=True,
        )


def _cells(link: Link) -> tuple[str, ...]:
    return link.connection, str(link.hubspot), str(link.salesforce), str(link.state), _agreed(link)


def _agreed(link: Link) -> str:
    fields = len(link.hubspot_base.fingerprints)
    return f"{fields} fields agreed on" if fields else "not looked at yet"


def _counts(found: RebuildResult, *, applied: bool) -> str:
    return (
        f"{found.connection}: {found.walked:,} records, {found.stands:,} links stand, {found.made:,} "
        f"{'made' if applied else 'to make'}, {len(found.contradictions):,} contradict, {found.gone:,} name nobody left"
    )


def _row(link: Link) -> dict[str, object]:
    return {
        "connection": link.connection,
        "kind": link.kind,
        "hubspot": str(link.hubspot),
        "salesforce": str(link.salesforce),
        "state": link.state,
        "fields": {
            "hubspot": len(link.hubspot_base.fingerprints),
            "salesforce": len(link.salesforce_base.fingerprints),
        },
        "owners": {"hubspot": link.hubspot_owner, "salesforce": link.salesforce_owner},
        "version": link.version,
    }


def _found(found: RebuildResult) -> dict[str, object]:
    return {
        "connection": found.connection,
        "walked": found.walked,
        "stands": found.stands,
        "made": found.made,
        "gone": found.gone,
        "contradictions": [{"ref": str(one.ref), "text": one.text} for one in found.contradictions],
    }
