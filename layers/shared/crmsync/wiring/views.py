"""Connections for reading only: for previews, explanations and comparisons."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.wiring.backfill import lister_of, quota_of
from crmsync.wiring.crms import hubspot_client_of, our_user_of, salesforce_of, sync_context
from crmsync.wiring.stores import aws_client, call_usage, settings_table, table_name

if TYPE_CHECKING:
    from crmsync.flows.preview.read_only import ReadOnlyView
    from crmsync.rules.timing.call_state import CallState


def read_only_view(
    connection: Connection, settings: Settings, since: datetime | None = None
) -> ReadOnlyView:
    """A connection that can only be read; `since` is as in `sync_context`."""
    from crmsync.flows.preview.read_only import ReadOnlyRoles, ReadOnlyView, read_only
    from crmsync.gateways.dynamodb.contact_roles import RoleTable
    from crmsync.gateways.salesforce.ids import full
    from crmsync.gateways.salesforce.opportunities import SalesforceOpportunities

    hubspot, salesforce = hubspot_client_of(connection), salesforce_of(connection).session
    roles = RoleTable(aws_client("dynamodb"), table_name("state"), connection.name)
    context = replace(
        sync_context(connection, our_user_of(connection, settings), since),
        opportunities=SalesforceOpportunities(salesforce, ReadOnlyRoles(roles)),
    )
    return ReadOnlyView(
        read_only(context),
        lambda side: lister_of(connection, side),
        quota_of(connection),
        lambda: sum(own_calls(connection, Side.SALESFORCE).own.values()),
        lambda side: hubspot.calls if side is Side.HUBSPOT else salesforce.calls,
        full,
    )


def own_calls(connection: Connection, side: Side) -> CallState:
    """A connection's calls to a side."""
    from crmsync.rules.timing.call_leases import limits_of
    from crmsync.rules.timing.call_state import call_state

    usage = call_usage().load(connection.name, side)
    return call_state(usage, limits_of(connection, side), settings_table().now())
