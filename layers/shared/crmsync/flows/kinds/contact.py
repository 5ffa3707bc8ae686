"""Contacts, batch by batch: gather everything, plan each record, apply all plans together.

What goes wrong with one record concerns that record alone: it is synced again, put off, or kept in
the error inbox with the cause.
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
from crmsync.flows.engine.planning import (
    PlannedBatch,
    hubspot_records,
    owners_for,
    plan_batch,
    zone_for,
)
from crmsync.flows.engine.resting_mappings import gather_existing_fields, retry_without_resting
from crmsync.flows.engine.results import BlockingRecord, Summary, process_results
from crmsync.flows.kinds.contact_gather import gather
from crmsync.flows.kinds.contact_waits import (
    plans_to_vacate,
    queue_waiting,
    without_taken_addresses,
)
from crmsync.flows.kinds.dependants import queue_dependants
from crmsync.flows.kinds.parents import find_parents
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT, HUBSPOT_EMAIL
from crmsync.model.effects import UpdateRecord
from crmsync.model.emails import normalise_email
from crmsync.model.plan import Plan
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CreateInSalesforce
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.kinds.contact.inclusion import needs_membership
from crmsync.rules.kinds.contact.ruleset import contact_ruleset
from crmsync.rules.merge.ruleset import ContactRules, Ruleset
from crmsync.rules.pair import reports


def sync_contacts(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Sync the named contacts and leads, however many. Raises `SyncError` only when changes could
    not be queued again either.
    """
    return sync_in_batches(changes, context, _sync_pass)


# The order of the steps is the crash safety: a worker may die after any of them, and the next one
# must find everything that is left to do.
#
# 1. Gather and plan. Nothing is written.
# 2. Queue, with a delay, the contacts that wait for what these plans release.
# 3. Queue, with a delay, the deals of contacts that these plans link. Steps 2 and 3 come before any
#    write: afterwards the records show nothing new, and nobody would find out who waits for them.
# 4. Clear addresses that are about to move to another contact, as HubSpot allows each only once.
# 5. Apply the plans. Within a plan the link is saved before the records are written, and it says
#    what is about to be written; a new record is planned again as a pair.
# 6. Give records that a missing field has stopped another try without its mapping.
# 7. Queue the deals of step 3 again, without the delay, as the links are saved now.
# 8. Process the results. Whatever failed is queued or reported; the SQS message is deleted only
#    after that.
#
# Steps 2, 3, 4, 6 and 7 have nothing to do for most changes, and then make no call.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    planned = gather_and_plan(changes, context)
    ruleset = planned.ruleset
    summary.counts["Quiet"] += planned.unchanged
    waiting = queue_waiting(planned.facts, planned.plans, context)
    dependants = queue_dependants(planned.facts, planned.plans, context)
    apply(planned.first, context, rebase_from_response(ruleset))
    done = apply_and_complete(
        planned.facts,
        planned.plans,
        context,
        ruleset,
        lambda pairs: plan_batch(pairs, context, ruleset, plan_contact),
    )
    applied = retry_without_resting(done.applied, ruleset, changes, context)
    context.outbox.again([(change, 0) for change in dependants])
    at_once = process_results(
        done.facts,
        done.plans,
        applied,
        context,
        summary,
        is_last=is_last,
        find_blocking=_contact_with_the_address,
    )
    return [*planned.not_yet, *at_once, *waiting]


def gather_and_plan(changes: Sequence[Change], context: SyncContext) -> PlannedBatch[ContactFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    ruleset = contact_ruleset(
        context.connection,
        context.fingerprinter,
        context.our_user,
        context.our_app,
        zone=zone_for(context.connection.contacts.field, context),
        person_accounts=context.accounts.has_person_accounts(),
        places=context.accounts.places(),
    )
    ruleset, gathered = gather_existing_fields(
        ruleset, changes, context, lambda ruleset: gather(changes, context, ruleset)
    )
    facts = _with_accounts(gathered.facts, context)
    ruleset = _complete_ruleset(facts, context, ruleset)
    facts, plans = plan_batch(facts, context, ruleset, plan_contact)
    facts, plans, together = without_taken_addresses(
        facts, plans, {change.ref for change in changes}, context, ruleset
    )
    facts, plans = hold_excess(facts, plans, context, ruleset, plan_contact)
    return PlannedBatch(
        facts,
        plans,
        ruleset,
        not_yet=[*gathered.not_yet, *together],
        unchanged=gathered.unchanged,
        first=tuple(plans_to_vacate(facts, plans)),
    )


def _complete_ruleset(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> Ruleset:
    """The ruleset with what these facts need: the members of the inclusion list, the counterparts
    of their companies and accounts, and the owners.
    """
    contacts = [contact.ref for one in facts for contact in hubspot_records(one)]
    settings = context.connection.contacts
    members: frozenset[Ref] = frozenset()
    if contacts and needs_membership(settings):
        members = frozenset(context.lists.members(settings.inclusion_list, contacts))
    return replace(
        ruleset,
        contact=ContactRules(members),
        parents=find_parents(facts, context, ruleset),
        owners=owners_for(facts, context),
    )


def _with_accounts(facts: list[ContactFacts], context: SyncContext) -> list[ContactFacts]:
    """The facts with the Salesforce account of each unmatched contact's e-mail domain, where the
    settings create contacts only for known accounts (CH-12).
    """
    create = context.connection.contacts.create_in_salesforce
    if create is not CreateInSalesforce.CONTACT_IF_ACCOUNT:
        return facts
    domains: dict[int, str] = {}
    for at, one in enumerate(facts):
        if one.link is None and one.hubspot and not one.candidates:
            email = normalise_email(one.hubspot.fields.get(HUBSPOT_EMAIL))
            domains[at] = email.rpartition("@")[2].strip()
    accounts = context.accounts.accounts_by_domain(
        sorted({domain for domain in domains.values() if domain})
    )
    return [
        replace(one, account=accounts.get(domains.get(at, ""), "")) for at, one in enumerate(facts)
    ]


def _contact_with_the_address(
    facts: ContactFacts, plan: Plan, error: SyncError
) -> BlockingRecord | None:
    """The contact that already has the address which this one is to get or to be created with."""
    if not isinstance(error, Conflict) or not error.existing:
        return None
    if facts.link is None:
        if plan.new_link is None or facts.change.ref.side is not Side.SALESFORCE:
            return None
        existing = Ref(Side.HUBSPOT, HUBSPOT_CONTACT, error.existing)
        return BlockingRecord(
            (facts.change,), reports.duplicate_of_linked(facts.change.ref, [existing])
        )
    if not _changes_address(plan):
        return None
    contact = facts.hubspot.ref if facts.hubspot else facts.change.ref
    existing = replace(contact, id=error.existing)
    change = replace(facts.change, cause=Cause.AGAIN)
    return BlockingRecord(
        (change, replace(change, ref=existing, cause=Cause.WOKEN)),
        reports.address_taken(contact, existing),
    )


def _changes_address(plan: Plan) -> bool:
    return any(
        isinstance(effect, UpdateRecord)
        and effect.side is Side.HUBSPOT
        and HUBSPOT_EMAIL in effect.fields
        for effect in plan.effects
    )
