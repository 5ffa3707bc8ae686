"""The operator's settings: pushed, shown, listed and rolled back; nothing happens without `apply`.

The settings table can be written without the command. A push therefore starts from the newest
settings that the command itself stored, and so also repairs a row that it did not write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from crmsync.config import Complaint, ConfigError, Reading, read_settings
from crmsync.errors import Distrusted, Gone, Refused, SyncError
from crmsync.flows.setup.mapped_fields import HubspotOf, SalesforceOf, resolve_mappings
from crmsync.flows.setup.references import SourcesOf, judge_all
from crmsync.model.settings import Settings
from crmsync.rules.settings.dates import dated
from crmsync.rules.settings.diff import differences
from crmsync.wire.settings.stored import Entry, Revision


class SettingsStore(Protocol):
    """Stores every push of settings."""

    def current(self) -> Revision | None:
        """The push in force, or None before the first one. Raises `TryAgain`, `Distrusted`."""

    def revision(self, version: int) -> Revision | None:
        """The push of that number, or None. Raises as `current` does."""

    def history(self) -> Sequence[Entry]:
        """Every push, newest first. Raises `TryAgain`."""

    def earlier(self) -> Revision | None:
        """The settings that a release without seals had in force, or None. Raises `TryAgain`."""

    def push(self, text: str, settings: Settings, *, at: datetime, by: str = "") -> Settings:
        """Put settings in force. Raises `Conflict` when their version is not the one in force."""


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What the next push starts from.

    Attributes:
        last: The newest push whose seal holds, or what an earlier release left.
        following: The number of the next push.
        trouble: Why `last` is not in force; "" when it is.
    """

    last: Revision | None
    following: int
    trouble: str = ""

    @property
    def settings(self) -> Settings:
        """The settings of `last`; without connections before the first push."""
        return Settings() if self.last is None else self.last.settings


