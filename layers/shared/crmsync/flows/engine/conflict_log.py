"""Keeps what was settled in a batch, for `crmsync explain`: names of fields, policies and winners.
Nothing turns on it.

A batch without a conflict makes no call. Whoever asks to be forgotten is forgotten here, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.errors import SyncError
from crmsync.flows.engine.apply import Applied
from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause
from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.effects import Plan, Report, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.records import Ref


def log_conflicts(
    plans: Sequence[Plan], applied: Sequence[Applied], context: SyncContext
) -> SyncError | None:
    """Note the conflicts of plans whose links are saved; what kept it from being noted, which is
    nothing to sync again for.

    The winner's value may still have to be written again: the next look finds the decision taken,
    and no conflict any more.
    """
    settled: dict[Ref, list[ResolvedConflict]] = {}
    for plan, done in zip(plans, applied, strict=True):
        pair = _pair(plan)
        if plan.conflicts and pair and (done.saved or done.error is None):
            settled.setdefault(pair, []).extend(_settlements(plan, context))
    news = {pair: rows for pair, rows in settled.items() if rows}
    if not news:
        return None
    try:
        context.conflict_log.note(context.connection.name, news)
    except SyncError as error:
        return error
    return None


def _pair(plan: Plan) -> Ref | None:
    """The HubSpot record by which a pair goes; None where nothing was agreed on."""
    places = [effect.link.hubspot for effect in plan.effects if isinstance(effect, SaveLink)]
    return next((place for place in places if isinstance(place, Ref)), None)


def _settlements(plan: Plan, context: SyncContext) -> list[ResolvedConflict]:
    """One per conflict, without those of which people are told that the winner's value cannot
    cross: nothing was settled there.
    """
    told = {effect.fieldname for effect in plan.effects if isinstance(effect, Report)}
    return [
        ResolvedConflict(context.now(), one.hubspot, one.salesforce, str(one.policy), one.winner)
        for one in plan.conflicts
        if one.hubspot not in told
    ]


def forget_conflicts(
    facts: Sequence[Facts], applied: Sequence[Applied], context: SyncContext
) -> None:
    """Forget what was settled about those who asked to be forgotten, linked or not. Raises
    `SyncError`: then it must be done again.
    """
    refs = [
        one.change.ref
        for one, done in zip(facts, applied, strict=True)
        if one.change.cause is Cause.FORGOTTEN and done.error is None
    ]
    if refs:
        context.conflict_log.forget(context.connection.name, refs)
