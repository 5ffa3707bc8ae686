"""Deals and opportunities, batch by batch: gather everything, plan each record, apply all plans
together.

A contact role, a stage and a record type are no records of a pair. Their changes are first turned
into changes of the opportunities that they concern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from crmsync.errors import Refused
from crmsync.flows.engine.batches import sync_in_batches
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import apply_and_complete, retry_without_resting
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.gathered import Gathered
from crmsync.flows.engine.loader import BatchLoader
from crmsync.flows.engine.planning import (
    PlannedBatch,
    find_parents,
    gather_existing_fields,
    makes_link,
    owners_for,
    plan_batch,
    releases,
)
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.engine.waits import queue_waiting
from crmsync.flows.kinds.about_linked import queue_activities
from crmsync.flows.kinds.deal_ties import with_roles
from crmsync.flows.kinds.dependants import queue_dependants_of
from crmsync.flows.kinds.pipelines import current_map, sync_pipelines
from crmsync.flows.kinds.roll_ups import adding_up, roll_up
from crmsync.model.changes import Cause, Change, TieEvent, coalesce
from crmsync.model.crm_names import (
    CONTACT_ROLE,
    DEAL,
    HUBSPOT_CONTACT,
    OPPORTUNITY_STAGE,
    RECORD_TYPE,
)
from crmsync.model.kinds.roles import Role
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.opportunity import OpportunityFacts, plan_opportunity
from crmsync.rules.fields.values import is_blank
from crmsync.rules.kinds.opportunity.ruleset import (
    opportunity_ruleset,
    with_contacts,
)
from crmsync.rules.merge.deal_stages import is_known
from crmsync.rules.merge.ruleset import Ruleset

_PROCESS_OBJECTS = frozenset({OPPORTUNITY_STAGE, RECORD_TYPE})
"""Salesforce objects whose changes mean that the org's sales processes have changed."""


