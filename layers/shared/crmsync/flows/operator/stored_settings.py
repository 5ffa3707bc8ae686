"""Where settings are kept, and how matters stand there before a push: what was good last, and
whether that is what is in force.

The table may have been written past the command. A push starts from the newest settings that the
command itself has stored, so it is also what puts right a row that is none of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crmsync.errors import Distrusted
from crmsync.model.settings import Settings
from crmsync.wire.settings.stored import Entry, Revision


class SettingsStore(Protocol):
    """Where settings are kept, every push of them."""

    def current(self) -> Revision | None:
        """The push in force, or None before the first one. Raises `TryAgain`, and as such
        `Distrusted`.
        """

    def revision(self, version: int) -> Revision | None:
        """The push of that number, or None. Raises as `current` does."""

    def history(self) -> Sequence[Entry]:
        """Every push, newest first. Raises `TryAgain`."""

    def earlier(self) -> Revision | None:
        """What an earlier release had in force, without a seal. Raises `TryAgain`."""

    def push(self, text: str, settings: Settings, *, at: datetime, by: str = "") -> Settings:
        """Put settings in force; raises `Conflict` when their version is no longer the one in
        force.
        """


@dataclass(frozen=True, slots=True)
class SettingsState:
    """`last` is the newest push whose seal holds, or what an earlier release has left; `following`
    is the number of the next one.

    `trouble` says why `last` is not in force, "" where it is.
    """

    last: Revision | None
    following: int
    trouble: str = ""

    @property
    def settings(self) -> Settings:
        """The settings of `last`; none at all before the first push."""
        return Settings() if self.last is None else self.last.settings


def settings_state(shelf: SettingsStore) -> SettingsState:
    """How matters stand on the shelf. Raises `TryAgain`."""
    current, trouble = None, ""
    try:
        current = shelf.current()
    except Distrusted as error:
        trouble = error.text
    entries = shelf.history()
    good = [one.revision for one in entries if one.revision] + ([current] if current else [])
    last = max(good, key=lambda one: one.version, default=None) or shelf.earlier()
    following = last.version + 1 if last else 1
    taken = {one.version for one in entries}
    while following in taken:
        following += 1
    return SettingsState(last, following, trouble)
