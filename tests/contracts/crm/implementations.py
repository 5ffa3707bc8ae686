"""The CRMs that the contract suite runs on.

The same suite runs on the memory versions, on the gateways over the simulators and, when
``CRMSYNC_LIVE_*`` is set, on the gateways over a real sandbox. Live records are created under
``example.com`` addresses of their own and deleted at the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.gateways.hubspot.associations import HubspotAssociations
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.companies import HubspotCompanies
from crmsync.gateways.hubspot.gone import HubspotDeleter
from crmsync.gateways.hubspot.list_members import HubspotListMembers
from crmsync.gateways.hubspot.listing import HubspotLister
from crmsync.gateways.hubspot.lists import HubspotLists
from crmsync.gateways.hubspot.pipelines import HubspotPipelines
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.hubspot.sweep import HubspotSweep
from crmsync.gateways.salesforce.listing import SalesforceLister
from crmsync.gateways.salesforce.objects.activities import SalesforceActivities
from crmsync.gateways.salesforce.objects.activity_bin import SalesforceActivityBin
from crmsync.gateways.salesforce.objects.campaigns import SalesforceCampaigns
from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.kinds.pipelines import RecordType
from crmsync.model.records import Side
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests.contracts.crm.backend import HUBSPOT, SALESFORCE, Backend
from tests.contracts.crm.persons import (
    CampaignEditor,
    HubspotListEditor,
    HubspotPerson,
    SalesforcePerson,
)
from tests.memory import (
    MemoryAccounts,
    MemoryActivities,
    MemoryActivityBin,
    MemoryAssociations,
    MemoryCompanies,
    MemoryCrm,
    MemoryDeals,
    MemoryDeleter,
    MemoryLister,
    MemoryLists,
    MemoryOpportunities,
    MemoryPreferences,
    MemoryRoleStore,
)
from tests.memory.campaigns import MemoryCampaignMembers, MemoryListMembers
from tests.memory.deals import MASTER
from tests.simulated import (
    OUR_FIELD,
    OUR_OBJECTS,
    FixedSecret,
    retry_policy,
    served,
    set_up_hubspot,
)


class _Ticking:
    """A clock that advances a little with each reading."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(milliseconds=7)
        return self._now


def memory_hubspot(pipelines_allowed: int = 100) -> Iterator[Backend]:
    """HubSpot in memory."""
    crm = MemoryCrm(Side.HUBSPOT, now=_Ticking())
    lists, us = MemoryLists(now=_Ticking()), crm.behaviour.by[True]
    pairs = MemoryAssociations(crm)
    backend = Backend(
        crm,
        crm,
        HUBSPOT,
        preferences=MemoryPreferences(crm),
        deleter=MemoryDeleter(crm),
        lists=lists,
        list_editor=lists,
        sweeper=crm,
        our_user=us,
    )
    backend.companies, backend.associations, backend.association_editor = (
        MemoryCompanies(crm),
        pairs,
        pairs,
    )
    backend.lister, backend.deals = MemoryLister(crm, 100), MemoryDeals(crm, pipelines_allowed)
    backend.list_members = MemoryListMembers(lists, page=3)
    yield backend


def memory_salesforce(
    *, person_accounts: bool = False, types: Iterable[RecordType] = (MASTER,)
) -> Iterator[Backend]:
    """Salesforce in memory."""
    crm = MemoryCrm(Side.SALESFORCE, now=_Ticking())
    crm.has_person_accounts = person_accounts
    crm.assignment_owner = "005000000000005AAA"
    backend = Backend(
        crm,
        crm,
        SALESFORCE,
        sweeper=crm,
        our_user=crm.behaviour.by[True],
        accounts=MemoryAccounts(crm),
        lister=MemoryLister(crm),
    )
    backend.opportunities = MemoryOpportunities(crm, types)
    backend.activities = MemoryActivities(crm)
    backend.activity_bin = MemoryActivityBin(crm)
    backend.campaigns = backend.campaign_editor = MemoryCampaignMembers(crm, now=_Ticking(), page=3)
    yield backend


def simulated_hubspot(
    version: str = "", page: int = 200, list_page: int = 250, **world: Any
) -> Iterator[Backend]:
    """The gateway over the HubSpot simulator.

    The old paths are tested without HubSpot's calendar, so that they work on any day.
    """
    world.setdefault("vendor_calendar", bool(version))
    clock = Clock()
    simulator = HubSpotSimulator(
        [{"portal_id": 555001, **world}], clock=clock, faults=Faults(clock)
    )
    portal = simulator.portals[0]
    with served(simulator.wsgi) as url:
        set_up_hubspot(url, portal.access_token)
        client = HubspotClient(
            FixedSecret({"access_token": portal.access_token, "api_url": url}),
            version=version,
            retry_policy=retry_policy(clock),
        )
        gateway = HubspotGateway(client)
        person = HubspotPerson(url, portal.user_token)
        yield Backend(
            gateway,
            person,
            HUBSPOT,
            preferences=gateway,
            deleter=HubspotDeleter(client),
            lists=HubspotLists(client, page=list_page),
            list_editor=HubspotListEditor(url, portal.user_token),
            list_members=HubspotListMembers(client, page=min(list_page, 3)),
            sweeper=HubspotSweep(client, retry_policy=retry_policy(clock), page=page),
            companies=HubspotCompanies(client),
            associations=HubspotAssociations(client),
            association_editor=person,
            lister=HubspotLister(client),
            deals=HubspotPipelines(client),
            update_index=lambda: clock.advance(3600),
            our_user=f"INTEGRATION/{portal.app_id}",
        )


