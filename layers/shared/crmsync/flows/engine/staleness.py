"""What stands still, and since when: looks at a side that do not succeed, and changes that are put
off again and again.

Kept among the cursors, so that a fresh Lambda and the operator's command know it as well. A side
that answers costs one small write in five minutes, a change that is put off one per batch; whatever
goes well costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crmsync.model.records import Kind, Side
from crmsync.ports.stores import Cursor, Cursors

REPORT_AFTER = timedelta(minutes=30)
"""From when on somebody should look."""

VALID_FOR = timedelta(minutes=20)
"""How long what was told of changes that wait holds: each is looked at again within a quarter of an
hour.
"""

_SELDOM = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LongestWait:
    """The oldest change of a kind that is put off: when it happened, and the code of what holds it
    up.
    """

    since: datetime
    code: str


def record_poll(
    connection: str, side: Side, cursors: Cursors, now: datetime, *, is_done: bool
) -> timedelta:
    """Note whether a look at a side succeeded; answers for how long none has. Before the first one,
    time runs from the first try.
    """
    known = cursors.load(connection, _side(side))
    if known is None:
        cursors.save(connection, _side(side), Cursor(now, {}))
        return timedelta(0)
    if not is_done:
        return now - known.since
    if now - known.since >= _SELDOM:
        cursors.save(connection, _side(side), replace(known, since=now))
    return timedelta(0)


def last_poll(connection: str, side: Side, cursors: Cursors) -> datetime | None:
    """When a look at a side succeeded last, to within five minutes; None before the first try."""
    known = cursors.load(connection, _side(side))
    return None if known is None else known.since


def note_waiting(
    connection: str, kind: Kind, waiting: LongestWait, cursors: Cursors, now: datetime
) -> None:
    """Note the oldest change that was put off just now, if somebody should look."""
    if now - waiting.since < REPORT_AFTER:
        return
    known = cursors.load(connection, _kind(kind)) or Cursor(now, {})
    cursors.save(
        connection,
        _kind(kind),
        replace(known, since=waiting.since, seen={waiting.code or "-": now}),
    )


def longest_wait(
    connection: str, kind: Kind, cursors: Cursors, now: datetime
) -> LongestWait | None:
    """The oldest change of a kind that has been put off for long and is so still."""
    known = cursors.load(connection, _kind(kind))
    fresh = [code for code, at in known.seen.items() if now - at <= VALID_FOR] if known else []
    return LongestWait(known.since, fresh[0]) if known and fresh else None


def _side(side: Side) -> str:
    return f"looked {side}"


def _kind(kind: Kind) -> str:
    return f"waits {kind}"
