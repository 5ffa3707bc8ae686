"""Where the contract suite is played: the CRM behind the port, and a person who works in the same
CRM beside us.

The same suite runs on the memory versions, on the gateways over the simulators and, when
``CRMSYNC_LIVE_*`` is set, on the gateways over a real sandbox. Live records are made under
``example.com`` addresses of their own and deleted at the end.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests

from crmsync.gateways.hubspot.associations import HubspotAssociations
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.companies import HubspotCompanies
from crmsync.gateways.hubspot.gone import HubspotDeleter
from crmsync.gateways.hubspot.listing import HubspotLister
from crmsync.gateways.hubspot.lists import HubspotLists
from crmsync.gateways.hubspot.pipelines import HubspotPipelines
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.hubspot.sweep import HubspotSweep
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.listing import SalesforceLister
from crmsync.gateways.salesforce.opportunities import SalesforceOpportunities
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.names import HUBSPOT_GROUP, HUBSPOT_KEY, SALESFORCE_KEY
from crmsync.model.pipelines import RecordType
from crmsync.model.records import Ref, Side, Value
from local.stack.serving import Server
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests.contracts.persons import HubspotKeeper, HubspotPerson, SalesforcePerson
from tests.memory import (
    MemoryAccounts,
    MemoryAssociations,
    MemoryCompanies,
    MemoryCrm,
    MemoryDeals,
    MemoryDeleter,
    MemoryLister,
    MemoryLists,
    MemoryMeter,
    MemoryOpportunities,
    MemoryPreferences,
    MemoryRoleStore,
)
from tests.memory.deals import MASTER


def retry_policy(clock: Clock) -> RetryPolicy:
    """Waits by moving the clock."""
    return RetryPolicy(pause=clock.advance, jitter=lambda: 0.5)


@dataclass(frozen=True, slots=True)
class FixedSecret:
    """A secret that never changes."""

    content: Mapping[str, str]

    def current(self) -> Mapping[str, str]:
        """The content."""
        return self.content

    def renewed(self) -> Mapping[str, str]:
        """The same content."""
        return self.content


class Person(Protocol):
    """Somebody who works in the CRM with a user's rights."""

    def add(self, name: str, fields: Mapping[str, Value]) -> Ref:
        """Make a record."""

    def edit(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Change a record."""

    def delete(self, ref: Ref) -> None:
        """Delete a record."""

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """Merge two records; answers the survivor."""

    def convert(self, lead: Ref) -> Ref:
        """Convert a lead; answers the contact."""

    def restore(self, ref: Ref) -> None:
        """Take a record out of the recycle bin."""


@dataclass(frozen=True, slots=True)
class Words:
    """A side's own words for what the suite speaks of."""

    side: Side
    object: str
    email: str
    last: str
    first: str
    phone: str
    key: str
    needed: Mapping[str, Value] = field(default_factory=dict)


HUBSPOT = Words(Side.HUBSPOT, "contact", "email", "lastname", "firstname", "phone", HUBSPOT_KEY)
SALESFORCE = Words(
    Side.SALESFORCE,
    "Lead",
    "Email",
    "LastName",
    "FirstName",
    "Phone",
    SALESFORCE_KEY,
    {"Company": "Example Works"},
)


@dataclass(slots=True)
class Stage:
    """A CRM to play on."""

    crm: Any
    person: Person
    words: Words
    preferences: Any = None
    deleter: Any = None
    lists: Any = None
    keeper: Any = None
    """Who makes HubSpot lists and puts contacts into them."""
    sweeper: Any = None
    accounts: Any = None
    companies: Any = None
    associations: Any = None
    matchmaker: Any = None
    """Who puts HubSpot records together by hand."""
    lister: Any = None
    meter: Any = None
    opportunities: Any = None
    deals: Any = None
    catch_up: Callable[[], None] = lambda: None
    """Let the search index see everything."""
    by_us: str = ""
    is_live: bool = False
    made: list[Ref] = field(default_factory=list)
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def address(self, name: str) -> str:
        """An address that no earlier run used."""
        return f"{name}.{self.run}@example.com"

    def fields(self, name: str, **more: Value) -> dict[str, Value]:
        """The fields of a person called `name`; the keywords are those of `Words`."""
        words = self.words
        named = {getattr(words, word): value for word, value in more.items()}
        return {words.email: self.address(name), words.last: name.title(), **words.needed, **named}

    def add(self, name: str, **more: Value) -> Ref:
        """A person makes a record."""
        ref = self.person.add(self.words.object, self.fields(name, **more))
        self.made.append(ref)
        return ref

    def creation(self, name: str, *, key: str = "", **more: Value) -> CreateRecord:
        """The effect that makes a record for `name`, under a key of its own."""
        words = self.words
        return CreateRecord(
            words.side,
            words.object,
            f"{key or name}-{self.run}",
            self.fields(name, **more),
            Slot(name),
        )

    def update(self, ref: Ref, **fields: Value) -> UpdateRecord:
        """The effect that writes the fields called by `Words`."""
        return UpdateRecord(
            ref, ref.side, {getattr(self.words, word): value for word, value in fields.items()}
        )

    def shown(self, ref: Ref, *words: str) -> list[Value]:
        """What the record shows now in the fields called by `Words`."""
        names = [getattr(self.words, word) for word in words]
        return [self.crm.read([ref], {ref.object: names})[ref].fields[name] for name in names]

    def nobody(self) -> Ref:
        """A record that once was."""
        ref = self.add("nobody")
        self.person.delete(ref)
        return ref


@contextmanager
def served(app: Any) -> Iterator[str]:
    """A WSGI app on a free port of the loopback; answers its URL, and stops it at the end."""
    with closing(Server(app)) as server:
        yield server.url


class _Ticking:
    """A clock that moves a little each time somebody looks."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(milliseconds=7)
        return self._now


def memory_hubspot(pipelines_allowed: int = 100) -> Iterator[Stage]:
    """HubSpot in memory."""
    crm = MemoryCrm(Side.HUBSPOT, now=_Ticking())
    lists, us = MemoryLists(now=_Ticking()), crm.behaviour.by[True]
    pairs = MemoryAssociations(crm)
    stage = Stage(
        crm,
        crm,
        HUBSPOT,
        MemoryPreferences(crm),
        MemoryDeleter(crm),
        lists,
        lists,
        sweeper=crm,
        by_us=us,
    )
    stage.companies, stage.associations, stage.matchmaker = MemoryCompanies(crm), pairs, pairs
    stage.lister, stage.deals = MemoryLister(crm, 100), MemoryDeals(crm, pipelines_allowed)
    yield stage


def memory_salesforce(
    *, person_accounts: bool = False, types: Iterable[RecordType] = (MASTER,)
) -> Iterator[Stage]:
    """Salesforce in memory."""
    crm = MemoryCrm(Side.SALESFORCE, now=_Ticking())
    crm.has_person_accounts = person_accounts
    crm.assignment_owner = "005000000000005AAA"
    stage = Stage(
        crm,
        crm,
        SALESFORCE,
        sweeper=crm,
        by_us=crm.behaviour.by[True],
        accounts=MemoryAccounts(crm),
        lister=MemoryLister(crm),
    )
    stage.opportunities, stage.meter = MemoryOpportunities(crm, types), MemoryMeter(crm)
    yield stage


def simulated_hubspot(
    version: str = "", page: int = 200, list_page: int = 250, **world: Any
) -> Iterator[Stage]:
    """The gateway over the HubSpot simulator; on the old paths HubSpot keeps no calendar, so that
    they are played whatever the day.
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
        yield Stage(
            gateway,
            person,
            HUBSPOT,
            gateway,
            HubspotDeleter(client),
            HubspotLists(client, page=list_page),
            HubspotKeeper(url, portal.user_token),
            sweeper=HubspotSweep(client, retry_policy=retry_policy(clock), page=page),
            companies=HubspotCompanies(client),
            associations=HubspotAssociations(client),
            matchmaker=person,
            lister=HubspotLister(client),
            deals=HubspotPipelines(client),
            catch_up=lambda: clock.advance(3600),
            by_us=f"INTEGRATION/{portal.app_id}",
        )


def set_up_hubspot(url: str, token: str) -> None:
    """Make our unique property, as `crmsync setup` does; one that is there stays."""
    headers = {"Authorization": f"Bearer {token}"}
    group = {"name": HUBSPOT_GROUP, "label": "crmsync"}
    definition = {
        "name": HUBSPOT_KEY,
        "label": "Salesforce id",
        "groupName": HUBSPOT_GROUP,
        "hasUniqueValue": True,
    }
    definition |= {"type": "string", "fieldType": "text"}
    for kind in ("contacts", "companies", "deals"):
        requests.post(
            f"{url}/crm/v3/properties/{kind}/groups", json=group, headers=headers, timeout=30
        )
        requests.post(
            f"{url}/crm/v3/properties/{kind}", json=definition, headers=headers, timeout=30
        )


OUR_FIELD = {
    "name": SALESFORCE_KEY,
    "label": "HubSpot id",
    "type": "string",
    "length": 80,
    "externalId": True,
    "unique": True,
    "idLookup": True,
}


OUR_OBJECTS = ("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole")


def simulated_salesforce(page: int = 2000, **world: Any) -> Iterator[Stage]:
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
        stage = Stage(
            gateway,
            person,
            SALESFORCE,
            sweeper=gateway,
            by_us=simulator.integration_user_id,
            accounts=gateway,
            lister=lister,
        )
        stage.opportunities, stage.meter = (
            SalesforceOpportunities(gateway.session, MemoryRoleStore()),
            gateway.session.meter,
        )
        yield stage


def live_hubspot(environment: Mapping[str, str]) -> Iterator[Stage]:
    """The gateway over a real HubSpot account; we are the person as well, so who wrote what cannot
    be told apart.
    """
    url, token = "https://api.hubapi.com", environment["CRMSYNC_LIVE_HUBSPOT_TOKEN"]
    set_up_hubspot(url, token)
    person = HubspotPerson(url, token)
    client = HubspotClient(FixedSecret({"access_token": token}))
    gateway = HubspotGateway(client)
    stage = Stage(
        gateway,
        person,
        HUBSPOT,
        gateway,
        HubspotDeleter(client),
        sweeper=HubspotSweep(client),
        catch_up=lambda: time.sleep(30),
        is_live=True,
    )
    stage.lists, stage.keeper = HubspotLists(client), HubspotKeeper(url, token)
    stage.companies, stage.associations, stage.matchmaker = (
        HubspotCompanies(client),
        HubspotAssociations(client),
        person,
    )
    stage.lister, stage.deals = HubspotLister(client), HubspotPipelines(client)
    yield from _swept(stage)


def live_salesforce(environment: Mapping[str, str]) -> Iterator[Stage]:
    """The gateway over a real Salesforce sandbox that has our field."""
    names = ("client_id", "client_secret", "username", "private_key")
    secret = {
        name: environment.get(f"CRMSYNC_LIVE_SALESFORCE_{name.upper()}", "") for name in names
    }
    login_url = environment["CRMSYNC_LIVE_SALESFORCE_LOGIN_URL"]
    filled = FixedSecret({name: value for name, value in secret.items() if value})
    gateway = SalesforceGateway(login_url, filled, now=time.time)
    who = gateway.identity()
    stage = Stage(
        gateway,
        SalesforcePerson(who.instance_url, who.value),
        SALESFORCE,
        sweeper=gateway,
        by_us=who.user_id,
        is_live=True,
    )
    stage.accounts, stage.lister = gateway, SalesforceLister(gateway.session)
    stage.opportunities, stage.meter = (
        SalesforceOpportunities(gateway.session, MemoryRoleStore()),
        gateway.session.meter,
    )
    yield from _swept(stage)


def _swept(stage: Stage) -> Iterator[Stage]:
    """The stage, with what was made on it deleted afterwards."""
    yield stage
    objects: dict[str, list[str]] = (
        {"contact": []} if stage.words.side is Side.HUBSPOT else {"Lead": [], "Contact": []}
    )
    for record in stage.crm.find([stage.address(name) for name in NAMES], objects):
        stage.person.delete(record.ref)


NAMES = ("ada", "bob", "cleo", "dan", "o'brien", "nobody")
"""Everybody who appears in the suite on a live stage."""
