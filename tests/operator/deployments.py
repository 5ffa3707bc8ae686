"""A deployment for the operator's tests: both simulators over HTTP, a settings table in moto, and
our other stores in memory.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests

from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.flows.backfill.link_keys import LinkKeyAdmin
from crmsync.flows.backfill.link_rebuild import RebuildSides
from crmsync.flows.operator.console_links import ConsoleLinks
from crmsync.flows.operator.dead_letters import DeadLetterAdmin
from crmsync.flows.operator.decisions import DecisionLog
from crmsync.flows.operator.errors import ErrorAdmin
from crmsync.flows.operator.fields import FieldMapReader
from crmsync.flows.operator.health.status import HealthCheck
from crmsync.flows.operator.history import HistoryReader
from crmsync.flows.operator.links import LinkAdmin
from crmsync.flows.operator.operator import Operator
from crmsync.flows.operator.over_limit import OverLimitAdmin
from crmsync.flows.operator.pauses import PauseAdmin
from crmsync.flows.operator.settings import SettingsAdmin
from crmsync.flows.operator.setup import SetupAdmin
from crmsync.flows.operator.undo import UndoAdmin
from crmsync.flows.preview.explain import Explainer
from crmsync.flows.preview.first_sync import Previewer
from crmsync.flows.setup.pipelines import PipelineSides
from crmsync.gateways.aws.key_ring import KeyRing
from crmsync.gateways.aws.secrets import SecretStore
from crmsync.gateways.dynamodb.links.link_keys import StoredKeys
from crmsync.gateways.dynamodb.settings import SettingsTable
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.listing import HubspotLister
from crmsync.gateways.hubspot.pipelines import HubspotPipelines
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.hubspot.schema import HubspotSchema
from crmsync.gateways.salesforce.ids import full
from crmsync.gateways.salesforce.listing import SalesforceLister
from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.schema import SalesforceSchema
from crmsync.gateways.salesforce.session import Login, SalesforceSession
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.ports.listing import Lister
from crmsync.rules.timing.call_leases import limits_of
from crmsync.rules.timing.call_state import call_state
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests import aws
from tests.builders import NOON
from tests.memory import (
    MemoryAlertStore,
    MemoryCallUsage,
    MemoryCensus,
    MemoryCursors,
    MemoryDeadLetters,
    MemoryInbox,
    MemoryJobMessages,
    MemoryJobs,
    MemoryLinks,
    MemoryOutbox,
    MemoryOverwritten,
    MemoryPipelineMaps,
    MemoryRoleStore,
    MemoryTroubleStore,
    MemoryWaiting,
)
from tests.memory.campaigns import MemoryCampaigns
from tests.memory.comparison import MemoryComparisons
from tests.operator.connections import Connected
from tests.simulated import FixedSecret, retry_policy, served

SETTINGS_KEY = "a-key-that-only-tests-sign-settings-with"
CONSOLE = {
    "url": "https://console.example.com/",
    "key": "a-key-that-only-tests-sign-links-with",
}
"""The console's secret."""


@contextmanager
def settings_table() -> Iterator[SettingsTable]:
    """An empty settings table and its key; the table in which earlier releases stored settings is
    empty, too.
    """
    with aws.mock_aws():
        client = aws.client("dynamodb")
        for name in ("settings", "state"):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")
                ],
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
            )
        aws.client("secretsmanager").create_secret(Name="settings-key", SecretString=SETTINGS_KEY)
        yield SettingsTable(client, "settings", settings_keys(), earlier="state")


def link_key_admin(
    store: SettingsTable, links: MemoryLinks, outbox: MemoryOutbox, waiting: MemoryWaiting
) -> LinkKeyAdmin:
    """Return the link key admin; its clock is an hour after the secret in moto was last written."""
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="link-key", SecretString="the-first-key-of-the-links")
    later = lambda: StoredKeys(secrets, "link-key").stored().since + timedelta(hours=1)  # noqa: E731 - a clock
    keys = StoredKeys(secrets, "link-key")
    return LinkKeyAdmin(
        settings=store.load,
        keys=keys,
        census=MemoryCensus(links),
        outbox=outbox,
        waiting=waiting,
        now=later,
        sleep=lambda _seconds: None,
    )


