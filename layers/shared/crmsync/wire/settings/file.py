"""The settings file: its tables and keys, the type and range of each value, and how it becomes
`Settings`.

One model per table of the file; names and defaults are those of `crmsync.model.settings`. Checks
that compare values with each other are in `crmsync.rules.settings.checks`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.settings import (
    AlertSettings,
    CompanySettings,
    Connection,
    ContactSettings,
    CreateInHubspot,
    CreateInSalesforce,
    DealSettings,
    Duplicates,
    HubspotAccount,
    LifecycleSettings,
    OnRefusedField,
    OutsideInclusionList,
    RevenueBasis,
    SalesforceOrg,
    Settings,
    UndoSettings,
)
from crmsync.rules.settings.subscriptions import DEFAULT_LIST
from crmsync.wire.settings.activities import ActivitiesTable, ActivityTable
from crmsync.wire.settings.alerts import AlertsTable
from crmsync.wire.settings.campaigns import CampaignTable
from crmsync.wire.settings.email import EmailTasksTable, TemplateTable
from crmsync.wire.settings.fields import FIELD, PROPERTY, FieldTable, rules_of
from crmsync.wire.settings.table import Table, limit, wrong

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")
_WRITTEN_SECRET = re.compile(
    r"pat-[a-z0-9]+-|00D\w{12,15}!|-----BEGIN|CLIENT_SECRET", re.IGNORECASE
)
_AWS_ACCOUNT = re.compile(r"arn:aws(-[a-z]+)*:[A-Za-z]{2}(-[A-Za-z]+)+-\d:\d{12}")


def _connection_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise wrong(
            f'name is "{text[:70]}", must be 1 to 64 letters, digits, dots, dashes or underscores'
        )
    return text


def _secret_name(text: str) -> str:
    if _WRITTEN_SECRET.match(text):
        raise wrong(
            "secret looks like a secret itself: keep it in Secrets Manager and write its name here"
        )
    if not _SECRET_NAME.fullmatch(text):
        raise wrong(
            "secret must be the name or the ARN of a secret: 1 to 512 letters, digits and /_+=.@:-"
        )
    return text


def _login_url(text: str) -> str:
    """A complete URL, because Government Cloud and others have their own hosts (INS-1)."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host:
        raise wrong(
            f'login_url is "{text}", must be an address such as "https://acme.my.salesforce.com"'
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise wrong(f'login_url is "{text}", must begin with "https://"')
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise wrong(
            "login_url must end with the host, as in "
            f'"{parts.scheme}://{parts.netloc.rpartition("@")[2]}"'
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _event_relay(text: str) -> str:
    """An AWS region and account as Salesforce expects them: with the region in uppercase."""
    if text and not _AWS_ACCOUNT.fullmatch(text):
        raise wrong(
            f'event_relay is "{text}", must be an AWS region and account '
            'such as "arn:aws:EU-WEST-1:111122223333", or ""'
        )
    head, _, account = text.rpartition(":")
    cloud, _, region = head.rpartition(":")
    return f"{cloud}:{region.upper()}:{account}" if text else ""


def _inclusion_list(text: str) -> str:
    if text not in {"", DEFAULT_LIST} and not (text.isascii() and text.isdigit()):
        raise wrong(
            f'inclusion_list is "{text}", must be the id of a HubSpot list (digits), '
            f'"{DEFAULT_LIST}" or ""'
        )
    return text


def _close_date_fallback(text: str) -> str:
    if text not in {"", END_OF_MONTH}:
        raise wrong(f'close_date_fallback is "{text}", must be "{END_OF_MONTH}" or ""')
    return text


def _matched_property(text: str) -> str:
    if text and not PROPERTY.fullmatch(text):
        raise wrong(
            f'match_hubspot is "{text}", must be the internal name of a property of deals, or ""'
        )
    return text


def _matched_field(text: str) -> str:
    if text and not FIELD.fullmatch(text):
        raise wrong(
            f'match_salesforce is "{text}", must be the API name of a field '
            'such as "Order_Number__c", or ""'
        )
    return text


_Count = Annotated[int, Field(ge=0)]
_Limit = Annotated[int | None, BeforeValidator(limit)]

END_OF_MONTH = "end_of_month"

LONGEST_HOLD = 8_760
"""Hours in a year."""

LONGEST_UNDO = 168
"""Hours in a week: overwritten values are personal data, and a mistake that was not noticed within
a week has to be corrected in the CRM.
"""


class _Mapped(Table):
    sync: bool = True
    max_deletes_per_hour: _Count = 0
    max_changes_per_hour: _Limit = None
    max_blanks_per_hour: _Limit = None
    on_refused_field: Annotated[OnRefusedField, Field(strict=False)] = OnRefusedField.SKIP
    field: list[FieldTable] = Field(default_factory=list)


class HubspotTable(Table):
    """``[connection.hubspot]``."""

    portal_id: Annotated[int, Field(ge=1)]
    secret: Annotated[str, AfterValidator(_secret_name)]


class SalesforceTable(Table):
    """``[connection.salesforce]``."""

    login_url: Annotated[str, AfterValidator(_login_url)]
    secret: Annotated[str, AfterValidator(_secret_name)]
    daily_call_allotment: _Count = 0
    duplicates: Annotated[Duplicates, Field(strict=False)] = Duplicates.REPORT
    event_relay: Annotated[str, AfterValidator(_event_relay)] = ""


class ContactsTable(_Mapped):
    """``[connection.contacts]``."""

    create_in_salesforce: Annotated[CreateInSalesforce, Field(strict=False)] = (
        CreateInSalesforce.LEAD
    )
    create_in_hubspot: Annotated[CreateInHubspot, Field(strict=False)] = (
        CreateInHubspot.LEADS_AND_CONTACTS
    )
    inclusion_list: Annotated[str, AfterValidator(_inclusion_list)] = ""
    outside_inclusion_list: Annotated[OutsideInclusionList, Field(strict=False)] = (
        OutsideInclusionList.FREEZE
    )
    delete_in_hubspot: bool = False
    company_fallback: Annotated[str, Field(max_length=255)] = ""
    last_name_fallback: Annotated[str, Field(max_length=80)] = ""
    show_campaigns: bool = False


class CompaniesTable(_Mapped):
    """``[connection.companies]``."""

    auto_create_and_associate: bool = True
    match_by_domain: bool = False
    remove_associations: bool = False
    delete_in_hubspot: bool = False


class DealsTable(_Mapped):
    """``[connection.deals]``."""

    pipelines: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        default_factory=list
    )
    close_date_fallback: Annotated[str, AfterValidator(_close_date_fallback)] = ""
    match_hubspot: Annotated[str, AfterValidator(_matched_property)] = ""
    match_salesforce: Annotated[str, AfterValidator(_matched_field)] = ""
    remove_associations: bool = False
    delete_in_hubspot: bool = True
    hold_deletes_hours: Annotated[int, Field(ge=0, le=LONGEST_HOLD)] = 0
    total_revenue_basis: Annotated[RevenueBasis, Field(strict=False)] = RevenueBasis.ALL


class LifecycleTable(Table):
    """``[connection.lifecycle]``."""

    automatic_transitions: bool = True
    sync_to_company_contacts: bool = True


class OwnersTable(Table):
    """``[connection.owners]``: its keys are addresses, so any key is accepted here;
    `crmsync.rules.settings.checks` checks them.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str]

    def freeze(self) -> tuple[tuple[str, str], ...]:
        """The rows, in the order of the file."""
        return tuple(self.__pydantic_extra__.items())


class UndoTable(Table):
    """``[connection.undo]``."""

    hours: Annotated[int, Field(ge=0, le=LONGEST_UNDO)] = 0


class ConnectionTable(Table):
    """``[[connection]]``."""

    name: Annotated[str, AfterValidator(_connection_name)]
    hubspot: HubspotTable
    salesforce: SalesforceTable
    contacts: ContactsTable = ContactsTable()
    companies: CompaniesTable = CompaniesTable()
    deals: DealsTable = DealsTable()
    lifecycle: LifecycleTable = LifecycleTable()
    email_tasks: EmailTasksTable = EmailTasksTable()
    owners: OwnersTable = OwnersTable()
    undo: UndoTable = UndoTable()
    campaigns: list[CampaignTable] = Field(default_factory=list)
    activities: ActivitiesTable = ActivitiesTable()

    def freeze(self) -> Connection:
        """The connection as the model has it. If the file does not say whether deals sync, they
        sync if companies do (OPP-2).
        """
        companies = CompanySettings(**_mapped(self.companies, "companies"))
        deals = {"sync": companies.sync} | _mapped(self.deals, "deals")
        if "pipelines" in deals:
            deals["pipelines"] = tuple(self.deals.pipelines)
        return Connection(
            self.name,
            HubspotAccount(**self.hubspot.given()),
            SalesforceOrg(**self.salesforce.given()),
            ContactSettings(**_mapped(self.contacts, "contacts")),
            companies,
            DealSettings(**deals),
            LifecycleSettings(**self.lifecycle.given()),
            self.email_tasks.freeze(),
            self.owners.freeze(),
            UndoSettings(**self.undo.given()),
            tuple(row.freeze() for row in self.campaigns),
            self.activities.freeze(),
        )


class Document(Table):
    """The whole file."""

    connection: Annotated[list[ConnectionTable], Field(min_length=1)]
    alerts: AlertsTable = AlertsTable()

    def freeze(self) -> Settings:
        """The settings as the model has them, without a version, which they get when pushed."""
        connections = tuple(table.freeze() for table in self.connection)
        return Settings(connections, alerts=AlertSettings(**self.alerts.given()))


def _mapped(table: _Mapped, section: str) -> dict[str, Any]:
    given = table.given()
    if "field" in given:
        given["field"] = rules_of(table.field, section)
    return given


TABLES: Mapping[tuple[str, ...], type[BaseModel]] = MappingProxyType(
    {
        (): Document,
        ("connection",): ConnectionTable,
        ("connection", "hubspot"): HubspotTable,
        ("connection", "salesforce"): SalesforceTable,
        ("connection", "contacts"): ContactsTable,
        ("connection", "contacts", "field"): FieldTable,
        ("connection", "companies"): CompaniesTable,
        ("connection", "companies", "field"): FieldTable,
        ("connection", "deals"): DealsTable,
        ("connection", "deals", "field"): FieldTable,
        ("connection", "lifecycle"): LifecycleTable,
        ("connection", "email_tasks"): EmailTasksTable,
        ("connection", "email_tasks", "template"): TemplateTable,
        ("connection", "owners"): OwnersTable,
        ("connection", "undo"): UndoTable,
        ("connection", "campaigns"): CampaignTable,
        ("connection", "activities"): ActivitiesTable,
        **{("connection", "activities", kind): ActivityTable for kind in ActivityKind},
        **{("connection", "activities", kind, "field"): FieldTable for kind in ActivityKind},
        ("alerts",): AlertsTable,
    }
)
"""All tables of the file, by name."""
