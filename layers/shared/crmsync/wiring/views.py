"""Connections for reading only: for previews, explanations and comparisons."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.wiring.crms import (
    hubspot_client_of,
    lister_of,
    our_user_of,
    quota_of,
    salesforce_of,
    sync_context,
)
from crmsync.wiring.stores import aws_client, own_calls, settings_table, table_name

if TYPE_CHECKING:
    from crmsync.flows.preview.read_only import ReadOnlyView
    from crmsync.ports.stores import Inbox


def read_only_view(
    connection: Connection,
    settings: Settings,
    since: datetime | None = None,
    inbox: Inbox | None = None,
) -> ReadOnlyView:
    """A connection that can only be read; `since` is as in `sync_context`, and `inbox` takes the
    place of the error inbox.
    """
    from crmsync.flows.preview.read_only import ReadOnlyRoles, ReadOnlyView, read_only
    from crmsync.gateways.dynamodb.contact_roles import RoleTable
    from crmsync.gateways.salesforce.ids import full
    from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities

    hubspot, salesforce = hubspot_client_of(connection), salesforce_of(connection).session
    read_calls = own_calls(settings_table().now)
    roles = RoleTable(aws_client("dynamodb"), table_name("state"), connection.name)
    whole = sync_context(connection, our_user_of(connection, settings), since)
    context = replace(
        whole,
        inbox=inbox or whole.inbox,
        opportunities=SalesforceOpportunities(salesforce, ReadOnlyRoles(roles)),
    )
    return ReadOnlyView(
        read_only(context),
        lambda side: lister_of(connection, side),
        quota_of(connection),
        lambda: sum(read_calls(connection, Side.SALESFORCE).own.values()),
        lambda side: hubspot.calls if side is Side.HUBSPOT else salesforce.calls,
        full,
    )
