"""Whether a connection moves: what stands still as a whole, since when, and what to do about it.

Law: texts for people, made from what is known; no CRM is asked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import SyncError, TryAgain
from crmsync.flows.engine.staleness import REPORT_AFTER, LongestWait
from crmsync.flows.setup.steps import text_of
from crmsync.model.operations.troubles import Pause, Troubles
from crmsync.model.records import Kind, Side
from crmsync.rules.timing.call_state import CallState

PASSES = "If it passes, everything goes on by itself; else see the CRM's status page."
"""What to do where a side does not answer."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What says whether a connection moves. Times are UTC.

    Attributes:
        name: Its name.
        pause: The operator's pause, or None.
        troubles: Why a side did not answer, or refused; "" for neither.
        own_calls: Crmsync's own calls to each side, and what they wait for.
        looked: When a sweep of each side last succeeded.
        waiting: The oldest change of each kind that has been put off for long.
    """

    name: str
    pause: Pause | None = None
    troubles: Mapping[Side, str] = field(default_factory=dict)
    own_calls: Mapping[Side, CallState] = field(default_factory=dict)
    looked: Mapping[Side, datetime | None] = field(default_factory=dict)
    waiting: Mapping[Kind, LongestWait] = field(default_factory=dict)


def told(error: SyncError) -> str:
    """What an operator reads of a side that did not answer, or refused."""
    text = text_of(error)
    return f"{text} {PASSES}" if isinstance(error, TryAgain) and not error.hint else text


def last_met(troubles: Troubles, side: Side) -> str:
    """What the functions last met on a side that is down; "" if it is not."""
    outages = [one for one in troubles.outages.values() if one.side == side]
    newest = max(outages, key=lambda one: one.seen_at, default=None)
    return f"{newest.text} {newest.hint or PASSES}" if newest else ""


def standstill(one: Movement, now: datetime) -> list[str]:
    """What does not move in a connection, and what to do about it, a sentence each."""
    if one.pause:
        by = f" by {one.pause.by}" if one.pause.by else ""
        since = f"since {one.pause.since:%Y-%m-%d %H:%M} UTC"
        return [f"{one.name} is paused {since}{by}; crmsync resume {one.name} --apply resumes it."]
    sentences: list[str] = []
    for side, trouble in one.troubles.items():
        if trouble:
            sentences.append(f"{one.name}: {side.label}: {trouble}")
    for side, own in one.own_calls.items():
        sentences += _short_of_calls(one.name, side.label, own)
    for side, at in one.looked.items():
        if side in one.own_calls and one.own_calls[side].sweep_every:
            continue
        if at is not None and now - at >= REPORT_AFTER:
            sentences.append(
                f"{one.name}: no sweep of {side.label} has succeeded for "
                f"{_minutes(now - at)} minutes; "
                "docs/operations.md says what to do under 'Nothing is seen any more'."
            )
    for kind, found in one.waiting.items():
        sentences.append(
            f"{one.name}: the oldest {kind} change that is put off happened "
            f"{_minutes(now - found.since)} minutes ago "
            f"({found.code}); docs/operations.md says what to do under 'Changes are put off'."
        )
    return sentences


def _short_of_calls(connection: str, crm: str, own: CallState) -> list[str]:
    """What waits because calls are used up, and what to do about it."""
    if own.used_up_at is not None:
        text = (
            f"all calls that {crm} allows in a day have been used up since "
            f"{own.used_up_at:%Y-%m-%d %H:%M} UTC. Changes wait, and one call every quarter of an "
            "hour finds out whether it is over; then everything goes on by itself. Find out which "
            "application uses the calls."
        )
    elif own.hold is not None:
        text = (
            f"{own.hold.text} Changes wait until {own.hold.until:%Y-%m-%d %H:%M} UTC and then go "
            f"on by themselves. {own.hold.hint}"
        )
    elif own.sweep_every is not None:
        text = (
            f"{crm} is polled again in {_minutes(own.sweep_every)} minutes only, because few calls "
            "are left. Raise daily_call_allotment if that is too slow."
        )
    else:
        return []
    return [f"{connection}: {text} docs/operations.md says more under 'Calls are used up'."]


def _minutes(time: timedelta) -> str:
    return f"{int(time.total_seconds()) // 60:,}"
