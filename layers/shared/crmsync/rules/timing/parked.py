"""When parked records are looked at again: those that were given up as unavailable (RTY-1), and
those whose reports are about to end.

Of what is unavailable one looks ahead of the others, and all look once a night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.model.records import Kind, Ref

EVERY = timedelta(hours=1)
"""How often one record of each concern looks ahead of the others."""

SETTLES = timedelta(minutes=14)
"""After how long it is known what became of it: a sweep's quarter of an hour, though schedules are
early by seconds.
"""


KEPT = timedelta(days=90)
"""For how long a report that does not last stands after it was last reported."""

SOON = timedelta(days=14)
"""How long before its end a report's record is looked at again, each night."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The last turn: when it was (UTC), and who has looked ahead since when."""

    at: datetime
    ahead: Mapping[str, datetime] = field(default_factory=dict)

    def is_over(self, now: datetime) -> bool:
        """Whether there is anything to be done now; the error inbox need not be read otherwise."""
        newest = max(self.ahead.values(), default=None)
        return (
            now - newest >= SETTLES
            if newest
            else now - self.at >= EVERY or self.at.date() != now.date()
        )


def is_nightly(last: Turn | None, now: datetime) -> bool:
    """Whether this turn is the first one of a day (00:00 UTC)."""
    return last is not None and last.at.date() != now.date()


def next_turn(
    parked: Mapping[Kind, Sequence[Ref]], last: Turn | None, now: datetime
) -> tuple[Mapping[Kind, Sequence[Ref]], Turn]:
    """Who is looked at now, by concern, and the turn that this is.

    Where the one that looked ahead has left the inbox, all others follow. Where it has not, the
    next one in the inbox looks ahead an hour later: what keeps one record may be its own. Once a
    night (00:00 UTC) all are tried.
    """
    nightly = is_nightly(last, now)
    going: dict[Kind, Sequence[Ref]] = {}
    ahead: dict[str, datetime] = {}
    for kind, refs in parked.items():
        order = sorted(refs)
        names = [str(ref) for ref in order]
        mine = _ahead_of(kind, last)
        if nightly or (mine and mine[0] not in names):
            going[kind] = order
        elif mine and now - mine[1] < EVERY:
            ahead[f"{kind} {mine[0]}"] = mine[1]
        else:
            after = [ref for ref in order if mine and str(ref) > mine[0]]
            first = (after or order)[0]
            going[kind] = [first]
            ahead[f"{kind} {first}"] = now
    return going, Turn(now, ahead)


def _ahead_of(kind: Kind, last: Turn | None) -> tuple[str, datetime] | None:
    """Who of a concern has looked ahead, and when."""
    for name, at in (last.ahead if last else {}).items():
        concern, _, ref = name.partition(" ")
        if concern == kind:
            return ref, at
    return None
