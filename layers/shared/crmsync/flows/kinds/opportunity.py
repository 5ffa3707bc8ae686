"""Deals and opportunities, batch by batch: gather everything, plan each record, apply all plans
together.

A contact role, a stage and a record type are no records of a pair. Their changes are first turned
into changes of the opportunities that they concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from crmsync.errors import Drifted, Refused
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import apply_and_complete
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.passes import sync_in_batches
from crmsync.flows.engine.planning import (
    PlannedBatch,
    find_parents,
    gather_existing_fields,
    owners_for,
    plan_batch,
)
from crmsync.flows.engine.resting_mappings import retry_without_resting
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.kinds.opportunity_gather import gather
from crmsync.flows.kinds.pipelines import current_map, sync_pipelines
from crmsync.flows.kinds.roll_ups import roll_up
from crmsync.model.changes import Cause, Change, TieEvent, coalesce
from crmsync.model.crm_names import CONTACT_ROLE, OPPORTUNITY_STAGE, RECORD_TYPE
from crmsync.model.roles import Role
from crmsync.plans.opportunity import OpportunityFacts, plan_opportunity
from crmsync.rules.kinds.opportunity.ruleset import opportunity_ruleset
from crmsync.rules.merge.deal_stages import is_known

_PROCESS_OBJECTS = frozenset({OPPORTUNITY_STAGE, RECORD_TYPE})
"""Salesforce objects whose changes mean that the org's sales processes have changed."""


def sync_opportunities(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Sync the named deals and opportunities. Raises `SyncError` only when changes could not be
    queued again either.
    """
    return sync_in_batches(changes, context, _sync_pass)


# The order of the steps is the crash safety (see the one of contacts):
#
# 1. Turn changes of roles into changes of opportunities; a change of a stage or a record type
#    updates the pipelines.
# 2. Gather and plan. Nothing is written. If a record is in a pipeline or stage that the map does
#    not know, update the pipelines and do it again.
# 3. Hold back what is over the hour's limits. Not before: planning again would count twice.
# 4. Apply the plans, with the roll-ups of contacts after the ties that they depend on.
# 5. Give records that a missing field has stopped another try without its mapping.
# 6. Process the results; the SQS message is deleted only after that.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    changes = resolve_indirect(changes, context)
    planned = _plan_unlimited(changes, context)
    if _has_unknown_stage(planned):
        _update_pipelines(context)
        planned = _plan_unlimited(changes, context)
    planned = _within_limits(planned, context)
    ruleset = planned.ruleset
    summary.counts["Quiet"] += planned.unchanged
    done = apply_and_complete(
        planned.facts,
        planned.plans,
        context,
        ruleset,
        lambda pairs: plan_batch(pairs, context, ruleset, plan_opportunity),
        roll_up,
    )
    applied = done.applied
    if any(isinstance(one.error, Drifted) for one in applied):
        applied = retry_without_resting(applied, ruleset, changes, context)
    at_once = process_results(done.facts, done.plans, applied, context, summary, is_last=is_last)
    return [*planned.not_yet, *at_once]


def resolve_indirect(changes: Sequence[Change], context: SyncContext) -> list[Change]:
    """The changes with each contact role replaced by its opportunity. A deleted role also names the
    contact that had it.

    A change of the org's stages updates the pipelines (OPP-6). A role that is no longer in the
    recycle bin was resolved when it was deleted. Raises `SyncError`.
    """
    if any(change.ref.object in _PROCESS_OBJECTS for change in changes):
        _update_pipelines(context)
    of_roles = [change for change in changes if change.ref.object == CONTACT_ROLE]
    roles = context.opportunities.roles([change.ref for change in of_roles]) if of_roles else {}
    indirect = {*_PROCESS_OBJECTS, CONTACT_ROLE}
    direct = [change for change in changes if change.ref.object not in indirect]
    resolved = [
        _of_opportunity(change, roles[change.ref]) for change in of_roles if change.ref in roles
    ]
    return coalesce([*direct, *resolved])


def _of_opportunity(change: Change, role: Role) -> Change:
    ties = (TieEvent(role.contact, change.at),) if role.is_deleted else ()
    return replace(change, ref=role.opportunity, cause=Cause.AGAIN, ties=ties)


def gather_and_plan(
    changes: Sequence[Change], context: SyncContext
) -> PlannedBatch[OpportunityFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    return _within_limits(_plan_unlimited(changes, context), context)


def _plan_unlimited(
    changes: Sequence[Change], context: SyncContext
) -> PlannedBatch[OpportunityFacts]:
    """Gather and plan, without the hour's limits."""
    pipelines = context.pipeline_maps.load(context.connection.name) or current_map(
        context.deals, context.opportunities
    )
    ruleset = opportunity_ruleset(
        context.connection,
        context.fingerprinter,
        context.our_user,
        context.our_app,
        pipelines=pipelines,
        has_currencies=context.opportunities.has_currencies(),
        since=context.opportunities_since,
        zone=context.zone(),
    )
    ruleset, gathered = gather_existing_fields(
        ruleset, changes, context, lambda ruleset: gather(changes, context, ruleset)
    )
    ruleset = replace(
        ruleset,
        parents=find_parents(gathered.facts, context, ruleset),
        owners=owners_for(gathered.facts, context),
    )
    facts, plans = plan_batch(gathered.facts, context, ruleset, plan_opportunity)
    return PlannedBatch(facts, plans, ruleset, gathered.not_yet, gathered.unchanged)


def _within_limits(
    planned: PlannedBatch[OpportunityFacts], context: SyncContext
) -> PlannedBatch[OpportunityFacts]:
    """The batch without what is over the hour's limits."""
    facts, plans = hold_excess(
        planned.facts, planned.plans, context, planned.ruleset, plan_opportunity
    )
    return replace(planned, facts=facts, plans=plans)


def _has_unknown_stage(planned: PlannedBatch[OpportunityFacts]) -> bool:
    """Whether a record is in a pipeline or stage that is not in the map yet."""
    pipelines = planned.ruleset.opportunity.pipelines
    for one in planned.facts:
        for record in (one.hubspot, one.salesforce, one.named_counterpart, *one.candidates):
            if record and not is_known(record.fields, pipelines):
                return True
    return False


def _update_pipelines(context: SyncContext) -> None:
    """Bring the pipelines up to date. If HubSpot allows no more of them (LIM-3), each record that
    lacks its pipeline is reported instead.
    """
    with suppress(Refused):
        sync_pipelines(
            context.deals, context.opportunities, context.pipeline_maps, context.connection.name
        )
