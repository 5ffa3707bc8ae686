"""``crmsync settings``: push, show, history and rollback."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    add_group,
    count,
)
from crmsync.config import Complaint, decode

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.settings import Pushed
    from crmsync.wire.settings.stored import Entry, Revision


def add_commands(commands: Subparsers) -> None:
    """Add ``settings``."""
    settings = add_group(commands, "settings", "the settings in force, and all earlier ones")
    push = add_command(
        settings,
        "push",
        _push,
        "check a settings file and put it in force",
        "crmsync settings push settings.toml --apply",
    )
    push.add_argument("file", metavar="FILE", help="the settings file")
    push.add_argument(
        "--paused",
        action="store_true",
        help="new connections begin paused: nothing syncs before crmsync resume",
    )
    add_apply(push)
    add_command(
        settings,
        "show",
        _show,
        "show the settings in force",
        "crmsync settings show > settings.toml",
    )
    add_command(
        settings,
        "history",
        _history,
        "list every push with its author and what it changed, newest first",
        "crmsync settings history",
    )
    rollback = add_command(
        settings,
        "rollback",
        _rollback,
        "put an older version in force again",
        "crmsync settings rollback 3 --apply",
    )
    rollback.add_argument(
        "version", metavar="VERSION", type=count, help="its number in settings history"
    )
    add_apply(rollback)


def read(path: str) -> str:
    """The text of a settings file. Raises `ConfigError` and `OSError`."""
    return decode(Path(path).read_bytes())


def warning_lines(warnings: Iterable[Complaint]) -> tuple[str, ...]:
    """Warnings about a settings file, as remarks."""
    return tuple(f"warning: {warning}" for warning in warnings)


def _push(operator: Operator, arguments: argparse.Namespace) -> Answer:
    pause = operator.pauses.pause_new if arguments.paused else None
    return _pushed(operator.settings.push(read(arguments.file), apply=arguments.apply, pause=pause))


def _rollback(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _pushed(operator.settings.rollback(arguments.version, apply=arguments.apply))


def _pushed(pushed: Pushed) -> Answer:
    document = {
        "version": pushed.version,
        "applied": pushed.applied,
        "changes": list(pushed.changes),
        "warnings": [asdict(warning) for warning in pushed.warnings],
        "paused": list(pushed.paused),
    }
    if not pushed.changes:
        last = f"Version {pushed.version} is in force already."
    elif pushed.applied:
        last = f"Version {pushed.version} is in force."
    else:
        last = f"This would be version {pushed.version}; --apply puts it in force."
    verb = "begins" if pushed.applied else "would begin"
    paused = [
        f"{name} {verb} paused; crmsync resume {name} --apply has it sync."
        for name in pushed.paused
    ]
    text = "\n".join((*pushed.changes, last, *paused))
    return Answer(document, text, warning_lines(pushed.warnings))


def _show(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    shown = operator.settings.show()
    revision, departs = shown.revision, list(shown.departs)
    remarks = [f"# {_pushed_when(revision)}; its seal holds"]
    if departs:
        remarks.append(
            "warning: what runs departs from this file; push it to have it run as it reads:"
        )
        remarks += departs
    return Answer(
        _row(revision) | {"text": revision.text, "departs": departs},
        revision.text.rstrip("\n"),
        tuple(remarks),
        FINDINGS if departs else DONE,
    )


def _history(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    entries = operator.settings.history()
    changes = operator.settings.changes_of(entries)
    lines = [
        line
        for entry in entries
        for line in (_entry_line(entry), *(f"    {one}" for one in changes[entry.version]))
    ]
    text = "\n".join(lines) or "No settings have been pushed yet."
    is_whole = all(entry.revision for entry in entries)
    rows = [_entry_row(entry) | {"changes": list(changes[entry.version])} for entry in entries]
    return Answer(rows, text, status=DONE if is_whole else FINDINGS)


def _entry_line(entry: Entry) -> str:
    if entry.revision is None:
        return (
            f"version {entry.version}: its seal does not hold, so crmsync settings push did "
            "not store it"
        )
    return _pushed_when(entry.revision)


def _entry_row(entry: Entry) -> dict[str, object]:
    row: dict[str, object] = (
        {"version": entry.version} if entry.revision is None else _row(entry.revision)
    )
    return row | {"sealed": entry.revision is not None}


def _pushed_when(revision: Revision) -> str:
    by = f" by {revision.by}" if revision.by else ""
    return f"version {revision.version}, pushed {revision.pushed_at:%Y-%m-%d %H:%M} UTC{by}"


def _row(revision: Revision) -> dict[str, object]:
    return {
        "version": revision.version,
        "pushed_at": revision.pushed_at.isoformat(),
        "by": revision.by,
    }
