"""While a side is down, one record is tried every few minutes; the others wait without a call, and
none of their tries are used up.

Pure; times are UTC and come from the caller (RTY-1, RTY-2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from crmsync.errors import Down, SyncError, TryAgain
from crmsync.model.changes import Change
from crmsync.model.operations.troubles import Outage

TRIES = 40
"""Tries after which a record is parked: some ten hours. A side that is down uses up none."""

FIRST_WAIT = 15.0
"""Seconds until the first probe: most outages are that short."""

LONGEST_WAIT = 300.0
"""The most seconds between probes, whatever the side asks for: what has waited then follows within
minutes of its return.
"""

BEHIND = 20
"""Seconds by which the others come after the probe, so that they know its result."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What to do with some changes while a side is down.

    Attributes:
        going: Those that are synced now.
        probe: The one that is tried before the others, as a probe.
        waiting: Those that wait for its result.
    """

    going: tuple[Change, ...]
    probe: Change | None = None
    waiting: tuple[Change, ...] = ()


def admit(changes: Sequence[Change], outage: Outage, now: datetime) -> Admission:
    """Decide which changes are synced while a side is down.

    Where only some records are refused, those that were not tried yet are synced. A record that was
    refused before is the first probe: it is known to need what is refused.
    """
    going = tuple(change for change in changes if not (change.held or outage.is_whole))
    others = [change for change in changes if change.held or outage.is_whole]
    if not others or now < outage.next_at:
        return Admission(going, None, tuple(others))
    probe = next((change for change in others if change.held), others[0])
    return Admission(going, probe, tuple(change for change in others if change is not probe))


def after_failure(
    outage: Outage | None, error: SyncError, now: datetime, *, is_whole: bool
) -> Outage:
    """The outage after one more sync has failed."""
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
    """The outage while a probe is under way: no other one starts before the longest wait has
    passed.
    """
    return replace(outage, next_at=now + timedelta(seconds=LONGEST_WAIT))


def seconds_until(outage: Outage, now: datetime, *, probe: bool = False) -> int:
    """How long a change goes back into the queue; the probe (`probe`) comes first."""
    left = ceil((outage.next_at - now).total_seconds())
    return min(max(left, 1) + (0 if probe else BEHIND), round(LONGEST_WAIT) + BEHIND)


def may_be_one(error: SyncError) -> bool:
    """Whether one record of the call, rather than the side, may be why the call failed as a
    whole.
    """
    return not (isinstance(error, Down) and error.sure)


def is_refusal(error: SyncError) -> bool:
    """Whether a person has to act before the side answers again: it refuses our credentials, a
    scope or a right.
    """
    return not isinstance(error, TryAgain) or (isinstance(error, Down) and bool(error.hint))
