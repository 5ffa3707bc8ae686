"""Contacts in the error inbox that are outside the inclusion list, read once a night: one that left
the list without a counterpart has nothing to wait for any more (INC-2, Q-23).

Nothing reports who leaves a list, and leaving it edits no contact. So HubSpot is asked about the
contacts that something is reported of. Nothing is decided here: the sync of the contact decides
whether its report stays.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.effects import Category
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.listing import Lists
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Cursor, Cursors, Inbox

OUTSIDERS = "outsiders"
"""The cursor that keeps the last night and, while contacts are left, the last one that was read."""

BATCH = 100
"""How many contacts one call asks about."""

_TRIED_ELSEWHERE = frozenset({Category.UNAVAILABLE, Category.PRIVACY})
"""Reports that are tried every night anyway, or that a person alone ends."""


def queue_outsiders(
    connection: Connection,
    lists: Lists,
    inbox: Inbox,
    cursors: Cursors,
    outbox: Outbox,
    now: datetime,
) -> int:
    """Queue the HubSpot contacts in the error inbox that are not in the inclusion list, which is
    one of HubSpot's lists; returns how many.

    Does nothing after the first time of a day (UTC). Costs one call per hundred contacts in the
    error inbox. A run that is cut short goes on after the same contact next time. Raises
    `SyncError`.
    """
    place = cursors.load(connection.name, OUTSIDERS)
    if place is None:
        cursors.save(connection.name, OUTSIDERS, Cursor(now, {}))
        return 0
    if place.since.date() >= now.date():
        return 0
    last, began = next(iter(place.seen.items()), ("", now))
    queued = 0
    reported = _reported(connection, inbox, last)
    for start in range(0, len(reported), BATCH):
        contacts = reported[start : start + BATCH]
        members = lists.members(connection.contacts.inclusion_list, contacts)
        outside = [ref for ref in contacts if ref not in members]
        if outside:
            outbox.publish(
                [Change(connection.name, Kind.CONTACT, ref, Cause.AGAIN, now) for ref in outside]
            )
        queued += len(outside)
        place = replace(place, seen={contacts[-1].id: began})
        cursors.save(connection.name, OUTSIDERS, place)
        place = replace(place, version=place.version + 1)
    cursors.save(connection.name, OUTSIDERS, replace(place, since=began, seen={}))
    return queued


def _reported(connection: Connection, inbox: Inbox, last: str) -> list[Ref]:
    """The HubSpot contacts in the error inbox whose id comes after `last`, by id."""
    refs = {
        report.ref
        for report in inbox.parked(connection.name)
        if report.ref.side is Side.HUBSPOT
        and report.ref.object == HUBSPOT_CONTACT
        and report.category not in _TRIED_ELSEWHERE
    }
    return sorted((ref for ref in refs if ref.id > last), key=lambda ref: ref.id)
