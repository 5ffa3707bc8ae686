"""The last results of comparisons, for the command and whatever else shows them. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmsync.model.operations.comparison import ObjectComparison
from crmsync.model.operations.jobs import Job, JobType
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.comparison import Comparisons
from crmsync.ports.stores import Jobs
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS

LONG = timedelta(hours=20)
"""How long records may be out of step before that is a problem: two nightly comparisons."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete one connection is.

    Attributes:
        connection: The name of the connection.
        results: The last result of each object that was compared.
        not_yet: The objects that sync and were never compared, by side.
        open: The newest comparison that is not over; None if there is none.
    """

    connection: str
    results: tuple[ObjectComparison, ...]
    not_yet: tuple[tuple[Side, str], ...]
    open: Job | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessReader:
    """Reads how complete each connection is.

    Attributes:
        settings: Reads the settings in force.
        comparisons: The last results of comparisons.
        jobs: The stored jobs.
        now: The clock (UTC).
    """

    settings: Callable[[], Settings]
    comparisons: Comparisons
    jobs: Jobs
    now: Callable[[], datetime]

    def read(self) -> list[Completeness]:
        """Each connection of the settings, in their order. Raises `TryAgain`."""
        return [self._of(one) for one in self.settings().connections]

    def _of(self, connection: Connection) -> Completeness:
        results = latest_results(self.comparisons, connection)
        known = {(one.side, one.object) for one in results}
        is_open = (job for job in self.jobs.not_over(connection.name) if job.type is JobType.VERIFY)
        return Completeness(
            connection.name,
            results,
            tuple(
                (one.side, one.object)
                for one in BACKFILL_OBJECTS
                if one.syncs(connection) and (one.side, one.object) not in known
            ),
            next(is_open, None),
        )


def latest_results(
    comparisons: Comparisons, connection: Connection
) -> tuple[ObjectComparison, ...]:
    """The last result of each object that the connection syncs, in the order of a resync; an object
    that was never compared is left out. Raises `TryAgain`.
    """
    found: Mapping[tuple[str, str], ObjectComparison] = {
        (one.side, one.object): one for one in comparisons.latest(connection.name)
    }
    rows = (one for one in BACKFILL_OBJECTS if one.syncs(connection))
    return tuple(found[row.side, row.object] for row in rows if (row.side, row.object) in found)


def last_comparison(results: Sequence[ObjectComparison]) -> datetime | None:
    """When all objects had been compared last: the oldest of their results; None for none."""
    return min((one.at for one in results if one.at), default=None)


def out_of_step_for_long(results: Sequence[ObjectComparison]) -> list[ObjectComparison]:
    """The objects of which two comparisons in a row, a night apart, have found something."""
    return [one for one in results if one.at and one.since and one.at - one.since >= LONG]
