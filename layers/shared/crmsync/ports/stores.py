"""What the flows ask of our own tables: links, the error inbox, cursors and jobs.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crmsync.errors import SyncError
from crmsync.model.effects import Report
from crmsync.model.links import Link
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.jobs import Job, JobCounts
from crmsync.model.records import Ref


class Links(Protocol):
    """The link table."""

    def find(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
        """Record -> its link, found from either side with a strongly consistent read.

        A record without a link is left out.
        """

    def drop(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """Forget links altogether, in order: both items are gone afterwards.

        Answers the link, or `Conflict` when a newer version is stored.
        """

    def save(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """Store links, in order.

        A new link (version 0) needs both places free; an update needs the stored version to be the
        one that was read. Answers the link with its new version, `Conflict` when another worker
        was first, or `TryAgain`.
        """


class Inbox(Protocol):
    """The error inbox: which records do not sync, and why."""

    def park(
        self, connection: str, reports: Sequence[Report], same_attempt: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """Keep the newest report per record, and count the attempts that failed. Returns the
        records whose report names something in `Report.waits_for` that the one before did not.

        Of several reports about a record in one call the last one counts, as one attempt. Records
        in `same_attempt` have been reported in this attempt already, so it is not counted again.
        """

    def clear(
        self, connection: str, refs: Iterable[Ref], left: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """Forget the reports of records that sync again, except those of the records in `left`,
        which are returned if they are among `refs` and have a report.

        A batch without reports costs one read, however many other reports there are.
        """

    def reported(
        self, connection: str, refs: Iterable[Ref], *, or_awaited: bool = False
    ) -> Collection[Ref]:
        """Those of these records that may have a report, and with `or_awaited` those that a report
        may name in `Report.waits_for`.

        Costs one read if there are none, and nothing without `refs`.
        """

    def waiting_for(self, connection: str, refs: Iterable[Ref]) -> Sequence[Ref]:
        """The records whose report names one of these in `Report.waits_for`.

        Costs nothing without `refs`.
        """

    def held(self, connection: str) -> Sequence[Ref]:
        """The records whose report is of the category `held`. Other reports cost nothing."""

    def parked(self, connection: str) -> Sequence[Report]:
        """Every report, oldest first."""

    def entries(self, connection: str) -> Sequence[InboxEntry]:
        """Every report with its times and attempts, oldest first."""

    def entries_of(self, connection: str, refs: Iterable[Ref]) -> Sequence[InboxEntry]:
        """The reports about these records with their times and attempts, oldest first; other
        reports cost nothing.
        """

    def ending(self, connection: str) -> Sequence[Ref]:
        """The records whose report expires soon unless it is repeated.

        Never includes a report that lasts (`Report.lasts`).
        """


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a sweep has come.

    Attributes:
        since: Everything modified before this moment (UTC) was passed on.
        seen: What was passed on inside the overlap, with its time of modification.
        version: The stored version, 0 for a cursor that was never stored.
    """

    since: datetime
    seen: Mapping[str, datetime]
    version: int = 0


class Cursors(Protocol):
    """Where sweeps keep how far they have come."""

    def load(self, connection: str, name: str) -> Cursor | None:
        """The cursor, or None before the first sweep."""

    def load_many(self, connection: str, names: Sequence[str]) -> Mapping[str, Cursor]:
        """The cursors that there are, by name, in one call."""

    def save(self, connection: str, name: str, cursor: Cursor) -> None:
        """Store it under the next version if `cursor.version` is still the stored one.

        Otherwise the cursor of a concurrent sweep stays, and nothing is raised.
        """


class Jobs(Protocol):
    """Where backfills keep their progress, and which imports a connection has finished."""

    def load(self, connection: str, job_id: str) -> Job | None:
        """The job with all its findings from a strongly consistent read, or None."""

    def save(self, job: Job) -> Job:
        """Store a job and answer it with its next version.

        Raises `Conflict` unless `job.version` is the stored one (0: not stored yet).
        """

    def all(self, connection: str) -> Sequence[Job]:
        """The connection's jobs, newest first; those that are over without their findings."""

    def not_over(self, connection: str) -> Sequence[Job]:
        """Those of them that can still go on, newest first."""

    def count(self, connection: str, job_id: str, counts: JobCounts, now: datetime) -> None:
        """Add to what became of a job's records, for as long as a job is kept."""

    def counts(self, connection: str) -> Mapping[str, JobCounts]:
        """What became of the records of each job, by its id; jobs without any are left out."""

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """Remember that all records of a Salesforce object were imported (OPP-2).

        The first time counts.
        """

    def imported(self, connection: str, name: str) -> datetime | None:
        """When the import of an object was finished, or None (OPP-2)."""

    def imports(self, connection: str) -> Mapping[str, datetime]:
        """When each import of the connection was finished, by object; those that are not finished
        are left out.
        """
