"""When parked records are tried again: those that were given up because a side was down (RTY-1),
and those whose reports are about to expire.

Of the former, one is tried before the others as a probe, and all are tried once a night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.model.records import Kind, Ref

PROBE_INTERVAL = timedelta(hours=1)
"""How often one record of each concern is tried as a probe."""

RESULT_AFTER = timedelta(minutes=14)
"""After how long the result of a probe is known: the quarter of an hour of a sweep, less some
seconds, as schedules may be early.
"""


KEPT = timedelta(days=90)
"""How long a report is kept after it was last repeated, unless it lasts."""

SOON = timedelta(days=14)
"""How long before its report expires a record is tried again, each night."""


@dataclass(frozen=True, slots=True)
class RetryRound:
    """One round of retries.

    Attributes:
        at: When it was (UTC).
        probes: Concern and record, as ``contact hubspot:contact:81`` -> when it was tried as a
            probe.
    """

    at: datetime
    probes: Mapping[str, datetime] = field(default_factory=dict)

    def is_next_due(self, now: datetime) -> bool:
        """Whether the next round is due; until then the error inbox need not be read."""
        newest = max(self.probes.values(), default=None)
        return (
            now - newest >= RESULT_AFTER
            if newest
            else now - self.at >= PROBE_INTERVAL or self.at.date() != now.date()
        )


def is_nightly(last: RetryRound | None, now: datetime) -> bool:
    """Whether this round is the first of a day (00:00 UTC)."""
    return last is not None and last.at.date() != now.date()


def next_round(
    parked: Mapping[Kind, Sequence[Ref]], last: RetryRound | None, now: datetime
) -> tuple[Mapping[Kind, Sequence[Ref]], RetryRound]:
    """The records to try now, by concern, and this round.

    Once a probe has left the inbox, all others follow. If it has not, the next record in the inbox
    is tried an hour later: what holds one record back may concern it alone. Once a night (00:00
    UTC) all are tried.
    """
    nightly = is_nightly(last, now)
    going: dict[Kind, Sequence[Ref]] = {}
    probes: dict[str, datetime] = {}
    for kind, refs in parked.items():
        order = sorted(refs)
        names = [str(ref) for ref in order]
        mine = _probe_of(kind, last)
        if nightly or (mine and mine[0] not in names):
            going[kind] = order
        elif mine and now - mine[1] < PROBE_INTERVAL:
            probes[f"{kind} {mine[0]}"] = mine[1]
        else:
            after = [ref for ref in order if mine and str(ref) > mine[0]]
            first = (after or order)[0]
            going[kind] = [first]
            probes[f"{kind} {first}"] = now
    return going, RetryRound(now, probes)


def _probe_of(kind: Kind, last: RetryRound | None) -> tuple[str, datetime] | None:
    """The probe of a concern, and when it was tried."""
    for name, at in (last.probes if last else {}).items():
        concern, _, ref = name.partition(" ")
        if concern == kind:
            return ref, at
    return None
