"""Mappings whose field a side lacks rest, and resume by themselves when the field is back.

A missing field shows at the first call that is refused because of it. The side is then asked once
what fields it has; what is missing is noted and reported, and the call is repeated without it.
While something rests, a schedule asks again. When the field is back, everything that was modified
in the meantime is synced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from crmsync.errors import Down, Drifted
from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Change
from crmsync.model.concerns import KIND_OF, objects_of
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.ports.stores import Cursor, Cursors, Inbox
from crmsync.ports.troubles import Described, Schemas, TroubleStore
from crmsync.rules.merge.resting_mappings import back, is_wanted, lost, report_of, without
from crmsync.rules.merge.ruleset import Ruleset, always_read
from crmsync.rules.settings.lost_rights import NeededRights, unseen, unwritable, writable
from crmsync.rules.settings.rights import mapped_rules
from crmsync.rules.timing.outages import LONGEST_WAIT


def without_resting(
    ruleset: Ruleset, rests: Sequence[Rest], changes: Sequence[Change], context: SyncContext
) -> Ruleset:
    """The ruleset without the mappings that rest. Older changes are synced without them too, so
    their rest is noted to begin with the oldest of the changes. Raises `SyncError`.
    """
    oldest = _oldest(changes, context)
    for rest in rests:
        mine = rest.object in ruleset.mappings or rest.object == ruleset.hubspot_object
        if mine and not rest.is_over and rest.since > oldest:
            context.troubles.save_rest(context.connection.name, replace(rest, since=oldest))
    return without(ruleset, [rest for rest in rests if not rest.is_over])


def without_missing(
    ruleset: Ruleset, error: Drifted, changes: Sequence[Change], context: SyncContext
) -> Ruleset:
    """The ruleset without the fields that a side turned out to lack, which are noted and reported.

    Raises `Down` if nothing works without them, and `error` if no field is missing.
    """
    found = _note_missing(error, ruleset, context, _oldest(changes, context))
    for one in (report_of(rest) for rest in found if rest.is_needed):
        raise Down(
            one.text, side=error.side, after=LONGEST_WAIT, code="NEEDED_FIELD", hint=one.hint
        ) from error
    if not found:
        raise error
    return without(ruleset, found)


def note_refused(
    refused: Sequence[Drifted], ruleset: Ruleset, changes: Sequence[Change], context: SyncContext
) -> frozenset[str]:
    """Note and report the fields that turned out to be missing in writes; returns the fields whose
    mappings rest from now on. Raises `SyncError`.
    """
    resting: set[str] = set()
    for error in {(one.side, one.fieldname): one for one in refused}.values():
        found = _note_missing(error, ruleset, context, _oldest(changes, context))
        if any(not rest.is_needed for rest in found):
            resting.add(error.fieldname)
    return frozenset(resting)


def _oldest(changes: Sequence[Change], context: SyncContext) -> datetime:
    """When the oldest of the changes happened: they may have waited in the queue for long."""
    return min((change.at for change in changes), default=context.now())


def _note_missing(
    error: Drifted, ruleset: Ruleset, context: SyncContext, since: datetime
) -> list[Rest]:
    """Ask a side which fields it has, and note and report those that it lacks since `since`. Raises
    `SyncError`.
    """
    side = Side(error.side)
    asked = {name.lower() for fields in ruleset.fields(side).values() for name in fields}
    if error.fieldname and error.fieldname.lower() not in asked:
        # Not a field of this ruleset: one of our own that only roll-ups write, for example.
        return []
    described = context.schemas.described(side, list(ruleset.fields(side)))
    found = lost(
        ruleset,
        side,
        {name: one.fields for name, one in described.items()},
        since,
        read_only={name: one.read_only for name, one in described.items()},
        refused=error.fieldname,
    )
    known = {
        rest.ref: rest
        for rest in context.troubles.load(context.connection.name).rests
        if not rest.is_over
    }
    for rest in found:
        if rest.ref not in known and context.troubles.save_rest(context.connection.name, rest):
            context.inbox.park(context.connection.name, [report_of(rest)])
    return found


QUARTER = 15
"""Minutes between two checks for missing fields."""


def is_field_check_due(now: datetime) -> bool:
    """Whether a poll, which runs every minute, also checks for missing fields: once in fifteen
    minutes, as often as HubSpot's sweep.
    """
    return now.minute % QUARTER == 0


def resume_mappings(
    connection: Connection,
    side: Side,
    troubles: TroubleStore,
    schemas: Schemas,
    inbox: Inbox,
    cursors: Cursors,
) -> int:
    """Resume mappings whose field is back on a side, and rewind the sweeps to when it was missing.

    Returns how many were resumed. Costs one read where nothing rests. Raises `SyncError`.
    """
    rests = [rest for rest in troubles.load(connection.name).rests if rest.side is side]
    if not rests:
        return 0
    rules = mapped_rules(connection)
    unwanted = [rest for rest in rests if not is_wanted(rest, rules)]
    resting = [rest for rest in rests if not rest.is_over and rest not in unwanted]
    ended = [rest for rest in rests if rest.is_over and rest not in unwanted]
    ended += back(resting, *_asked(resting, schemas))
    for rest in ended:
        # From here on the mapping counts again; the records must not be swept before that.
        troubles.save_rest(connection.name, replace(rest, is_over=True))
        if not rest.is_needed:
            _rewind(connection, rest, cursors)
    for rest in (*ended, *unwanted):
        inbox.clear(connection.name, [rest.ref])
        troubles.end_rest(connection.name, rest)
    inbox.park(connection.name, [report_of(rest) for rest in resting if rest not in ended])
    return len(ended)


WRITABLE = "writable fields"
"""The cursor that keeps which Salesforce fields were ever writable: ``Lead.Title`` -> when that was
first seen.
"""


def note_lost_rights(
    connection: Connection,
    shown: Mapping[str, Described],
    troubles: TroubleStore,
    inbox: Inbox,
    cursors: Cursors,
    now: datetime,
) -> int:
    """Note and report mapped fields that the org no longer lets us read or write, even if no record
    has needed them yet.

    `shown` is the org's description of its objects by name. Returns how many fields are missing in
    all. Costs two reads where nothing is lost. Raises `SyncError`.
    """
    own = always_read(Side.SALESFORCE, connection.hubspot.portal_id)
    wanted = [
        NeededRights(name, rules, own)
        for name, rules in mapped_rules(connection).items()
        if name in shown
    ]
    once = _once_writable(connection.name, wanted, shown, cursors, now)
    known = {rest.ref for rest in troubles.load(connection.name).rests if not rest.is_over}
    for one in wanted:
        its = shown[one.name]
        lacking = [*unseen(one, its.fields, now), *unwritable(one, its.read_only, once, now)]
        for rest in lacking:
            if rest.ref not in known and troubles.save_rest(connection.name, rest):
                inbox.park(connection.name, [report_of(rest)])
            known.add(rest.ref)
    return len(known)


def _once_writable(
    connection: str,
    wanted: Sequence[NeededRights],
    shown: Mapping[str, Described],
    cursors: Cursors,
    now: datetime,
) -> frozenset[str]:
    """The fields that were ever writable; those that are found for the first time are kept."""
    known = cursors.load(connection, WRITABLE) or Cursor(now, {})
    places_of_each = (
        writable(one, shown[one.name].fields, shown[one.name].read_only) for one in wanted
    )
    found = frozenset(place for places in places_of_each for place in places)
    if fresh := found - known.seen.keys():
        cursors.save(
            connection,
            WRITABLE,
            replace(known, seen={**known.seen, **dict.fromkeys(sorted(fresh), now)}),
        )
    return found | known.seen.keys()


_FieldsBySide: TypeAlias = dict[tuple[Side, str], frozenset[str]]


def _asked(rests: Sequence[Rest], schemas: Schemas) -> tuple[_FieldsBySide, _FieldsBySide]:
    """The fields that the sides have now, for the objects that lack some, and those of them that
    are read-only.
    """
    has: _FieldsBySide = {}
    read_only: _FieldsBySide = {}
    for side in Side:
        objects = sorted({rest.object for rest in rests if rest.side is side})
        for name, one in (schemas.described(side, objects) if objects else {}).items():
            has[side, name], read_only[side, name] = one.fields, one.read_only
    return has, read_only


def _rewind(connection: Connection, rest: Rest, cursors: Cursors) -> None:
    """Set the cursors of both sides back to when the field was first missing."""
    kind = KIND_OF[rest.side][rest.object]
    for side in Side:
        for name in (one for one, its in objects_of(connection, side).items() if its is kind):
            place = cursors.load(connection.name, name)
            if place:
                since = min(place.since, rest.since)
                cursors.save(connection.name, name, replace(place, since=since, seen={}))
