"""What has not moved for long: polls of a side that do not succeed, and changes that are put off
again and again.

Kept among the cursors, so that a new Lambda process and the operator's command know it too. A side
that answers costs one small write every five minutes, and changes that are put off cost one per
batch. Otherwise nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crmsync.model.records import Kind, Side
from crmsync.ports.stores import Cursor, Cursors

REPORT_AFTER = timedelta(minutes=30)
"""How long something may stand still before a person should check."""

VALID_FOR = timedelta(minutes=20)
"""How long a note about waiting changes counts: each of them is tried again within fifteen minutes.
"""

_WRITE_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LongestWait:
    """The oldest change of a kind that is put off.

    Attributes:
        since: when the change happened (UTC).
        code: the code of what it waits for.
    """

    since: datetime
    code: str


def record_poll(
    connection: str, side: Side, cursors: Cursors, now: datetime, *, is_done: bool
) -> timedelta:
    """Note whether a poll of a side succeeded, and return for how long none has.

    Before the first success the time counts from the first try. Raises `SyncError`.
    """
    known = cursors.load(connection, _side(side))
    if known is None:
        cursors.save(connection, _side(side), Cursor(now, {}))
        return timedelta(0)
    if not is_done:
        return now - known.since
    if now - known.since >= _WRITE_EVERY:
        cursors.save(connection, _side(side), replace(known, since=now))
    return timedelta(0)


def names_of_notes(kinds: Iterable[Kind]) -> list[str]:
    """The names of the cursors in which `last_poll` and `longest_wait` look for these kinds."""
    return [*map(_side, Side), *map(_kind, kinds)]


def last_poll(side: Side, known: Mapping[str, Cursor]) -> datetime | None:
    """When a poll of a side last succeeded, to within five minutes, by what `Cursors.load_many`
    has found; None before the first try.
    """
    cursor = known.get(_side(side))
    return None if cursor is None else cursor.since


def note_waiting(
    connection: str, kind: Kind, waiting: LongestWait, cursors: Cursors, now: datetime
) -> None:
    """Note the oldest change that was put off just now, if it has waited long enough to report."""
    if now - waiting.since < REPORT_AFTER:
        return
    known = cursors.load(connection, _kind(kind)) or Cursor(now, {})
    cursors.save(
        connection,
        _kind(kind),
        replace(known, since=waiting.since, seen={waiting.code or "-": now}),
    )


def longest_wait(kind: Kind, known: Mapping[str, Cursor], now: datetime) -> LongestWait | None:
    """The oldest change of a kind that has been put off for long and still is, as above; None
    otherwise.
    """
    cursor = known.get(_kind(kind))
    if cursor is None:
        return None
    codes = [code for code, at in cursor.seen.items() if now - at <= VALID_FOR]
    return LongestWait(cursor.since, codes[0]) if codes else None


def _side(side: Side) -> str:
    return f"looked {side}"


def _kind(kind: Kind) -> str:
    return f"waits {kind}"
