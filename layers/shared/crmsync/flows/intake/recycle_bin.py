"""HubSpot's recycle bin, read once a night: it finds the deletions that no webhook has reported, or
that were reported before the record was linked.

HubSpot's search finds no deleted records, and its list of them has no order by time. So the list is
read from its beginning, and only what was deleted since the last time is passed on. A cursor per
object has the moment of the last time and, while the list is being read, the next page.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import objects_of, since_of
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.ports.listing import RecycleBin
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Cursor, Cursors

OVERLAP = timedelta(hours=1)
"""How far back each time goes, for records that were linked after they had been deleted."""


def sweep_recycle_bin(
    connection: Connection,
    recycle_bin: RecycleBin,
    cursors: Cursors,
    outbox: Outbox,
    now: datetime,
) -> int:
    """Queue the HubSpot records that were deleted since the night before; returns how many.

    Does nothing after the first time of a day (UTC). Costs one call per object and hundred records
    in the recycle bin. A sweep that is cut short goes on at the same page next time. The first time
    goes back to when the object was switched on. Raises `SyncError`.
    """
    return sum(
        _sweep_object(connection, name, kind, recycle_bin, cursors, outbox, now)
        for name, kind in objects_of(connection, Side.HUBSPOT).items()
    )


def _sweep_object(
    connection: Connection,
    name: str,
    kind: Kind,
    recycle_bin: RecycleBin,
    cursors: Cursors,
    outbox: Outbox,
    now: datetime,
) -> int:
    place_name = f"deleted {name}"
    place = cursors.load(connection.name, place_name)
    if place is None:
        place = Cursor(since_of(connection, kind) or now, {})
        cursors.save(connection.name, place_name, place)
        place = replace(place, version=1)
    if place.since.date() >= now.date():
        return 0
    after, began = next(iter(place.seen.items()), ("", now))
    queued = 0
    while True:
        page = recycle_bin.deleted(name, after)
        fresh = [one for one in page.records if one.modified_at >= place.since - OVERLAP]
        if fresh:
            outbox.publish(
                [
                    Change(connection.name, kind, one.ref, Cause.DELETED, one.modified_at)
                    for one in fresh
                ]
            )
        queued += len(fresh)
        if page.after is None:
            cursors.save(connection.name, place_name, replace(place, since=began, seen={}))
            return queued
        after = page.after
        cursors.save(connection.name, place_name, replace(place, seen={after: began}))
        place = replace(place, version=place.version + 1)
