"""The operator's choices, checked and frozen. Names and defaults are those of the settings file.

Nothing here reads or checks a file: `crmsync.config` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from crmsync.model.fields import FieldRule
from crmsync.model.kinds.activities import ActivitySettings, ActivitySync
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.records import Kind

SHARED_LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com"})
"""Login hosts that every org answers to, so two connections that use one of them need not mean the
same org (docs/vendors.md#salesforce-sign-in).
"""


class CreateInSalesforce(StrEnum):
    """What a new HubSpot contact becomes (SET-2, SET-3, CH-12)."""

    LEAD = "lead"
    CONTACT = "contact"
    CONTACT_IF_ACCOUNT = "contact_if_account"
    NEVER = "never"


class CreateInHubspot(StrEnum):
    """Which new Salesforce records become HubSpot contacts (SET-1, Q-37)."""

    NEVER = "never"
    LEADS_AND_CONTACTS = "leads_and_contacts"
    LEADS_ONLY = "leads_only"
    CONTACTS_ONLY = "contacts_only"


class OutsideInclusionList(StrEnum):
    """What happens to a Salesforce record whose HubSpot contact is outside the list (INC-7,
    CH-17).
    """

    FREEZE = "freeze"
    SYNC = "sync"
    IGNORE = "ignore"


class Repeat(StrEnum):
    """How many tasks repeated opens and clicks make (TASK-3, CH-2)."""

    EVERY_EVENT = "every_event"
    ONCE_PER_EMAIL = "once_per_email"
    ONCE_PER_DAY = "once_per_day"


class RevenueBasis(StrEnum):
    """What total revenue adds up (Q-3)."""

    ALL = "all"
    WON = "won"


class Duplicates(StrEnum):
    """What to do when a duplicate rule of Salesforce only warns: report, or save anyway.

    A rule that blocks cannot be passed.
    """

    REPORT = "report"
    ALLOW = "allow"


class OnRefusedField(StrEnum):
    """What to do when a CRM refuses one field of a record (CH-8): leave the field out and report
    it, or hold the record back.
    """

    SKIP = "skip"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class HubspotAccount:
    """The HubSpot account of a connection.

    Attributes:
        portal_id: Its portal id.
        secret: The name of its secret.
    """

    portal_id: int
    secret: str


@dataclass(frozen=True, slots=True)
class SalesforceOrg:
    """The Salesforce org of a connection.

    Attributes:
        login_url: The full login address (INS-1).
        secret: The name of its secret.
        daily_call_allotment: Our share of the org's calls per day (API-1).
        duplicates: Whether to save records that a duplicate rule would only have warned a person
            about (ERR-4).
        event_relay: The AWS account to which set-up makes an Event Relay
            (``arn:aws:EU-WEST-1:111122223333``); "" for none.
    """

    login_url: str
    secret: str
    daily_call_allotment: int = 50_000
    duplicates: Duplicates = Duplicates.REPORT
    event_relay: str = ""

    @property
    def org_key(self) -> str:
        """What tells orgs apart before a login: the login host, with the secret's name where every
        org answers to that host.
        """
        host = urlsplit(self.login_url).netloc.lower()
        return f"{host} {self.secret}" if host in SHARED_LOGIN_HOSTS else host


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """Section ``[connection.contacts]``.

    ``max_deletes_per_hour``, ``max_changes_per_hour`` and ``max_blanks_per_hour`` limit what is
    written in an hour, on either side (Q-30): 0 for no limit, None for "auto", which
    `crmsync.rules.merge.change_limits` works out. The other sections have them as well.

    ``since`` is when contacts were switched on and ``listed_since`` when this inclusion list came
    into force. Neither is in the operator's file: the push sets them, and sweeps begin there.
    """

    sync: bool = True
    create_in_salesforce: CreateInSalesforce = CreateInSalesforce.LEAD
    create_in_hubspot: CreateInHubspot = CreateInHubspot.LEADS_AND_CONTACTS
    inclusion_list: str = ""
    outside_inclusion_list: OutsideInclusionList = OutsideInclusionList.FREEZE
    delete_in_hubspot: bool = False
    company_fallback: str = "email_domain"
    last_name_fallback: str = "email_name"
    show_campaigns: bool = False
    max_deletes_per_hour: int = 0
    max_changes_per_hour: int | None = None
    max_blanks_per_hour: int | None = None
    on_refused_field: OnRefusedField = OnRefusedField.SKIP
    since: datetime | None = None
    listed_since: datetime | None = None
    field: tuple[FieldRule, ...] = ()


@dataclass(frozen=True, slots=True)
class CompanySettings:
    """Section ``[connection.companies]`` (SET-4, SET-6).

    Attributes of its own:
        match_by_domain: Pair a company and an account of one domain where contacts decide nothing
            (CH-15).
        remove_associations: Remove a contact's company in HubSpot when Salesforce removes its
            account (Q-29). An account is never removed (CH-23).
        delete_in_hubspot: Delete a company when its account is deleted.
        since: When companies were switched on; the push sets it.
    """

    sync: bool = True
    auto_create_and_associate: bool = True
    match_by_domain: bool = False
    remove_associations: bool = False
    delete_in_hubspot: bool = False
    max_deletes_per_hour: int = 0
    max_changes_per_hour: int | None = None
    max_blanks_per_hour: int | None = None
    on_refused_field: OnRefusedField = OnRefusedField.SKIP
    since: datetime | None = None
    field: tuple[FieldRule, ...] = ()


@dataclass(frozen=True, slots=True)
class DealSettings:
    """Section ``[connection.deals]`` (SET-5, Q-3).

    Attributes of its own:
        pipelines: The labels of the HubSpot pipelines whose deals sync, besides those made for
            Salesforce's record types (Q-26); empty for all.
        close_date_fallback: A deal without a close date makes an opportunity that closes at the end
            of its month; with "" it is an error.
        match_hubspot: A unique property by which existing deals and opportunities are paired
            (CH-14); "" for never (DUP-6, DUP-7).
        match_salesforce: The external id field that goes with it.
        total_revenue_basis: What total revenue adds up.
        remove_associations: Remove a contact on the other side when it is removed on one (Q-29).
        delete_in_hubspot: Delete a deal when its opportunity is deleted (OPP-13).
        hold_deletes_hours: How long such a deletion waits (Q-30).
        since: When deals were switched on (OPP-4). Not in the operator's file: the push sets it.
    """

    sync: bool = True
    pipelines: tuple[str, ...] = ()
    close_date_fallback: str = "end_of_month"
    match_hubspot: str = ""
    match_salesforce: str = ""
    total_revenue_basis: RevenueBasis = RevenueBasis.ALL
    remove_associations: bool = False
    delete_in_hubspot: bool = True
    hold_deletes_hours: int = 0
    max_deletes_per_hour: int = 0
    max_changes_per_hour: int | None = None
    max_blanks_per_hour: int | None = None
    on_refused_field: OnRefusedField = OnRefusedField.SKIP
    since: datetime | None = None
    field: tuple[FieldRule, ...] = ()


@dataclass(frozen=True, slots=True)
class LifecycleSettings:
    """Section ``[connection.lifecycle]`` (SET-7, SET-8)."""

    automatic_transitions: bool = True
    sync_to_company_contacts: bool = True


class TaskOwner(StrEnum):
    """Who owns a task (CH-22); the settings may also name a Salesforce user by id."""

    INTEGRATION_USER = "integration_user"
    RECORD_OWNER = "record_owner"


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """One row of ``[[connection.email_tasks.template]]``: the task for a kind of event (Q-19,
    CH-22).

    Attributes:
        kind: The kind of event.
        subject: May contain the placeholders of `crmsync.rules.email_tasks`.
        status: "" leaves it to Salesforce.
        type: Likewise.
        priority: Likewise.
        description: As `subject`.
        owner: One of `TaskOwner`, or the 18-character id of a user.
    """

    kind: str
    subject: str = "HubSpot: {kind}: {email}"
    status: str = "Completed"
    type: str = "Email"
    priority: str = "Normal"
    description: str = "{kind} on {time}\nE-mail: {email}\nSubject line: {subject}\nLink: {url}"
    owner: str = TaskOwner.INTEGRATION_USER


@dataclass(frozen=True, slots=True)
class EmailTaskSettings:
    """Section ``[connection.email_tasks]`` (SET-10)."""

    kinds: tuple[str, ...] = ("OPEN", "CLICK")
    repeat: Repeat = Repeat.EVERY_EVENT
    ignore_bots: bool = True
    wait_minutes: int = 30
    template: tuple[TaskTemplate, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoSettings:
    """Section ``[connection.undo]``: how many hours to keep values that our writes overwrite; 0 for
    none.
    """

    hours: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """One HubSpot account and one Salesforce org (TEN-1)."""

    name: str
    hubspot: HubspotAccount
    salesforce: SalesforceOrg
    contacts: ContactSettings = ContactSettings()
    companies: CompanySettings = CompanySettings()
    deals: DealSettings = DealSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
    email_tasks: EmailTaskSettings = EmailTaskSettings()
    owners: tuple[tuple[str, str], ...] = ()
    """Section ``[connection.owners]``: HubSpot owner's address -> Salesforce user's address or id,
    for people whose name and address differ between the two.
    """
    undo: UndoSettings = UndoSettings()
    campaigns: tuple[CampaignSettings, ...] = ()
    """Section ``[[connection.campaigns]]``."""
    activities: ActivitySettings = field(default_factory=ActivitySettings)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The concerns that are switched on.

        Each has a switch of its own (SET-4, SET-5); deals sync only where companies do (OPP-2).
        """
        act = self.activities
        activities = (act.calls, act.emails, act.meetings, act.notes, act.tasks)
        switches = {
            Kind.CONTACT: self.contacts.sync,
            Kind.ACCOUNT: self.companies.sync,
            Kind.OPPORTUNITY: self.companies.sync and self.deals.sync,
            Kind.ACTIVITY: any(one.sync is not ActivitySync.OFF for one in activities),
        }
        return frozenset(kind for kind, is_on in switches.items() if is_on)

    def opportunities_since(self, imported: datetime | None) -> datetime | None:
        """When opportunities began to sync by themselves (OPP-4): deals are on and the accounts
        were `imported`. None while they do not (OPP-2).
        """
        if imported is None or Kind.OPPORTUNITY not in self.kinds:
            return None
        return max(imported, self.deals.since or imported)


class AlertEmails(StrEnum):
    """What alerts are sent to the topic of the alarms: those of incidents that no alarm reports,
    all, or none.
    """

    WITHOUT_ALARM = "without_alarm"
    ALL = "all"
    NONE = "none"


class AlertWebhook(StrEnum):
    """The format of the messages that are posted to a webhook, if there is one."""

    NONE = "none"
    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Section ``[alerts]``, once for all connections.

    Attributes:
        email: What is sent by e-mail.
        webhook: The format for the webhook.
        secret: The name of the secret with the webhook's address.
        docs_url: Where people read the documentation, with ``{page}`` in place of a page's name; ""
            for nowhere.
        after_minutes: How long an incident has to last before it is reported.
        parked_records: How many records have to be parked within an hour; 0 for never.
        quiet_hours: ``22:00-06:00`` (UTC), in which only what is urgent is sent; "" for none.
    """

    email: AlertEmails = AlertEmails.WITHOUT_ALARM
    webhook: AlertWebhook = AlertWebhook.NONE
    secret: str = ""
    docs_url: str = ""
    after_minutes: int = 0
    parked_records: int = 100
    quiet_hours: str = ""

    @property
    def posts(self) -> bool:
        """Whether messages are posted to a webhook."""
        return self.webhook is not AlertWebhook.NONE


@dataclass(frozen=True, slots=True)
class Settings:
    """All connections of a deployment, its alerts, and the version under which they are stored."""

    connections: tuple[Connection, ...] = ()
    version: int = 0
    alerts: AlertSettings = AlertSettings()

    def connection(self, name: str) -> Connection | None:
        """The connection of that name, or None when the settings do not have it (any more)."""
        return next((one for one in self.connections if one.name == name), None)

    def of_portal(self, portal_id: int) -> Connection | None:
        """The connection of a HubSpot account, or None."""
        return next((one for one in self.connections if one.hubspot.portal_id == portal_id), None)