def simulated_salesforce(page: int = 2000, **world: Any) -> Iterator[Backend]:
    """The gateway over the Salesforce simulator."""
    clock = Clock()
    world |= {
        "custom_fields": {name: [OUR_FIELD] for name in OUR_OBJECTS},
        "users": [
            {
                "Name": "Olga Owner",
                "Email": "olga@example.com",
                "IsActive": True,
                "UserType": "Standard",
            }
        ],
        "lead_assignment_owner": "olga@example.com",
    }
    simulator = SalesforceSimulator(world, clock=clock, faults=Faults(clock))
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        gateway = SalesforceGateway(
            url,
            secret,
            now=lambda: clock.now_ms() / 1000,
            retry_policy=retry_policy(clock),
            page=page,
        )
        person = SalesforcePerson(url, simulator.user_token, simulator.person)
        lister = SalesforceLister(gateway.session)
        backend = Backend(
            gateway,
            person,
            SALESFORCE,
            sweeper=gateway,
            our_user=simulator.integration_user_id,
            accounts=gateway,
            lister=lister,
        )
        backend.opportunities = SalesforceOpportunities(gateway.session, MemoryRoleStore())
        backend.activities = SalesforceActivities(gateway.session)
        backend.activity_bin = SalesforceActivityBin(gateway.session)
        backend.campaigns = SalesforceCampaigns(
            gateway.session, simulator.integration_user_id, page=3
        )
        backend.campaign_editor = CampaignEditor(person)
        yield backend


def live_hubspot(environment: Mapping[str, str]) -> Iterator[Backend]:
    """The gateway over a real HubSpot account.

    The person uses our token, so the origins of writes cannot be told apart.
    """
    url, token = "https://api.hubapi.com", environment["CRMSYNC_LIVE_HUBSPOT_TOKEN"]
    set_up_hubspot(url, token)
    person = HubspotPerson(url, token)
    client = HubspotClient(FixedSecret({"access_token": token}))
    gateway = HubspotGateway(client)
    backend = Backend(
        gateway,
        person,
        HUBSPOT,
        preferences=gateway,
        deleter=HubspotDeleter(client),
        sweeper=HubspotSweep(client),
        update_index=lambda: time.sleep(30),
        is_live=True,
    )
    backend.lists, backend.list_editor = HubspotLists(client), HubspotListEditor(url, token)
    backend.list_members = HubspotListMembers(client, page=3)
    backend.companies, backend.associations, backend.association_editor = (
        HubspotCompanies(client),
        HubspotAssociations(client),
        person,
    )
    backend.lister, backend.deals = HubspotLister(client), HubspotPipelines(client)
    yield from _deleted_afterwards(backend)


def live_salesforce(environment: Mapping[str, str]) -> Iterator[Backend]:
    """The gateway over a real Salesforce sandbox that has our field."""
    names = ("client_id", "client_secret", "username", "private_key")
    secret = {
        name: environment.get(f"CRMSYNC_LIVE_SALESFORCE_{name.upper()}", "") for name in names
    }
    login_url = environment["CRMSYNC_LIVE_SALESFORCE_LOGIN_URL"]
    filled = FixedSecret({name: value for name, value in secret.items() if value})
    gateway = SalesforceGateway(login_url, filled, now=time.time)
    who = gateway.identity()
    backend = Backend(
        gateway,
        SalesforcePerson(who.instance_url, who.value),
        SALESFORCE,
        sweeper=gateway,
        our_user=who.user_id,
        is_live=True,
    )
    backend.accounts, backend.lister = gateway, SalesforceLister(gateway.session)
    backend.opportunities = SalesforceOpportunities(gateway.session, MemoryRoleStore())
    yield from _deleted_afterwards(backend)


def _deleted_afterwards(backend: Backend) -> Iterator[Backend]:
    """Delete afterwards what the tests created."""
    yield backend
    objects: dict[str, list[str]] = (
        {"contact": []} if backend.names.side is Side.HUBSPOT else {"Lead": [], "Contact": []}
    )
    for record in backend.crm.find([backend.address(name) for name in NAMES], objects):
        backend.person.delete(record.ref)


NAMES = ("ada", "bob", "cleo", "dan", "o'brien", "nobody")
