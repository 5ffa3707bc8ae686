"""Puts back the values of a batch of pairs: links first, then the records, then a look at each
pair.

Whatever dies in between loses nothing. A link that is stored alone counts its values as edited
where they still are what was written, and the next look finds both sides alike. A record that is
written and not yet looked at is found by the sweep, and by the next undo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """A pair and what an undo does to it."""

    facts: Facts
    restoration: Restoration

    def record(self, side: Side) -> Record:
        """The pair's record on a side. Raises `TypeError` where there is none, of which nothing is
        put back.
        """
        record = self.facts.hubspot if side is Side.HUBSPOT else self.facts.salesforce
        if record is None:
            msg = "nothing is put back of a pair without both records"
            raise TypeError(msg)
        return record

    def is_of(self, name: str) -> bool:
        """Whether the pair's Salesforce record is of the object `name`, as far as one is known; ""
        is any.
        """
        place = self.facts.link.salesforce if self.facts.link else None
        return name in {"", place.object if isinstance(place, Ref) else name}

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides to which something is written."""
        return tuple(side for side in Side if self.restoration.fields.get(side))


def write_undo(
    restored: Sequence[PairUndo], context: SyncContext, kind: Kind, now: datetime
) -> dict[int, SyncError]:
    """Write what was decided, and have every pair looked at that shows news; answers what went
    wrong, by the places in `restored`.

    Raises `SyncError` where pairs could not be handed to the sync: it will find them by itself, and
    so will the next undo.
    """
    failed: dict[int, SyncError] = {}
    writing = [(at, one, link) for at, one in enumerate(restored) if (link := one.restoration.link)]
    for (at, _, _), outcome in zip(
        writing, context.links.save([link for _, _, link in writing]), strict=True
    ):
        if not isinstance(outcome, Link):
            failed[at] = outcome
    for side in Side:
        here = {at: one for at, one, _ in writing if side in one.sides and at not in failed}
        failed.update(_write(side, here, context))
    changes = _looks(restored, context, kind, now)
    if changes:
        context.outbox.publish(changes)
    return failed


def _write(
    side: Side, restored: Mapping[int, PairUndo], context: SyncContext
) -> Mapping[int, SyncError]:
    """Write one side's values; nothing is raised, as the other side's are to be written as well."""
    effects = [_update(one, side) for one in restored.values()]
    if not effects:
        return {}
    try:
        outcomes = context.crm(side).update(effects)
    except SyncError as error:
        outcomes = [error] * len(effects)
    return {
        at: outcome
        for at, outcome in zip(restored, outcomes, strict=True)
        if isinstance(outcome, SyncError)
    }


def _update(one: PairUndo, side: Side) -> UpdateRecord:
    record, fields = one.record(side), one.restoration.fields[side]
    account = str(record.fields.get(PARENT_ACCOUNT) or "") if side is Side.SALESFORCE else ""
    effect = UpdateRecord(record.ref, side, fields, group=account)
    return through_account(effect, record) if side is Side.SALESFORCE else effect


def _looks(
    restored: Iterable[PairUndo], context: SyncContext, kind: Kind, now: datetime
) -> list[Change]:
    """A look at each pair with a value that has still to cross, back by an undo or edited by
    somebody.
    """
    return [
        Change(context.connection.name, kind, _hubspot(one), cause, now)
        for one in restored
        if (cause := _cause(one.restoration))
    ]


def _cause(restoration: Restoration) -> Cause | None:
    if restoration.crosses:
        return Cause.UNDONE
    return Cause.AGAIN if restoration.waits else None


def _hubspot(one: PairUndo) -> Ref:
    return one.facts.hubspot.ref if one.facts.hubspot else one.facts.change.ref
