"""Webhooks hurry, sweeps guarantee: a sweep finds what has changed on one side since the last one,
whatever the pushes lost (TRG-1).

Both sides show some changes late. So each sweep overlaps the last one a little, and now and then by
far, and remembers what it passed on there. A cursor moves only after everything before it is
durably queued: a crash costs a repetition and never a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from crmsync.errors import OutOfTime
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import METADATA_OBJECTS, SKIPPED_ON_METADATA_POLL, since_of, watched_of
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.ports.listing import ChangedRecord, Lists, Show, Sweeper
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Cursor, Cursors
from crmsync.rules.kinds.contact.inclusion import is_frozen
from crmsync.rules.timing.sweeps import (
    LOOKBACK,
    METADATA_INTERVAL,
    Lookback,
    is_news,
    remembered,
    start_of,
)

LIST_OVERLAP = timedelta(minutes=5)
"""How far back a sweep of the inclusion list goes."""

LONG_OVERLAP = "far"
METADATA = "definitions"
"""What only some sweeps do: overlap the last one by far, and read metadata objects.

When each was last done is kept in a cursor of its own. If it were kept with the objects, a sweep
that fails would be repeated in the same form for ever, and the objects that it skips would never be
read.
"""

_ONE_SECOND = timedelta(seconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)

CUT_SHORT = "cut short"
"""That the last sweep ended before its last page; kept in the same cursor."""


@dataclass(frozen=True, slots=True)
class SweepScope:
    """What is swept on one side of a connection.

    Attributes:
        connection: the connection's name.
        side: the side.
        kinds: object name -> the kind that its changes belong to.
        begins: object name -> when its kind was switched on (UTC), where that is known.
    """

    connection: str
    side: Side
    kinds: Mapping[str, Kind]
    begins: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def lookback(self) -> Lookback:
        """How far sweeps of this side overlap."""
        return LOOKBACK[self.side]


def sweep_scope(connection: Connection, side: Side) -> SweepScope:
    """All objects of a side that concern a connection."""
    kinds = watched_of(connection, side)
    begins = {name: since for name, kind in kinds.items() if (since := since_of(connection, kind))}
    return SweepScope(connection.name, side, kinds, begins)


@dataclass(frozen=True, slots=True)
class _Selection:
    """What one sweep reads.

    Attributes:
        names: the objects.
        is_long: whether it overlaps the last sweep by far.
        resumes: whether the last sweep was cut short. Then it goes back no further than what is
            remembered: if it read the same again each time, it would never finish a large load.
    """

    names: Sequence[str]
    is_long: bool
    resumes: bool


def sweep(
    scope: SweepScope,
    sweeper: Sweeper,
    cursors: Cursors,
    outbox: Outbox,
    now: datetime,
    *,
    show: Show | None = None,
) -> int:
    """Read the objects of the scope once and queue what has changed; returns how many changes.

    The first sweep begins when the object was switched on: older records come by import. The cursor
    of an object without changes is moved up, so that the same records are not read for ever. Every
    fifteen minutes metadata objects are read instead of some others, which are read by the next
    sweep. On a long sweep `show` is called with the fields that the side lets us see. Raises
    `SyncError`.
    """
    connection, lookback = scope.connection, scope.lookback
    turns = f"turns {scope.side}"
    loaded = cursors.load_many(connection, [*scope.kinds, turns])
    known = {name: loaded.get(name) or _begin(scope, name, cursors, now) for name in scope.kinds}
    selection = _select(scope, loaded.get(turns) or Cursor(now, {METADATA: now}), cursors, now)
    places = {name: known[name] for name in selection.names}
    back = lookback.back(far=selection.is_long)
    least = timedelta() if selection.resumes else lookback.least(far=selection.is_long)
    starts = {
        name: start_of(one.since, one.seen, back, scope.begins.get(name), least=least)
        for name, one in places.items()
    }
    passed_on = {name: dict(place.seen) for name, place in places.items()}
    queued = 0
    pages = sweeper.changed_since(
        starts, with_purged=selection.is_long, show=show if selection.is_long else None
    )
    for page in _noting_cuts(pages, scope, cursors, now):
        fresh = [
            one
            for one in page
            if is_news(
                passed_on[one.ref.object].get(one.ref.id), one.modified_at, deleted=one.deleted
            )
        ]
        if fresh:
            outbox.publish([_change(scope, one) for one in fresh])
        queued += len(fresh)
        for one in fresh:
            passed_on[one.ref.object][one.ref.id] = one.modified_at
        for name in {one.ref.object for one in fresh}:
            places[name] = _moved(
                places[name], [one for one in fresh if one.ref.object == name], now, lookback
            )
            cursors.save(connection, name, places[name])
            places[name] = replace(places[name], version=places[name].version + 1)
    for name, place in places.items():
        if place.seen and place.since < now - 2 * lookback.near:
            since = now - lookback.near
            seen = _not_before(since - lookback.far, place.seen)
            cursors.save(connection, name, replace(place, since=since, seen=seen))
    return queued


def sweep_list(
    connection: Connection, lists: Lists, cursors: Cursors, outbox: Outbox, now: datetime
) -> int:
    """Queue the contacts that joined the inclusion list since the last sweep (TRG-10, INC-22);
    returns how many.

    No webhook reports this, and a contact that joins a list need not have been edited. Where it was
    frozen outside, its opportunities are added up again as well (ROLL-1), and its deals are synced,
    as its ties stayed as they were (Q-22), and so are its activities: none of them need have news.
    The first sweep begins when the list came into force. The newest come first, so the cursor moves
    only when all are queued. Raises `SyncError`.
    """
    list_id, begin = connection.contacts.inclusion_list, connection.contacts.listed_since
    name = f"list {list_id}"
    place = cursors.load(connection.name, name) or _new(
        connection.name, name, begin or now, cursors
    )
    kinds = [Kind.CONTACT]
    if is_frozen(connection.contacts, included=False):
        kinds += [one for one in (Kind.OPPORTUNITY, Kind.ACTIVITY) if one in connection.kinds]
    seen: dict[str, datetime] = {}
    queued = 0
    for page in lists.joined_since(list_id, start_of(place.since, {}, LIST_OVERLAP, begin)):
        fresh = [one for one in page if place.seen.get(one.ref.id) != one.modified_at]
        if fresh:
            outbox.publish(
                [
                    Change(connection.name, kind, one.ref, Cause.AGAIN, one.modified_at)
                    for kind in kinds
                    for one in fresh
                ]
            )
        queued += len(fresh)
        seen |= {one.ref.id: one.modified_at for one in page}
    since = max(seen.values(), default=now - LIST_OVERLAP)
    if queued or (place.seen and not seen):
        kept = _not_before(since - LIST_OVERLAP, seen)
        cursors.save(connection.name, name, replace(place, since=since, seen=kept))
    return queued


def _select(scope: SweepScope, place: Cursor, cursors: Cursors, now: datetime) -> _Selection:
    """What this sweep reads; `place` has the times of the last turns.

    Metadata and a long overlap are never done together, as either reads more than other sweeps do.
    Of two that are due, the one goes first that was done longer ago: while sweeps are rare, both
    are always due, and objects that are left out for metadata would never be read.
    """
    intervals = {LONG_OVERLAP: scope.lookback.turn}
    if not METADATA_OBJECTS.isdisjoint(scope.kinds):
        intervals = {METADATA: METADATA_INTERVAL, **intervals}
    done = {what: place.seen.get(what, _NEVER) for what in intervals}
    overdue = [what for what, interval in intervals.items() if done[what] <= now - interval]
    due = min(overdue, key=lambda what: done[what], default=None)
    resumes = CUT_SHORT in place.seen
    if due or resumes:
        seen = {what: at for what, at in place.seen.items() if what != CUT_SHORT}
        if due:
            seen[due] = now
        cursors.save(scope.connection, f"turns {scope.side}", replace(place, since=now, seen=seen))
    skipped = SKIPPED_ON_METADATA_POLL if due == METADATA else METADATA_OBJECTS
    names = [one for one in scope.kinds if one not in skipped]
    return _Selection(names, is_long=due == LONG_OVERLAP, resumes=resumes)


def _noting_cuts(
    pages: Iterator[Sequence[ChangedRecord]], scope: SweepScope, cursors: Cursors, now: datetime
) -> Iterator[Sequence[ChangedRecord]]:
    """The pages. If the time is up before the last one, that is noted for the next sweep. Raises
    `SyncError`.
    """
    try:
        yield from pages
    except OutOfTime:
        name = f"turns {scope.side}"
        place = cursors.load(scope.connection, name) or Cursor(now, {})
        cursors.save(scope.connection, name, replace(place, seen={**place.seen, CUT_SHORT: now}))
        raise


def _begin(scope: SweepScope, name: str, cursors: Cursors, now: datetime) -> Cursor:
    return _new(scope.connection, name, scope.begins.get(name, now), cursors)


def _new(connection: str, name: str, since: datetime, cursors: Cursors) -> Cursor:
    cursor = Cursor(since, {})
    cursors.save(connection, name, cursor)
    return replace(cursor, version=1)


def _moved(
    cursor: Cursor, passed_on: Iterable[ChangedRecord], now: datetime, lookback: Lookback
) -> Cursor:
    """The cursor after a page: at the newest record that was passed on, with what is remembered of
    the page.
    """
    found = {one.ref.id: one.modified_at for one in passed_on}
    since = max(cursor.since, *found.values())
    seen = {key: remembered(cursor.seen.get(key), at, now) for key, at in found.items()}
    kept = _not_before(since - lookback.far, {**cursor.seen, **seen})
    return replace(cursor, since=since, seen=kept)


def _not_before(start: datetime, seen: Mapping[str, datetime]) -> dict[str, datetime]:
    """What is to be remembered for sweeps that begin at `start`: Salesforce also finds records that
    were stamped earlier in the same second.
    """
    return {key: at for key, at in seen.items() if at >= start - _ONE_SECOND}


def _change(scope: SweepScope, one: ChangedRecord) -> Change:
    cause = Cause.DELETED if one.deleted else Cause.EDITED
    return Change(scope.connection, scope.kinds[one.ref.object], one.ref, cause, one.modified_at)
