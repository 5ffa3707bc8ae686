"""The operator's undo (CH-29, docs/operations.md, "Undo"), and what it may put back.

The command runs as a worker of its own. What it writes counts as the operator's edit: from there the
value crosses by the usual rules, as the oracle has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmsync.errors import SyncError
from crmsync.flows.operator.undo import UndoAdmin, UndoRequest
from crmsync.flows.preview.read_only import ReadOnlyView, read_only
from crmsync.gateways.dynamodb.troubles import CachedTroubles
from crmsync.model.operations.overwritten import OverwrittenBatch
from crmsync.model.records import Side
from crmsync.model.settings import Settings
from tests.memory import MemoryLister
from tests.simulation.people.fields import COMPANY_FIELDS, DEAL_FIELDS, PERSON_FIELDS
from tests.simulation.world.owners import FIELD
from tests.simulation.world.watched import UNDO, Entry

if TYPE_CHECKING:
    from tests.simulation.world.deployment import Portal
    from tests.simulation.world.system import System

TOLERANCE = timedelta(seconds=120)
"""How long before it writes a worker may have said what it will overwrite."""

_OTHERS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {"email": "email", "owner": FIELD[Side.HUBSPOT]},
    Side.SALESFORCE: {"email": "Email", "owner": FIELD[Side.SALESFORCE]},
}
_TABLES = (PERSON_FIELDS, COMPANY_FIELDS, DEAL_FIELDS, _OTHERS)

ACROSS: Mapping[Side, Mapping[str, frozenset[str]]] = {
    side: {
        field: frozenset(
            table[side.other][name]
            for table in _TABLES
            for name in table[side]
            if table[side][name] == field
        )
        for table in _TABLES
        for field in table[side].values()
    }
    for side in Side
}
"""The fields of the other side that a field may be mapped with."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Implements `OverwrittenHistory` for all connections."""

    system: System

    def since(self, connection: str, since: datetime, now: datetime) -> Iterator[OverwrittenBatch]:
        """See the port."""
        for portal in self.system.portals:
            if portal.name == connection:
                yield from portal.ports["overwrites"].since(connection, since, now)


def undo(system: System, portal: Portal, since: datetime) -> None:
    """Put back what was overwritten since a moment, as far as it is kept."""
    cached = CachedTroubles(portal.ports["troubles"])
    system.serve(portal.name)
    context = system.context(portal, cached)
    listers = {side: MemoryLister(system.salesforce, 2) for side in Side}
    view = ReadOnlyView(
        read_only(context),
        listers.__getitem__,
        listers[Side.SALESFORCE],
        lambda: 0,
        lambda _side: 0,
        lambda text: text,
    )
    system.turns += 1
    admin = UndoAdmin(
        settings=lambda: Settings(tuple(one.connection for one in system.portals)),
        kept=lambda: _Kept(system),
        view=lambda _connection, _settings: view,
        context=lambda _connection, _settings: context,
        jobs=system.jobs,
        new_id=lambda: f"undo{system.turns}",
        now=system.clock,
    )
    try:
        result = admin.undo(UndoRequest(since, only=portal.name), apply=True)
    except SyncError as error:
        system.seen["undo put off"] += 1
        system.logs.append(f"undo put off {error.code} {error.text}")
        return
    system.seen["values put back"] += sum(one.values for one in result.back)
    system.seen["values left by an undo"] += sum(one.values for one in result.left)
    system.logs.extend(result.remarks)


def wrongly_put_back(system: System) -> Iterator[str]:
    """Each value that stood in its field at the moment that the operator named, or later; and no
    value over a person's edit that the command had read.
    """
    for ref, entries in system.ledger.rows.items():
        for place, one in enumerate(entries):
            if not one.worker.startswith(UNDO) or not one.field:
                continue
            before = [it for it in entries[:place] if it.field == one.field]
            since = system.undone[one.worker] - TOLERANCE
            stood = [it.value for it in before if it.at >= since]
            stood += [it.value for it in before if it.at < since][-1:]
            stood += [it.before for it in before[:1]]
            if one.field == FIELD[Side.SALESFORCE]:
                # Whoever makes a record owns it, which is no edit.
                stood.append(system.salesforce._rows[ref].owner)
            if one.value not in stood:
                yield f"undo puts back what was there: {ref}.{one.field} never had that value"
            elif _was_edited(before, one) and _could_be_told(system, before, one):
                yield f"undo puts back what was there: {ref}.{one.field} was edited before"


def _was_edited(before: list[Entry], one: Entry) -> bool:
    """Whether a person changed a field last, to something that crmsync had not written, and the
    command had read that.
    """
    written = [it.value for it in before if it.ours or it.worker.startswith(UNDO)]
    last = before[-1]
    is_edit = not last.ours and not last.worker and last.value not in written[-1:]
    return is_edit and last.number <= one.read_of(one.ref)


def _could_be_told(system: System, before: list[Entry], one: Entry) -> bool:
    """Whether crmsync could know of a person's edit.

    It keeps what a sync writes, not what an undo writes. An edit that repeats what the last sync
    wrote shows only by two different values that have crossed since: what the undo before it had
    put back, and the edit.
    """
    if _was_kept_as_ours(system, before, one):
        system.seen["excused: entered while it crossed"] += 1
        return False
    synced = [it for it in before if it.ours]
    if not synced or synced[-1].value != before[-1].value:
        return True
    others = {ref for pair in system.ledger.linked if one.ref in pair for ref in pair} - {one.ref}
    crossed = {
        it.value
        for ref in others
        for it in system.ledger.rows.get(ref, ())
        if it.ours and it.field in ACROSS[one.ref.side].get(one.field, ())
        if synced[-1].number < it.number <= one.read_of(ref)
    }
    return len(crossed) > 1


def _was_kept_as_ours(system: System, before: list[Entry], one: Entry) -> bool:
    """Whether a worker had kept the value of the last edit as one that it was about to write, over
    the value that the edit replaced, and has not written it.

    A value is kept before it is written. If a person enters the same one meanwhile, the write
    changes nothing or is not made, and nothing tells whose the value is.
    """
    edit, replaced = before[-1], before[-1].before
    if edit.field == FIELD[Side.SALESFORCE] and not replaced:
        replaced = system.salesforce._rows[one.ref].owner
    made = [it.at for it in before if it.ours and it.value == edit.value]
    return any(
        each.side is one.ref.side
        and (each.name, each.old, each.new) == (edit.field, replaced, edit.value)
        for portal in system.portals
        for batch, _ in portal.ports["overwrites"].batches
        if abs(batch.at - edit.at) < TOLERANCE and not any(at >= batch.at for at in made)
        for pair in batch.pairs
        if one.ref in {pair.hubspot, pair.salesforce}
        for each in pair.fields
    )
