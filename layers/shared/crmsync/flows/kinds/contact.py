"""Contacts, batch by batch: gather everything, plan each record, apply all plans together.

What goes wrong with one record concerns that record alone: it is synced again, put off, or kept in
the error inbox with the cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.errors import Conflict, SyncError
from crmsync.flows.engine.apply import apply
from crmsync.flows.engine.batches import sync_in_batches
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import (
    apply_and_complete,
    rebase_from_response,
    retry_without_resting,
)
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.gathered import Gathered
from crmsync.flows.engine.loader import BatchLoader
from crmsync.flows.engine.planning import (
    PlannedBatch,
    find_parents,
    gather_existing_fields,
    hubspot_records,
    loses_company,
    makes_or_ends_link,
    owners_for,
    plan_batch,
    releases,
    zone_for,
)
from crmsync.flows.engine.results import BlockingRecord, Summary, process_results
from crmsync.flows.engine.waits import queue_waiting
from crmsync.flows.kinds.about_linked import queue_activities
from crmsync.flows.kinds.contact_waits import (
    outside_the_list,
    plans_to_vacate,
    without_taken_addresses,
)
from crmsync.flows.kinds.converted_leads import inherit_from_leads
from crmsync.flows.kinds.dependants import (
    queue_dependants,
    queue_dependants_again,
    queue_dependants_of_joined,
)
from crmsync.flows.kinds.left_in_salesforce import (
    look_again,
    look_at_address,
    look_at_merged,
    with_contacts_of_the_address,
)
from crmsync.flows.kinds.other_companies import with_other_companies
from crmsync.flows.kinds.taken_ids import with_taken_ids
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import (
    ADDITIONAL_EMAILS,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    SALESFORCE_EMAIL,
)
from crmsync.model.effects import UpdateRecord
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.links import Link
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.model.settings import CreateInSalesforce
from crmsync.plans.contact import ContactFacts, address_of, lacks_id, left_alone, plan_contact
from crmsync.rules.kinds.contact.inclusion import has_preset, needs_membership
from crmsync.rules.kinds.contact.ruleset import contact_ruleset
from crmsync.rules.merge.ruleset import ContactRules, Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.email_moves import addresses_of

_MATCHED_BY = {Side.HUBSPOT: HUBSPOT_EMAIL, Side.SALESFORCE: SALESFORCE_EMAIL}


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
# 3. Queue, with a delay, the deals of contacts that these plans link, or whose links they end; the
#    activities of those that they link; contacts that come out of the recycle bin, so that they are
#    added up; those that have joined the preset list, so that their deals are synced and added up,
#    and their activities synced; what is left of those that were merged into contacts that may have
#    joined a list; and what is left in Salesforce of contacts that are gone, if it was made a
#    moment ago.
#    Steps 2 and 3 come before any write: afterwards the records show nothing new, and nobody would
#    find out who waits for them.
# 4. Clear addresses that are about to move to another contact, as HubSpot allows each only once.
# 5. Apply the plans. Within a plan the link is saved before the records are written, and it says
#    what is about to be written; a new record is planned again as a pair.
# 6. Give records that a missing field has stopped another try without its mapping.
# 7. Read and queue the deals of step 3 again, without the delay, as the links are saved now.
# 8. Process the results. Whatever failed is queued or reported; the SQS message is deleted only
#    after that.
#
# Most changes need none of steps 2, 3, 4, 6 and 7: each is entered only where its trigger holds.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    planned = gather_and_plan(changes, context)
    ruleset = planned.ruleset
    summary.counts["Quiet"] += planned.unchanged
    waiting: list[Change] = []
    dependants: list[Change] = []
    links = any(map(makes_or_ends_link, planned.facts, planned.plans))
    if released := _released(planned):
        waiting = queue_waiting(released, changes[0], context)
    if links or any(one.change.cause is Cause.RESTORED for one in planned.facts):
        dependants = queue_dependants(planned.facts, planned.plans, context)
        queue_activities(planned.facts, planned.plans, context)
    has_list = bool(context.connection.contacts.inclusion_list)
    if has_list and has_preset(context.connection.contacts):
        queue_dependants_of_joined(planned.facts, planned.plans, context, ruleset)
    if has_list:
        look_at_merged(planned.facts, planned.plans, context, ruleset)
    if links or released:
        # A pair outside the inclusion list, whose contact may keep a new address to itself, counts
        # as released at each look that is its own.
        look_at_address(planned.facts, planned.plans, context, ruleset)
    if any(one.hubspot is None for one in planned.facts):
        look_again(planned.facts, context)
    if planned.first:
        apply(planned.first, context, rebase_from_response(ruleset))
    results = apply_and_complete(
        planned.facts,
        planned.plans,
        context,
        ruleset,
        lambda pairs: plan_batch(pairs, context, ruleset, plan_contact),
    )
    results = retry_without_resting(results, ruleset, changes, context)
    if links:
        queue_dependants_again(results, dependants, context)
    at_once = process_results(
        results, context, summary, is_last=is_last, find_blocking=_contact_with_the_address
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
        ruleset, changes, context, lambda ruleset: _gather(changes, context, ruleset)
    )
    facts = _with_accounts(gathered.facts, context)
    if any(map(left_alone, facts)):
        facts = with_contacts_of_the_address(facts, context, ruleset)
    if any(lacks_id(one, ruleset) for one in facts):
        facts = with_taken_ids(facts, context, ruleset)
    ruleset = _complete_ruleset(facts, context, ruleset)
    has_list = bool(context.connection.contacts.inclusion_list)
    if has_list or any(loses_company(one, ruleset) for one in facts):
        facts = with_other_companies(facts, context, ruleset)
    facts, plans = plan_batch(facts, context, ruleset, plan_contact)
    together: list[Change] = []
    first: list[Plan] = []
    if any(map(_changes_address, plans)):
        facts, plans, together = without_taken_addresses(
            facts, plans, {change.ref for change in changes}, context, ruleset
        )
    facts, plans = hold_excess(facts, plans, context, ruleset, plan_contact)
    if any(map(_changes_address, plans)):
        first = plans_to_vacate(facts, plans)
    return PlannedBatch(
        facts,
        plans,
        ruleset,
        not_yet=[*gathered.not_yet, *together],
        unchanged=gathered.unchanged,
        first=tuple(first),
    )


def _gather(
    changes: Sequence[Change], context: SyncContext, ruleset: Ruleset
) -> Gathered[ContactFacts]:
    """Read all that the plans of these changes need: for a record without a link also the records
    with the same address that it may be linked with (DUP-1). Raises `SyncError` when a side or a
    store does not answer.
    """
    loader = BatchLoader(context, ruleset, ContactFacts)
    to_sync, unlinked = loader.load(changes)
    if unlinked:
        _find_by_address(unlinked, loader)
        loader.resolve_named(unlinked)
        _inherit_links(unlinked, loader)
        inherit_from_leads(unlinked, loader)
    return loader.facts_of(changes, to_sync, _identity)


def _identity(facts: ContactFacts) -> object:
    if facts.link is not None:
        return facts.link.hubspot
    return (facts.named and _address(facts.named)) or facts.change.ref


def _find_by_address(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """For records without a link, find those of the other side with the same address; a HubSpot
    contact may have it as an additional one.
    """
    for side in Side:
        seekers = [
            record for record in unlinked if record.ref.side is side.other and _address(record)
        ]
        if not seekers:
            continue
        fields = loader.ruleset.fields(side)
        if side is Side.HUBSPOT:
            fields = {HUBSPOT_CONTACT: (*fields[HUBSPOT_CONTACT], ADDITIONAL_EMAILS)}
        found = loader.context.crm(side).find([_address(record) for record in seekers], fields)
        loader.keep(found)
        by_address: dict[str, tuple[Record, ...]] = {}
        for record in found:
            for address in addresses_of(record) if side is Side.HUBSPOT else [_address(record)]:
                by_address[address] = (*by_address.get(address, ()), record)
        loader.candidates.update(
            (record.ref, by_address.get(_address(record), ())) for record in seekers
        )


def _inherit_links(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """Let a record that took the place of a linked one take over its link (DUP-26, MRG-1,
    MRG-3).
    """
    successors: list[tuple[Record, Link]] = []
    for record in unlinked:
        successors += [
            (record, loader.links[one.ref])
            for one in loader.candidates.get(record.ref, ())
            if one.ref in loader.links
        ]
    loader.follow(
        place for record, link in successors if isinstance(place := link.on(record.ref.side), Ref)
    )
    for record, link in successors:
        place = link.on(record.ref.side)
        if isinstance(place, Ref) and loader.successor_of(place) == record.ref:
            loader.links.setdefault(record.ref, link)


def _address(record: Record) -> str:
    return normalise_email(address_of(record))


def _complete_ruleset(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> Ruleset:
    """The ruleset with what these facts need: the members of the inclusion list, the counterparts
    of their companies and accounts, and the owners.
    """
    contacts = [contact.ref for one in facts for contact in hubspot_records(one)]
    settings = context.connection.contacts
    members: frozenset[Ref] = frozenset()
    if contacts and settings.inclusion_list and needs_membership(settings):
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


def _released(planned: PlannedBatch[ContactFacts]) -> list[Ref]:
    """The records that may no longer be in the way of others once these plans are applied."""
    released = [
        ref
        for one, plan in zip(planned.facts, planned.plans, strict=True)
        for ref in releases(one, plan, _MATCHED_BY, for_another=one.change.cause is Cause.WOKEN)
    ]
    if planned.ruleset.connection.contacts.inclusion_list:
        released += [ref for one in planned.facts for ref in outside_the_list(one, planned.ruleset)]
    return released


def _contact_with_the_address(
    facts: ContactFacts, plan: Plan, error: SyncError
) -> BlockingRecord | None:
    """The contact that already has the address which this one is to get or to be created with.

    One that has the key was made for this record, so the two are linked as soon as it is read.
    """
    if not isinstance(error, Conflict) or not error.existing or error.fieldname == HUBSPOT_KEY:
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
