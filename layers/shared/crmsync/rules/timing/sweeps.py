"""How far back each side is looked at, and what of it was passed on already. Pure sums with times;
nothing is asked for here.

Both sides show some changes late. Salesforce stamps a row when it is written and shows it when its
transaction commits; one may last ten minutes [D]. HubSpot's search shows a change when its index
has taken it in: in seconds as a rule, after imports much later [S]. So most looks go back a little
way, for what is late by seconds to a few minutes, and now and then one goes back far.

Salesforce's ``latestDateCovered`` would tell exactly how far is enough, but any transaction on its
instance, of whatever org, holds it back, for hours at times [D]; it would have the same records
read all the while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.records import Side

MOST_SEEN = 10_000
"""Records remembered of what was passed on, some 80 KB. A look goes back no further than memory
where there were more: who reads the same fifty thousand again has no time left for what is new.
"""

METADATA_INTERVAL = timedelta(minutes=14, seconds=30)
"""How long definitions rest, as they hardly ever change: with a look a minute, every fifteenth,
though schedules are late by seconds.
"""

_SECOND = timedelta(seconds=1)
_MARK = timedelta(milliseconds=1)
"""What is taken off the stamp of a record that may be written once more in the same second: so it
is news at the next look again.
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a side is looked at: `near` every time, `far` once in a `turn`. A stamp stands
    for good once it is `settles` old.

    Where memory does not reach so far, a look goes back `near_least` or `far_least` all the same;
    what memory has lost of it is passed on once more, which does no harm.
    """

    near: timedelta
    far: timedelta
    turn: timedelta
    near_least: timedelta
    far_least: timedelta
    settles: timedelta

    def back(self, *, far: bool) -> timedelta:
        """How far back a look goes as far as memory does."""
        return self.far if far else self.near

    def least(self, *, far: bool) -> timedelta:
        """How far back it goes whatever is remembered."""
        return self.far_least if far else self.near_least


REACH: Mapping[Side, Reach] = MappingProxyType(
    {
        # Far: 14 minutes until a row shows, 6 until the next far look, as definitions may put it
        # off by one, and 5 for one that fails. Turn: more often Salesforce does not want to be
        # asked for lists of what was deleted [D], and they go with the far look. Least: 5 minutes
        # until a row shows, and 6 until the next far look; looked at each minute, a load would be
        # passed on a dozen times. Settles: stamps have whole seconds; the rest is for clocks that
        # differ.
        Side.SALESFORCE: Reach(
            near=timedelta(minutes=5),
            far=timedelta(minutes=25),
            turn=timedelta(minutes=4, seconds=30),
            near_least=timedelta(),
            far_least=timedelta(minutes=11),
            settles=timedelta(seconds=5),
        ),
        # Near: 25 minutes until search shows it, and 15 until the next look. Far: two hours, and
        # one until the next far look. Least: for what search shows late by minutes; an hour of a
        # load would not fit into a look.
        Side.HUBSPOT: Reach(
            near=timedelta(minutes=40),
            far=timedelta(hours=3),
            turn=timedelta(minutes=55),
            near_least=timedelta(minutes=5),
            far_least=timedelta(minutes=5),
            settles=timedelta(),
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
    """From when on an object is asked for whose cursor stands at `since`: `back` from there, as far
    as memory goes, not before `begin`.

    Where memory goes less far than `least`, it is `least`. A cursor that is older than its
    beginning is that of something which was off for a while: it goes on and catches up. Of several
    records with the oldest stamp that is remembered some may be forgotten.
    """
    start = since - back
    if len(seen) >= MOST_SEEN:
        start = min(max(start, min(seen.values()) + _SECOND), since - least)
    return start if begin is None or since < begin else max(start, begin)


def is_news(told: datetime | None, at: datetime, *, deleted: bool) -> bool:
    """Whether a record with the stamp `at` is to be passed on; `told` is what is remembered of it.

    The list of deletions may date one a second earlier than the record in the recycle bin was, and
    both may tell of it in turn.
    """
    return told != at and not (deleted and told is not None and told > at)


def remembered(told: datetime | None, at: datetime, now: datetime, settles: timedelta) -> datetime:
    """What to remember of a record that is passed on at `now`: its stamp, or a mark where the same
    stamp may come to mean a later state.

    A stamp from the future tells of clocks that differ; it is believed the second time, so that no
    record is passed on for ever.
    """
    is_open = bool(settles) and at > now - settles
    mark = at - _MARK
    return mark if is_open and not (told == mark and at > now) else at


def newest(seen: Mapping[str, datetime]) -> dict[str, datetime]:
    """The `MOST_SEEN` newest entries."""
    if len(seen) <= MOST_SEEN:
        return dict(seen)
    return dict(sorted(seen.items(), key=lambda entry: entry[1], reverse=True)[:MOST_SEEN])
