"""Mappings whose field a side lacks rest, and wake up by themselves when the field is back.

Found at the first call that is refused for a field's sake: what the side has is asked for once,
noted, told to people, and the call is made again without. While something rests, a schedule asks
again; when the field is back, everything that was modified meanwhile is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, TypeVar

from crmsync.errors import Conflict, Down, Drifted
from crmsync.flows.engine.apply import Applied
from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Change
from crmsync.model.concerns import KIND_OF, objects_of
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.model.troubles import Rest
from crmsync.ports.stores import Cursor, Cursors, Inbox
from crmsync.ports.troubles import Described, Schemas, TroubleStore
from crmsync.rules.merge.resting_mappings import back, is_wanted, lost, report_of, without
from crmsync.rules.merge.ruleset import Ruleset, always_read
from crmsync.rules.settings.lost_rights import NeededRights, unseen, unwritable, writable
from crmsync.rules.settings.rights import mapped_rules
from crmsync.rules.timing.outages import LONGEST_WAIT

Gathered = TypeVar("Gathered")


def gather_existing_fields(
    ruleset: Ruleset,
    changes: Sequence[Change],
    context: SyncContext,
    gather: Callable[[Ruleset], Gathered],
) -> tuple[Ruleset, Gathered]:
    """Gather by the book, without the rows that rest; where a side turns out to lack a field, once
    more without that.

    Answers the book that was gone by. Raises `Down` where the field is one without which nothing
    works, else as `gather` does.
    """
    resting = without(ruleset, _standing(ruleset, changes, context))
    try:
        return resting, gather(resting)
    except Drifted as error:
        found = _learn(error, resting, context, _oldest(changes, context))
        for one in (report_of(rest) for rest in found if rest.is_needed):
            raise Down(
                one.text, side=error.side, after=LONGEST_WAIT, code="NEEDED_FIELD", hint=one.hint
            ) from error
        if not found:
            raise
        resting = without(resting, found)
        return resting, gather(resting)


def retry_without_resting(
    applied: Sequence[Applied], ruleset: Ruleset, changes: Sequence[Change], context: SyncContext
) -> None:
    """Have records looked at again at once that were refused for a field's sake, where its mapping
    rests from now on.
    """
    for refused in {
        (one.error.side, one.error.fieldname): one.error
        for one in applied
        if isinstance(one.error, Drifted)
    }.values():
        if any(
            not rest.is_needed
            for rest in _learn(refused, ruleset, context, _oldest(changes, context))
        ):
            for one in applied:
                if isinstance(one.error, Drifted) and one.error.fieldname == refused.fieldname:
                    one.error = Conflict(
                        f"The mapping of {refused.fieldname} rests.", code=refused.code
                    )


def _oldest(changes: Sequence[Change], context: SyncContext) -> datetime:
    """The moment of the oldest of the changes: what is looked at now may have happened long ago."""
    return min((change.at for change in changes), default=context.now())


def _standing(ruleset: Ruleset, changes: Sequence[Change], context: SyncContext) -> list[Rest]:
    """What rests. Changes that are older than that are looked at without the mapping, too, so it
    rests since then.
    """
    rests, oldest = context.troubles.load(context.connection.name).rests, _oldest(changes, context)
    for rest in rests:
        mine = rest.object in ruleset.mappings or rest.object == ruleset.hubspot_object
        if mine and not rest.is_over and rest.since > oldest:
            context.troubles.save_rest(context.connection.name, replace(rest, since=oldest))
    return [rest for rest in rests if not rest.is_over]


def _learn(error: Drifted, ruleset: Ruleset, context: SyncContext, since: datetime) -> list[Rest]:
    """Ask the side what it has, and note and tell what it lacks. Raises `SyncError`."""
    side = Side(error.side)
    asked = {name.lower() for fields in ruleset.fields(side).values() for name in fields}
    if error.fieldname and error.fieldname.lower() not in asked:
        # Not a field of this book: a property of our own that only roll-ups write, say.
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


def is_field_check_due(now: datetime) -> bool:
    """Whether a poll that runs every minute asks for fields that were lacking: as often as
    HubSpot's sweep, at each quarter.
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
    """End the rest of mappings whose field is back on a side, and have the sweeps look at all that
    was modified since; answers how many.

    Costs one read where nothing rests. Raises `SyncError`.
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
        # From here on the mapping counts again; only then may the records be looked at.
        troubles.save_rest(connection.name, replace(rest, is_over=True))
        if not rest.is_needed:
            _rewind(connection, rest, cursors)
    for rest in (*ended, *unwanted):
        inbox.clear(connection.name, [rest.ref])
        troubles.end_rest(connection.name, rest)
    inbox.park(connection.name, [report_of(rest) for rest in resting if rest not in ended])
    return len(ended)


WRITABLE = "writable fields"
"""The cursor that keeps which of Salesforce's fields we could write once, by ``Lead.Title``, each
since when that is known.
"""


def note_lost_rights(
    connection: Connection,
    shown: Mapping[str, Described],
    troubles: TroubleStore,
    inbox: Inbox,
    cursors: Cursors,
    now: datetime,
) -> int:
    """Note and tell which fields the org no longer lets us see or write, though no record asks for
    them; answers how many lack in all.

    `shown` is what it describes, by object. Costs two reads where nothing is lost. Raises
    `SyncError`.
    """
    own = always_read(Side.SALESFORCE, connection.hubspot.portal_id)
    wanted = [
        NeededRights(name, rules, own)
        for name, rules in mapped_rules(connection).items()
        if name in shown
    ]
    once = _once_writable(connection.name, wanted, shown, cursors, now)
    standing = {rest.ref for rest in troubles.load(connection.name).rests if not rest.is_over}
    for one in wanted:
        its = shown[one.name]
        lacking = [*unseen(one, its.fields, now), *unwritable(one, its.read_only, once, now)]
        for rest in lacking:
            if rest.ref not in standing and troubles.save_rest(connection.name, rest):
                inbox.park(connection.name, [report_of(rest)])
            standing.add(rest.ref)
    return len(standing)


def _once_writable(
    connection: str,
    wanted: Sequence[NeededRights],
    shown: Mapping[str, Described],
    cursors: Cursors,
    now: datetime,
) -> frozenset[str]:
    """Where we could write at some look; what is found for the first time is kept."""
    known = cursors.load(connection, WRITABLE) or Cursor(now, {})
    each = (writable(one, shown[one.name].fields, shown[one.name].read_only) for one in wanted)
    found = frozenset(place for places in each for place in places)
    if fresh := found - known.seen.keys():
        cursors.save(
            connection,
            WRITABLE,
            replace(known, seen={**known.seen, **dict.fromkeys(sorted(fresh), now)}),
        )
    return found | known.seen.keys()


Fields: TypeAlias = dict[tuple[Side, str], frozenset[str]]


def _asked(rests: Sequence[Rest], schemas: Schemas) -> tuple[Fields, Fields]:
    """What the sides have now of the objects that lack something, and what of it may only be
    read.
    """
    has: Fields = {}
    read_only: Fields = {}
    for side in Side:
        objects = sorted({rest.object for rest in rests if rest.side is side})
        for name, one in (schemas.described(side, objects) if objects else {}).items():
            has[side, name], read_only[side, name] = one.fields, one.read_only
    return has, read_only


def _rewind(connection: Connection, rest: Rest, cursors: Cursors) -> None:
    """Have the sweeps of both sides begin again at the moment when the field was first missed."""
    kind = KIND_OF[rest.side][rest.object]
    for side in Side:
        for name in (one for one, its in objects_of(connection, side).items() if its is kind):
            place = cursors.load(connection.name, name)
            if place:
                since = min(place.since, rest.since)
                cursors.save(connection.name, name, replace(place, since=since, seen={}))
