"""The part of the console that signs in to the CRMs: it finds single records and shows them."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.wiring.backfill import new_turn_token
from crmsync.wiring.campaigns import campaign_store
from crmsync.wiring.crms import (
    calls_of,
    hubspot_client_of,
    hubspot_of,
    lister_of,
    salesforce_of,
)
from crmsync.wiring.stores import (
    aws_client,
    job_messages,
    jobs,
    link_keys,
    now,
    overwritten_reader,
    settings,
    table_name,
)
from crmsync.wiring.views import read_only_view

if TYPE_CHECKING:
    from crmsync.flows.backfill.jobs import JobAdmin
    from crmsync.flows.backfill.link_rebuild import RecordReader
    from crmsync.flows.operator.records import RecordAdmin
    from crmsync.ports.crm import NameSearch
    from crmsync.ports.stores import Inbox


def job_admin(inbox: Inbox) -> JobAdmin:
    """Starts comparisons and resyncs, and watches and stops all jobs."""
    from crmsync.flows.backfill.jobs import JobAdmin

    return JobAdmin(
        settings=settings,
        jobs=jobs(),
        job_messages=job_messages(),
        lister=lister_of,
        new_id=new_turn_token,
        now=now,
        sleep=time.sleep,
        inbox=inbox,
        reader=_reader_of,
    )


def record_admin(inbox: Inbox, admin: JobAdmin) -> RecordAdmin:
    """Finds single records and shows them, with what `inbox` has about them; `admin` resyncs
    them.
    """
    from crmsync.flows.operator.history import HistoryReader
    from crmsync.flows.operator.links import PairLinks
    from crmsync.flows.operator.records import RecordAdmin
    from crmsync.flows.preview.explain import Explainer
    from crmsync.gateways.dynamodb.links.links import LinksTable
    from crmsync.gateways.salesforce.ids import full

    links = LinksTable(aws_client("dynamodb"), table_name("links"), ring=link_keys())
    return RecordAdmin(
        explainer=Explainer(settings, partial(read_only_view, inbox=inbox), now, campaign_store()),
        history=HistoryReader(
            settings=settings,
            links=links,
            inbox=inbox,
            origins=hubspot_of,
            kept=overwritten_reader,
            full=full,
            now=now,
        ),
        pairs=PairLinks(settings=settings, links=links, full=full),
        jobs=admin,
        names=_names_of,
        calls=calls_of,
    )


def _reader_of(connection: Connection, side: Side) -> RecordReader:
    return hubspot_of(connection) if side is Side.HUBSPOT else salesforce_of(connection)


def _names_of(connection: Connection, side: Side) -> NameSearch:
    from crmsync.gateways.hubspot.names import HubspotNames
    from crmsync.gateways.salesforce.names import SalesforceNames

    if side is Side.HUBSPOT:
        return HubspotNames(hubspot_client_of(connection))
    return SalesforceNames(salesforce_of(connection).session)
