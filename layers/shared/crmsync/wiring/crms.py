"""The two CRMs of a connection, behind their gateways, and the context that a flow works with."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from crmsync.model.records import Side
from crmsync.model.settings import Connection, Duplicates, Settings
from crmsync.wiring.stores import (
    KEPT_CONNECTIONS,
    aws_client,
    call_usage,
    crm_ids,
    fingerprinter,
    inbox,
    is_lambda,
    link_keys,
    login_hosts,
    now,
    outbox,
    remaining,
    retry_policy,
    secrets,
    settings,
    table_name,
    troubles,
)

if TYPE_CHECKING:
    from crmsync.flows.engine.context import SyncContext
    from crmsync.gateways.aws.secrets import Secret
    from crmsync.gateways.call_leases import CallLeases, ConnectionCalls
    from crmsync.gateways.hubspot.client import HubspotClient
    from crmsync.gateways.hubspot.listing import HubspotLister
    from crmsync.gateways.hubspot.lists import HubspotLists
    from crmsync.gateways.hubspot.records import HubspotGateway
    from crmsync.gateways.hubspot.schema import HubspotSchema
    from crmsync.gateways.hubspot.sweep import HubspotSweep
    from crmsync.gateways.retry import RetryPolicy
    from crmsync.gateways.salesforce.hosts import LoginUrl
    from crmsync.gateways.salesforce.listing import SalesforceLister
    from crmsync.gateways.salesforce.records import SalesforceGateway
    from crmsync.gateways.salesforce.schema import SalesforceSchema
    from crmsync.gateways.schemas import LiveSchemas
    from crmsync.gateways.shared_org import SharedOrg
    from crmsync.gateways.unlimited_calls import PatientCalls
    from crmsync.ports.listing import Lister


@lru_cache(maxsize=KEPT_CONNECTIONS)
def sync_context(
    connection: Connection, our_user: str, since: datetime | None = None
) -> SyncContext:
    """The context of one connection. By `our_user` its own writes in Salesforce are known; `since`
    is when its opportunities began to sync.
    """
    from crmsync.flows.engine.context import SyncContext
    from crmsync.gateways.dynamodb.change_counts import ChangeCountTable
    from crmsync.gateways.dynamodb.contact_roles import RoleTable
    from crmsync.gateways.dynamodb.links.links import LinksTable
    from crmsync.gateways.dynamodb.pipeline_maps import PipelineMapTable
    from crmsync.gateways.hubspot.associations import HubspotAssociations
    from crmsync.gateways.hubspot.companies import HubspotCompanies
    from crmsync.gateways.hubspot.gone import HubspotDeleter
    from crmsync.gateways.hubspot.pipelines import HubspotPipelines
    from crmsync.gateways.hubspot.zone import AccountZone
    from crmsync.gateways.owners import OwnersDirectory
    from crmsync.gateways.salesforce.objects.activities import SalesforceActivities
    from crmsync.gateways.salesforce.objects.activity_bin import SalesforceActivityBin
    from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities
    from crmsync.gateways.salesforce.pairs import SalesforcePairs

    hubspot, salesforce = hubspot_of(connection), salesforce_of(connection)
    client, table = hubspot_client_of(connection), aws_client("dynamodb")
    return SyncContext(
        connection,
        hubspot,
        salesforce if our_user else _shared(connection, salesforce),
        preferences=hubspot,
        deleter=HubspotDeleter(client),
        activity_bin=SalesforceActivityBin(salesforce.session),
        lists=lists_of(connection),
        associations=HubspotAssociations(client),
        companies=HubspotCompanies(client),
        accounts=salesforce,
        opportunities=SalesforceOpportunities(
            salesforce.session, RoleTable(table, table_name("state"), connection.name)
        ),
        activities=SalesforceActivities(salesforce.session),
        deals=HubspotPipelines(client),
        pipeline_maps=PipelineMapTable(table, table_name("state")),
        directory=OwnersDirectory(client, salesforce.session, now=time.monotonic),
        links=LinksTable(table, table_name("links"), ring=link_keys()),
        outbox=outbox(),
        inbox=inbox(),
        change_counts=ChangeCountTable(table, table_name("state")),
        calls=calls_of(connection),
        troubles=troubles(),
        schemas=schemas_of(connection),
        fingerprinter=fingerprinter(),
        our_user=our_user,
        our_app=f"INTEGRATION/{secrets().read(connection.hubspot.secret).get('app_id', '')}",
        now=now,
        opportunities_since=since,
        may_begin=remaining().may_begin,
        zone=AccountZone(client),
        pairs=SalesforcePairs(salesforce.session, connection.hubspot.portal_id, now=time.monotonic),
    )


def _shared(connection: Connection, salesforce: SalesforceGateway) -> SharedOrg:
    """The org of a connection that shares it with other connections."""
    from crmsync.gateways.dynamodb.claims import Claims
    from crmsync.gateways.shared_org import SharedOrg

    where = (
        aws_client("dynamodb"),
        table_name("state"),
        connection.salesforce.org_key,
        connection.name,
    )
    return SharedOrg(salesforce, Claims(*where, fingerprinter=fingerprinter(), now=now))


@lru_cache(maxsize=KEPT_CONNECTIONS)
def hubspot_of(connection: Connection) -> HubspotGateway:
    """The HubSpot account of a connection."""
    from crmsync.gateways.hubspot.records import HubspotGateway

    return HubspotGateway(hubspot_client_of(connection))


@lru_cache(maxsize=KEPT_CONNECTIONS)
def hubspot_client_of(connection: Connection) -> HubspotClient:
    """The connections to the HubSpot account, which all its gateways share."""
    from crmsync.gateways.hubspot.client import HubspotClient

    return HubspotClient(
        secrets().secret(connection.hubspot.secret),
        retry_policy=_hubspot_policy_of(connection),
        check_account=id_check_of(connection, Side.HUBSPOT),
    )


def calls_of(connection: Connection) -> ConnectionCalls:
    """Whether a connection has calls left. The operator's command does not ask."""
    from crmsync.gateways.call_leases import ConnectionCalls

    return ConnectionCalls(
        *(one for side in Side if (one := _leases_of(connection, side)) is not None)
    )


def _leases_of(connection: Connection, side: Side) -> CallLeases | None:
    """The leases of this Lambda; None for the operator's command, whose calls are not leased."""
    return call_leases_of(connection, side) if is_lambda() else None


@cache
def patient_calls() -> PatientCalls:
    """The calls to HubSpot of the operator's command."""
    from crmsync.gateways.unlimited_calls import PatientCalls

    return PatientCalls(now=time.monotonic)


def patient_retry_policy() -> RetryPolicy:
    """How the operator's command repeats calls to HubSpot: a person can wait for some seconds,
    a minute at most, where a Lambda puts its work back.
    """
    from crmsync.gateways.retry import RetryPolicy

    return RetryPolicy(tries=5, longest=15.0, leases=patient_calls())


def _hubspot_policy_of(connection: Connection) -> RetryPolicy:
    """How calls to HubSpot are repeated; those of the operator's command have no leases, and wait
    where HubSpot takes no more.
    """
    leases = _leases_of(connection, Side.HUBSPOT)
    return retry_policy(leases) if leases else patient_retry_policy()


@lru_cache(maxsize=2 * KEPT_CONNECTIONS)
def call_leases_of(connection: Connection, side: Side) -> CallLeases:
    """The calls of a connection to a side."""
    from crmsync.gateways.call_leases import CallLeases
    from crmsync.rules.timing.call_leases import limits_of

    limits = limits_of(connection, side)
    return CallLeases(call_usage(), connection.name, side, limits, now=now)


def id_check_of(connection: Connection, side: Side) -> Callable[[str], None]:
    """Refuses every account but the one in the settings, and every account or org but the one that
    the connection has belonged to since its first sign-in.
    """
    from crmsync.gateways.dynamodb.crm_ids import other_id

    def check(found: str) -> None:
        if side is Side.HUBSPOT and found != str(connection.hubspot.portal_id):
            raise other_id(side, found, str(connection.hubspot.portal_id))
        crm_ids().check(connection.name, side, found)

    return check


