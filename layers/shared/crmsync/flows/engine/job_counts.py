"""What a sync counts for the job that queued a record. Entered for such records alone."""

from __future__ import annotations

from crmsync.errors import Refused, SyncError
from crmsync.model.effects import Category, CreateRecord, Report, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.operations.jobs import NOTHING_COUNTED, JobCounts
from crmsync.model.plan import Plan
from crmsync.model.records import Ref

_GOES_ON = frozenset({Category.WAITING, Category.HELD, Category.BRAKE})
"""Reports of what is not refused: it goes on by itself, or was held back to be decided about."""


def counts_of(facts: Facts, plan: Plan, error: SyncError | None) -> JobCounts:
    """What became of a record whose plan was carried out, with this error or without. A record that
    will be tried again is not counted yet.
    """
    is_reported = any(
        isinstance(effect, Report) and effect.category not in _GOES_ON for effect in plan.effects
    )
    if isinstance(error, Refused) or (error is None and is_reported):
        return JobCounts(refused=1)
    if error is not None:
        return NOTHING_COUNTED
    # A record that was made is completed by now, and its facts have its new link.
    if any(isinstance(effect, CreateRecord) for effect in plan.effects):
        return JobCounts(made=1)
    if facts.link is not None:
        return NOTHING_COUNTED
    is_linked = any(
        isinstance(effect, SaveLink)
        and isinstance(effect.link.hubspot, Ref)
        and isinstance(effect.link.salesforce, Ref)
        for effect in plan.effects
    )
    return JobCounts(linked=1) if is_linked else NOTHING_COUNTED
