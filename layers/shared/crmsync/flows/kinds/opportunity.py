"""Deals and opportunities, batch by batch: gather everything, plan each record, apply all plans
together.

What is no half of a pair (a contact role, a stage, a record type) only tells where to look, and is
turned into that first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from crmsync.errors import Refused
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import apply_and_complete
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.passes import sync_in_batches
from crmsync.flows.engine.planning import PlannedBatch, owners_for, plan_batch
from crmsync.flows.engine.resting_mappings import gather_existing_fields, retry_without_resting
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.kinds.opportunity_gather import gather
from crmsync.flows.kinds.parents import find_parents
from crmsync.flows.kinds.pipelines import current_map, sync_pipelines
from crmsync.flows.kinds.roll_ups import roll_up
from crmsync.model.changes import Cause, Change, TieNews, coalesce
from crmsync.model.crm_names import CONTACT_ROLE, OPPORTUNITY_STAGE, RECORD_TYPE
from crmsync.model.effects import Plan
from crmsync.model.pipelines import PipelineMap
from crmsync.model.records import Record
from crmsync.model.roles import Role
from crmsync.plans.opportunity import OpportunityFacts, plan_opportunity
from crmsync.rules.kinds.opportunity.ruleset import opportunity_ruleset
from crmsync.rules.merge.deal_stages import is_known
from crmsync.rules.merge.ruleset import Ruleset

_ORDER = frozenset({OPPORTUNITY_STAGE, RECORD_TYPE})
"""What tells that the org's sales processes have changed."""


def sync_opportunities(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Bring the named deals and opportunities in step. Raises `SyncError` only when not even
    putting them off worked.
    """

    def sync(some: list[Change], summary: Summary, is_last: bool) -> list[Change]:  # noqa: FBT001 - as `SyncPass` says
        return _sync_pass(resolve_indirect(some, context), context, summary, is_last=is_last)

    return sync_in_batches(changes, context, sync)


def resolve_indirect(changes: Sequence[Change], context: SyncContext) -> list[Change]:
    """The changes with each contact role turned into its opportunity, which a role that is gone was
    of; who had it is told along.

    A change of the org's stages puts the pipelines in step (OPP-6).

    A role that nobody knows any more has left the recycle bin, and was looked at when it got there.
    Raises `SyncError`.
    """
    if any(change.ref.object in _ORDER for change in changes):
        _mend(context)
    signs = [change for change in changes if change.ref.object == CONTACT_ROLE]
    roles = context.opportunities.roles([change.ref for change in signs]) if signs else {}
    named = [
        change
        for change in changes
        if change.ref.object not in _ORDER and change.ref.object != CONTACT_ROLE
    ]
    told = [_of_opportunity(change, roles[change.ref]) for change in signs if change.ref in roles]
    return coalesce([*named, *told])


def _of_opportunity(change: Change, role: Role) -> Change:
    ties = (TieNews(role.contact, change.at),) if role.is_deleted else ()
    return replace(change, ref=role.opportunity, cause=Cause.AGAIN, ties=ties)


def gather_and_plan(
    changes: Sequence[Change], context: SyncContext
) -> PlannedBatch[OpportunityFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    return _held(_look(changes, context), context)


def _look(changes: Sequence[Change], context: SyncContext) -> PlannedBatch[OpportunityFacts]:
    """Gather and plan, whatever the hour's limits."""
    pipelines = context.pipeline_maps.load(context.connection.name) or current_map(
        context.deals, context.opportunities
    )
    ruleset = _ruleset(context, pipelines)
    ruleset, gathered = gather_existing_fields(
        ruleset, changes, context, lambda ruleset: gather(changes, context, ruleset)
    )
    facts = gathered.facts
    ruleset = replace(
        ruleset,
        parents=find_parents(facts, context, ruleset),
        owners=owners_for(facts, context),
    )
    return PlannedBatch(
        facts, _plan_all(facts, context, ruleset), ruleset, gathered.not_yet, gathered.quiet
    )


def _held(
    looked: PlannedBatch[OpportunityFacts], context: SyncContext
) -> PlannedBatch[OpportunityFacts]:
    """The same, without what goes beyond the hour's limits."""
    hold_excess(looked.facts, looked.plans, context, looked.ruleset, plan_opportunity)
    return looked


def _ruleset(context: SyncContext, pipelines: PipelineMap) -> Ruleset:
    return opportunity_ruleset(
        context.connection,
        context.fingerprinter,
        context.our_user,
        context.our_app,
        pipelines=pipelines,
        has_currencies=context.opportunities.has_currencies(),
        since=context.opportunities_since,
        zone=context.zone(),
    )


def _mend(context: SyncContext) -> None:
    """Put the pipelines in step; where HubSpot allows no more of them (LIM-3), the records that
    have none are told of one by one.
    """
    with suppress(Refused):
        sync_pipelines(
            context.deals, context.opportunities, context.pipeline_maps, context.connection.name
        )


def _is_behind(looked: PlannedBatch[OpportunityFacts]) -> bool:
    """Whether a record is in a pipeline or stage of which the map knows nothing yet."""
    pipelines = looked.ruleset.opportunity.pipelines
    return any(
        not is_known(record.fields, pipelines) for one in looked.facts for record in _records(one)
    )


def _records(facts: OpportunityFacts) -> Sequence[Record]:
    return [
        one for one in (facts.hubspot, facts.salesforce, facts.remembered, *facts.candidates) if one
    ]


def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Look and apply once; answers the changes that must be looked at again at once."""
    looked = _look(changes, context)
    if _is_behind(looked):
        _mend(context)
        looked = _look(changes, context)
    looked = _held(looked, context)
    facts, plans, ruleset = looked.facts, looked.plans, looked.ruleset
    summary.counts["Quiet"] += looked.quiet
    applied = apply_and_complete(
        facts, plans, context, ruleset, lambda pairs: _plan_all(pairs, context, ruleset), roll_up
    )
    retry_without_resting(applied, ruleset, changes, context)
    return [
        *looked.not_yet,
        *process_results(facts, plans, applied, context, summary, is_last=is_last),
    ]


def _plan_all(facts: list[OpportunityFacts], context: SyncContext, ruleset: Ruleset) -> list[Plan]:
    return plan_batch(facts, context, ruleset, plan_opportunity)
