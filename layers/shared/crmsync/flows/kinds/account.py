"""Companies and accounts, batch by batch: gather everything, plan each record, apply all plans
together.

Whoever waits for an account is looked at again as soon as its pair is linked (FLD-8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.apply import Applied
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import apply_and_complete
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.passes import sync_in_batches
from crmsync.flows.engine.planning import PlannedBatch, owners_for, plan_batch, zone_for
from crmsync.flows.engine.resting_mappings import gather_existing_fields, retry_without_resting
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.kinds.account_gather import gather
from crmsync.flows.kinds.dependants import queue_dependants
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Plan, SaveLink
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref
from crmsync.plans.account import AccountFacts, plan_account
from crmsync.rules.kinds.account.ruleset import account_ruleset
from crmsync.rules.merge.ruleset import Ruleset


def sync_accounts(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Bring the named companies and accounts in step. Raises `SyncError` only when not even putting
    them off worked.
    """

    def sync(some: list[Change], summary: Summary, is_last: bool) -> list[Change]:  # noqa: FBT001 - as `SyncPass` says
        return _sync_pass(some, context, summary, is_last=is_last)

    return sync_in_batches(changes, context, sync)


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
    plans = _plan_all(gathered.facts, context, ruleset)
    hold_excess(gathered.facts, plans, context, ruleset, plan_account)
    return PlannedBatch(gathered.facts, plans, ruleset, gathered.not_yet, gathered.quiet)


def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Look and apply once; answers the changes that must be looked at again at once."""
    looked = gather_and_plan(changes, context)
    facts, plans, ruleset = looked.facts, looked.plans, looked.ruleset
    summary.counts["Quiet"] += looked.quiet
    woken = queue_dependants(facts, plans, context)
    applied = apply_and_complete(
        facts, plans, context, ruleset, lambda pairs: _plan_all(pairs, context, ruleset)
    )
    retry_without_resting(applied, ruleset, changes, context)
    context.outbox.again([(change, 0) for change in woken])
    _wake(changes, looked.not_yet, facts, plans, applied, context)
    return [
        *looked.not_yet,
        *process_results(facts, plans, applied, context, summary, is_last=is_last),
    ]


def _plan_all(facts: list[AccountFacts], context: SyncContext, ruleset: Ruleset) -> list[Plan]:
    return plan_batch(facts, context, ruleset, plan_account)


def _wake(
    changes: Sequence[Change],
    not_yet: Sequence[Change],
    facts: Sequence[AccountFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    context: SyncContext,
) -> None:
    """Have those looked at who wait for a record that is linked now."""
    still_alone = {change.ref for change in not_yet} | {
        one.change.ref
        for one, plan, done in zip(facts, plans, applied, strict=True)
        if done.error is not None or not _is_linked(one, plan)
    }
    told = [ref for change in changes if change.ref not in still_alone for ref in change.waiting]
    paired = [
        place
        for plan, done in zip(plans, applied, strict=True)
        if done.error is None
        for place in _paired(plan)
    ]
    waiting = dict.fromkeys([*told, *context.inbox.waiting_for(context.connection.name, paired)])
    now = context.now()
    context.outbox.again(
        [
            (Change(context.connection.name, Kind.CONTACT, ref, Cause.EDITED, now), 0)
            for ref in waiting
        ]
    )


def _paired(plan: Plan) -> list[Ref]:
    """The records that a plan links for the first time: those who gave up asking for one of them
    are in the error inbox (ACC-21).
    """
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
