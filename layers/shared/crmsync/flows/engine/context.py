"""What a flow works with: one connection, and the ports to its two CRMs and to our own stores. The
wiring puts it together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from crmsync.model.changes import Change
from crmsync.model.crm_names import MERGED_IDS
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.activities import Activities, ActivityBin
from crmsync.ports.calls import CallGate
from crmsync.ports.change_counts import ChangeCounts
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
from crmsync.ports.listing import Lists
from crmsync.ports.mail import TaskStates
from crmsync.ports.overwritten import OverwrittenStore
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox, Links
from crmsync.ports.troubles import Schemas, TroubleStore
from crmsync.rules.kinds.contact.inclusion import is_frozen
from crmsync.rules.pair.successors import merged_from


class RecordCrm(Crm, Survivors, Protocol):
    """A side's records, and what became of those that are gone."""


@dataclass(frozen=True, slots=True)
class SyncContext:
    """One connection with everything outside that its flows use.

    Attributes:
        connection: the connection's settings.
        hubspot: HubSpot's records.
        salesforce: Salesforce's records.
        calls: whether calls are left for a class of work.
        our_user: the Salesforce id of the integration user; our own writes are known by it.
        our_app: HubSpot's name for us as a source of values, likewise.
        now: the clock (UTC).
        activities: what is about a record in Salesforce.
        opportunities_since: when opportunities began to sync: companies and deals are on, and the
            accounts are imported (OPP-2, OPP-4); None while they do not sync.
        may_begin: whether the invocation has time for another batch.
        zone: the time zone of the HubSpot account, by which its days count. Raises `SyncError`.
        pairs: how many records of a kind are linked. Raises `SyncError`.
        overwrites: where values are kept that our writes overwrite; None to keep none.
        claims: where it is kept which worker makes the task of an activity; None for one worker.
    """

    connection: Connection
    hubspot: RecordCrm
    salesforce: RecordCrm
    preferences: Preferences
    deleter: Deleter
    activity_bin: ActivityBin
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
    change_counts: ChangeCounts
    calls: CallGate
    troubles: TroubleStore
    schemas: Schemas
    fingerprinter: Fingerprinter
    our_user: str
    our_app: str
    now: Callable[[], datetime]
    activities: Activities = field(kw_only=True)
    opportunities_since: datetime | None = None
    may_begin: Callable[[], bool] = lambda: True
    zone: Callable[[], tzinfo] = lambda: UTC
    pairs: Callable[[Kind], int] = lambda _kind: 0
    overwrites: OverwrittenStore | None = None
    claims: TaskStates | None = None

    def crm(self, side: Side) -> RecordCrm:
        """The CRM of a side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def without_reports(
        self,
        changes: Iterable[Change],
        counterpart_of: Callable[[Ref], Ref | None],
        records: Mapping[Ref, Record],
    ) -> set[Change]:
        """Of changes of these `records`, those without a report in the error inbox about the
        record, its counterpart or what was merged into the record; one read for all of them, none
        without changes. Raises `SyncError`.

        Where there is a report, somebody may have put the former value back: that settles the
        report, although the record shows nothing new. With an inclusion list that goes as well for
        a contact that another record waits for: of a pair outside the list nothing is noted, so
        what it shows again may have been in the way meanwhile (INC-7).
        """
        changes = list(changes)
        settings = self.connection.contacts
        may_be_frozen = (
            bool(settings.inclusion_list)
            and is_frozen(settings, included=False)
            and any(one.kind is Kind.CONTACT for one in changes)
        )
        refs = {
            one: {one.ref, counterpart_of(one.ref) or one.ref, *merged_into(records[one.ref])}
            for one in changes
        }
        wanted = {ref for pair in refs.values() for ref in pair}
        if not wanted:
            return set()
        reported = set(self.inbox.reported(self.connection.name, wanted, or_awaited=may_be_frozen))
        return {change for change, pair in refs.items() if reported.isdisjoint(pair)}


def merged_into(record: Record) -> tuple[Ref, ...]:
    """The HubSpot records that were merged into this one. Usually there are none."""
    return merged_from(record) if record.fields.get(MERGED_IDS) else ()
