"""The schedule of campaign members: every connection that has campaigns, or shows them in HubSpot,
one after the other.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from crmsync.model.operations.calls import CallClass
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.telemetry import logger, metrics
from crmsync.wiring.crms import (
    call_leases_of,
    calls_of,
    hubspot_client_of,
    hubspot_of,
    lists_of,
    salesforce_of,
)
from crmsync.wiring.pauses import is_paused
from crmsync.wiring.stores import Event, aws_client, now, settings, table_name

if TYPE_CHECKING:
    from crmsync.flows.campaigns.members import CampaignContext
    from crmsync.flows.campaigns.shown import ShownContext
    from crmsync.gateways.dynamodb.campaigns import CampaignProgressTable


@cache
def campaign_store() -> CampaignProgressTable:
    """How far lists have become members of campaigns."""
    from crmsync.gateways.dynamodb.campaigns import CampaignProgressTable

    return CampaignProgressTable(aws_client("dynamodb"), table_name("state"))


def sweep_all_campaigns(_event: Event) -> dict[str, Any]:
    """Bring all campaigns in step with their lists, and contacts to show their campaigns; returns
    how many members each connection has had added, changed or removed, and contacts written.
    """
    from crmsync.rules.campaigns import reads_campaigns
    from crmsync.rules.timing.rotation import rotated

    connections = [
        one
        for one in settings().connections
        if reads_campaigns(one) and Kind.CONTACT in one.kinds and not is_paused(one.name)
    ]
    return {
        one.name: _sweep_connection(one)
        for one in rotated(connections, now())
        if _has_calls_for_campaigns(one)
    }


def _sweep_connection(connection: Connection) -> int:
    """Sweep the campaigns of one connection. One that does not answer affects no other: its next
    sweep goes on.
    """
    from crmsync.errors import OutOfTime, SyncError
    from crmsync.flows.campaigns.members import sweep_campaigns
    from crmsync.flows.campaigns.shown import show_campaigns

    shown = None
    try:
        context = campaign_context(connection)
        swept = sweep_campaigns(context)
        if connection.contacts.show_campaigns:
            removed = frozenset[int]().union(*(one.removed for one in swept))
            shown = show_campaigns(_shown_context(context), removed)
    except OutOfTime:
        logger.info("the next sweep goes on where this one ends", connection=connection.name)
        return 0
    except SyncError as error:
        logger.warning(
            "campaigns put off", connection=connection.name, code=error.code, reason=error.text
        )
        return 0
    for one in swept:
        progress = one.progress
        logger.info(
            "campaign swept",
            connection=connection.name,
            campaign=one.campaign.campaign,
            written=one.written,
            members=len(progress.members),
            waiting=len(progress.waiting),
            leaving=len(progress.leaving),
            refused=len(progress.refused),
            reason=progress.trouble.text if progress.trouble else progress.refusal,
        )
    written = sum(one.written for one in swept)
    metrics.add_metric("CampaignMembersWritten", unit="Count", value=written)
    if shown is None:
        return written
    trouble = shown.progress.trouble
    logger.info(
        "campaigns shown",
        connection=connection.name,
        written=shown.written,
        contacts=len(shown.progress.members),
        waiting=len(shown.progress.waiting),
        refused=len(shown.progress.refused),
        reason=trouble.text if trouble else shown.progress.refusal,
    )
    return written + shown.written


def _has_calls_for_campaigns(connection: Connection) -> bool:
    """Whether enough calls to both sides are left for a sweep, whose calls then count as such."""
    from crmsync.errors import SyncError

    calls_of(connection).work_as(CallClass.SWEEP)
    try:
        states = [call_leases_of(connection, side).state() for side in Side]
    except SyncError:
        return True
    return not any(CallClass.SWEEP in state.holds for state in states)


def campaign_context(connection: Connection) -> CampaignContext:
    """What a sweep of a connection's campaigns, or its preview, works with."""
    from crmsync.flows.campaigns.members import CampaignContext
    from crmsync.gateways.dynamodb.links.links import LinksTable
    from crmsync.gateways.hubspot.list_members import HubspotListMembers
    from crmsync.gateways.salesforce.objects.campaigns import SalesforceCampaigns

    table, salesforce = aws_client("dynamodb"), salesforce_of(connection)
    return CampaignContext(
        connection=connection,
        lists=HubspotListMembers(hubspot_client_of(connection)),
        members=SalesforceCampaigns(salesforce.session, salesforce.identity().user_id),
        links=LinksTable(table, table_name("links")),
        store=campaign_store(),
        now=now,
    )


def _shown_context(context: CampaignContext) -> ShownContext:
    from crmsync.flows.campaigns.shown import ShownContext

    return ShownContext(
        connection=context.connection,
        hubspot=hubspot_of(context.connection),
        lists=lists_of(context.connection),
        members=context.members,
        links=context.links,
        store=context.store,
        now=now,
    )
