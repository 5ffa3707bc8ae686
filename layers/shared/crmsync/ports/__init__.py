"""What the flows ask of the outside, in the flows' own words.

Each Protocol here has two implementations, a gateway and a memory version for tests, and one
contract suite that both pass. Batch first: every call takes many records, answers row by row, and
one bad row never spoils the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from crmsync.errors import SyncError
from crmsync.model.changes import Change
from crmsync.model.effects import (
    Associate,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    OptOut,
    Report,
    UpdateRecord,
)
from crmsync.model.jobs import Job, JobMessage
from crmsync.model.links import Link
from crmsync.model.owners import Owners
from crmsync.model.places import Places
from crmsync.model.records import Kind, Record, Ref, Value
from crmsync.ports.troubles import Described
from crmsync.rules.backfill.pacing import DailyCalls, Depth

Fields: TypeAlias = Mapping[str, Sequence[str]]
"""Which fields to read, by object name on that side."""


@dataclass(frozen=True, slots=True)
class Written:
    """A row that was written. ``fields`` has what the side says it now shows; empty where the side
    does not say (Salesforce).
    """

    ref: Ref
    fields: Mapping[str, Value]


Outcome: TypeAlias = Written | SyncError
"""What became of one row: done, or the error that says what to do about it."""


class Crm(Protocol):
    """One side. A whole call that fails for everyone raises `SyncError` (mostly `TryAgain`); a row
    that fails is an `Outcome`.
    """

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """Read records by id; a missing or deleted one is left out. With `history`,
        `Record.origins` is filled where the side has it.
        """

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """All records of the named objects that hold one of the addresses, compared without case;
        never from a search index.
        """

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """Key -> the record that `create` made by it, for the keys of each named object; one that
        made none is left out.
        """

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Make records, in order; repeating an effect finds the record of the first time by its
        key. Slots in fields are already filled.
        """

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """Write fields to existing records, in order. Every `place` is a `Ref` and every slot is
        filled.
        """


class Survivors(Protocol):
    """What a side knows of records that are gone."""

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """For records that were merged into another one: that one (the last, where it was merged
        again). Others are left out.
        """


class Deleter(Protocol):
    """HubSpot's recycle bin."""

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """Move records to the recycle bin, in order; one that is gone already is done (a `Written`
        without fields).
        """


class Lists(Protocol):
    """HubSpot's lists, for the inclusion list (INC-2)."""

    def members(self, list_id: str, refs: Iterable[Ref]) -> frozenset[Ref]:
        """Those of the contacts that are in the list now, by batch membership reads of 100. Raises
        `Refused` when there is no such list.
        """

    def joined_since(self, list_id: str, since: datetime) -> Iterator[Sequence[ChangedRecord]]:
        """Contacts that entered the list at or after the moment, newest first; `modified_at` says
        when. Idle: one call.
        """


class Directory(Protocol):
    """Who may own records on both sides."""

    def owners(self) -> Owners:
        """HubSpot's owners, deactivated ones too, and Salesforce's users of the four kinds,
        inactive ones too (OWN-1).
        """


