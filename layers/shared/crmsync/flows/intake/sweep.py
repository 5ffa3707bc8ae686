"""Webhooks hurry, sweeps guarantee: find on one side what changed since the last look, whatever the
pushes lost (TRG-1).

Each sweep looks back a little way, now and then a long one, as both sides show some changes late,
and remembers what it passed on there. The cursor moves only after what it passed is durably queued,
so a crash costs a repetition and never a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crmsync.errors import OutOfTime
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import METADATA_OBJECTS, SKIPPED_ON_METADATA_POLL, since_of, watched_of
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.ports.listing import ChangedRecord, Lists, Show, Sweeper
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Cursor, Cursors
from crmsync.rules.timing.sweeps import (
    METADATA_INTERVAL,
    REACH,
    Reach,
    is_news,
    remembered,
    start_of,
)

LIST_OVERLAP = timedelta(minutes=5)
"""How far back a look at the inclusion list goes."""

LONG_OVERLAP = "far"
METADATA = "definitions"
"""What has its turn only now and then: a look far back, and definitions. When it was last had is in
a cursor of its own: were a look that is refused followed by the same again and again, those that
make way for it would never be looked at.
"""

CUT_SHORT = "cut short"
"""That the last look ended before its last page; kept beside the turns."""


@dataclass(frozen=True, slots=True)
class SweepScope:
    """What of one side a connection must hear of: object name -> concern. `begins` has since when,
    where that is known.
    """

    connection: str
    side: Side
    kinds: Mapping[str, Kind]
    begins: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def reach(self) -> Reach:
        """How far back the side is looked at."""
        return REACH[self.side]


def sweep_scope(connection: Connection, side: Side) -> SweepScope:
    """All that a connection must hear of a side, each since its concern was switched on."""
    kinds = watched_of(connection, side)
    begins = {name: since for name, kind in kinds.items() if (since := since_of(connection, kind))}
    return SweepScope(connection.name, side, kinds, begins)


@dataclass(frozen=True, slots=True)
class _Selection:
    """Which objects are asked for this time, whether the look goes far back, and whether it goes on
    where one was cut short.

    Then it goes back no further than memory: reading the same again each time, none would get to
    the end of a great load.
    """

    names: Sequence[str]
    far: bool
    goes_on: bool


def sweep(
    watch: SweepScope,
    sweeper: Sweeper,
    cursors: Cursors,
    outbox: Outbox,
    now: datetime,
    *,
    show: Show | None = None,
) -> int:
    """Look once at all objects of the watch and queue what is new; answers how many changes.

    The first sweep begins where the settings that switched the object on came into force: what is
    older comes by import. A side that has been quiet for a while has its cursor moved up, so that
    it is not asked for the same records for ever. Definitions have their turn every quarter of an
    hour, in the place of those that make way for them and are looked at with the next look again. A
    look far back has `show` told which fields the side lets us see. Raises `SyncError`.
    """
    connection, reach = watch.connection, watch.reach
    known = {
        name: cursors.load(connection, name) or _begin(watch, name, cursors, now)
        for name in watch.kinds
    }
    turns = _turns(watch, cursors, now)
    places = {name: known[name] for name in turns.names}
    back, least = (
        reach.back(far=turns.far),
        timedelta() if turns.goes_on else reach.least(far=turns.far),
    )
    starts = {
        name: start_of(one.since, one.seen, back, watch.begins.get(name), least=least)
        for name, one in places.items()
    }
    already = {name: dict(place.seen) for name, place in places.items()}
    queued = 0
    pages = sweeper.changed_since(starts, with_purged=turns.far, show=show if turns.far else None)
    for page in _noting_cuts(pages, watch, cursors, now):
        told = [(one, already[one.ref.object].get(one.ref.id)) for one in page]
        fresh = [
            one for one, before in told if is_news(before, one.modified_at, deleted=one.deleted)
        ]
        if fresh:
            outbox.publish([_change(watch, one) for one in fresh])
        queued += len(fresh)
        for one in fresh:
            already[one.ref.object][one.ref.id] = one.modified_at
        for name in {one.ref.object for one in fresh}:
            places[name] = _moved(
                places[name], [one for one in fresh if one.ref.object == name], now, reach
            )
            cursors.save(connection, name, places[name])
            places[name] = replace(places[name], version=places[name].version + 1)
    for name, place in places.items():
        if place.seen and place.since < now - 2 * reach.near:
            since = now - reach.near
            cursors.save(
                connection,
                name,
                replace(place, since=since, seen=_within(place.seen, since - reach.far)),
            )
    return queued


def sweep_list(
    connection: Connection, lists: Lists, cursors: Cursors, outbox: Outbox, now: datetime
) -> int:
    """Queue the contacts that entered the inclusion list since the last look (TRG-10, INC-22);
    answers how many.

    No webhook tells of it, and a contact that enters a list need not have been edited. The first
    look begins where the list came into force. Newest first, so the cursor moves when all are
    queued.
    """
    list_id, begin = connection.contacts.inclusion_list, connection.contacts.listed_since
    name = f"list {list_id}"
    place = cursors.load(connection.name, name) or _new(
        connection.name, name, begin or now, cursors
    )
    seen: dict[str, datetime] = {}
    queued = 0
    for page in lists.joined_since(list_id, start_of(place.since, {}, LIST_OVERLAP, begin)):
        fresh = [one for one in page if place.seen.get(one.ref.id) != one.modified_at]
        if fresh:
            outbox.publish(
                [
                    Change(connection.name, Kind.CONTACT, one.ref, Cause.AGAIN, one.modified_at)
                    for one in fresh
                ]
            )
        queued += len(fresh)
        seen |= {one.ref.id: one.modified_at for one in page}
    since = max(seen.values(), default=now - LIST_OVERLAP)
    if queued or (place.seen and not seen):
        cursors.save(
            connection.name,
            name,
            replace(place, since=since, seen=_within(seen, since - LIST_OVERLAP)),
        )
    return queued


def _turns(watch: SweepScope, cursors: Cursors, now: datetime) -> _Selection:
    """What this look asks for. Definitions and a look far back are never due together: both would
    read more than others do.
    """
    name = f"turns {watch.side}"
    place = cursors.load(watch.connection, name) or Cursor(now, {METADATA: now})
    rests = (
        {LONG_OVERLAP: watch.reach.turn}
        if METADATA_OBJECTS.isdisjoint(watch.kinds)
        else {METADATA: METADATA_INTERVAL, LONG_OVERLAP: watch.reach.turn}
    )
    due = next(
        (turn for turn, rest in rests.items() if not _rests(place.seen.get(turn), rest, now)), None
    )
    goes_on = CUT_SHORT in place.seen
    if due or goes_on:
        had = {turn: at for turn, at in place.seen.items() if turn != CUT_SHORT} | (
            {due: now} if due else {}
        )
        cursors.save(watch.connection, name, replace(place, since=now, seen=had))
    left_out = SKIPPED_ON_METADATA_POLL if due == METADATA else METADATA_OBJECTS
    return _Selection(
        [one for one in watch.kinds if one not in left_out],
        far=due == LONG_OVERLAP,
        goes_on=goes_on,
    )


def _noting_cuts(
    pages: Iterator[Sequence[ChangedRecord]], watch: SweepScope, cursors: Cursors, now: datetime
) -> Iterator[Sequence[ChangedRecord]]:
    """The pages; where the time is up before the last, it is noted for the next look. Raises
    `SyncError`.
    """
    try:
        yield from pages
    except OutOfTime:
        name = f"turns {watch.side}"
        place = cursors.load(watch.connection, name) or Cursor(now, {})
        cursors.save(watch.connection, name, replace(place, seen={**place.seen, CUT_SHORT: now}))
        raise


def _rests(last: datetime | None, rest: timedelta, now: datetime) -> bool:
    return last is not None and last > now - rest


def _begin(watch: SweepScope, name: str, cursors: Cursors, now: datetime) -> Cursor:
    return _new(watch.connection, name, watch.begins.get(name, now), cursors)


def _new(connection: str, name: str, since: datetime, cursors: Cursors) -> Cursor:
    cursor = Cursor(since, {})
    cursors.save(connection, name, cursor)
    return replace(cursor, version=1)


def _moved(
    cursor: Cursor, passed_on: Iterable[ChangedRecord], now: datetime, reach: Reach
) -> Cursor:
    """The cursor after a page: at the newest thing that was passed on, with what is remembered of
    it.
    """
    found = {one.ref.id: one.modified_at for one in passed_on}
    since = max(cursor.since, *found.values())
    told = {
        key: remembered(cursor.seen.get(key), at, now, reach.settles) for key, at in found.items()
    }
    return replace(cursor, since=since, seen=_within({**cursor.seen, **told}, since - reach.far))


def _within(seen: Mapping[str, datetime], start: datetime) -> dict[str, datetime]:
    return {key: at for key, at in seen.items() if at >= start}


def _change(watch: SweepScope, one: ChangedRecord) -> Change:
    cause = Cause.DELETED if one.deleted else Cause.EDITED
    return Change(watch.connection, watch.kinds[one.ref.object], one.ref, cause, one.modified_at)
