"""A world in memory: both CRMs, our stores, and a clock that moves only on command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.results import Summary
from crmsync.flows.kinds.account import sync_accounts
from crmsync.flows.kinds.activity import sync_activities
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.flows.kinds.opportunity import sync_opportunities
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import INDIRECT_OBJECTS, KIND_OF
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.activities import ActivitySettings
from crmsync.model.kinds.owners import Owners
from crmsync.model.links import LinkState
from crmsync.model.names import revision_fields
from crmsync.model.records import Kind, Ref, Side, Value
from crmsync.model.settings import CompanySettings, DealSettings, LifecycleSettings, UndoSettings
from tests.builders import FINGERPRINTER, NOON, OUR_APP, OUR_USER, a_connection
from tests.memory import (
    MemoryAccounts,
    MemoryActivities,
    MemoryActivityBin,
    MemoryAssociations,
    MemoryCallGate,
    MemoryChangeCounts,
    MemoryCompanies,
    MemoryCrm,
    MemoryCursors,
    MemoryDeals,
    MemoryDeleter,
    MemoryDirectory,
    MemoryInbox,
    MemoryLinks,
    MemoryLists,
    MemoryOpportunities,
    MemoryOutbox,
    MemoryOverwritten,
    MemoryPipelineMaps,
    MemoryPreferences,
    MemorySchemas,
    MemoryTaskStates,
    MemoryTroubleStore,
)
from tests.memory.campaigns import MemoryCampaigns

_FLOWS = {
    Kind.CONTACT: sync_contacts,
    Kind.ACCOUNT: sync_accounts,
    Kind.OPPORTUNITY: sync_opportunities,
    Kind.ACTIVITY: sync_activities,
}
"""The flow that syncs the changes of a kind."""

JUNE = "2026-06-30T12:00:00.000Z"


@dataclass
class MemoryWorld:
    """Two CRMs in memory, and the product between them."""

    now: datetime = NOON
    settings: dict[str, object] = field(default_factory=dict)
    companies: CompanySettings = field(default_factory=CompanySettings)
    deal_settings: DealSettings = field(default_factory=DealSettings)
    lifecycle: LifecycleSettings = field(default_factory=LifecycleSettings)
    since: datetime | None = NOON
    zone: tzinfo = UTC
    links: MemoryLinks = field(default_factory=MemoryLinks)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    cursors: MemoryCursors = field(default_factory=MemoryCursors)
    change_counts: MemoryChangeCounts = field(default_factory=MemoryChangeCounts)
    troubles: MemoryTroubleStore = field(default_factory=MemoryTroubleStore)
    campaigns: MemoryCampaigns = field(default_factory=MemoryCampaigns)
    owners: Owners = field(default_factory=Owners)
    linked: int = 0
    """The number of linked pairs that Salesforce counts."""
    undo: UndoSettings = field(default_factory=UndoSettings)
    activities: ActivitySettings = field(default_factory=ActivitySettings)
    overwritten: MemoryOverwritten = field(default_factory=MemoryOverwritten)
    claims: MemoryTaskStates = field(default_factory=MemoryTaskStates)
    fingerprinter: Fingerprinter = FINGERPRINTER

    def __post_init__(self) -> None:
        self.hubspot = MemoryCrm(Side.HUBSPOT, now=lambda: self.now)
        self.salesforce = MemoryCrm(Side.SALESFORCE, now=lambda: self.now)
        self.preferences = MemoryPreferences(self.hubspot)
        self.deleter = MemoryDeleter(self.hubspot)
        self.activity_bin = MemoryActivityBin(self.salesforce)
        self.lists = MemoryLists(now=lambda: self.now)
        self.associations = MemoryAssociations(self.hubspot)
        self.opportunities = MemoryOpportunities(self.salesforce)
        self.tasks = MemoryActivities(self.salesforce)
        self.deals = MemoryDeals(self.hubspot)
        self.pipeline_maps = MemoryPipelineMaps()
        self.schemas = MemorySchemas(self.hubspot, self.salesforce)

    @property
    def context(self) -> SyncContext:
        """The context of the flows."""
        return SyncContext(
            replace(
                a_connection(**self.settings),
                companies=self.companies,
                deals=self.deal_settings,
                lifecycle=self.lifecycle,
                undo=self.undo,
                activities=self.activities,
            ),
            self.hubspot,
            self.salesforce,
            self.preferences,
            self.deleter,
            self.activity_bin,
            self.lists,
            self.associations,
            MemoryCompanies(self.hubspot),
            MemoryAccounts(self.salesforce),
            self.opportunities,
            self.deals,
            self.pipeline_maps,
            MemoryDirectory(self.owners),
            self.links,
            self.outbox,
            self.inbox,
            self.change_counts,
            MemoryCallGate(self.salesforce, lambda: self.now),
            self.troubles,
            self.schemas,
            self.fingerprinter,
            OUR_USER,
            OUR_APP,
            lambda: self.now,
            self.since,
            activities=self.tasks,
            zone=lambda: self.zone,
            pairs=lambda _kind: self.linked,
            overwrites=self.overwritten,
            claims=self.claims,
        )

    def crm(self, side: Side) -> MemoryCrm:
        """Return the CRM of a side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def wait(self, minutes: float = 1) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    def sync(self, *refs: Ref, cause: Cause = Cause.EDITED) -> Summary:
        """Deliver changes of these records in one batch per kind; return the last summary."""
        return self.deliver([self.change(ref, cause) for ref in refs])

    def change(self, ref: Ref, cause: Cause = Cause.EDITED) -> Change:
        """Return a change of a record."""
        kind = KIND_OF[ref.side].get(ref.object) or INDIRECT_OBJECTS[ref.object]
        return Change("acme", kind, ref, cause, self.now)

    def deliver(self, changes: Sequence[Change]) -> Summary:
        """Sync each kind's changes, as the bus delivers them; return the last summary."""
        summary = Summary()
        for kind, sync in _FLOWS.items():
            mine = [change for change in changes if change.kind is kind]
            summary = sync(mine, self.context) if mine else summary
        return summary

    def drain(self) -> None:
        """Deliver published and delayed changes until none is left."""
        for _ in range(60):
            waiting = [*self.outbox.published, *(change for change, _ in self.outbox.delayed)]
            self.outbox.published, self.outbox.delayed = [], []
            if not waiting:
                return
            self.wait(15)
            self.deliver(waiting)

    def writes(self) -> int:
        """Return the number of writes so far: calls to both CRMs, and saved links."""
        calls = self.hubspot.calls + self.salesforce.calls
        return (
            calls["create"]
            + calls["update"]
            + calls["associate"]
            + calls["dissociate"]
            + calls["end_roles"]
            + len(self.preferences.opted_out)
            + len(self.deleter.deleted)
            + len(self.activity_bin.deleted)
            + self.links.writes
        )

    def new_contact(self, **fields: str) -> Ref:
        """Create a HubSpot contact as a person."""
        return self.hubspot.add(
            "contact", {"email": "ada@example.com", "lastname": "Lang", **fields}
        )

    def new_lead(self, **fields: str) -> Ref:
        """Create a Salesforce lead as a person."""
        return self.salesforce.add(
            "Lead",
            {
                "Email": "ada@example.com",
                "LastName": "Lang",
                "Company": "Example GmbH",
                "HasOptedOutOfEmail": False,
                **fields,
            },
        )

    def new_company(self, *contacts: Ref, **fields: str) -> Ref:
        """Create a HubSpot company as a person, and associate contacts with it."""
        company = self.hubspot.add("company", {"name": "Example GmbH", **fields})
        for contact in contacts:
            self.associations.add_association(contact, company)
        return company

    def new_account(self, **fields: Value) -> Ref:
        """Create a Salesforce account as a person."""
        return self.salesforce.add("Account", {"Name": "Example GmbH", **fields})

    def new_salesforce_contact(
        self, account: Ref | None, email: str = "ada@example.com", **fields: str
    ) -> Ref:
        """Create a Salesforce contact as a person, in an account or in none."""
        parent = {"AccountId": account.id} if account else {}
        return self.salesforce.add(
            "Contact", {"Email": email, "LastName": "Lang", **parent, **fields}
        )

    def new_deal(self, *contacts: Ref, company: Ref | None = None, **fields: str) -> Ref:
        """Create a HubSpot deal as a person, by default in HubSpot's own pipeline, and associate
        it.
        """
        values = {
            "dealname": "Pumps",
            "pipeline": "default",
            "dealstage": "qualifiedtobuy",
            "closedate": JUNE,
            **fields,
        }
        deal = self.hubspot.add("deal", values)
        for one in contacts:
            self.associations.add_association(deal, one)
        if company:
            self.associations.add_association(deal, company)
        return deal

    def new_opportunity(self, *contacts: Ref, **fields: Value) -> Ref:
        """Create a Salesforce opportunity as a person, with contact roles."""
        values = {
            "Name": "Pumps",
            "StageName": "Prospecting",
            "CloseDate": "2026-06-30",
            "Amount": 1000,
            **fields,
        }
        opportunity = self.salesforce.add("Opportunity", values)
        for one in contacts:
            self.opportunities.add_role(opportunity, one)
        return opportunity

    def counterpart(self, ref: Ref) -> Ref:
        """Return the record with which a record is linked."""
        (link,) = [one for one in self.links.all if ref in (one.hubspot, one.salesforce)]
        place = link.on(ref.side.other)
        assert isinstance(place, Ref)
        return place

    def pairs(self) -> set[tuple[str, str]]:
        """Return the ids of all linked companies and accounts."""
        links = [
            one
            for one in self.links.all
            if one.kind is Kind.ACCOUNT and one.state is LinkState.ACTIVE
        ]
        return {(one.hubspot.id, one.salesforce.id) for one in links}

    def shown(self, refs: Iterable[Ref]) -> list[dict[str, object]]:
        """Return the fields of these records, without our revision."""
        portal = self.context.connection.hubspot.portal_id
        revisions = set(revision_fields(portal).values())
        shown = [self.crm(ref.side).fields(ref) for ref in refs]
        return [
            {name: value for name, value in one.items() if name not in revisions} for one in shown
        ]
