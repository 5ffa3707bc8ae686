"""How each kind is looked at without anything being done: one row per concern that has a flow, the
very function that its sync uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from crmsync.errors import Refused, SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import PlannedBatch
from crmsync.flows.kinds import account, contact, opportunity
from crmsync.model import names
from crmsync.model.changes import Change
from crmsync.model.records import Kind

GatherAndPlan: TypeAlias = Callable[[Sequence[Change], SyncContext], PlannedBatch[Any]]
"""Gathers and plans; writes nothing."""

GATHER_AND_PLAN: Mapping[Kind, GatherAndPlan] = MappingProxyType(
    {
        Kind.CONTACT: contact.gather_and_plan,
        Kind.ACCOUNT: account.gather_and_plan,
        Kind.OPPORTUNITY: opportunity.gather_and_plan,
    }
)

_OURS = (names.SALESFORCE_KEY, names.HUBSPOT_KEY)


def plan_changes(changes: Sequence[Change], context: SyncContext) -> PlannedBatch[Any]:
    """Look at records of one kind, for somebody at a terminal.

    Raises `SyncError`, and where our own field is what a side misses a `Refused` that says how to
    get it.
    """
    try:
        return GATHER_AND_PLAN[changes[0].kind](changes, context)
    except SyncError as error:
        if any(name in f"{error.fieldname} {error.text}" for name in _OURS):
            hint = "Run crmsync setup --apply first; crmsync check says what is missing."
            raise Refused(error.text, code=error.code, hint=hint) from error
        raise
