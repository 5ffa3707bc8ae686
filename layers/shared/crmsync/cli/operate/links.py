"""``crmsync links``: show one, drop one, rebuild or restore all; the commands about their keys are
in `link_keys`.
"""

from __future__ import annotations

import argparse
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
    add_group,
    add_record,
    columns,
    moment,
)
from crmsync.cli.operate import link_keys
from crmsync.cli.tables import wrapped
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS

if TYPE_CHECKING:
    from crmsync.flows.backfill.link_rebuild import RebuildResult
    from crmsync.flows.operator.link_restore import RestoreResult
    from crmsync.flows.operator.operator import Operator
    from crmsync.model.links import Link

_DROPPED = (
    "The next sync of either record finds its counterpart again: by the ids that both keep, "
    "else by address."
)
_FIRST_MEETING = (
    "A new link has no base: the next sync merges its records as if they had met for the "
    "first time."
)


_RESTORED = "Resume the connection: the sweeps carry what differs, each pair once."


def add_commands(commands: Subparsers) -> None:
    """Add ``links``."""
    links = add_group(commands, "links", "which records are a pair")
    objects = ", ".join(dict.fromkeys(one.object for one in BACKFILL_OBJECTS))
    show = add_command(
        links,
        "show",
        _show,
        "show the pair that a record belongs to",
        "crmsync links show hubspot contact 81",
    )
    add_record(show, objects)
    add_connection(show)
    drop = add_command(
        links,
        "drop",
        _drop,
        "drop the link of the pair that a record belongs to",
        "crmsync links drop hubspot contact 81 --apply",
    )
    add_record(drop, objects)
    add_connection(drop)
    add_apply(drop)
    rebuild = add_command(
        links,
        "rebuild",
        _rebuild,
        "rebuild the links from the ids that are stored in both CRMs",
        "crmsync links rebuild --apply",
    )
    add_connection(rebuild)
    add_apply(rebuild)
    restore = add_command(
        links,
        "restore",
        _restore,
        "bring the links up to date after a restore of their table",
        "crmsync links restore --in-step-until 2026-11-02T10:15",
    )
    restore.add_argument(
        "--in-step-until",
        metavar="TIME",
        type=moment,
        required=True,
        help="until when both CRMs were in step, such as 2026-11-02T10:15 (UTC)",
    )
    add_connection(restore)
    add_apply(restore)
    link_keys.add_commands(links)


def _show(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.links.show(
        arguments.side, arguments.object, arguments.id, arguments.connection
    )
    return Answer([_row(link) for link in found], columns([_cells(link) for link in found]))


def _drop(operator: Operator, arguments: argparse.Namespace) -> Answer:
    link = operator.links.drop(
        arguments.side,
        arguments.object,
        arguments.id,
        arguments.connection,
        apply=arguments.apply,
    )
    last = f"Dropped. {_DROPPED}" if arguments.apply else "--apply drops it."
    document = {"applied": arguments.apply, **_row(link)}
    return Answer(document, f"{columns([_cells(link)])}\n{wrapped(last)}")


def _rebuild(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.links.rebuild(_progress, arguments.connection, apply=arguments.apply)
    progress.finish()
    contradictions = [one for each in found for one in each.contradictions]
    lines = [wrapped(f"{one.connection}: {one.ref} {one.text}") for one in contradictions]
    lines += [_counts(one, applied=arguments.apply) for one in found]
    lines.append(wrapped(_FIRST_MEETING) if arguments.apply else "--apply makes them.")
    document = {"applied": arguments.apply, "connections": [_result_row(one) for one in found]}
    return Answer(document, "\n".join(lines), status=FINDINGS if contradictions else DONE)


def _restore(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found = operator.links.restore(
        arguments.in_step_until, progress.report, arguments.connection, apply=arguments.apply
    )
    progress.finish()
    contradictions = [one for rebuilt, _ in found for one in rebuilt.contradictions]
    lines = [wrapped(f"{one.connection}: {one.ref} {one.text}") for one in contradictions]
    for rebuilt, restored in found:
        lines.append(_counts(rebuilt, applied=arguments.apply))
        lines.append(_dated(restored, applied=arguments.apply))
    lines.append(wrapped(_RESTORED) if arguments.apply else "--apply does it.")
    document = {
        "applied": arguments.apply,
        "connections": [
            {
                **_result_row(rebuilt),
                "pairs": restored.pairs,
                "different": restored.different,
                "dated": restored.dated,
            }
            for rebuilt, restored in found
        ],
    }
    return Answer(document, "\n".join(lines), status=FINDINGS if contradictions else DONE)


def _dated(found: RestoreResult, *, applied: bool) -> str:
    done = "have" if applied else "would get"
    return (
        f"{found.connection}: {found.pairs:,} pairs, {found.different:,} differ, "
        f"{found.dated:,} of these {done} what they agreed on then"
    )


def _progress(found: RebuildResult) -> None:
    total = max(found.total, found.read)
    progress.show(f"{found.connection}: {found.read:,} of {total:,}")


def _cells(link: Link) -> tuple[str, ...]:
    fields = len(link.hubspot_base.fingerprints)
    agreed = f"{fields} fields agreed on" if fields else "not synced yet"
    return link.connection, str(link.hubspot), str(link.salesforce), str(link.state), agreed


def _counts(found: RebuildResult, *, applied: bool) -> str:
    made = "made" if applied else "to make"
    return (
        f"{found.connection}: {found.read:,} records, {found.existing:,} links exist, "
        f"{found.made:,} {made}, "
        f"{len(found.contradictions):,} contradict, {found.gone:,} name a record that is gone"
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


def _result_row(found: RebuildResult) -> dict[str, object]:
    return {
        "connection": found.connection,
        "walked": found.read,
        "stands": found.existing,
        "made": found.made,
        "gone": found.gone,
        "contradictions": [{"ref": str(one.ref), "text": one.text} for one in found.contradictions],
    }