def sync_opportunities(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Sync the named deals and opportunities. Raises `SyncError` only when changes could not be
    queued again either.
    """
    return sync_in_batches(changes, context, adding_up(_sync_pass))


# The order of the steps is the crash safety (see the one of contacts):
#
# 1. Queue the deals of contacts, companies and accounts that could not be read when these were
#    linked. Turn changes of roles into changes of opportunities; a change of a stage or a record
#    type updates the pipelines.
# 2. Gather and plan. Nothing is written. If a record is in a pipeline or stage that the map does
#    not know, update the pipelines and do it again.
# 3. Hold back what is over the hour's limits. Not before: planning again would count twice.
# 4. Queue, with a delay, the records that wait for what these plans release. Only records that are
#    matched by a value wait for others.
# 5. Queue, with a delay, the activities of deals that these plans link.
# 6. Apply the plans, with the roll-ups of contacts after the ties that they depend on.
# 7. Give records that a missing field has stopped another try without its mapping.
# 8. Process the results; the SQS message is deleted only after that.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    changes = resolve_indirect(queue_dependants_of(changes, context), context)
    if not changes:
        return []
    planned = _plan_unlimited(changes, context)
    if _has_unknown_stage(planned):
        _update_pipelines(context)
        planned = _plan_unlimited(changes, context)
    planned = _within_limits(planned, context)
    ruleset = planned.ruleset
    summary.counts["Quiet"] += planned.unchanged
    waiting: list[Change] = []
    if context.connection.deals.match_hubspot and (released := _released(planned, context)):
        waiting = queue_waiting(released, changes[0], context, Cause.AGAIN)
    if any(map(makes_link, planned.facts, planned.plans)):
        queue_activities(planned.facts, planned.plans, context)
    results = apply_and_complete(
        planned.facts,
        planned.plans,
        context,
        ruleset,
        lambda pairs: plan_batch(pairs, context, ruleset, plan_opportunity),
        roll_up,
    )
    results = retry_without_resting(results, ruleset, changes, context)
    at_once = process_results(results, context, summary, is_last=is_last)
    return [*planned.not_yet, *at_once, *waiting]


def _released(planned: PlannedBatch[OpportunityFacts], context: SyncContext) -> list[Ref]:
    """The records that may no longer be in the way of others with the same value (CH-14)."""
    deals = context.connection.deals
    names = {Side.HUBSPOT: deals.match_hubspot, Side.SALESFORCE: deals.match_salesforce}
    return [
        ref
        for one, plan in zip(planned.facts, planned.plans, strict=True)
        for ref in releases(one, plan, names, for_another=_is_for_another(one.change))
    ]


def _is_for_another(change: Change) -> bool:
    """Whether another record has asked for a look at this one, which nobody need have touched."""
    return change.cause is Cause.WOKEN or (change.cause is Cause.AGAIN and not change.tries)


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
        ruleset, changes, context, lambda ruleset: _gather(changes, context, ruleset)
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


def _gather(
    changes: Sequence[Change], context: SyncContext, ruleset: Ruleset
) -> Gathered[OpportunityFacts]:
    """Read all that the plans of these changes need: also the contacts of a deal, the roles in an
    opportunity, and who is whose counterpart.

    The associations of a deal are read with every deal, as none of its properties shows that one
    was added or removed. Roles are read only for records that have changed, as a change of a role
    is reported by itself. Raises `SyncError` when a side or a store does not answer.
    """
    loader = BatchLoader(
        context, ruleset, OpportunityFacts, lambda records: _with_contacts(records, context)
    )
    to_sync, unlinked = loader.load(changes)
    _find_by_value(unlinked, loader)
    loader.resolve_named(unlinked)
    gathered = loader.facts_of(changes, to_sync, _identity)
    return replace(gathered, facts=with_roles(gathered.facts, context))


def _identity(facts: OpportunityFacts) -> object:
    return facts.link.hubspot if facts.link else facts.change.ref


def _with_contacts(records: Mapping[Ref, Record], context: SyncContext) -> Mapping[Ref, Record]:
    """The records, each deal with its contacts and its primary company added."""
    deals = [ref for ref in records if ref.object == DEAL]
    if not deals:
        return records
    contacts = context.associations.of(deals, HUBSPOT_CONTACT)
    companies = context.associations.primary_companies(deals)
    completed = {}
    for ref in deals:
        company = companies.get(ref)
        completed[ref] = with_contacts(
            records[ref],
            tuple(one.id for one in contacts.get(ref, ())),
            company.id if company else "",
        )
    return {**records, **completed}


def _find_by_value(unlinked: Sequence[Record], loader: BatchLoader[OpportunityFacts]) -> None:
    """If the settings ask for it, find records of the other side with the same value as a record
    without a link (CH-14).
    """
    deals = loader.context.connection.deals
    if not (deals.match_hubspot and deals.match_salesforce):
        return
    mine = {Side.HUBSPOT: deals.match_hubspot, Side.SALESFORCE: deals.match_salesforce}
    for side in Side:
        values = {one.ref: _value(one, mine[side]) for one in unlinked if one.ref.side is side}
        found = _by_value(
            side.other,
            mine[side.other],
            sorted({one for one in values.values() if one}),
            loader.context,
        )
        loader.read(ref for refs in found.values() for ref in refs)
        for ref, value in values.items():
            records = (loader.records.get(one) for one in found.get(value, ()))
            loader.candidates[ref] = tuple(one for one in records if one)


def _by_value(
    side: Side, name: str, values: Sequence[str], context: SyncContext
) -> Mapping[str, tuple[Ref, ...]]:
    if not values:
        return {}
    if side is Side.SALESFORCE:
        return context.opportunities.by_value(name, values)
    return {value: (ref,) for value, ref in context.deals.by_value(name, values).items()}


def _value(record: Record, name: str) -> str:
    value = record.fields.get(name)
    return "" if is_blank(value) else str(value).strip().lower()
