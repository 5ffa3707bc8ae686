"""Records that wait for others: who waits for what is in the reports of the error inbox
(`Report.waits_for`), and nowhere else.

Law: no record waits for something that has happened already. Two things ensure that:

- A change that may release a record queues those that wait for it, before anything is written.
- A record that is reported as waiting for a new reason is synced once more when every worker of
  that moment has ended. A worker that released the record meanwhile could not know of the report.

A third one is for records that are gone without notice. A write that fails because of such a record
has it synced: its link then ends, which releases what waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import ACCOUNT, COMPANY, PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.effects import Associate, CreateRecord, RequestSync, UpdateRecord
from crmsync.model.links import LONGEST_WRITE
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref, Side

_SAFETY_DELAY = 30
"""Seconds after which waiting and requested records are synced in any case, should this worker die
before it reaches them.
"""

_AFTER_OTHERS_END = round(LONGEST_WRITE.total_seconds())
"""Seconds after which every worker of now has ended."""


def queue_waiting(
    released: Sequence[Ref], change: Change, context: SyncContext, cause: Cause = Cause.WOKEN
) -> list[Change]:
    """The records that wait for one of the `released` ones, to be synced once the plans that
    release them are applied; `change` is any change of their kind.

    They are queued as well, with a delay, so that they are synced even if this worker dies before
    it reaches them. Raises `TryAgain`.
    """
    changes = [
        Change(context.connection.name, change.kind, ref, cause, context.now())
        for ref in context.inbox.waiting_for(context.connection.name, released)
    ]
    if changes:
        context.outbox.again([(one, _SAFETY_DELAY) for one in changes])
    return changes


def queue_requested(
    requests: Sequence[RequestSync], context: SyncContext, *, is_early: bool = False
) -> None:
    """Queue the syncs that plans request, each with the record that waits for it; with a delay if
    nothing has been written yet (`is_early`). Raises `TryAgain`.
    """
    now = context.now()
    changes = [
        Change(
            context.connection.name,
            one.kind,
            one.ref,
            Cause.EDITED,
            now,
            waiting=(one.waiting,) if one.waiting else (),
        )
        for one in requests
    ]
    if changes:
        context.outbox.again([(change, _SAFETY_DELAY if is_early else 0) for change in changes])


def wake_waiting(released: Sequence[Ref], context: SyncContext) -> None:
    """Queue the records that wait for one of the `released` ones, whatever their kinds, for pairs
    of which it shows only once they have synced. Raises `TryAgain`.
    """
    _queue(context.inbox.waiting_for(context.connection.name, released), context, cause=Cause.WOKEN)


def check_new_waits(waiting: Sequence[Ref], context: SyncContext) -> None:
    """Queue records whose report names something new that they wait for, to be synced when a
    worker that may have released it has ended. Raises `TryAgain`.
    """
    _queue(waiting, context, after=_AFTER_OTHERS_END)


def queue_missing(missing: Iterable[Ref], context: SyncContext) -> None:
    """Queue linked records that were found to be gone, so that their links end. Raises
    `TryAgain`.
    """
    _queue(list(dict.fromkeys(missing)), context)


def sums_again(contacts: Iterable[Ref], context: SyncContext) -> list[Change]:
    """Changes that have the opportunities of HubSpot contacts added up again (ROLL-1); none while
    opportunities do not sync.
    """
    if context.opportunities_since is None or Kind.OPPORTUNITY not in context.connection.kinds:
        return []
    name, now = context.connection.name, context.now()
    return [
        Change(name, Kind.OPPORTUNITY, ref, Cause.WOKEN, now) for ref in dict.fromkeys(contacts)
    ]


def named_in_writes(plan: Plan, kind: Kind) -> list[Ref]:
    """The records of other kinds that the writes of a plan name, such as a company that a contact
    is associated with: one of them may be gone if a write failed for that.
    """
    named: list[Ref] = []
    for effect in plan.effects:
        match effect:
            case Associate(other=Ref() as other):
                named.append(other)
            case CreateRecord() | UpdateRecord():
                named += _parents(effect)
    return [ref for ref in named if KIND_OF[ref.side].get(ref.object) not in {None, kind}]


def _parents(effect: CreateRecord | UpdateRecord) -> list[Ref]:
    name, parent = (
        (PRIMARY_COMPANY, COMPANY) if effect.side is Side.HUBSPOT else (PARENT_ACCOUNT, ACCOUNT)
    )
    value = effect.fields.get(name)
    return [Ref(effect.side, parent, str(value))] if value else []


def _queue(
    refs: Sequence[Ref], context: SyncContext, *, after: int = 0, cause: Cause = Cause.AGAIN
) -> None:
    name, now = context.connection.name, context.now()
    changes = [
        (Change(name, kind, ref, cause, now), after)
        for ref in refs
        if (kind := KIND_OF[ref.side].get(ref.object)) in context.connection.kinds and kind
    ]
    if changes:
        context.outbox.again(changes)
