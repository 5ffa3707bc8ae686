"""What a schedule queues again without anybody asking: deferred deletions whose time may be over
(Q-30), and records that were parked because a side was unavailable (RTY-1).

Nothing is decided here. The sync of the record decides whether its deletion is due, and whether
what was parked works now.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from crmsync.rules.timing.parked import RetryRound, is_nightly, next_round

UNAVAILABLE = "unavailable"
"""The cursor that keeps when parked records were last queued."""


def queue_deferred(connection: Connection, inbox: Inbox, outbox: Outbox, now: datetime) -> int:
    """Queue each record whose deletion is deferred; returns how many. Costs one read if there are
    none. Raises `TryAgain`.
    """
    changes = _changes_of(connection, inbox.held(connection.name), now)
    if changes:
        outbox.publish(changes)
    return len(changes)


def queue_unavailable(
    connection: Connection, inbox: Inbox, outbox: Outbox, cursors: Cursors, now: datetime
) -> int:
    """Queue the parked records that are due, for one last try each; returns how many.

    A record that fails again stays parked. Once a night the records whose reports are about to
    expire are queued too, as ordinary changes: what is still wrong is reported anew. Usually costs
    one read. Raises `TryAgain`.
    """
    place = cursors.load(connection.name, UNAVAILABLE)
    last = RetryRound(place.since, place.seen) if place else None
    if last and not last.is_next_due(now):
        return 0
    due, this_round = next_round(_unavailable(connection, inbox), last, now)
    changes = [
        Change(connection.name, kind, ref, Cause.AGAIN, now, tries=TRIES)
        for kind, refs in due.items()
        for ref in refs
    ]
    if is_nightly(last, now):
        queued = {change.ref for change in changes}
        ending = [ref for ref in inbox.ending(connection.name) if ref not in queued]
        changes += _changes_of(connection, ending, now)
    if changes:
        outbox.publish(changes)
    cursor = replace(place or Cursor(now, {}), since=this_round.at, seen=this_round.probes)
    cursors.save(connection.name, UNAVAILABLE, cursor)
    return len(changes)


def _changes_of(connection: Connection, refs: Iterable[Ref], now: datetime) -> list[Change]:
    """Changes of the records whose kind is switched on."""
    return [
        Change(connection.name, kind, ref, Cause.AGAIN, now)
        for ref in refs
        if (kind := objects_of(connection, ref.side).get(ref.object))
    ]


def _unavailable(connection: Connection, inbox: Inbox) -> dict[Kind, list[Ref]]:
    """The records that are parked as unavailable, oldest first, by kind."""
    parked: dict[Kind, list[Ref]] = {}
    for report in inbox.parked(connection.name):
        kind = objects_of(connection, report.ref.side).get(report.ref.object)
        if kind and report.category is Category.UNAVAILABLE:
            parked.setdefault(kind, []).append(report.ref)
    return parked
