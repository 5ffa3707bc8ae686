"""Deals and opportunities, batch by batch: gather everything, plan each record, apply all plans
together.

A contact role, a stage and a record type are no records of a pair. Their changes are first turned
into changes of the opportunities that they concern.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from crmsync.errors import Refused
from crmsync.flows.engine.batches import sync_in_batches
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import apply_and_complete, retry_without_resting
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import BatchLoader
from crmsync.flows.engine.planning import (
    PlannedBatch,
    find_parents,
    gather_existing_fields,
    owners_for,
    plan_batch,
    releases,
)
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.engine.waits import queue_waiting
from crmsync.flows.kinds.pipelines import current_map, sync_pipelines
from crmsync.flows.kinds.roll_ups import adding_up, roll_up
from crmsync.model.changes import Cause, Change, TieEvent, coalesce
from crmsync.model.crm_names import (
    CONTACT_ROLE,
    DEAL,
    HUBSPOT_CONTACT,
    OPPORTUNITY_STAGE,
    RECORD_TYPE,
    SALESFORCE_CONTACT,
)
from crmsync.model.facts import Gathered
from crmsync.model.links import LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.model.roles import Role
from crmsync.plans.opportunity import OpportunityFacts, plan_opportunity
from crmsync.rules.fields.values import is_blank
from crmsync.rules.kinds.opportunity.ruleset import (
    contacts_beside,
    opportunity_ruleset,
    with_contacts,
)
from crmsync.rules.kinds.opportunity.tie_intents import may_events_follow
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
# 1. Turn changes of roles into changes of opportunities; a change of a stage or a record type
#    updates the pipelines.
# 2. Gather and plan. Nothing is written. If a record is in a pipeline or stage that the map does
#    not know, update the pipelines and do it again.
# 3. Hold back what is over the hour's limits. Not before: planning again would count twice.
# 4. Queue, with a delay, the records that wait for what these plans release. Only records that are
#    matched by a value wait for others.
# 5. Apply the plans, with the roll-ups of contacts after the ties that they depend on.
# 6. Give records that a missing field has stopped another try without its mapping.
# 7. Process the results; the SQS message is deleted only after that.
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
    waiting: list[Change] = []
    if context.connection.deals.match_hubspot and (released := _released(planned, context)):
        waiting = queue_waiting(released, changes[0], context, Cause.AGAIN)
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
        for ref in releases(
            one, plan, names, for_another=one.change.cause is Cause.AGAIN and not one.change.tries
        )
    ]


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
    return replace(gathered, facts=_with_roles(gathered.facts, context))


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


def _with_roles(facts: Sequence[OpportunityFacts], context: SyncContext) -> list[OpportunityFacts]:
    """The facts with the roles of each opportunity, the counterparts of all contacts that are tied
    to it, and whether its deletion is deferred.
    """
    opportunities = {at: ref for at, one in enumerate(facts) if (ref := _opportunity(one))}
    roles = (
        context.opportunities.roles_of(dict.fromkeys(opportunities.values()))
        if opportunities
        else {}
    )
    of_each = [
        roles.get(opportunities[at], ()) if at in opportunities else () for at in range(len(facts))
    ]
    contacts = [_contacts(one, mine) for one, mine in zip(facts, of_each, strict=True)]
    across = _across((ref for refs in contacts for ref in refs), context)
    held = _held([one for one in facts if one.link and one.salesforce is None], context)
    return [
        replace(
            one,
            roles=mine,
            across={
                ref: there
                for ref in refs
                if (there := across.get(ref)) and ref.side is Side.HUBSPOT
            }
            | {
                there: ref
                for ref in refs
                if (there := across.get(ref)) and ref.side is Side.SALESFORCE
            },
            is_held=one.change.ref in held,
            ties_are_open=one.link is not None and may_events_follow(one.link, context.now()),
        )
        for one, mine, refs in zip(facts, of_each, contacts, strict=True)
    ]


def _opportunity(facts: OpportunityFacts) -> Ref | None:
    """The opportunity of some facts, even if it is deleted; its roles are deleted with it."""
    if facts.salesforce:
        return facts.salesforce.ref
    place = facts.link.salesforce if facts.link else facts.change.ref
    if (
        facts.link is None
        and facts.named_counterpart
        and facts.named_counterpart.ref.side is Side.SALESFORCE
    ):
        place = facts.named_counterpart.ref
    return (
        place
        if isinstance(place, Ref) and place.side is Side.SALESFORCE
        else _only_candidate(facts)
    )


def _only_candidate(facts: OpportunityFacts) -> Ref | None:
    found = [one.ref for one in facts.candidates if one.ref.side is Side.SALESFORCE]
    return found[0] if len(found) == 1 else None


def _contacts(facts: OpportunityFacts, roles: Iterable[Role]) -> list[Ref]:
    deals = [
        one
        for one in (facts.hubspot, facts.named_counterpart, *facts.candidates)
        if one and one.ref.object == DEAL
    ]
    associated = [
        Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one) for deal in deals for one in contacts_beside(deal)
    ]
    return list(
        dict.fromkeys(
            [
                *associated,
                *(one.contact for one in roles),
                *(one.contact for one in facts.change.ties),
            ]
        )
    )


def _across(contacts: Iterable[Ref], context: SyncContext) -> Mapping[Ref, Ref]:
    """Contact -> its counterpart, on either side. A contact that syncs with a lead has none here
    (Q-27).
    """
    wanted = list(dict.fromkeys(contacts))
    links = context.links.find(context.connection.name, wanted) if wanted else {}
    found: dict[Ref, Ref] = {}
    for ref, link in links.items():
        there = link.on(ref.side.other)
        is_pair = isinstance(link.salesforce, Ref) and link.salesforce.object == SALESFORCE_CONTACT
        if link.state is LinkState.ACTIVE and is_pair and isinstance(there, Ref):
            found[ref] = there
    return found


def _held(gone: Sequence[OpportunityFacts], context: SyncContext) -> frozenset[Ref]:
    """The changes of opportunities that are in the recycle bin and whose deletion must still wait
    (Q-30).
    """
    hours = context.connection.deals.hold_deletes_hours
    places = {one.change.ref: ref for one in gone if (ref := _opportunity(one))}
    if not hours or not places or not context.connection.deals.delete_in_hubspot:
        return frozenset()
    moments = context.opportunities.deleted_at(places.values())
    due = context.now() - timedelta(hours=hours)
    return frozenset(
        ref for ref, place in places.items() if place in moments and moments[place] > due
    )
