"""Keeps the conflicts that a batch has resolved, for `crmsync explain`: names of fields, policies
and winners, never values. No decision depends on the log.

A batch without a conflict makes no call. A privacy deletion removes the person's rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from crmsync.errors import SyncError
from crmsync.flows.engine.complete import RecordResult
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import AnyFacts
from crmsync.model.changes import Cause
from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.effects import Report, SaveLink
from crmsync.model.plan import Plan
from crmsync.model.records import Ref


def log_conflicts(
    results: Iterable[RecordResult[AnyFacts]], context: SyncContext
) -> SyncError | None:
    """Log the conflicts of plans whose links were saved. Returns the error that kept them from
    being logged; it is no reason to sync again.

    The winner's value may still have to be written again. The next sync finds the decision in the
    link, and no conflict any more.
    """
    resolved: dict[Ref, list[ResolvedConflict]] = {}
    for one in results:
        pair = _hubspot_record(one.plan)
        if pair and (one.saved or one.error is None):
            rows = _resolved_conflicts(one.plan, context)
            if rows:
                resolved.setdefault(pair, []).extend(rows)
    if not resolved:
        return None
    try:
        context.conflict_log.note(context.connection.name, resolved)
    except SyncError as error:
        return error
    return None


def _hubspot_record(plan: Plan) -> Ref | None:
    """The HubSpot record of the pair that a plan saves, which the log is keyed by."""
    places = [effect.link.hubspot for effect in plan.effects if isinstance(effect, SaveLink)]
    return next((place for place in places if isinstance(place, Ref)), None)


def _resolved_conflicts(plan: Plan, context: SyncContext) -> list[ResolvedConflict]:
    """The conflicts of a plan, without fields whose winning value cannot be written: those are
    reported, and nothing is resolved.
    """
    reported = {effect.fieldname for effect in plan.effects if isinstance(effect, Report)}
    return [
        ResolvedConflict(context.now(), one.hubspot, one.salesforce, str(one.policy), one.winner)
        for one in plan.conflicts
        if one.hubspot not in reported
    ]


def forget_conflicts(results: Iterable[RecordResult[AnyFacts]], context: SyncContext) -> None:
    """Remove the rows about people who were deleted for privacy, linked or not. Raises `SyncError`:
    then it must be done again.
    """
    refs = [
        one.facts.change.ref
        for one in results
        if one.facts.change.cause is Cause.FORGOTTEN and one.error is None
    ]
    if refs:
        context.conflict_log.forget(context.connection.name, refs)
