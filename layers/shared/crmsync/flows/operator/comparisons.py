"""The last results of comparisons, for the command and whatever else shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from crmsync.model.comparison import ObjectComparison
from crmsync.model.settings import Connection
from crmsync.ports.comparison import Comparisons
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS

LONG = timedelta(hours=20)
"""How long records may be out of step before that is a problem: two nightly comparisons."""


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
