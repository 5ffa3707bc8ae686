"""Set-up and check of all connections, and the files of their HubSpot apps; nothing happens without
`apply`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmsync.config import Complaint, read_settings
from crmsync.flows.operator.settings import SettingsAdmin
from crmsync.flows.operator.undo import UndoAdmin, missing_undo_stores
from crmsync.flows.setup.connection import HubspotSide, SalesforceSide, set_up
from crmsync.flows.setup.mapped_fields import outdated_mappings, resolve_mappings
from crmsync.flows.setup.pipelines import PipelineSides, set_up_pipelines
from crmsync.flows.setup.references import reference_steps
from crmsync.flows.setup.same_org import address_mismatches
from crmsync.flows.setup.signing_keys import ReadSecret, check_signing_keys
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.crm_names import ACCOUNT
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.stores import Jobs
from crmsync.rules.settings.checks import discontinued
from crmsync.rules.settings.dates import dated
from crmsync.rules.settings.prerequisites import obstacle
from crmsync.rules.settings.subscriptions import Subscription, subscriptions_of
from crmsync.wire.hubspot_app import app_project

ACCOUNT_IMPORT = "import of the accounts"
"""The part of a `SetupStep` about an import that must come before the deals (OPP-2)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check.

    Attributes:
        steps: Every part of both sides of every connection.
        warnings: What deserves a second thought about the file.
    """

    steps: tuple[SetupStep, ...]
    warnings: tuple[Complaint, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do."""
        return all(step.is_good for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupAdmin:
    """What the command does to set connections up, and to check them.

    Attributes:
        settings: The settings in force.
        hubspot: Makes the HubSpot side of a connection.
        salesforce: Makes the Salesforce side of a connection.
        administrator: Makes it with an administrator's credentials.
        pipelines: Makes what a connection's pipelines are kept in step with.
        jobs: Knows which imports are finished.
        undo: Knows whether the stack keeps overwritten values.
        now: The clock (UTC).
        secret: Reads a secret by name; None leaves out the check of the webhooks' client secrets.
    """

    settings: SettingsAdmin
    hubspot: Callable[[Connection], HubspotSide]
    salesforce: Callable[[Connection], SalesforceSide]
    administrator: Callable[[Connection], SalesforceSide]
    pipelines: Callable[[Connection], PipelineSides]
    jobs: Jobs
    undo: UndoAdmin
    now: Callable[[], datetime]
    secret: ReadSecret | None = None

    def set_up(self, *, apply: bool, as_admin: bool = False) -> list[SetupStep]:
        """Set up every connection in the same way (TEN-2).

        Each step says what exists, was made or would be made. A second run changes nothing. With
        `as_admin` the integration user needs no administrator's rights.
        """
        side = self.administrator if as_admin else self.salesforce
        return self._set_up(self.settings.in_force(), side, apply=apply)

    def check(self, text: str | None = None) -> Checked:
        """Whether a file, or the settings in force, can run: both CRMs have what these need.

        Also reports what will stop working by itself. Writes nothing. Raises `ConfigError` with
        every complaint about the text, and `Gone` when no settings are in force.
        """
        reading = read_settings(self.settings.revision().text if text is None else text)
        resolved = resolve_mappings(reading, self.hubspot, self.salesforce)
        reading = resolved.reading
        settings = reading.settings
        steps = self._set_up(settings, self.salesforce, apply=False)
        steps += [one.step for one in resolved.unreachable]
        if text is None and not resolved.unreachable:
            stored = self.settings.in_force()
            steps += outdated_mappings(stored, dated(stored, settings, self.now()))
        steps += reference_steps(settings.connections, self.settings.references)
        steps += self._out_of_order(settings)
        steps += missing_undo_stores(settings, self.undo)
        if self.secret is not None:
            steps += [check_signing_keys(one, self.secret) for one in settings.connections]
        warnings = [*reading.warnings, *map(reading.complaint, discontinued(settings))]
        return Checked(tuple(steps), tuple(sorted(warnings)))

    def webhook_subscriptions(self, portal_id: int) -> tuple[Subscription, ...]:
        """The webhooks that the app of a HubSpot account must subscribe to.

        There are none for an account without a connection.
        """
        connection = self.settings.in_force().of_portal(portal_id)
        return () if connection is None else subscriptions_of(connection)

    def app_projects(
        self, text: str | None, webhook_url: str
    ) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """The files of each connection's HubSpot app project: connection -> path -> document.

        An app exists before its token, so the settings are those of a file, which need not be in
        force, or for None those in force. Calls neither CRM. Raises `ConfigError` with every
        complaint, and `Gone` when no settings are in force.
        """
        settings = read_settings(self.settings.revision().text if text is None else text).settings
        return {one.name: app_project(one, webhook_url) for one in settings.connections}

    def _set_up(
        self, settings: Settings, side: Callable[[Connection], SalesforceSide], *, apply: bool
    ) -> list[SetupStep]:
        steps: list[SetupStep] = []
        for one in settings.connections:
            sides = set_up(one, self.hubspot(one), side(one), apply=apply)
            steps += [*sides, *set_up_pipelines(one, self.pipelines, sides, apply=apply)]
        return [*steps, *address_mismatches(settings, self.salesforce)]

    def _out_of_order(self, settings: Settings) -> Iterator[SetupStep]:
        """Connections with deals switched on before something that they need (OPP-2)."""
        for one in settings.connections:
            sentence, rule = obstacle(one, self.jobs.imported(one.name, ACCOUNT))
            if sentence and one.deals.sync:
                text = f"{sentence} ({rule})"
                yield SetupStep(one.name, Side.SALESFORCE, ACCOUNT_IMPORT, StepState.WRONG, text)
