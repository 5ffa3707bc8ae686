"""Webhooks hurry, sweeps guarantee: find on one side what changed since the last look, whatever the pushes lost.

Each sweep looks back over an overlap, as both sides show some changes late, and remembers what it passed on inside it.
The cursor moves only after what it passed is durably queued, so a crash costs a repetition and never a record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import DEFINITIONS, MAKE_WAY
from crmsync.model.records import Kind
from crmsync.ports import Cursor, Cursors, Lists, Outbox, Sighting, Sweeper

OVERLAP = timedelta(minutes=5)
"""Salesforce stamps a row before it commits it, HubSpot's search index lags behind; both by seconds to a few minutes."""

SELDOM = timedelta(minutes=14, seconds=30)
"""How long definitions rest, as they hardly ever change: with a look a minute, every fifteenth, though schedules are late by seconds."""

TURN = "definitions"
"""The cursor that tells when definitions were last looked at. How far each of them was told is in a cursor of its own: were it the same,
a look that is refused would be their turn again and again, and those that make way would never be looked at."""


def sweep(
    connection: str,
    kinds: Mapping[str, Kind],
    sweeper: Sweeper,
    cursors: Cursors,
    outbox: Outbox,
    now: datetime,
) -> int:
    """Look once at all objects in `kinds` (object name -> concern) and queue what is new; answers how many changes.

    The very first sweep begins one overlap ago: what is older than the connection comes by import. A side that has been quiet for two
    overlaps has its cursor moved up once, so that it is not asked for the same records for ever. Definitions have their turn every
    quarter of an hour, in the place of those that make way for them and are looked at with the next look again. Raises `SyncError`.
    """
    known = {name: cursors.load(connection, name) or _begin(connection, name, cursors, now) for name in kinds}
    places = {name: known[name] for name in _this_time(connection, kinds, cursors, now)}
    already = {name: place.seen for name, place in places.items()}
    queued = 0
    for page in sweeper.changed_since({name: place.since - OVERLAP for name, place in places.items()}):
        fresh = [one for one in page if already[one.ref.object].get(one.ref.id) != one.modified_at]
        if fresh:
            outbox.publish([_change(connection, kinds, one) for one in fresh])
        queued += len(fresh)
        for name in {one.ref.object for one in fresh}:
            places[name] = _moved(places[name], [one for one in page if one.ref.object == name])
            cursors.save(connection, name, places[name])
            places[name] = replace(places[name], version=places[name].version + 1)
    for name, place in places.items():
        if place.seen and place.since < now - 2 * OVERLAP:
            cursors.save(connection, name, replace(place, since=now - OVERLAP, seen={}))
    return queued


def sweep_list(connection: str, list_id: str, lists: Lists, cursors: Cursors, outbox: Outbox, now: datetime) -> int:
    """Queue the contacts that entered the inclusion list since the last look (TRG-10, INC-22); answers how many.

    No webhook tells of it, and a contact that enters a list need not have been edited. Newest first, so the cursor
    moves when all are queued.
    """
    name = f"list {list_id}"
    place = cursors.load(connection, name) or _begin(connection, name, cursors, now)
    seen: dict[str, datetime] = {}
    queued = 0
    for page in lists.joined_since(list_id, place.since - OVERLAP):
        fresh = [one for one in page if place.seen.get(one.ref.id) != one.modified_at]
        if fresh:
            outbox.publish([Change(connection, Kind.CONTACT, one.ref, Cause.AGAIN, one.modified_at) for one in fresh])
        queued += len(fresh)
        seen |= {one.ref.id: one.modified_at for one in page}
    since = max(seen.values(), default=now - OVERLAP)
    if queued or (place.seen and not seen):
        cursors.save(
            connection,
            name,
            replace(place, since=since, seen={key: at for key, at in seen.items() if at >= since - OVERLAP}),
        )
    return queued


def _this_time(connection: str, names: Collection[str], cursors: Cursors, now: datetime) -> list[str]:
    """The objects of this look."""
    if DEFINITIONS.isdisjoint(names):
        return list(names)
    turn = cursors.load(connection, TURN) or _begin(connection, TURN, cursors, now)
    if turn.since > now - SELDOM:
        return [name for name in names if name not in DEFINITIONS]
    cursors.save(connection, TURN, replace(turn, since=now))
    return [name for name in names if name not in MAKE_WAY]


def _begin(connection: str, name: str, cursors: Cursors, now: datetime) -> Cursor:
    cursor = Cursor(now, {})
    cursors.save(connection, name, cursor)
    return replace(cursor, version=1)


def _moved(cursor: Cursor, page: Sequence[Sighting]) -> Cursor:
    """The cursor after a page: at the newest thing seen, with what was passed on inside the overlap before it."""
    since = max(cursor.since, *(one.modified_at for one in page))
    seen = {**cursor.seen, **{one.ref.id: one.modified_at for one in page}}
    return replace(cursor, since=since, seen={key: at for key, at in seen.items() if at >= since - OVERLAP})


def _change(connection: str, kinds: Mapping[str, Kind], one: Sighting) -> Change:
    cause = Cause.DELETED if one.deleted else Cause.EDITED
    return Change(connection, kinds[one.ref.object], one.ref, cause, one.modified_at)
