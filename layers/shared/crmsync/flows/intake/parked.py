"""What was given up as unavailable is looked at again by a schedule (RTY-1), so that nobody has to
ask for it.

Each look is the record's last try: where it fails as well, the record stays parked and makes no
more looks of its own.

Once a night so is everybody whose report is about to be forgotten: what is still amiss is reported
anew, so no report goes in silence.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import objects_of
from crmsync.model.effects import Category
from crmsync.model.records import Kind, Ref
from crmsync.model.settings import Connection
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Cursor, Cursors, Inbox
from crmsync.rules.timing.outages import TRIES
from crmsync.rules.timing.parked import Turn, is_nightly, next_turn

PLACE = "unavailable"
"""The cursor that tells of the last turn."""


def queue_unavailable(
    connection: Connection, inbox: Inbox, outbox: Outbox, cursors: Cursors, now: datetime
) -> int:
    """Queue what is to be looked at again now; answers how many. Mostly costs one read. Raises
    `TryAgain`.
    """
    place = cursors.load(connection.name, PLACE)
    last = Turn(place.since, place.seen) if place else None
    if last and not last.is_over(now):
        return 0
    going, turn = next_turn(_parked(connection, inbox), last, now)
    changes = [
        Change(connection.name, kind, ref, Cause.AGAIN, now, tries=TRIES)
        for kind, refs in going.items()
        for ref in refs
    ]
    if is_nightly(last, now):
        gone = {change.ref for change in changes}
        changes += [
            Change(connection.name, kind, ref, Cause.AGAIN, now)
            for ref in inbox.ending(connection.name)
            if ref not in gone and (kind := objects_of(connection, ref.side).get(ref.object))
        ]
    if changes:
        outbox.publish(changes)
    cursors.save(
        connection.name, PLACE, replace(place or Cursor(now, {}), since=turn.at, seen=turn.ahead)
    )
    return len(changes)


def _parked(connection: Connection, inbox: Inbox) -> dict[Kind, list[Ref]]:
    parked: dict[Kind, list[Ref]] = {}
    for report in inbox.parked(connection.name):
        kind = objects_of(connection, report.ref.side).get(report.ref.object)
        if kind and report.category is Category.UNAVAILABLE:
            parked.setdefault(kind, []).append(report.ref)
    return parked
