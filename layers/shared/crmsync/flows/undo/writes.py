"""Writes the undo of a batch of pairs: first the links, then the records, then a sync of each pair.

A crash in between loses nothing. When only a link is stored, its values count as edited if they
still are what was written, and the next sync finds both sides alike. That sync is requested even if
an error or the operator ends the run early: nothing else looks at a record that shows no change.
When a record is written and its sync not yet requested, the sweep finds it, and so does the next
undo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import PARENT_ACCOUNT
from crmsync.model.effects import UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.merge.person_accounts import through_account
from crmsync.rules.pair.undo import Restoration


@dataclass(frozen=True, slots=True)
class PairUndo:
    """A pair and what an undo does to it.

    Attributes:
        facts: What is known of the pair.
        restoration: The values to put back, and those to leave.
    """

    facts: Facts
    restoration: Restoration

    def record(self, side: Side) -> Record:
        """The pair's record on a side.

        Raises `TypeError` when there is none; nothing is put back in such a pair.
        """
        record = self.facts.hubspot if side is Side.HUBSPOT else self.facts.salesforce
        if record is None:
            msg = "nothing is put back of a pair without both records"
            raise TypeError(msg)
        return record

    def only(self, name: str) -> PairUndo:
        """The undo itself if the Salesforce record is of the object `name`, if that is "", or if
        the record is unknown. Otherwise one that writes nothing and tells of the values that are
        left of records of that object, such as of a lead that has become a contact.
        """
        place = self.facts.link.salesforce if self.facts.link else None
        if name in {"", place.object if isinstance(place, Ref) else name}:
            return self
        left = tuple(one for one in self.restoration.left if one[0].record.object == name)
        return replace(self, restoration=Restoration(left=left))

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that are written to."""
        return tuple(side for side in Side if self.restoration.fields.get(side))


def write_undo(
    undos: Sequence[PairUndo], context: SyncContext, kind: Kind, now: datetime
) -> dict[int, SyncError]:
    """Write what was decided, and request a sync of every pair that it leaves different, also if
    the operator interrupts it or a store does not answer.

    Answers the errors, by place in `undos`. Raises `SyncError` when the syncs could not be
    requested: the sweep finds these pairs, and so does the next undo.
    """
    try:
        return _write_all(undos, context, now)
    finally:
        _request_syncs(undos, context, kind, now)


def _write_all(
    undos: Sequence[PairUndo], context: SyncContext, now: datetime
) -> dict[int, SyncError]:
    """Store the links, then write both sides. Answers the errors, by place in `undos`."""
    failed: dict[int, SyncError] = {}
    writing = [(at, one, link) for at, one in enumerate(undos) if (link := one.restoration.link)]
    outcomes = context.links.save([link.announced_at(now) for _, _, link in writing])
    for (at, _, _), outcome in zip(writing, outcomes, strict=True):
        if not isinstance(outcome, Link):
            failed[at] = outcome
    for side in Side:
        here = {at: one for at, one, _ in writing if side in one.sides and at not in failed}
        failed.update(_write(side, here, context))
    return failed


def _request_syncs(
    undos: Sequence[PairUndo], context: SyncContext, kind: Kind, now: datetime
) -> None:
    changes = [
        Change(context.connection.name, kind, _hubspot_ref(one), cause, now)
        for one in undos
        if (cause := _cause(one.restoration))
    ]
    if changes:
        context.outbox.publish(changes)


def _write(
    side: Side, undos: Mapping[int, PairUndo], context: SyncContext
) -> Mapping[int, SyncError]:
    """Write the values of one side. Raises nothing, so that the other side is written as well."""
    effects = [_update(one, side) for one in undos.values()]
    if not effects:
        return {}
    try:
        outcomes = context.crm(side).update(effects)
    except SyncError as error:
        outcomes = [error] * len(effects)
    return {
        at: outcome
        for at, outcome in zip(undos, outcomes, strict=True)
        if isinstance(outcome, SyncError)
    }


def _update(one: PairUndo, side: Side) -> UpdateRecord:
    record, fields = one.record(side), one.restoration.fields[side]
    if side is Side.HUBSPOT:
        return UpdateRecord(record.ref, side, fields)
    account = str(record.fields.get(PARENT_ACCOUNT) or "")
    return through_account(UpdateRecord(record.ref, side, fields, group=account), record)


def _cause(restoration: Restoration) -> Cause | None:
    """Why the pair must be synced; None when both sides agree."""
    if restoration.crosses:
        return Cause.UNDONE
    return Cause.AGAIN if restoration.waits else None


def _hubspot_ref(one: PairUndo) -> Ref:
    return one.facts.hubspot.ref if one.facts.hubspot else one.facts.change.ref
