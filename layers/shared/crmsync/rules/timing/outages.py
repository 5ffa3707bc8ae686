"""While a side is down: one record looks ahead every few minutes, the others wait without a call,
and nobody's tries are used up.

What decides here is pure; the times are UTC and come from the caller (RTY-1, RTY-2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from crmsync.errors import Down, SyncError, TryAgain
from crmsync.model.changes import Change
from crmsync.model.troubles import Outage

TRIES = 40
"""Tries after which a record is parked: some ten hours. A side that is down uses up none."""

FIRST_WAIT = 15.0
"""Seconds until the first look ahead: most outages are that short."""

LONGEST_WAIT = 300.0
"""Seconds between looks ahead in the end, whatever the side asks for: what has waited then follows
within minutes of its return.
"""

BEHIND = 20
"""Seconds by which the others come after the one that looks ahead, so that they know what it
found.
"""


@dataclass(frozen=True, slots=True)
class Admission:
    """Of some changes: those that go now, the one that looks ahead of the others, and those that
    wait for what it finds.
    """

    going: tuple[Change, ...]
    ahead: Change | None = None
    waiting: tuple[Change, ...] = ()


def admit(changes: Sequence[Change], outage: Outage | None, now: datetime) -> Admission:
    """Who may be looked at while a side is down.

    Where only some records are refused, those that nobody has tried yet go on. Whoever was refused
    before is the first to look ahead: it is known to ask for what is refused.
    """
    if outage is None:
        return Admission(tuple(changes))
    going = tuple(change for change in changes if not (change.held or outage.is_whole))
    others = [change for change in changes if change.held or outage.is_whole]
    if not others or now < outage.next_at:
        return Admission(going, None, tuple(others))
    ahead = next((change for change in others if change.held), others[0])
    return Admission(going, ahead, tuple(change for change in others if change is not ahead))


def after_failure(
    outage: Outage | None, error: SyncError, now: datetime, *, is_whole: bool
) -> Outage:
    """The outage as it stands after one more look that came to nothing."""
    fails = outage.fails + 1 if outage else 1
    asked = error.after if isinstance(error, TryAgain) else 0.0
    wait = min(LONGEST_WAIT, max(asked, FIRST_WAIT * 2.0 ** min(fails - 1, 8)))
    return Outage(
        side=error.side if isinstance(error, Down) else "",
        code=error.code,
        text=error.text,
        hint=error.hint,
        since=outage.since if outage else now,
        seen_at=now,
        next_at=now + timedelta(seconds=wait),
        fails=fails,
        is_whole=is_whole,
        is_sure=not may_be_one(error),
        version=outage.version if outage else 0,
    )


def claimed(outage: Outage, now: datetime) -> Outage:
    """The outage while somebody looks ahead: nobody else does for as long as another look would
    have to wait.
    """
    return replace(outage, next_at=now + timedelta(seconds=LONGEST_WAIT))


def seconds_until(outage: Outage, now: datetime, *, ahead: bool = False) -> int:
    """For how long a change goes back into the queue: the one that shall look ahead comes first."""
    left = ceil((outage.next_at - now).total_seconds())
    return min(max(left, 1) + (0 if ahead else BEHIND), round(LONGEST_WAIT) + BEHIND)


def may_be_one(error: SyncError) -> bool:
    """Whether one record of the call may be why it failed as a whole, rather than the side."""
    return not (isinstance(error, Down) and error.sure)


def is_refusal(error: SyncError) -> bool:
    """Whether somebody has to do something before a side answers again: it refuses our credentials,
    a scope or a right.
    """
    return not isinstance(error, TryAgain) or (isinstance(error, Down) and bool(error.hint))
