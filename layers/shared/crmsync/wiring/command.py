"""Puts together what the operator's command works with."""

from __future__ import annotations

import time
from secrets import token_urlsafe as unguessable
from typing import TYPE_CHECKING

from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.wiring.backfill import new_turn_token
from crmsync.wiring.campaigns import campaign_context, campaign_store
from crmsync.wiring.console_key import console_secret
from crmsync.wiring.crms import (
    account_of,
    hubspot_client_of,
    hubspot_of,
    lister_of,
    lists_of,
    login_of,
    our_user_of,
    patient_calls,
    patient_retry_policy,
    quota_of,
    salesforce_of,
    sync_context,
)
from crmsync.wiring.stores import (
    alert_store,
    aws_client,
    comparisons,
    cursors,
    inbox,
    job_messages,
    jobs,
    link_key_secret,
    link_keys,
    outbox,
    overwritten_reader,
    own_calls,
    secrets,
    settings_table,
    stack_name,
    table_name,
    troubles,
)
from crmsync.wiring.views import read_only_view

LINK_ID_BYTES = 16
"""Random bytes in the id of a link to the console."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmsync.flows.backfill.jobs import JobAdmin
    from crmsync.flows.backfill.link_rebuild import RebuildSides, RecordReader
    from crmsync.flows.operator.health.status import HealthCheck
    from crmsync.flows.operator.history import HistoryReader
    from crmsync.flows.operator.links import LinkAdmin
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.undo import UndoAdmin
    from crmsync.flows.setup.pipelines import PipelineSides
    from crmsync.flows.setup.references import ReferenceSources
    from crmsync.gateways.hubspot.schema import HubspotSchema
    from crmsync.gateways.salesforce.schema import SalesforceSchema


def operator(tell: Callable[[str], None] = lambda _text: None) -> Operator:
    """What the operator's command works with. Tables and queues are found by the name of the stack
    (``CRMSYNC_STACK``). `tell` tells of long waits.
    """
    from crmsync.flows.campaigns.preview import preview_campaigns
    from crmsync.flows.operator.console_links import ConsoleLinks
    from crmsync.flows.operator.dead_letters import DeadLetterAdmin
    from crmsync.flows.operator.decisions import DecisionLog
    from crmsync.flows.operator.errors import ErrorAdmin
    from crmsync.flows.operator.fields import FieldMapReader
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.operator.over_limit import OverLimitAdmin
    from crmsync.flows.operator.pauses import PauseAdmin
    from crmsync.flows.operator.settings import SettingsAdmin
    from crmsync.flows.operator.setup import SetupAdmin
    from crmsync.flows.preview.explain import Explainer
    from crmsync.flows.preview.first_sync import Previewer
    from crmsync.gateways.aws.dead_letters import SqsDeadLetters

    patient_calls().tell = tell
    store = settings_table()
    settings = SettingsAdmin(
        store=store,
        hubspot=_hubspot_schema_of,
        salesforce=_salesforce_schema_of,
        references=_references_of,
        now=store.now,
        caller=caller,
    )
    undo = _undo_admin()
    decisions = DecisionLog(jobs=jobs(), new_id=new_turn_token, now=store.now, caller=caller)
    return Operator(
        settings=settings,
        setup=SetupAdmin(
            settings=settings,
            hubspot=_hubspot_schema_of,
            salesforce=_salesforce_schema_of,
            administrator=_administrator_schema_of,
            pipelines=_pipelines_of,
            jobs=jobs(),
            undo=undo,
            now=store.now,
            secret=secrets().read,
        ),
        errors=ErrorAdmin(
            settings=_in_force,
            inbox=inbox(),
            outbox=outbox(),
            now=store.now,
            reader=_reader_of,
            decisions=decisions,
        ),
        dead_letters=DeadLetterAdmin(
            settings=_in_force,
            queues=SqsDeadLetters(aws_client("sqs"), stack_name()),
            inbox=inbox(),
        ),
        jobs=_job_admin(),
        links=_link_admin(),
        health=_health_check(),
        over_limit=OverLimitAdmin(
            settings=store.load,
            inbox=inbox(),
            outbox=outbox(),
            decisions=decisions,
        ),
        pauses=PauseAdmin(settings=store.load, troubles=troubles(), now=store.now, caller=caller),
        undo=undo,
        explainer=Explainer(_in_force, read_only_view, store.now, campaign_store()),
        history=_history_reader(),
        fields=FieldMapReader(
            settings=_in_force,
            hubspot=_hubspot_schema_of,
            salesforce=_salesforce_schema_of,
            troubles=troubles(),
        ),
        previewer=Previewer(
            read_only_view, store.now, lambda one: preview_campaigns(campaign_context(one))
        ),
        console=ConsoleLinks(
            secret=lambda: secrets().read(console_secret()),
            caller=caller,
            new_id=lambda: unguessable(LINK_ID_BYTES),
            now=store.now,
        ),
    )


def _hubspot_schema_of(connection: Connection) -> HubspotSchema:
    from crmsync.gateways.hubspot.schema import HubspotSchema

    return HubspotSchema(
        secrets().secret(connection.hubspot.secret), retry_policy=patient_retry_policy()
    )


def _salesforce_schema_of(connection: Connection) -> SalesforceSchema:
    from crmsync.gateways.salesforce.schema import SalesforceSchema

    return SalesforceSchema(*login_of(connection), now=time.time)


def _references_of(connection: Connection) -> ReferenceSources:
    """Where a connection's lists, campaigns, pipelines and owners are looked up."""
    from crmsync.flows.setup.references import ReferenceSources
    from crmsync.gateways.hubspot.pipelines import HubspotPipelines
    from crmsync.gateways.owners import OwnersDirectory
    from crmsync.gateways.salesforce.objects.campaigns import SalesforceCampaigns

    client, session = hubspot_client_of(connection), salesforce_of(connection).session
    return ReferenceSources(
        lists_of(connection),
        HubspotPipelines(client),
        OwnersDirectory(client, session, now=time.monotonic),
        SalesforceCampaigns(session),
    )


