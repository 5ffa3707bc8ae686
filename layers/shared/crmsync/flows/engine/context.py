"""What a flow works with: one connection and the ports to its two CRMs and to our own stores. Put
together by the wiring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from crmsync.model.links import Fingerprinter
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.ports.brakes import ChangeCounts
from crmsync.ports.conflict_log import ConflictLog
from crmsync.ports.crm import (
    Accounts,
    Associations,
    Companies,
    Crm,
    Deleter,
    Directory,
    Preferences,
    Survivors,
)
from crmsync.ports.deals import Deals, Opportunities, PipelineMaps
from crmsync.ports.health import Meter
from crmsync.ports.listing import Lists
from crmsync.ports.overwritten import KeepsOverwritten
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox, Links
from crmsync.ports.troubles import Schemas, TroubleStore


class RecordCrm(Crm, Survivors, Protocol):
    """A side's records, and what became of those that are gone."""


@dataclass(frozen=True, slots=True)
class SyncContext:
    """One connection's outside.

    ``our_user`` is the Salesforce id of the integration user and ``our_app`` HubSpot's name for us
    as a source; by them our own writes are known. ``opportunities_since`` is when opportunities
    began to sync: companies are on, their accounts imported, deals on (OPP-2, OPP-4); None as long
    as they do not. ``zone`` answers the time zone of the HubSpot account, in which its people see
    days; it may ask HubSpot, and raise `SyncError`. ``pairs`` answers how many records of a kind
    are linked; it may ask Salesforce, and raise `SyncError`.
    """

    connection: Connection
    hubspot: RecordCrm
    salesforce: RecordCrm
    preferences: Preferences
    deleter: Deleter
    lists: Lists
    associations: Associations
    companies: Companies
    accounts: Accounts
    opportunities: Opportunities
    deals: Deals
    pipeline_maps: PipelineMaps
    directory: Directory
    links: Links
    outbox: Outbox
    inbox: Inbox
    brake: ChangeCounts
    conflict_log: ConflictLog
    meter: Meter
    troubles: TroubleStore
    schemas: Schemas
    fingerprinter: Fingerprinter
    our_user: str
    our_app: str
    now: Callable[[], datetime]
    opportunities_since: datetime | None = None
    may_begin: Callable[[], bool] = lambda: True
    """Whether the invocation has time for another batch."""
    zone: Callable[[], tzinfo] = lambda: UTC
    pairs: Callable[[Kind], int] = lambda _kind: 0
    overwrites: KeepsOverwritten | None = None
    """Where values are kept that our writes overwrite; None where nothing is kept."""

    def crm(self, side: Side) -> RecordCrm:
        """The CRM of a side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce
