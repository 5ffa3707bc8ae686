"""Deletions that are held back go once their time is over: with each sweep they are looked at again
(Q-30).

Nothing is decided here: who looks at the record decides whether its time is over, and whether it
still has to go.
"""

from __future__ import annotations

from datetime import datetime

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import objects_of
from crmsync.model.settings import Connection
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox


def queue_deferred(connection: Connection, inbox: Inbox, outbox: Outbox, now: datetime) -> int:
    """Queue each record whose deletion is held back; answers how many. Costs one read where nothing
    is held. Raises `TryAgain`.
    """
    changes = [
        Change(connection.name, kind, ref, Cause.AGAIN, now)
        for ref in inbox.held(connection.name)
        if (kind := objects_of(connection, ref.side).get(ref.object))
    ]
    if changes:
        outbox.publish(changes)
    return len(changes)
