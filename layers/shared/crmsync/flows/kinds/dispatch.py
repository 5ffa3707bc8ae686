"""The flows by kind: which function syncs a kind, and which one only gathers and plans it.

Both lead to the same planning, so a preview shows exactly what a sync would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from crmsync.errors import Refused, SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import PlannedBatch
from crmsync.flows.engine.results import Summary
from crmsync.flows.kinds import account, activity, contact, opportunity
from crmsync.model import names
from crmsync.model.changes import Change
from crmsync.model.records import Kind

Sync: TypeAlias = Callable[[Sequence[Change], SyncContext], Summary]
"""Syncs records of one kind."""

SYNC: Mapping[Kind, Sync] = MappingProxyType(
    {
        Kind.CONTACT: contact.sync_contacts,
        Kind.ACCOUNT: account.sync_accounts,
        Kind.OPPORTUNITY: opportunity.sync_opportunities,
        Kind.ACTIVITY: activity.sync_activities,
    }
)

GatherAndPlan: TypeAlias = Callable[[Sequence[Change], SyncContext], PlannedBatch[Any]]
"""Gathers and plans records of one kind; writes nothing."""

GATHER_AND_PLAN: Mapping[Kind, GatherAndPlan] = MappingProxyType(
    {
        Kind.CONTACT: contact.gather_and_plan,
        Kind.ACCOUNT: account.gather_and_plan,
        Kind.OPPORTUNITY: opportunity.gather_and_plan,
        Kind.ACTIVITY: activity.gather_and_plan,
    }
)

_OUR_FIELDS = (names.SALESFORCE_KEY, names.HUBSPOT_KEY)


def plan_changes(changes: Sequence[Change], context: SyncContext) -> PlannedBatch[Any]:
    """Gather and plan changes of one kind for the operator's command; writes nothing.

    Raises `SyncError`. If a side lacks one of our own fields, raises `Refused` with a hint how to
    create it.
    """
    try:
        return GATHER_AND_PLAN[changes[0].kind](changes, context)
    except SyncError as error:
        if any(name in f"{error.fieldname} {error.text}" for name in _OUR_FIELDS):
            hint = "Run crmsync setup --apply first; crmsync check says what is missing."
            raise Refused(error.text, code=error.code, hint=hint) from error
        raise
