"""The settings that run, every push with its author and what it changed, and the difference of two
versions.

Only reads: the console has no right to write settings (decision 59), so going back to a version is
left to the command.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crmsync.console.answers import HtmlPage, Notice
from crmsync.console.reports import Reports
from crmsync.errors import Distrusted, Gone
from crmsync.flows.operator.settings import ShownSettings
from crmsync.rules.settings.diff import differences
from crmsync.wire.pages import PageRequest
from crmsync.wire.settings.stored import Entry, Revision

PATH = "/settings"
DIFFERENCE = "/settings/difference"
SHOWN = 50
"""Pushes that the page lists, the newest ones."""

_BROKEN_SEAL = "Its seal does not hold, so crmsync settings push did not store it."


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A push.

    Attributes:
        version: Its number.
        pushed_at: When it came into force (UTC); None if nobody can tell.
        by: Who pushed it; "" if nobody can tell.
        changes: What it changed, a line each.
        trouble: Why it cannot be trusted; "" if it can.
        before: The address of its difference from the push before; "" for none.
        now: The address of its difference from the settings that run; "" for none.
    """

    version: int
    pushed_at: datetime | None
    by: str
    changes: tuple[str, ...]
    trouble: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class SettingsView:
    """What the page shows.

    Attributes:
        running: The push in force; None if none can be trusted.
        departs: Where the settings that run differ from its text, a line each.
        trouble: Why none is in force; "" if one is.
        hint: What to do about that.
        rows: The newest pushes, newest first.
        unshown: How many older ones there are.
    """

    running: Revision | None
    departs: tuple[str, ...]
    trouble: str
    hint: str
    rows: tuple[VersionRow, ...]
    unshown: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What the page of two versions shows.

    Attributes:
        old: The one version.
        new: The other one.
        changes: What differs in meaning, a line each.
        lines: What differs in the text: how it differs, and the line.
        is_back: Whether the new one is older, so this is what going back would change.
    """

    old: Revision
    new: Revision
    changes: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    is_back: bool


def show(reports: Reports, _request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    admin = reports.settings
    shown: ShownSettings | None = None
    trouble, hint = "", ""
    try:
        shown = admin.show()
        entries = admin.history()
    except Gone as error:
        return HtmlPage("notice", "Settings", Notice(error.text, error.hint))
    except Distrusted as error:
        trouble, hint, entries = error.text, error.hint, admin.store.history()
    view = settings(shown, entries, admin.changes_of(entries), trouble=trouble, hint=hint)
    return HtmlPage("settings", "Settings", view)


def show_difference(reports: Reports, request: PageRequest) -> HtmlPage:
    """The difference of two versions: of those that are named, else of the last two. Raises
    `SyncError`.
    """
    try:
        new = reports.settings.revision(_number(request.query.get("to")))
        old = reports.settings.revision(
            _number(request.query.get("from")) or max(1, new.version - 1)
        )
    except Gone as error:
        return HtmlPage("notice", "No such version", Notice(error.text, error.hint))
    view = difference(old, new)
    return HtmlPage("settings_difference", f"Settings {old.version} and {new.version}", view)


def settings(
    shown: ShownSettings | None,
    entries: Sequence[Entry],
    changes: Mapping[int, tuple[str, ...]],
    *,
    trouble: str = "",
    hint: str = "",
) -> SettingsView:
    """What the page shows of a history, newest first."""
    running = shown.revision if shown else None
    older = [*(entry.version for entry in entries[1:] if entry.revision), 0]
    rows = tuple(
        _row(
            entry,
            changes.get(entry.version, ()),
            next((one for one in older if one < entry.version), 0),
            running.version if running else 0,
        )
        for entry in entries[:SHOWN]
    )
    departs = shown.departs if shown else ()
    return SettingsView(running, departs, trouble, hint, rows, max(0, len(entries) - SHOWN))


def difference(old: Revision, new: Revision) -> Difference:
    """What two versions differ in, by meaning and by their text."""
    texts = (old.text.splitlines(), new.text.splitlines())
    lines = tuple(
        ({"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same"), line)
        for line in difflib.unified_diff(*texts, lineterm="", n=2)
        if not line.startswith(("---", "+++"))
    )
    changes = differences(old.settings, new.settings)
    return Difference(old, new, changes, lines, is_back=new.version < old.version)


def _row(entry: Entry, changes: tuple[str, ...], before: int, running: int) -> VersionRow:
    push = entry.revision
    if push is None:
        return VersionRow(entry.version, None, "", (), _BROKEN_SEAL, "", "")
    return VersionRow(
        entry.version,
        push.pushed_at,
        push.by,
        changes,
        "",
        _between(before, entry.version) if before else "",
        _between(running, entry.version) if running not in {0, entry.version} else "",
    )


def _between(old: int, new: int) -> str:
    return f"{DIFFERENCE}?{urlencode({'from': old, 'to': new})}"


def _number(text: str | None) -> int:
    """The number of a version in an address; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() else 0