class Associations(Protocol):
    """HubSpot's associations between records. A contact's primary company is also a property of the
    contact (``associatedcompanyid``).
    """

    def of(self, refs: Iterable[Ref], other: str) -> Mapping[Ref, tuple[Ref, ...]]:
        """The records of the object `other` that each of the records is associated with, by id; one
        without any is left out.
        """

    def primary_companies(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """Deal (or contact) -> the one company that counts for it; one without is left out."""

    def associate(self, effects: Sequence[Associate]) -> Sequence[Outcome]:
        """Associate records, in order; what is associated already is done. Every place is a
        `Ref`.
        """

    def dissociate(self, effects: Sequence[Dissociate]) -> Sequence[Outcome]:
        """Take associations away, in order; what is not associated is done. Every place is a
        `Ref`.
        """


class Companies(Protocol):
    """What HubSpot knows of companies beside their records (CH-15)."""

    def companies_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """The id of the company whose domain it is (small, without ``www.``); a domain of none or
        of several is left out.

        From the search index, which lags: one that is found is there, one that is not may be.
        """


class Preferences(Protocol):
    """HubSpot's communication preferences, where opt-outs are kept."""

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """Unsubscribe the addresses from all e-mail, in order; one that is unsubscribed already is
        done.
        """


class Links(Protocol):
    """The link table."""

    def find(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
        """The links of these records, strongly consistent, found from either side; a record without
        one is left out.
        """

    def drop(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """Forget links whole, in order: both items are gone afterwards. Answers the link, or
        `Conflict` when a newer version is stored.
        """

    def save(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """Store links in order.

        A new one (version 0) needs both places free; an update needs the stored version to be the
        one it was read with. Answers the link with its new version, or `Conflict` (somebody was
        first), or `TryAgain`.
        """


class Outbox(Protocol):
    """Where changes go: to the queue of their concern."""

    def publish(self, changes: Sequence[Change]) -> None:
        """Put changes on the bus, at most 100 an entry. Returns only when all are durably accepted;
        raises `TryAgain` otherwise.
        """

    def again(self, changes: Sequence[tuple[Change, int]]) -> None:
        """Put changes straight into their concern's queue, each to be looked at after so many
        seconds (at most 900). Raises `TryAgain`.
        """


class Inbox(Protocol):
    """The error inbox: what does not sync, and why."""

    def park(self, connection: str, reports: Sequence[Report]) -> None:
        """Keep the newest report per record."""

    def clear(self, connection: str, refs: Iterable[Ref]) -> None:
        """Forget the reports of records that sync again. A batch of which none was ever parked
        costs one read, however many others are.
        """

    def waiting_for(self, connection: str, refs: Iterable[Ref]) -> Sequence[Ref]:
        """Whose report names one of these records as standing in its way (`Report.waits_for`);
        without `refs` it costs nothing.
        """

    def held(self, connection: str) -> Sequence[Ref]:
        """The records whose report is of the category `held`; costs nothing for the others that
        stand there.
        """

    def parked(self, connection: str) -> Sequence[Report]:
        """Every report that stands, oldest first."""

    def ending(self, connection: str) -> Sequence[Ref]:
        """Whose reports are to be forgotten soon, unless they are reported again: never those that
        last (`Report.lasts`).
        """


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a sweep has looked: everything modified before `since` was passed on; `seen` has what
    was passed on inside the overlap.
    """

    since: datetime
    seen: Mapping[str, datetime]
    version: int = 0


class Cursors(Protocol):
    """Where sweeps keep their place."""

    def load(self, connection: str, name: str) -> Cursor | None:
        """The cursor, or None before the first sweep."""

    def save(self, connection: str, name: str, cursor: Cursor) -> None:
        """Store it under the next version if `cursor.version` is still the stored one (0: none is
        stored yet).

        A sweep that ran beside ours keeps its own, and nothing is raised.
        """


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """A record that a sweep came across: where, when it was modified (UTC), and whether it is in
    the recycle bin.
    """

    ref: Ref
    modified_at: datetime
    deleted: bool


Show: TypeAlias = Callable[[Mapping[str, Described]], None]
"""Takes what a side lets us see of the fields of objects, by object name."""


class Sweeper(Protocol):
    """What a side can tell about everything that changed since a moment."""

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """Records modified at or after the moment given per object name, page by page, oldest first
        per object.

        Deleted ones are told too where the side tells, with `with_purged` also those that are in no
        recycle bin (any more). However many share one moment, all are named and it ends. Costs one
        call when nothing changed. `show` is told once which fields of these objects the side lets
        us see, where that costs no further call (Salesforce); of one that is not described it is
        told nothing.
        """


class Accounts(Protocol):
    """What Salesforce knows of accounts beside their records."""

    def accounts_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """The id of the business account whose website is at the domain (small, without ``www.``),
        left out if none or several are.

        A person account takes no contacts (PA-2) and shares no company (PA-4), so it is nobody's.
        """

    def contacts_of(self, accounts: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """The contacts of each account, by id (DUP-2); an account without any is left out."""

    def has_person_accounts(self) -> bool:
        """Whether the org has person accounts switched on (PA-1); asked once."""

    def places(self) -> Places | None:
        """The countries and states that the org knows, None where it takes any text; asked once."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an object's records, and where the next one begins, in the side's own words; None
    where there is none.
    """

    refs: tuple[Ref, ...]
    after: str | None


class Lister(Protocol):
    """What a side can tell about all records of an object."""

    def page(self, name: str, after: str, size: int, *, with_email: bool = False) -> Page:
        """Up to `size` records of the object that are not deleted, beginning after a place ("" =
        the first), in an order that holds.

        However many there are, every one that was there at the first call and still is gets named,
        once. With `with_email` those without an address are left out (Salesforce).
        """

    def count(self, name: str, *, with_email: bool = False) -> int:
        """How many records of the object there are, as far as the side knows. One call."""


class Jobs(Protocol):
    """Where backfills keep their place, and which imports are behind a connection."""

    def load(self, connection: str, job_id: str) -> Job | None:
        """The job as it stands, strongly consistent, or None."""

    def save(self, job: Job) -> Job:
        """Store a job and answer it under its next version; raises `Conflict` unless `job.version`
        is the stored one (0: none is).
        """

    def all(self, connection: str) -> Sequence[Job]:
        """The connection's jobs, newest first."""

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """Remember that all records of a Salesforce object were imported (OPP-2); the first time
        counts.
        """

    def imported(self, connection: str, name: str) -> datetime | None:
        """Since when the import of an object is finished, or None (OPP-2)."""


class JobMessages(Protocol):
    """The messages that make jobs go on."""

    def send(self, job_message: JobMessage, *, after: int = 0) -> None:
        """Have a job go on, after so many seconds (at most 900). Returns only when it is durably
        accepted; raises `TryAgain` otherwise.
        """


class Backlog(Protocol):
    """What waits in front of the concerns."""

    def depth(self, kind: Kind) -> Depth:
        """How many messages the concern has before it, as far as the queue knows."""


class Quota(Protocol):
    """What Salesforce's calls of the day allow."""

    def calls(self) -> DailyCalls:
        """The calls of the last 24 hours, everybody's. One call."""
