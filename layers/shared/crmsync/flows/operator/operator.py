"""What the operator does: settings pushed and rolled back, connections set up and checked, errors
looked through.

Shows first and acts only with `apply`. Nothing is printed here; the command and the laptop stack do
that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crmsync.config import ConfigError, Reading, read_settings
from crmsync.errors import Gone, Refused
from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.flows.operator.held_changes import OverLimitAdmin
from crmsync.flows.operator.links import LinkAdmin
from crmsync.flows.operator.pauses import PauseAdmin
from crmsync.flows.operator.results import Checked, ErrorRow, Pushed, Retried, ShownSettings
from crmsync.flows.operator.status import HealthCheck
from crmsync.flows.operator.stored_settings import SettingsStore, settings_state
from crmsync.flows.operator.undo import UndoAdmin
from crmsync.flows.operator.undo_check import not_kept
from crmsync.flows.preview.explain import Explained, Explainer
from crmsync.flows.preview.first_sync import Preview, Previewer, PreviewRequest, Tell, tell_nobody
from crmsync.flows.preview.window import ReadOnlyView
from crmsync.flows.setup.connection import HubspotSide, SalesforceSide, SetupStep, StepState, set_up
from crmsync.flows.setup.mapped_fields import ResolvedMappings, resolve_mappings
from crmsync.flows.setup.mapped_steps import not_looked_up, stale
from crmsync.flows.setup.pipelines import PipelineSides, set_up_pipelines
from crmsync.flows.setup.same_org import address_mismatches
from crmsync.flows.setup.signing_keys import ReadSecret, check_signing_keys
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import objects_of
from crmsync.model.crm_names import ACCOUNT
from crmsync.model.effects import Category
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox
from crmsync.rules.settings.checks import endings
from crmsync.rules.settings.dates import dated
from crmsync.rules.settings.diff import differences
from crmsync.rules.settings.order import obstacle
from crmsync.rules.settings.subscriptions import Subscription, subscriptions_of
from crmsync.wire.hubspot_app import app_project
from crmsync.wire.settings.stored import Entry, Revision

NO_ERRORS = frozenset({Category.WAITING, Category.HELD})
"""Drawers of the error inbox in which records only bide their time."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Everything the command can do. `hubspot`, `salesforce` and `pipelines` make a connection's
    sides when they are needed.

    `window` opens a connection for looking, under the settings that it is given.
    """

    shelf: SettingsStore
    inbox: Inbox
    hubspot: Callable[[Connection], HubspotSide]
    salesforce: Callable[[Connection], SalesforceSide]
    pipelines: Callable[[Connection], PipelineSides]
    jobs: JobAdmin
    links: LinkAdmin
    health: HealthCheck
    brakes: OverLimitAdmin
    pauses: PauseAdmin
    undo: UndoAdmin
    outbox: Outbox
    window: Callable[[Connection, Settings], ReadOnlyView]
    now: Callable[[], datetime]
    who: Callable[[], str] = lambda: ""
    """Who acts, asked where something is kept of it."""
    secret: ReadSecret | None = None
    """Reads a secret by its name, for a look at where the keys of webhooks stand."""
    administrator: Callable[[Connection], SalesforceSide] | None = None
    """Makes a connection's side of Salesforce with an administrator's credentials for what set-up
    looks at and makes.
    """

    def settings(self) -> Settings:
        """The settings in force; none at all before the first push."""
        current = self.shelf.current()
        return Settings() if current is None else current.settings

    def revision(self, version: int = 0) -> Revision:
        """A push by its number, 0 for the one in force. Raises `Gone` where there is none, and
        `Distrusted`.
        """
        found = (version and self.shelf.revision(version)) or self.shelf.current()
        if found is None or version not in {0, found.version}:
            raise Gone(
                f"there are no settings of version {version}"
                if version
                else "no settings have been pushed yet"
            )
        return found

    def shown(self) -> ShownSettings:
        """The push in force, and whether its text says what runs. Raises `Gone` before the first
        one, and `Distrusted`.
        """
        revision = self.revision()
        try:
            return ShownSettings(
                revision, differences(read_settings(revision.text).settings, revision.settings)
            )
        except ConfigError as error:
            return ShownSettings(revision, tuple(map(str, error.complaints)))

    def history(self) -> Sequence[Entry]:
        """Every push, newest first. Raises `Distrusted` where an earlier release has left settings
        and none was pushed since.
        """
        entries = self.shelf.history()
        if not entries:
            self.shelf.current()
        return entries

    def push_settings(self, text: str, *, apply: bool) -> Pushed:
        """Check a file and, with `apply`, put it in force; the very text that is in force already
        stays as it is.

        It starts from the newest settings that a push has stored, also where something else was put
        in their place.

        Mapped fields are looked up in both CRMs, and what they say is kept with the settings, as is
        when each row came. No record is touched: a new mapping is not retroactive, existing values
        move by a resync (MAP-6). Raises `ConfigError` with every complaint, `Conflict` when
        somebody else has pushed meanwhile, and `Refused` where a CRM could not be asked about
        mapped fields.
        """
        reading = self._certain(read_settings(text))
        stands = settings_state(self.shelf)
        old = stands.settings
        new = self._draft(old, reading)
        is_same_text = stands.last is not None and stands.last.text == text
        if is_same_text and old == new and not stands.trouble:
            return Pushed(old.version, applied=False, warnings=reading.warnings)
        wording = (
            "what the CRMs say of the mapped fields"
            if is_same_text
            else "nothing but the file's wording"
        )
        changes = differences(old, new) or (stands.trouble or wording,)
        if apply:
            self.shelf.push(
                text, replace(new, version=stands.following - 1), at=self.now(), by=self.who()
            )
        return Pushed(stands.following, apply, changes, reading.warnings)

    def explain(self, side: Side, name: str, record_id: str, only: str = "") -> list[Explained]:
        """All that can be said of one record, on every connection that knows it, or on `only` one.
        Raises as `Explainer` does.
        """
        return Explainer(self.settings, self.window, self.now).explain(side, name, record_id, only)

    def preview(
        self, wanted: PreviewRequest, text: str | None = None, tell: Tell = tell_nobody
    ) -> Preview:
        """What a first sync would write under the settings in force, or under those of a file.
        Writes nothing.

        Raises `ConfigError` with every complaint about the file, and as `Previewer` and
        `push_settings` do.
        """
        settings = (
            self.settings()
            if text is None
            else self._draft(self.settings(), self._certain(read_settings(text)))
        )
        return Previewer(self.window, self.now).preview(settings, wanted, tell)

    def rollback(self, version: int, *, apply: bool) -> Pushed:
        """Push the text of an older version again, under a new number.

        Raises `Gone` where there is no such version, and `ConfigError` where it is no longer good.
        """
        return self.push_settings(self.revision(version).text, apply=apply)

    def setup(self, *, apply: bool, as_admin: bool = False) -> list[SetupStep]:
        """Set up every connection alike (TEN-2); each step says what was there, was made or would
        be. A second run changes nothing.

        With `as_admin` the integration user need not have a single right of an administrator.
        """
        return self._set_up(self.settings(), apply=apply, as_admin=as_admin)

    def check(self, text: str | None = None) -> Checked:
        """Whether a file, or what is in force, is good and both sides have what it needs, and what
        will end by itself; writes nothing.

        Raises `ConfigError` with every complaint about the text, and `Gone` where there is none.
        """
        learned = self._learn(read_settings(self.revision().text if text is None else text))
        settings = learned.reading.settings
        steps = (*self._set_up(settings, apply=False), *map(not_looked_up, learned.unanswered))
        if text is None and not learned.unanswered:
            kept = self.settings()
            steps += tuple(stale(kept, dated(kept, settings, self.now())))
        steps += (*self._out_of_order(settings), *not_kept(settings, self.undo))
        steps += (
            tuple(check_signing_keys(one, self.secret) for one in settings.connections)
            if self.secret
            else ()
        )
        ending = map(learned.reading.complaint, endings(settings))
        return Checked(steps, tuple(sorted((*learned.reading.warnings, *ending))))

    def errors(self) -> list[ErrorRow]:
        """Everything that does not sync, what only waits included, by connection and then oldest
        first.
        """
        return [
            ErrorRow(one.name, report)
            for one in self.settings().connections
            for report in self.inbox.parked(one.name)
        ]

    def open_errors(self) -> int:
        """How many records are parked with an error; one that waits (TRG-17), or whose deletion is
        held (Q-30), is none.
        """
        return sum(row.report.category not in NO_ERRORS for row in self.errors())

    def retry(
        self, identifier: str = "", category: Category | None = None, *, apply: bool
    ) -> Retried:
        """Have parked records looked at again: one, those of a category, or without either all
        (RTY-3). Raises `TryAgain`.

        A look costs what any look costs; what goes through leaves the inbox by itself.
        """
        rows = [
            row
            for row in self.errors()
            if (category is None or row.report.category is category)
            and (not identifier or row.report.ref.id == identifier)
        ]
        changes = {row: change for row in rows if (change := self._again(row))}
        if apply:
            self.outbox.publish(list(changes.values()))
        return Retried(tuple(changes), tuple(row for row in rows if row not in changes))

    def done(self, identifier: str, *, apply: bool) -> list[ErrorRow]:
        """Take off the list what only a person can settle (CH-9), of the record with this id.
        Raises `TryAgain`.

        Nothing else is taken off: what does not sync leaves the list when it syncs.
        """
        rows = [
            row
            for row in self.errors()
            if row.report.category is Category.PRIVACY
            and row.report.ref.id.partition(".")[2] == identifier
        ]
        for row in rows if apply else ():
            self.inbox.clear(row.connection, [row.report.ref])
        return rows

    def _again(self, row: ErrorRow) -> Change | None:
        """The change that has a record looked at, or None where no concern of its connection
        would.
        """
        connection, ref = self.settings().connection(row.connection), row.report.ref
        kind = objects_of(connection, ref.side).get(ref.object) if connection else None
        return Change(row.connection, kind, ref, Cause.AGAIN, self.now()) if kind else None

    def webhook_subscriptions(self, portal_id: int) -> tuple[Subscription, ...]:
        """The webhooks that a HubSpot account's app must subscribe to; none for an account that is
        not connected.
        """
        connection = self.settings().of_portal(portal_id)
        return () if connection is None else subscriptions_of(connection)

    def hubspot_apps(
        self, text: str | None, webhook_url: str
    ) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Every connection of a file, or of what is in force, with the files of its HubSpot app's
        project; asks neither CRM.

        An app comes before its token, so the file need not be in force. Raises `ConfigError` with
        every complaint, `Gone` without settings.
        """
        settings = read_settings(self.revision().text if text is None else text).settings
        return {one.name: app_project(one, webhook_url) for one in settings.connections}

    def _draft(self, old: Settings, reading: Reading) -> Settings:
        """The settings of a file as they would be in force instead of `old`."""
        return replace(dated(old, reading.settings, self.now()), version=old.version)

    def _out_of_order(self, settings: Settings) -> Iterator[SetupStep]:
        """Connections whose deals are on while something that must come first is not done
        (OPP-2).
        """
        for one in settings.connections:
            sentence, rule = obstacle(one, self.jobs.jobs.imported(one.name, ACCOUNT))
            if sentence and one.deals.sync:
                yield SetupStep(
                    one.name, Side.SALESFORCE, SET_UP_ORDER, StepState.WRONG, f"{sentence} ({rule})"
                )

    def _learn(self, reading: Reading) -> ResolvedMappings:
        return resolve_mappings(reading, self.hubspot, self.salesforce)

    def _certain(self, reading: Reading) -> Reading:
        """The file with what both CRMs say of it. Raises `Refused` where one could not be asked:
        nothing is put in force unchecked.
        """
        learned = self._learn(reading)
        for one in learned.unanswered:
            raise Refused(
                f"the fields that {one.connection} maps could not be looked up in {one.side}: {one.error.text}",
                code=one.error.code,
                hint=f"{one.error.hint} Nothing was pushed; try again once {one.side} answers.".strip(),
            )
        return learned.reading

    def _set_up(
        self, settings: Settings, *, apply: bool, as_admin: bool = False
    ) -> list[SetupStep]:
        side = self.administrator if as_admin and self.administrator else self.salesforce
        steps = [
            step
            for one in settings.connections
            for step in self._set_up_one(one, side, apply=apply)
        ]
        return [*steps, *address_mismatches(settings, self.salesforce)]

    def _set_up_one(
        self, connection: Connection, side: Callable[[Connection], SalesforceSide], *, apply: bool
    ) -> list[SetupStep]:
        steps = set_up(connection, self.hubspot(connection), side(connection), apply=apply)
        return [*steps, *set_up_pipelines(connection, self.pipelines, steps, apply=apply)]


SET_UP_ORDER = "import of the accounts"