def _reader_of(connection: Connection, side: Side) -> RecordReader:
    return hubspot_of(connection) if side is Side.HUBSPOT else salesforce_of(connection)


def _administrator_schema_of(connection: Connection) -> SalesforceSchema:
    """With an administrator's secret, which no function may read."""
    from crmsync.gateways.salesforce.schema import SalesforceSchema
    from crmsync.rules.settings.secret_names import admin_secret

    secret = secrets().secret(admin_secret(connection.salesforce.secret))
    return SalesforceSchema(*login_of(connection), now=time.time, administrator=secret)


def _pipelines_of(connection: Connection) -> PipelineSides:
    """What a connection's pipelines are synced with."""
    from crmsync.flows.setup.pipelines import PipelineSides
    from crmsync.gateways.dynamodb.contact_roles import RoleTable
    from crmsync.gateways.dynamodb.pipeline_maps import PipelineMapTable
    from crmsync.gateways.hubspot.pipelines import HubspotPipelines
    from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities

    table, name = aws_client("dynamodb"), table_name("state")
    return PipelineSides(
        HubspotPipelines(hubspot_client_of(connection)),
        SalesforceOpportunities(
            salesforce_of(connection).session, RoleTable(table, name, connection.name)
        ),
        PipelineMapTable(table, name),
    )


def _in_force() -> Settings:
    """The settings in force. Raises `Distrusted` if they are not the newest that were pushed."""
    current = settings_table().current()
    return Settings() if current is None else current.settings


def _job_admin() -> JobAdmin:
    from crmsync.flows.backfill.jobs import JobAdmin

    return JobAdmin(
        settings=_in_force,
        jobs=jobs(),
        job_messages=job_messages(),
        lister=lister_of,
        new_id=new_turn_token,
        now=settings_table().now,
        sleep=time.sleep,
        inbox=inbox(),
        reader=_reader_of,
        caller=caller,
    )


def caller() -> str:
    """The ARN by which AWS knows the caller; it cannot be chosen."""
    from crmsync.gateways.aws.client import caller_of

    return caller_of(aws_client("sts"))


def _link_admin() -> LinkAdmin:
    from crmsync.flows.backfill.link_keys import LinkKeyAdmin
    from crmsync.flows.operator.links import LinkAdmin
    from crmsync.gateways.aws.queues import QueueDepths
    from crmsync.gateways.dynamodb.links.link_keys import LinksCensus, StoredKeys
    from crmsync.gateways.dynamodb.links.links import LinksTable
    from crmsync.gateways.salesforce.ids import full

    return LinkAdmin(
        settings=_in_force,
        links=LinksTable(aws_client("dynamodb"), table_name("links"), ring=link_keys()),
        sides=_rebuild_sides_of,
        full=full,
        keys=LinkKeyAdmin(
            settings=_in_force,
            keys=StoredKeys(aws_client("secretsmanager"), link_key_secret()),
            census=LinksCensus(aws_client("dynamodb"), table_name("links")),
            outbox=outbox(),
            waiting=QueueDepths(aws_client("sqs"), stack_name()),
            now=settings_table().now,
            sleep=time.sleep,
        ),
        view=read_only_view,
        is_paused=lambda name: troubles().load(name).pause is not None,
    )


def _rebuild_sides_of(connection: Connection) -> RebuildSides:
    from crmsync.flows.backfill.link_rebuild import RebuildSides

    readers: dict[Side, RecordReader] = {
        Side.HUBSPOT: hubspot_of(connection),
        Side.SALESFORCE: salesforce_of(connection),
    }
    return RebuildSides({side: lister_of(connection, side) for side in Side}, readers)


def _health_check() -> HealthCheck:
    from crmsync.flows.operator.health.status import HealthCheck
    from crmsync.gateways.aws.queues import QueueDepths

    return HealthCheck(
        settings=_in_force,
        inbox=inbox(),
        jobs=jobs(),
        cursors=cursors(),
        quota=quota_of,
        waiting=QueueDepths(aws_client("sqs"), stack_name()),
        account=account_of,
        now=settings_table().now,
        troubles=troubles(),
        own_calls=own_calls(settings_table().now),
        alerts=alert_store(),
        comparisons=comparisons(),
        campaigns=campaign_store(),
        link_keys=lambda: tuple(link_keys().keys()),
    )


def _history_reader() -> HistoryReader:
    from crmsync.flows.operator.history import HistoryReader
    from crmsync.gateways.dynamodb.links.links import LinksTable
    from crmsync.gateways.salesforce.ids import full

    return HistoryReader(
        settings=_in_force,
        links=LinksTable(aws_client("dynamodb"), table_name("links")),
        inbox=inbox(),
        origins=hubspot_of,
        kept=overwritten_reader,
        full=full,
        now=settings_table().now,
    )


def _undo_admin() -> UndoAdmin:
    from crmsync.flows.operator.undo import UndoAdmin

    return UndoAdmin(
        settings=_in_force,
        kept=overwritten_reader,
        view=read_only_view,
        context=lambda one, settings: sync_context(one, our_user_of(one, settings)),
        jobs=jobs(),
        new_id=new_turn_token,
        now=settings_table().now,
        caller=caller,
    )
