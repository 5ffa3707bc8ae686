"""Companies and accounts, batch by batch: gather everything, plan each record, apply all plans
together.

A record that waits for an account is synced again as soon as the account is linked (FLD-8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.errors import Drifted
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import AppliedBatch, apply_and_complete
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.passes import sync_in_batches
from crmsync.flows.engine.planning import (
    PlannedBatch,
    gather_existing_fields,
    makes_link,
    owners_for,
    plan_batch,
    zone_for,
)
from crmsync.flows.engine.resting_mappings import retry_without_resting
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.kinds.account_gather import gather
from crmsync.flows.kinds.dependants import queue_dependants
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import SaveLink
from crmsync.model.links import LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref
from crmsync.plans.account import AccountFacts, plan_account
from crmsync.rules.kinds.account.ruleset import account_ruleset


def sync_accounts(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Sync the named companies and accounts. Raises `SyncError` only when changes could not be
    queued again either.
    """
    return sync_in_batches(changes, context, _sync_pass)


# The order of the steps is the crash safety (see the one of contacts):
#
# 1. Gather and plan. Nothing is written.
# 2. Queue, with a delay, the deals of accounts that these plans link: afterwards they show nothing
#    new, and nobody would find out which deals wait for them.
# 3. Apply the plans; a new record is planned again as a pair.
# 4. Give records that a missing field has stopped another try without its mapping.
# 5. Queue the deals of step 2 again, without the delay, and the contacts that wait for an account
#    that is linked now. A contact that waits also keeps its own place in the queue.
# 6. Process the results; the SQS message is deleted only after that.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    planned = gather_and_plan(changes, context)
    ruleset = planned.ruleset
    summary.counts["Quiet"] += planned.unchanged
    dependants: list[Change] = []
    if any(map(makes_link, planned.facts, planned.plans)):
        dependants = queue_dependants(planned.facts, planned.plans, context)
    done = apply_and_complete(
        planned.facts,
        planned.plans,
        context,
        ruleset,
        lambda pairs: plan_batch(pairs, context, ruleset, plan_account),
    )
    applied = done.applied
    if any(isinstance(one.error, Drifted) for one in applied):
        applied = retry_without_resting(applied, ruleset, changes, context)
    done = replace(done, applied=applied)
    if dependants:
        context.outbox.again([(change, 0) for change in dependants])
    _queue_waiting_contacts(changes, planned.not_yet, done, context)
    at_once = process_results(done.facts, done.plans, applied, context, summary, is_last=is_last)
    return [*planned.not_yet, *at_once]


def gather_and_plan(changes: Sequence[Change], context: SyncContext) -> PlannedBatch[AccountFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    ruleset = account_ruleset(
        context.connection,
        context.fingerprinter,
        context.our_user,
        context.our_app,
        person_accounts=context.accounts.has_person_accounts(),
        places=context.accounts.places(),
        zone=zone_for(context.connection.companies.field, context),
    )
    ruleset, gathered = gather_existing_fields(
        ruleset, changes, context, lambda ruleset: gather(changes, context, ruleset)
    )
    ruleset = replace(ruleset, owners=owners_for(gathered.facts, context))
    facts, plans = plan_batch(gathered.facts, context, ruleset, plan_account)
    facts, plans = hold_excess(facts, plans, context, ruleset, plan_account)
    return PlannedBatch(facts, plans, ruleset, gathered.not_yet, gathered.unchanged)


def _queue_waiting_contacts(
    changes: Sequence[Change],
    not_yet: Sequence[Change],
    done: AppliedBatch[AccountFacts],
    context: SyncContext,
) -> None:
    """Queue the contacts that wait for an account that is linked now.

    A change of an account names the contacts that asked for it. Contacts that have given up asking
    are found in the error inbox (ACC-21).
    """
    unlinked = {change.ref for change in not_yet}
    newly_linked: list[Ref] = []
    for one, plan, applied in zip(done.facts, done.plans, done.applied, strict=True):
        if applied.error is not None or not _is_linked(one, plan):
            unlinked.add(one.change.ref)
        if applied.error is None:
            newly_linked += _newly_linked(plan)
    named = [ref for change in changes if change.ref not in unlinked for ref in change.waiting]
    name, now = context.connection.name, context.now()
    waiting = dict.fromkeys([*named, *context.inbox.waiting_for(name, newly_linked)])
    context.outbox.again(
        [(Change(name, Kind.CONTACT, ref, Cause.EDITED, now), 0) for ref in waiting]
    )


def _newly_linked(plan: Plan) -> list[Ref]:
    """Both records of each link that a plan saves for the first time."""
    links = [
        effect.link
        for effect in plan.effects
        if isinstance(effect, SaveLink) and not effect.link.version
    ]
    return [
        place
        for link in links
        for place in (link.hubspot, link.salesforce)
        if isinstance(place, Ref)
    ]


def _is_linked(facts: AccountFacts, plan: Plan) -> bool:
    saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
    link = saved[-1] if saved else facts.link
    return link is not None and link.state is LinkState.ACTIVE
