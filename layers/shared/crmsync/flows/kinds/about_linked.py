"""Which activities must be synced because whom or what they are about was linked, or has joined the
inclusion list.

An activity about nobody who is linked is left alone after some minutes, and nothing reports that it
can cross once somebody is (ACT-5). The activities of a record are read where its link is made, and
queued before anything is written, with a delay: by then the link is saved, or this worker has died
and the record is synced anew, or a CRM has refused the record and its activities stay alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import makes_link
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.effects import SaveLink
from crmsync.model.facts import AnyFacts
from crmsync.model.kinds.activities import SALESFORCE_OBJECTS
from crmsync.model.links import LONGEST_WRITE, LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref, Side

_DELAY = round(LONGEST_WRITE.total_seconds())
"""Seconds after which this worker has ended."""


def queue_activities(
    facts: Sequence[AnyFacts], plans: Sequence[Plan], context: SyncContext
) -> None:
    """Queue the activities of records that these plans link, for the first time or with others.

    Costs a call to HubSpot for each kind of activity that goes to Salesforce and each object, and
    one to Salesforce where some go to HubSpot; none where nothing is linked or no activities sync.
    Raises `SyncError`.
    """
    if not context.connection.activities.on:
        return
    changes = _activities_of(list(dict.fromkeys(_linked(facts, plans))), context)
    if changes:
        context.outbox.again([(change, _DELAY) for change in changes])


def queue_activities_of(changes: Sequence[Change], context: SyncContext) -> list[Change]:
    """Queue the activities of the contacts among these changes of activities, which have joined the
    inclusion list, and those of their counterparts; returns the other changes. Usually that is all
    of them. Raises `SyncError`.
    """
    contacts = [change.ref for change in changes if change.ref.object == HUBSPOT_CONTACT]
    if not contacts:
        return list(changes)
    links = context.links.find(context.connection.name, contacts)
    theirs = (one.salesforce for one in links.values() if one.state is LinkState.ACTIVE)
    places = [*contacts, *(one for one in theirs if isinstance(one, Ref))]
    if found := _activities_of(list(dict.fromkeys(places)), context):
        context.outbox.again([(change, 0) for change in found])
    return [change for change in changes if change.ref.object != HUBSPOT_CONTACT]


def _activities_of(places: Sequence[Ref], context: SyncContext) -> list[Change]:
    refs = [*_of_hubspot(places, context), *_of_salesforce(places, context)]
    name, now = context.connection.name, context.now()
    return [Change(name, Kind.ACTIVITY, ref, Cause.WOKEN, now) for ref in dict.fromkeys(refs)]


def _linked(facts: Sequence[AnyFacts], plans: Sequence[Plan]) -> Iterator[Ref]:
    """Both records of each link that a plan makes or moves, without those that it has to create:
    nothing is about them yet.
    """
    for one, plan in zip(facts, plans, strict=True):
        if makes_link(one, plan):
            saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
            link = saved[-1] if saved else plan.new_link
            places = (link.hubspot, link.salesforce) if link else ()
            yield from (place for place in places if isinstance(place, Ref))


def _of_hubspot(places: Sequence[Ref], context: SyncContext) -> Iterator[Ref]:
    here = [ref for ref in places if ref.side is Side.HUBSPOT]
    for name in sorted(context.connection.activities.objects(Side.HUBSPOT)) if here else ():
        for found in context.associations.of(here, name).values():
            yield from found


def _of_salesforce(places: Sequence[Ref], context: SyncContext) -> Sequence[Ref]:
    there = [ref for ref in places if ref.side is Side.SALESFORCE]
    since = _since(context)
    if not there or not since:
        return ()
    several = context.connection.activities.several_contacts
    return context.activities.about(there, since, several=several)


def _since(context: SyncContext) -> Mapping[str, datetime | None]:
    """Object of Salesforce -> from when its records may cross to HubSpot; None for any time."""
    settings = context.connection.activities
    found: dict[str, datetime | None] = {}
    for kind in settings.on:
        name, since = SALESFORCE_OBJECTS[kind], settings.of(kind).since
        if settings.of(kind).sync.goes_to(Side.HUBSPOT):
            earlier = found.get(name, since)
            found[name] = min(earlier, since) if earlier and since else None
    return found
