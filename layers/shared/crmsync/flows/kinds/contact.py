"""Contacts, batch by batch: gather everything, plan each record, apply all plans together.

What goes wrong with one record is that record's alone: it is looked at again, put off, or kept in
the error inbox with its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.errors import Conflict, SyncError
from crmsync.flows.engine.apply import apply
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import apply_and_complete, rebase_from_response
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.passes import sync_in_batches
from crmsync.flows.engine.planning import PlannedBatch, zone_for
from crmsync.flows.engine.resting_mappings import gather_existing_fields, retry_without_resting
from crmsync.flows.engine.results import BlockingRecord, Summary, process_results
from crmsync.flows.kinds.contact_gather import gather
from crmsync.flows.kinds.contact_plan import complete_ruleset, plan_all, with_accounts
from crmsync.flows.kinds.contact_waits import (
    plans_to_vacate,
    queue_waiting,
    without_taken_addresses,
)
from crmsync.flows.kinds.dependants import queue_dependants
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT, HUBSPOT_EMAIL
from crmsync.model.effects import Plan, UpdateRecord
from crmsync.model.records import Ref, Side
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.kinds.contact.ruleset import contact_ruleset
from crmsync.rules.pair import reports


def sync_contacts(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Bring the named contacts in step, whatever their number. Raises `SyncError` only when not
    even putting them off worked.
    """

    def sync(some: list[Change], summary: Summary, is_last: bool) -> list[Change]:  # noqa: FBT001 - as `SyncPass` says
        return _sync_pass(some, context, summary, is_last=is_last)

    return sync_in_batches(changes, context, sync)


def gather_and_plan(changes: Sequence[Change], context: SyncContext) -> PlannedBatch[ContactFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    ruleset = contact_ruleset(
        context.connection,
        context.fingerprinter,
        context.our_user,
        context.our_app,
        person_accounts=context.accounts.has_person_accounts(),
        places=context.accounts.places(),
        zone=zone_for(context.connection.contacts.field, context),
    )
    ruleset, gathered = gather_existing_fields(
        ruleset, changes, context, lambda ruleset: gather(changes, context, ruleset)
    )
    facts = with_accounts(gathered.facts, context)
    ruleset = complete_ruleset(facts, context, ruleset)
    plans = plan_all(facts, context, ruleset)
    together = without_taken_addresses(
        facts, plans, {change.ref for change in changes}, context, ruleset
    )
    hold_excess(facts, plans, context, ruleset, plan_contact)
    not_yet = [*gathered.not_yet, *together]
    return PlannedBatch(
        facts, plans, ruleset, not_yet, gathered.quiet, first=tuple(plans_to_vacate(facts, plans))
    )


def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Look and apply once; answers the changes that must be looked at again at once."""
    looked = gather_and_plan(changes, context)
    facts, plans, ruleset = looked.facts, looked.plans, looked.ruleset
    summary.counts["Quiet"] += looked.quiet
    woken = queue_waiting(facts, plans, context)
    opportunities = queue_dependants(facts, plans, context)
    apply(looked.first, context, rebase_from_response(ruleset))
    applied = apply_and_complete(
        facts, plans, context, ruleset, lambda pairs: plan_all(pairs, context, ruleset)
    )
    retry_without_resting(applied, ruleset, changes, context)
    context.outbox.again([(change, 0) for change in opportunities])
    at_once = process_results(
        facts,
        plans,
        applied,
        context,
        summary,
        is_last=is_last,
        rival_of=_holder_of_the_address,
    )
    return [*looked.not_yet, *at_once, *woken]


def _holder_of_the_address(
    facts: ContactFacts, plan: Plan, error: SyncError
) -> BlockingRecord | None:
    """The contact that has the address which this one should get, or with which it should be
    made.
    """
    if not isinstance(error, Conflict) or not error.existing:
        return None
    if facts.link is None and plan.new_link and facts.change.ref.side is Side.SALESFORCE:
        holder = Ref(Side.HUBSPOT, HUBSPOT_CONTACT, error.existing)
        return BlockingRecord((facts.change,), reports.held_by_another(facts.change.ref, [holder]))
    if facts.link is None or not _moves_address(plan):
        return None
    contact = facts.hubspot.ref if facts.hubspot else facts.change.ref
    change, holder = replace(facts.change, cause=Cause.AGAIN), _other(contact, error.existing)
    return BlockingRecord(
        (change, replace(change, ref=holder, cause=Cause.WOKEN)),
        reports.address_taken(contact, holder),
    )


def _other(contact: Ref, record_id: str) -> Ref:
    return replace(contact, id=record_id)


def _moves_address(plan: Plan) -> bool:
    return any(
        isinstance(one, UpdateRecord) and one.side is Side.HUBSPOT and HUBSPOT_EMAIL in one.fields
        for one in plan.effects
    )
