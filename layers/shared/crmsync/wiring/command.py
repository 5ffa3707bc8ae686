"""What the operator's command works with."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.wiring.backfill import lister_of, new_turn_token, quota_of
from crmsync.wiring.crms import (
    account_of,
    hubspot_of,
    login_of,
    our_user_of,
    salesforce_of,
    sync_context,
)
from crmsync.wiring.stores import (
    aws_client,
    cursors,
    inbox,
    job_messages,
    jobs,
    link_key_secret,
    link_keys,
    outbox,
    overwritten_reader,
    secrets,
    settings_table,
    stack_name,
    table_name,
    troubles,
)

if TYPE_CHECKING:
    from crmsync.flows.backfill.jobs import JobAdmin
    from crmsync.flows.backfill.link_rebuild import RebuildSides, RecordReader
    from crmsync.flows.operator.links import LinkAdmin
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.status import HealthCheck
    from crmsync.flows.operator.undo import UndoAdmin
    from crmsync.flows.preview.window import ReadOnlyView
    from crmsync.flows.setup.pipelines import PipelineSides
    from crmsync.gateways.aws.secrets import Secret


def operator() -> Operator:
    """What the operator's command works with. Outside a Lambda the tables are found by the name of
    the stack (``CRMSYNC_STACK``).
    """
    from crmsync.flows.operator.held_changes import OverLimitAdmin
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.pauses import PauseAdmin
    from crmsync.gateways.hubspot.schema import HubspotSchema
    from crmsync.gateways.salesforce.schema import SalesforceSchema

    return Operator(
        settings_table(),
        inbox(),
        lambda one: HubspotSchema(secrets().secret(one.hubspot.secret)),
        lambda one: SalesforceSchema(*login_of(one), now=time.time),
        _pipelines_of,
        _job_admin(),
        _link_admin(),
        _health_check(),
        OverLimitAdmin(
            settings_table().load,
            inbox(),
            outbox(),
            jobs(),
            new_turn_token,
            settings_table().now,
            caller,
        ),
        PauseAdmin(settings_table().load, troubles(), settings_table().now, caller),
        _undo_admin(),
        outbox(),
        _read_only_view,
        settings_table().now,
        caller,
        secret=secrets().read,
        administrator=lambda one: SalesforceSchema(
            *login_of(one), now=time.time, administrator=_administrator_of(one)
        ),
    )


def _administrator_of(connection: Connection) -> Secret:
    """The secret of an administrator of the connection's org; no function may read it."""
    from crmsync.rules.settings.secret_names import admin_secret

    return secrets().secret(admin_secret(connection.salesforce.secret))


def _pipelines_of(connection: Connection) -> PipelineSides:
    """What a connection's pipelines are put in step by."""
    from crmsync.flows.setup.pipelines import PipelineSides
    from crmsync.gateways.dynamodb.contact_roles import RoleTable
    from crmsync.gateways.dynamodb.pipeline_maps import PipelineMapTable
    from crmsync.gateways.hubspot.pipelines import HubspotPipelines
    from crmsync.gateways.salesforce.opportunities import SalesforceOpportunities

    table, name = aws_client("dynamodb"), table_name("state")
    return PipelineSides(
        HubspotPipelines(hubspot_of(connection).client),
        SalesforceOpportunities(
            salesforce_of(connection).session, RoleTable(table, name, connection.name)
        ),
        PipelineMapTable(table, name),
    )


def _read_only_view(connection: Connection, settings: Settings) -> ReadOnlyView:
    """A connection for looking: nothing in it can write."""
    from crmsync.flows.preview.read_only import ReadOnlyRoles, read_only
    from crmsync.flows.preview.window import ReadOnlyView
    from crmsync.gateways.dynamodb.contact_roles import RoleTable
    from crmsync.gateways.salesforce.ids import full
    from crmsync.gateways.salesforce.opportunities import SalesforceOpportunities

    hubspot, salesforce = hubspot_of(connection).client, salesforce_of(connection).session
    roles = RoleTable(aws_client("dynamodb"), table_name("state"), connection.name)
    context = replace(
        sync_context(connection, our_user_of(connection, settings)),
        opportunities=SalesforceOpportunities(salesforce, ReadOnlyRoles(roles)),
    )
    return ReadOnlyView(
        read_only(context),
        lambda side: lister_of(connection, side),
        quota_of(connection),
        lambda side: hubspot.calls if side is Side.HUBSPOT else salesforce.calls,
        full,
    )


def _in_force() -> Settings:
    """The settings in force, looked at as closely as the operator's command does."""
    current = settings_table().current()
    return Settings() if current is None else current.settings


def _job_admin() -> JobAdmin:
    from crmsync.flows.backfill.jobs import JobAdmin

    return JobAdmin(
        _in_force,
        jobs(),
        job_messages(),
        lister_of,
        new_turn_token,
        settings_table().now,
        time.sleep,
        caller,
    )


def caller() -> str:
    """Who acts: the identity by which AWS knows the caller (an ARN), which nobody can choose."""
    from crmsync.gateways.aws.client import caller_of

    return caller_of(aws_client("sts"))


def _link_admin() -> LinkAdmin:
    from crmsync.flows.backfill.link_keys import LinkKeyAdmin
    from crmsync.flows.operator.links import LinkAdmin
    from crmsync.gateways.aws.queues import QueueDepths
    from crmsync.gateways.dynamodb.link_keys import LinksCensus, StoredKeys
    from crmsync.gateways.dynamodb.links import LinksTable
    from crmsync.gateways.salesforce.ids import full

    links = LinksTable(aws_client("dynamodb"), table_name("links"), ring=link_keys())
    keys = LinkKeyAdmin(
        _in_force,
        StoredKeys(aws_client("secretsmanager"), link_key_secret()),
        LinksCensus(aws_client("dynamodb"), table_name("links")),
        outbox(),
        QueueDepths(aws_client("sqs"), stack_name()),
        settings_table().now,
        time.sleep,
    )
    return LinkAdmin(_in_force, links, _sides_of, full, keys)


def _sides_of(connection: Connection) -> RebuildSides:
    from crmsync.flows.backfill.link_rebuild import RebuildSides

    readers: dict[Side, RecordReader] = {
        Side.HUBSPOT: hubspot_of(connection),
        Side.SALESFORCE: salesforce_of(connection),
    }
    return RebuildSides({side: lister_of(connection, side) for side in Side}, readers)


def _health_check() -> HealthCheck:
    from crmsync.flows.operator.status import HealthCheck
    from crmsync.gateways.aws.queues import QueueDepths

    waiting = QueueDepths(aws_client("sqs"), stack_name())
    return HealthCheck(
        _in_force,
        inbox(),
        jobs(),
        cursors(),
        quota_of,
        waiting,
        account_of,
        settings_table().now,
        troubles(),
        lambda: tuple(link_keys().keys()),
    )


def _undo_admin() -> UndoAdmin:
    from crmsync.flows.operator.undo import UndoAdmin

    return UndoAdmin(
        _in_force,
        overwritten_reader,
        _read_only_view,
        lambda one, settings: sync_context(one, our_user_of(one, settings)),
        jobs(),
        new_turn_token,
        settings_table().now,
        caller,
    )