def hubspot_sweep_of(connection: Connection) -> HubspotSweep:
    """What reports changed records of the HubSpot account."""
    from crmsync.gateways.hubspot.sweep import HubspotSweep

    return HubspotSweep(hubspot_client_of(connection), retry_policy=retry_policy())


def recycle_bin_of(connection: Connection) -> HubspotLister:
    """What names the deleted records of the HubSpot account."""
    from crmsync.gateways.hubspot.listing import HubspotLister

    return HubspotLister(hubspot_client_of(connection))


@lru_cache(maxsize=KEPT_CONNECTIONS)
def account_of(connection: Connection) -> HubspotSchema:
    """The HubSpot account of a connection: its token's scopes, and what is set up there."""
    from crmsync.gateways.hubspot.schema import HubspotSchema

    return HubspotSchema(
        secrets().secret(connection.hubspot.secret),
        retry_policy=_hubspot_policy_of(connection),
        check_account=id_check_of(connection, Side.HUBSPOT),
    )


@lru_cache(maxsize=KEPT_CONNECTIONS)
def org_of(connection: Connection) -> SalesforceSchema:
    """The Salesforce org of a connection: what its fields are."""
    from crmsync.gateways.salesforce.schema import SalesforceSchema

    return SalesforceSchema(
        *login_of(connection),
        now=time.time,
        retry_policy=retry_policy(_leases_of(connection, Side.SALESFORCE)),
    )


@lru_cache(maxsize=KEPT_CONNECTIONS)
def salesforce_of(connection: Connection) -> SalesforceGateway:
    """The Salesforce org of a connection."""
    from crmsync.gateways.salesforce.records import SalesforceGateway

    allow = connection.salesforce.duplicates is Duplicates.ALLOW
    return SalesforceGateway(
        *login_of(connection),
        now=time.time,
        retry_policy=retry_policy(_leases_of(connection, Side.SALESFORCE)),
        allow_duplicates=allow,
    )


def login_of(connection: Connection) -> tuple[LoginUrl, Secret]:
    """Where a connection signs in to Salesforce, and with what."""
    from crmsync.gateways.salesforce.hosts import LoginUrl

    check_org = id_check_of(connection, Side.SALESFORCE)
    url = LoginUrl(connection.salesforce.login_url, login_hosts(), check_org)
    return url, secrets().secret(connection.salesforce.secret)


@lru_cache(maxsize=KEPT_CONNECTIONS)
def schemas_of(connection: Connection) -> LiveSchemas:
    """The fields that both sides have now."""
    from crmsync.gateways.schemas import LiveSchemas

    return LiveSchemas(hubspot_client_of(connection), salesforce_of(connection).session)


@lru_cache(maxsize=KEPT_CONNECTIONS)
def lists_of(connection: Connection) -> HubspotLists:
    """The HubSpot account's lists."""
    from crmsync.gateways.hubspot.lists import HubspotLists

    return HubspotLists(hubspot_client_of(connection))


def our_user_of(connection: Connection, among: Settings | None = None) -> str:
    """The id of the Salesforce user by whom a connection knows its own writes, or "" if it shares
    the org with other connections of the settings `among` (None: those in force).

    In a shared org, what one connection writes is a change for the others (TEN-1).
    """
    org = connection.salesforce.org_key
    shared = sum(one.salesforce.org_key == org for one in (among or settings()).connections) > 1
    return "" if shared else salesforce_of(connection).identity().user_id


def lister_of(connection: Connection, side: Side) -> Lister:
    """Lists all records of a side of a connection, page by page."""
    from crmsync.gateways.hubspot.listing import HubspotLister

    return (
        HubspotLister(hubspot_client_of(connection))
        if side is Side.HUBSPOT
        else quota_of(connection)
    )


@lru_cache(maxsize=KEPT_CONNECTIONS)
def quota_of(connection: Connection) -> SalesforceLister:
    """Lists all records of a connection's org, page by page, and reads its daily calls."""
    from crmsync.gateways.salesforce.listing import SalesforceLister

    return SalesforceLister(salesforce_of(connection).session)
