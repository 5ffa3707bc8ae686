"""The connections of the operator's tests: gateways to both simulators, and our own stores in
memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmsync.flows.campaigns.members import CampaignContext
from crmsync.flows.campaigns.preview import PreviewedCampaign, preview_campaigns
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.preview.read_only import ReadOnlyRoles, ReadOnlyView, read_only
from crmsync.flows.setup.references import ReferenceSources
from crmsync.gateways.hubspot.associations import HubspotAssociations
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.companies import HubspotCompanies
from crmsync.gateways.hubspot.gone import HubspotDeleter
from crmsync.gateways.hubspot.list_members import HubspotListMembers
from crmsync.gateways.hubspot.listing import HubspotLister
from crmsync.gateways.hubspot.lists import HubspotLists
from crmsync.gateways.hubspot.pipelines import HubspotPipelines
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.owners import OwnersDirectory
from crmsync.gateways.salesforce.ids import full
from crmsync.gateways.salesforce.listing import SalesforceLister
from crmsync.gateways.salesforce.objects.activities import SalesforceActivities
from crmsync.gateways.salesforce.objects.activity_bin import SalesforceActivityBin
from crmsync.gateways.salesforce.objects.campaigns import SalesforceCampaigns
from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.schemas import LiveSchemas
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from tests.builders import FINGERPRINTER, NOON, OUR_APP
from tests.memory import (
    MemoryChangeCounts,
    MemoryInbox,
    MemoryLinks,
    MemoryOutbox,
    MemoryPipelineMaps,
    MemoryRoleStore,
    MemoryTroubleStore,
    OpenGate,
)
from tests.memory.campaigns import MemoryCampaigns


@dataclass(frozen=True, slots=True)
class Connected:
    """Opens a connection with its gateways and our own stores."""

    gateways: Callable[[Connection], tuple[HubspotClient, SalesforceGateway]]
    links: MemoryLinks
    inbox: MemoryInbox
    outbox: MemoryOutbox

    def context(self, connection: Connection, _settings: Settings) -> SyncContext:
        """The connection, for writing."""
        return self._context(connection, *self.gateways(connection))

    def references(self, connection: Connection) -> ReferenceSources:
        """Where what the settings name is looked up."""
        client, salesforce = self.gateways(connection)
        return ReferenceSources(
            HubspotLists(client),
            HubspotPipelines(client),
            OwnersDirectory(client, salesforce.session, now=lambda: 0.0),
            SalesforceCampaigns(salesforce.session),
        )

    def campaigns(self, connection: Connection) -> list[PreviewedCampaign]:
        """What the next sweep of its campaigns would do."""
        client, salesforce = self.gateways(connection)
        return preview_campaigns(
            CampaignContext(
                connection=connection,
                lists=HubspotListMembers(client),
                members=SalesforceCampaigns(salesforce.session),
                links=self.links,
                store=MemoryCampaigns(),
                now=lambda: NOON,
            )
        )

    def view(self, connection: Connection, _settings: Settings) -> ReadOnlyView:
        """The connection, for reading only."""
        client, salesforce = self.gateways(connection)
        session = salesforce.session
        listers = {Side.HUBSPOT: HubspotLister(client), Side.SALESFORCE: SalesforceLister(session)}
        calls = {Side.HUBSPOT: lambda: client.calls, Side.SALESFORCE: lambda: session.calls}
        context = read_only(self._context(connection, client, salesforce))
        return ReadOnlyView(
            context,
            listers.__getitem__,
            SalesforceLister(session),
            lambda: 0,
            lambda side: calls[side](),
            full,
        )

    def _context(
        self, connection: Connection, client: HubspotClient, salesforce: SalesforceGateway
    ) -> SyncContext:
        hubspot, session = HubspotGateway(client), salesforce.session
        return SyncContext(
            connection,
            hubspot,
            salesforce,
            preferences=hubspot,
            deleter=HubspotDeleter(client),
            activity_bin=SalesforceActivityBin(session),
            lists=HubspotLists(client),
            associations=HubspotAssociations(client),
            companies=HubspotCompanies(client),
            accounts=salesforce,
            opportunities=SalesforceOpportunities(session, ReadOnlyRoles(MemoryRoleStore())),
            activities=SalesforceActivities(session),
            deals=HubspotPipelines(client),
            pipeline_maps=MemoryPipelineMaps(),
            directory=OwnersDirectory(client, session, now=lambda: 0.0),
            links=self.links,
            outbox=self.outbox,
            inbox=self.inbox,
            change_counts=MemoryChangeCounts(),
            calls=OpenGate(),
            troubles=MemoryTroubleStore(),
            schemas=LiveSchemas(client, session),
            fingerprinter=FINGERPRINTER,
            our_user=salesforce.identity().user_id,
            our_app=OUR_APP,
            now=lambda: NOON,
        )
