"""How far back a sweep reads each side, and what of that was passed on already. Pure arithmetic
with times.

Both sides show some changes late. Salesforce stamps a row when it is written and shows it when its
transaction commits, which may take ten minutes [D]. HubSpot's search shows a change once its index
has it: usually within seconds, after imports much later [S]. So most sweeps overlap the last one a
little, for changes that are late by seconds to a few minutes, and now and then one goes back far.

Salesforce's ``latestDateCovered`` would say exactly how far is enough, but any transaction on its
instance, of whatever org, holds it back, at times for hours [D]; the same records would be read all
that while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.records import Side

MAX_SEEN = 10_000
"""Records that are remembered as passed on, some 80 KB. Where there were more, a sweep goes back no
further than that: one that reads the same fifty thousand again has no time left for what is new.
"""

METADATA_INTERVAL = timedelta(minutes=14, seconds=30)
"""How often metadata is read, as it rarely changes: every fifteenth sweep of one a minute, less
some seconds, as schedules may be late.
"""

_SECOND = timedelta(seconds=1)
_MARK = timedelta(milliseconds=1)
"""Subtracted from the remembered stamp of a record that may be written once more in the same
second, so that the next sweep takes it as news again.
"""


SLOW = timedelta(seconds=5)
"""The time from reading records to saving their link after which a sync counts as slow and has them
read once more: nobody else can notice an edit that was set back in between.
"""

FINAL_AFTER = SLOW + timedelta(seconds=2)
"""The age up to which a stamp may come to mean a later state, so that the record is passed on once
more: what is set back while a faster sync is at it may have been read before that sync ends. Stamps
of Salesforce have whole seconds, and clocks may differ.
"""


@dataclass(frozen=True, slots=True)
class Lookback:
    """How far back a side is read.

    Where what is remembered does not reach so far, a sweep goes back the least length all the same;
    what has been forgotten is passed on once more, which does no harm.

    Attributes:
        near: How far an ordinary sweep goes back.
        far: How far a far one does.
        turn: How often there is a far one.
        near_least: The least length of an ordinary sweep.
        far_least: The least length of a far one.
    """

    near: timedelta
    far: timedelta
    turn: timedelta
    near_least: timedelta
    far_least: timedelta

    def back(self, *, far: bool) -> timedelta:
        """How far back a sweep goes, as far as it is remembered what was passed on."""
        return self.far if far else self.near

    def least(self, *, far: bool) -> timedelta:
        """How far back it goes in any case."""
        return self.far_least if far else self.near_least


LOOKBACK: Mapping[Side, Lookback] = MappingProxyType(
    {
        # far: 14 minutes until a row shows, 6 until the next far sweep, as metadata may delay it by
        # one, and 5 for one that fails. turn: Salesforce does not want to be asked more often for
        # the lists of deletions [D], which are read by far sweeps. far_least: 5 minutes until a row
        # shows, and 6 until the next far sweep; at one sweep a minute, a data load would be passed
        # on a dozen times.
        Side.SALESFORCE: Lookback(
            near=timedelta(minutes=5),
            far=timedelta(minutes=25),
            turn=timedelta(minutes=4, seconds=30),
            near_least=timedelta(),
            far_least=timedelta(minutes=11),
        ),
        # near: 25 minutes until search shows a change, and 15 until the next sweep. far: two hours,
        # and one until the next far sweep. The least lengths: for what search shows minutes late;
        # an hour of a data load would not fit into a sweep.
        Side.HUBSPOT: Lookback(
            near=timedelta(minutes=40),
            far=timedelta(hours=3),
            turn=timedelta(minutes=55),
            near_least=timedelta(minutes=5),
            far_least=timedelta(minutes=5),
        ),
    }
)


def start_of(
    since: datetime,
    seen: Mapping[str, datetime],
    back: timedelta,
    begin: datetime | None,
    *,
    least: timedelta = timedelta(),
) -> datetime:
    """From when on an object is read whose cursor is at `since`.

    That is `back` before the cursor, as far as memory goes, and not before `begin`. Where memory
    does not reach back `least`, it is `least`. A cursor that is older than `begin` belongs to an
    object that was off for a while: it goes on and catches up. If memory is full, some of the
    records with its oldest stamp may have been forgotten.
    """
    start = since - back
    if len(seen) >= MAX_SEEN:
        start = min(max(start, min(seen.values()) + _SECOND), since - least)
    return start if begin is None or since < begin else max(start, begin)


def is_news(known: datetime | None, at: datetime, *, deleted: bool) -> bool:
    """Whether a record with the stamp `at` is to be passed on; `known` is what is remembered of it.

    The list of deletions may date a deletion one second earlier than the record in the recycle bin
    does, and the two may alternate.
    """
    return known != at and not (deleted and known is not None and known > at)


def remembered(known: datetime | None, at: datetime, now: datetime) -> datetime:
    """What to remember of a record that is passed on at `now`.

    That is its stamp, or slightly less where the same stamp may come to mean a later state. A stamp
    in the future means that clocks differ; it is believed the second time, so that no record is
    passed on for ever.
    """
    mark = at - _MARK
    return mark if at > now - FINAL_AFTER and not (known == mark and at > now) else at


def newest(seen: Mapping[str, datetime]) -> dict[str, datetime]:
    """The `MAX_SEEN` newest entries."""
    if len(seen) <= MAX_SEEN:
        return dict(seen)
    return dict(sorted(seen.items(), key=lambda entry: entry[1], reverse=True)[:MAX_SEEN])