def settings_state(store: SettingsStore) -> SettingsState:
    """Read what the next push starts from. Raises `TryAgain`."""
    current, trouble = None, ""
    try:
        current = store.current()
    except Distrusted as error:
        trouble = error.text
    entries = store.history()
    good = [one.revision for one in entries if one.revision] + ([current] if current else [])
    last = max(good, key=lambda one: one.version, default=None) or store.earlier()
    following = last.version + 1 if last else 1
    taken = {one.version for one in entries}
    while following in taken:
        following += 1
    return SettingsState(last, following, trouble)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push that was made, or would be.

    Attributes:
        version: The version in force after it.
        applied: Whether it was made.
        changes: What it changes, a sentence each.
        warnings: What deserves a second thought.
        paused: The new connections that begin paused.
    """

    version: int
    applied: bool
    changes: tuple[str, ...] = ()
    warnings: tuple[Complaint, ...] = ()
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """The push in force.

    Attributes:
        revision: The push; its seal holds.
        departs: Where the settings that run differ from its text, a line each.
    """

    revision: Revision
    departs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsAdmin:
    """What the command does with settings.

    Attributes:
        store: Stores every push.
        hubspot: Makes the HubSpot side of a connection, which describes its properties.
        salesforce: Makes the Salesforce side of a connection, which describes its fields.
        references: Makes what a connection's lists, campaigns, pipelines and owners are looked up
            in.
        look_up: Whether a push looks these up, and is refused where one is missing.
        now: The clock (UTC).
        caller: The identity that a push is stored with.
    """

    store: SettingsStore
    hubspot: HubspotOf
    salesforce: SalesforceOf
    references: SourcesOf
    now: Callable[[], datetime]
    caller: Callable[[], str] = lambda: ""
    look_up: bool = True

    def in_force(self) -> Settings:
        """The settings in force; without connections before the first push."""
        current = self.store.current()
        return Settings() if current is None else current.settings

    def revision(self, version: int = 0) -> Revision:
        """A push by its number, 0 for the one in force. Raises `Gone` for an unknown one, and
        `Distrusted`.
        """
        found = (version and self.store.revision(version)) or self.store.current()
        if found is None or version not in {0, found.version}:
            if not version:
                raise Gone(
                    "No settings have been pushed yet.",
                    hint="crmsync settings push FILE --apply puts some in force.",
                )
            known = ", ".join(str(one.version) for one in self.store.history()) or "none"
            raise Gone(
                f"There are no settings of version {version}.",
                hint=f"There are these versions: {known}.",
            )
        return found

    def show(self) -> ShownSettings:
        """The push in force, and where what runs differs from its text.

        Raises `Gone` before the first push, and `Distrusted`.
        """
        revision = self.revision()
        try:
            written = read_settings(revision.text).settings
        except ConfigError as error:
            return ShownSettings(revision, tuple(map(str, error.complaints)))
        return ShownSettings(revision, differences(written, revision.settings))

    def history(self) -> Sequence[Entry]:
        """Every push, newest first.

        Raises `Distrusted` when an earlier release left settings and nothing was pushed since.
        """
        entries = self.store.history()
        if not entries:
            self.store.current()
        return entries

    @staticmethod
    def changes_of(entries: Sequence[Entry]) -> Mapping[int, tuple[str, ...]]:
        """Version -> what its push changed, a sentence each, for a history newest first. A push
        that nobody can trust, and the one after it, have none.
        """
        older = [*entries, None][1:]
        return {
            entry.version: _change(entry, before)
            for entry, before in zip(entries, older, strict=True)
        }

    def draft(self, text: str) -> Settings:
        """The settings of a file as they would be in force. Raises as `push` does."""
        return self._dated(self.in_force(), self._resolved(text))

    def push(
        self,
        text: str,
        *,
        apply: bool,
        pause: Callable[[Sequence[str]], None] | None = None,
    ) -> Pushed:
        """Check a file and, with `apply`, put it in force.

        `pause` pauses new connections, before the functions know of them.

        Mapped fields are looked up in both CRMs. The settings are stored with what these say, and
        with the time each row was added. No record is touched: a new mapping is not retroactive,
        and existing values move by a resync (MAP-6). When the settings in force have the same text
        and mean the same, nothing is stored.

        Raises `ConfigError` with every complaint, `Conflict` when somebody else pushed meanwhile,
        and `Refused` when a CRM did not describe the mapped fields.
        """
        reading = self._resolved(text)
        state = settings_state(self.store)
        old = state.settings
        new = self._dated(old, reading)
        is_same_text = state.last is not None and state.last.text == text
        if is_same_text and old == new and not state.trouble:
            return Pushed(old.version, applied=False, warnings=reading.warnings)
        changes = differences(old, new)
        if not changes and state.trouble:
            changes = (state.trouble,)
        elif not changes and is_same_text:
            changes = ("what the CRMs say of the mapped fields",)
        elif not changes:
            changes = ("nothing but the file's wording",)
        names = (one.name for one in new.connections if old.connection(one.name) is None)
        paused = () if pause is None else tuple(names)
        if apply:
            if pause is not None:
                pause(paused)
            base = replace(new, version=state.following - 1)
            self.store.push(text, base, at=self.now(), by=self.caller())
        return Pushed(state.following, apply, changes, reading.warnings, paused)

    def rollback(self, version: int, *, apply: bool) -> Pushed:
        """Push the text of an older version again, under a new number.

        Raises `Gone` for an unknown version, and `ConfigError` when its text is no longer valid.
        """
        return self.push(self.revision(version).text, apply=apply)

    def _resolved(self, text: str) -> Reading:
        """A file with its mapped fields resolved: nothing is put in force unchecked."""
        resolved = resolve_mappings(read_settings(text), self.hubspot, self.salesforce)
        if resolved.unreachable:
            first = resolved.unreachable[0]
            error, side = first.error, first.side
            raise Refused(
                f"the fields that {first.connection} maps could not be looked up in {side}: "
                f"{error.text}",
                code=error.code,
                hint=f"{error.hint} Nothing was pushed; try again once {side} answers.".strip(),
            )
        return self._referring(resolved.reading) if self.look_up else resolved.reading

    def _referring(self, reading: Reading) -> Reading:
        """A file whose inclusion lists exist, with warnings about its pipelines and owners."""
        try:
            wrong, doubtful = judge_all(reading, self.references)
        except SyncError as error:
            raise Refused(
                f"the lists, pipelines and owners of the file could not be looked up: {error.text}",
                code=error.code,
                hint=f"{error.hint} Nothing was pushed; try again later.".strip(),
            ) from error
        if wrong:
            raise ConfigError(wrong)
        return replace(reading, warnings=tuple(sorted((*reading.warnings, *doubtful))))

    def _dated(self, old: Settings, reading: Reading) -> Settings:
        return replace(dated(old, reading.settings, self.now()), version=old.version)


def _change(entry: Entry, before: Entry | None) -> tuple[str, ...]:
    if entry.revision is None:
        return ()
    if before is None:
        return differences(Settings(), entry.revision.settings)
    return differences(before.revision.settings, entry.revision.settings) if before.revision else ()