def settings_keys() -> KeyRing:
    """Return the keys of the settings as a new process reads them."""
    return KeyRing(
        SecretStore(aws.client("secretsmanager"), now=time.monotonic),
        "settings-key",
        now=time.monotonic,
    )


@dataclass(slots=True)
class Deployment:
    """An operator, and the two CRMs and stores of the deployment."""

    operator: Operator
    inbox: MemoryInbox
    jobs: MemoryJobs
    job_messages: MemoryJobMessages
    links: MemoryLinks
    outbox: MemoryOutbox
    cursors: MemoryCursors
    waiting: MemoryWaiting
    overwritten: MemoryOverwritten
    dead_letters: MemoryDeadLetters
    alerts: MemoryAlertStore
    comparisons: MemoryComparisons
    hubspot: HubSpotSimulator
    salesforce: SalesforceSimulator
    faults: Faults
    clock: Clock
    urls: Mapping[str, str]

    @property
    def writes(self) -> tuple[int, int]:
        """The number of writes to HubSpot and to Salesforce."""
        return self.hubspot.stats()["writes"], self.salesforce.stats()["writes"]

    def in_hubspot(self, path: str) -> Any:
        """Return what HubSpot returns to the app's token."""
        headers = {"Authorization": f"Bearer {self.hubspot.portals[0].access_token}"}
        answer = requests.get(f"{self.urls['hubspot']}{path}", headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def make_in_hubspot(
        self, path: str, row: Mapping[str, Any], method: str = "POST", *, portal: int = 0
    ) -> Any:
        """Post to HubSpot as a user of the account at that place; `method` PATCH changes what
        exists. Return the response.
        """
        headers = {"Authorization": f"Bearer {self.hubspot.portals[portal].user_token}"}
        url = f"{self.urls['hubspot']}{path}"
        answer = requests.request(method, url, json=row, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def in_salesforce(self, path: str) -> Any:
        """Return what Salesforce returns to the integration user."""
        return self._ask_salesforce("GET", path).json()

    def make_in_salesforce(self, path: str, row: Mapping[str, Any]) -> Any:
        """Post to Salesforce as the integration user; return the response."""
        return self._ask_salesforce("POST", path, row).json()

    def remove_in_salesforce(self, path: str) -> None:
        """Delete what is at the path."""
        self._ask_salesforce("DELETE", path)

    def _ask_salesforce(
        self, method: str, path: str, row: Mapping[str, Any] | None = None
    ) -> requests.Response:
        url = f"{self.urls['salesforce']}/services/data/v{self.salesforce.api_version}/{path}"
        headers = {"Authorization": f"Bearer {self.salesforce.access_token}"}
        answer = requests.request(method, url, json=row, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer


@contextmanager
def deployment(
    *portal_ids: int,
    org: Mapping[str, Any] | None = None,
    portal: Mapping[str, Any] | None = None,
    version: str = "",
    administrators: FixedSecret | None = None,
) -> Iterator[Deployment]:
    """A deployment with HubSpot accounts made of `portal`, an org made of `org`, and HubSpot's API
    in `version`.

    A connection to an account that does not exist has the token of the first one. The accounts of
    the connections acme and beta are imported.
    """
    clock = Clock()
    faults = Faults(clock)
    portals = [{**(portal or {}), "portal_id": one} for one in portal_ids or (555001,)]
    hubspot = HubSpotSimulator(portals, clock=clock, faults=faults)
    salesforce = SalesforceSimulator(org or {}, clock=clock, faults=faults)
    with (
        settings_table() as store,
        served(hubspot.wsgi) as hubspot_url,
        served(salesforce.wsgi) as salesforce_url,
    ):
        salesforce.set_instance_url(salesforce_url)
        app_id = str(hubspot.portals[0].app_id)
        tokens = {portal.portal_id: portal.access_token for portal in hubspot.portals}
        org_secret = FixedSecret(
            {"client_id": salesforce.client_id, "client_secret": salesforce.client_secret}
        )

        def hubspot_side(connection: Connection) -> HubspotSchema:
            token = tokens.get(connection.hubspot.portal_id, hubspot.portals[0].access_token)
            secret = FixedSecret({"access_token": token, "app_id": app_id, "api_url": hubspot_url})
            return HubspotSchema(secret, version=version, retry_policy=retry_policy(clock))

        def salesforce_side(
            _connection: Connection, administrator: FixedSecret | None = None
        ) -> SalesforceSchema:
            now = lambda: clock.now_ms() / 1000  # noqa: E731 - a clock in seconds
            policy = retry_policy(clock)
            return SalesforceSchema(
                salesforce_url,
                org_secret,
                now=now,
                retry_policy=policy,
                administrator=administrator,
            )

        session = FixedSecret(
            {"access_token": salesforce.user_token, "instance_url": salesforce_url}
        )

        def secret(connection: Connection) -> FixedSecret:
            token = tokens.get(connection.hubspot.portal_id, hubspot.portals[0].access_token)
            return FixedSecret({"access_token": token, "api_url": hubspot_url})

        def org_lister(_connection: Connection) -> SalesforceLister:
            now = lambda: clock.now_ms() / 1000  # noqa: E731 - as above
            return SalesforceLister(SalesforceSession(Login(salesforce_url, org_secret, now=now)))

        def lister(connection: Connection, side: Side) -> Lister:
            account = HubspotClient(
                secret(connection), version=version, retry_policy=retry_policy(clock)
            )
            return HubspotLister(account) if side is Side.HUBSPOT else org_lister(connection)

        def gateways(connection: Connection) -> tuple[HubspotClient, SalesforceGateway]:
            now = lambda: clock.now_ms() / 1000  # noqa: E731 - as above
            account = HubspotClient(
                secret(connection), version=version, retry_policy=retry_policy(clock)
            )
            return account, SalesforceGateway(salesforce_url, org_secret, now=now)

        def sides(connection: Connection) -> RebuildSides:
            client, org = gateways(connection)
            return RebuildSides(
                {side: lister(connection, side) for side in Side},
                {Side.HUBSPOT: HubspotGateway(client), Side.SALESFORCE: org},
            )

        maps, comparisons = MemoryPipelineMaps(), MemoryComparisons()
        links, outbox, cursors, waiting = (
            MemoryLinks(),
            MemoryOutbox(),
            MemoryCursors(),
            MemoryWaiting(),
        )
        inbox, jobs, job_messages, ids = (
            MemoryInbox(),
            MemoryJobs(),
            MemoryJobMessages(),
            itertools.count(1),
        )
        troubles, call_usage, alerts = MemoryTroubleStore(), MemoryCallUsage(), MemoryAlertStore()
        new_id = lambda: f"id{next(ids)}"  # noqa: E731 - the next one
        for name in ("acme", "beta"):
            jobs.mark_imported(name, "Account", NOON)
        job_admin = JobAdmin(
            settings=store.load,
            jobs=jobs,
            job_messages=job_messages,
            lister=lister,
            new_id=new_id,
            now=lambda: NOON,
            sleep=lambda _seconds: None,
            inbox=inbox,
            reader=lambda one, side: sides(one).readers[side],
            caller=lambda: "ada",
        )
        connected = Connected(gateways, links, inbox, outbox)
        link_admin = LinkAdmin(
            settings=store.load,
            links=links,
            sides=sides,
            full=full,
            keys=link_key_admin(store, links, outbox, waiting),
            view=connected.view,
            is_paused=lambda name: troubles.load(name).pause is not None,
        )
        health = HealthCheck(
            alerts=alerts,
            settings=store.load,
            inbox=inbox,
            jobs=jobs,
            cursors=cursors,
            quota=org_lister,
            waiting=waiting,
            account=hubspot_side,
            now=lambda: NOON,
            troubles=troubles,
            own_calls=lambda connection, side: call_state(
                call_usage.load(connection.name, side), limits_of(connection, side), NOON
            ),
            comparisons=comparisons,
            campaigns=MemoryCampaigns(),
            link_keys=lambda: link_admin.keys.keys.stored().numbers,
        )

        def pipelines_of(connection: Connection) -> PipelineSides:
            now = lambda: clock.now_ms() / 1000  # noqa: E731 - as above
            account = HubspotClient(
                secret(connection), version=version, retry_policy=retry_policy(clock)
            )
            org_session = SalesforceSession(Login(salesforce_url, org_secret, now=now))
            return PipelineSides(
                HubspotPipelines(account),
                SalesforceOpportunities(org_session, MemoryRoleStore()),
                maps,
            )

        overwritten, dead_letters = MemoryOverwritten(), MemoryDeadLetters()
        undo = UndoAdmin(
            settings=store.load,
            kept=lambda: overwritten,
            view=connected.view,
            context=connected.context,
            jobs=jobs,
            new_id=new_id,
            now=lambda: NOON,
            caller=lambda: "ada",
        )
        settings = SettingsAdmin(
            store=store,
            hubspot=hubspot_side,
            salesforce=salesforce_side,
            references=connected.references,
            now=lambda: NOON,
            caller=lambda: "ada",
        )
        decisions = DecisionLog(jobs=jobs, new_id=new_id, now=lambda: NOON, caller=lambda: "ada")
        operator = Operator(
            settings=settings,
            setup=SetupAdmin(
                settings=settings,
                hubspot=hubspot_side,
                salesforce=salesforce_side,
                administrator=lambda one: salesforce_side(one, administrators or session),
                pipelines=pipelines_of,
                jobs=jobs,
                undo=undo,
                now=lambda: NOON,
            ),
            errors=ErrorAdmin(
                settings=settings.in_force,
                inbox=inbox,
                outbox=outbox,
                now=lambda: NOON,
                reader=lambda one, side: sides(one).readers[side],
                decisions=decisions,
            ),
            dead_letters=DeadLetterAdmin(settings=store.load, queues=dead_letters, inbox=inbox),
            jobs=job_admin,
            links=link_admin,
            health=health,
            over_limit=OverLimitAdmin(
                settings=store.load,
                inbox=inbox,
                outbox=outbox,
                decisions=decisions,
            ),
            pauses=PauseAdmin(
                settings=store.load, troubles=troubles, now=lambda: NOON, caller=lambda: "ada"
            ),
            undo=undo,
            history=HistoryReader(
                settings=settings.in_force,
                links=links,
                inbox=inbox,
                origins=lambda one: HubspotGateway(gateways(one)[0]),
                kept=lambda: overwritten,
                full=full,
                now=lambda: NOON,
            ),
            fields=FieldMapReader(
                settings=settings.in_force,
                hubspot=hubspot_side,
                salesforce=salesforce_side,
                troubles=troubles,
            ),
            explainer=Explainer(settings.in_force, connected.view, lambda: NOON, MemoryCampaigns()),
            previewer=Previewer(connected.view, lambda: NOON, connected.campaigns),
            console=ConsoleLinks(
                secret=lambda: CONSOLE, caller=lambda: "ada", new_id=new_id, now=lambda: NOON
            ),
        )
        stores = (
            inbox,
            jobs,
            job_messages,
            links,
            outbox,
            cursors,
            waiting,
            overwritten,
            dead_letters,
            alerts,
            comparisons,
        )
        yield Deployment(
            operator,
            *stores,
            hubspot,
            salesforce,
            faults,
            clock,
            {"hubspot": hubspot_url, "salesforce": salesforce_url},
        )
