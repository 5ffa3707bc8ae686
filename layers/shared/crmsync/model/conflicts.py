"""What is remembered of a conflict once it is settled: which field, by which policy, who won and
when. Never a value. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmsync.model.records import Side

NEWEST = 10
"""Settlements that are kept per pair."""

KEPT = timedelta(days=30)
"""How long a settlement is kept."""


@dataclass(frozen=True, slots=True)
class ResolvedConflict:
    """Both sides had changed the field `hubspot` / `salesforce` to different values; `at` that time
    (UTC) the value of `winner` was taken.

    No winner: each side kept its own.
    """

    at: datetime
    hubspot: str
    salesforce: str
    policy: str
    winner: Side | None


def kept(
    before: Sequence[ResolvedConflict], news: Sequence[ResolvedConflict]
) -> tuple[ResolvedConflict, ...]:
    """What is kept of one pair's settlements, newest first: the last few, none much older than the
    newest.
    """
    ordered = sorted((*news, *before), key=lambda one: one.at, reverse=True)
    return tuple(one for one in ordered[:NEWEST] if ordered[0].at - one.at < KEPT)
