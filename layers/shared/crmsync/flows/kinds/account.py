"""Companies and accounts, batch by batch: gather everything, plan each record, apply all plans
together.

A record that waits for an account is synced again as soon as the account is linked (FLD-8).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.batches import sync_in_batches
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import RecordResult, apply_and_complete, retry_without_resting
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.gathered import Gathered
from crmsync.flows.engine.loader import BatchLoader
from crmsync.flows.engine.merged_links import tombstone_of_merged
from crmsync.flows.engine.planning import (
    PlannedBatch,
    gather_existing_fields,
    makes_link,
    owners_for,
    plan_batch,
    zone_for,
)
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.kinds.about_linked import queue_activities
from crmsync.flows.kinds.dependants import queue_dependants, queue_dependants_again
from crmsync.flows.kinds.membership import CompanyMembers
from crmsync.flows.kinds.paired_again import paired_again, queue_contacts, queue_contacts_again
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import DOMAIN, WEBSITE
from crmsync.model.effects import SaveLink
from crmsync.model.links import LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.account import AccountFacts, plan_account
from crmsync.rules.fields.domains import host_of
from crmsync.rules.kinds.account.ruleset import account_ruleset
from crmsync.rules.merge.parents import account_of, company_of
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.matching import choose_account


def sync_accounts(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Sync the named companies and accounts. Raises `SyncError` only when changes could not be
    queued again either.
    """
    return sync_in_batches(changes, context, _sync_pass)


# The order of the steps is the crash safety (see the one of contacts):
#
# 1. Gather and plan. Nothing is written.
# 2. Queue, with a delay, the deals and activities of accounts that these plans link, and the
#    contacts of those that get a counterpart again: afterwards they show nothing new, and nobody
#    would find out what waits for them.
# 3. Apply the plans; a new record is planned again as a pair.
# 4. Give records that a missing field has stopped another try without its mapping.
# 5. Queue the deals and contacts of step 2 again, without the delay, and the contacts that wait for
#    an account that is linked now. A contact that waits also keeps its own place in the queue.
# 6. Process the results; the SQS message is deleted only after that.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    planned = gather_and_plan(changes, context)
    ruleset = planned.ruleset
    summary.counts["Quiet"] += planned.unchanged
    dependants: list[Change] = []
    again = paired_again(planned.facts, planned.plans)
    links = any(map(makes_link, planned.facts, planned.plans))
    if links:
        dependants = queue_dependants(planned.facts, planned.plans, context)
        queue_activities(planned.facts, planned.plans, context)
    contacts = queue_contacts(again, context) if again else []
    results = apply_and_complete(
        planned.facts,
        planned.plans,
        context,
        ruleset,
        lambda pairs: plan_batch(pairs, context, ruleset, plan_account),
    )
    results = retry_without_resting(results, ruleset, changes, context)
    if links:
        queue_dependants_again(results, dependants, context)
    if again:
        queue_contacts_again(again, contacts, context)
    _queue_waiting(changes, planned.not_yet, results, context)
    at_once = process_results(results, context, summary, is_last=is_last)
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
        ruleset, changes, context, lambda ruleset: _gather(changes, context, ruleset)
    )
    ruleset = replace(ruleset, owners=owners_for(gathered.facts, context))
    facts, plans = plan_batch(gathered.facts, context, ruleset, plan_account)
    facts, plans = hold_excess(facts, plans, context, ruleset, plan_account)
    return PlannedBatch(facts, plans, ruleset, gathered.not_yet, gathered.unchanged)


def _queue_waiting(
    changes: Sequence[Change],
    not_yet: Sequence[Change],
    results: Sequence[RecordResult[AccountFacts]],
    context: SyncContext,
) -> None:
    """Queue the contacts and activities that wait for an account that is linked now.

    A change of an account names what asked for it. Contacts that have given up asking are found in
    the error inbox (ACC-21).
    """
    unlinked = {change.ref for change in not_yet}
    newly_linked: list[Ref] = []
    for one in results:
        if one.error is not None or not _is_linked(one.facts, one.plan):
            unlinked.add(one.facts.change.ref)
        if one.error is None:
            newly_linked += _newly_linked(one.plan)
    named = [ref for change in changes if change.ref not in unlinked for ref in change.waiting]
    name, now = context.connection.name, context.now()
    waiting = dict.fromkeys([*named, *context.inbox.waiting_for(name, newly_linked)])
    context.outbox.again(
        [
            (Change(name, KIND_OF[ref.side][ref.object], ref, Cause.EDITED, now), 0)
            for ref in waiting
        ]
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


_DOMAINS = {Side.HUBSPOT: DOMAIN, Side.SALESFORCE: WEBSITE}


def _gather(
    changes: Sequence[Change], context: SyncContext, ruleset: Ruleset
) -> Gathered[AccountFacts]:
    """Read all that the plans of these changes need: for records without a link also the contacts
    that show which company and account belong together (DUP-2), in batches. Raises `SyncError` when
    a side or a store does not answer.
    """
    loader = BatchLoader(context, ruleset, AccountFacts)
    to_sync, unlinked = loader.load(changes)
    members = CompanyMembers(context)
    votes = members.votes([one.ref for one in unlinked])
    _match_by_domain(unlinked, votes, context)
    loader.read(ref for voted in votes.values() for ref in voted)
    for record in unlinked:
        found = (loader.records.get(ref) for ref in votes[record.ref])
        loader.candidates[record.ref] = tuple(one for one in found if one)
    _drop_promised(unlinked, loader, members)
    loader.resolve_named(unlinked)
    gathered = loader.facts_of(
        changes, to_sync, lambda facts: facts.link.hubspot if facts.link else facts.change.ref
    )
    facts = [_with_votes(one, votes, members) for one in gathered.facts]
    return replace(gathered, facts=_with_counterparts_gone(facts, loader))


def _with_votes(
    facts: AccountFacts, votes: Mapping[Ref, Counter[Ref]], members: CompanyMembers
) -> AccountFacts:
    if facts.link is not None or facts.named is None:
        return facts
    ref = facts.named.ref
    return replace(facts, members=members.members(ref), votes=votes.get(ref, Counter()))


def _with_counterparts_gone(
    facts: Sequence[AccountFacts], loader: BatchLoader[AccountFacts]
) -> list[AccountFacts]:
    """The facts, with the counterparts that are gone of records without a link: the tombstone that
    a merged company has left, or, where no link tells of it, the one that the record names.
    """
    gone = {
        one.named.ref: named
        for one in facts
        if one.named and one.counterpart_is_gone
        if (named := loader.counterpart_named_by(one.named))
    }
    if not gone:
        return list(facts)
    loader.read_links(gone.values())
    found: list[AccountFacts] = []
    for one in facts:
        named = gone.get(one.change.ref)
        if one.named and named:
            made = one.made if named in loader.links else named
            inherited = tombstone_of_merged(loader, one.named)
            found.append(replace(one, made=made, inherited=inherited))
        else:
            found.append(one)
    return found


def _drop_promised(
    unlinked: Sequence[Record], loader: BatchLoader[AccountFacts], members: CompanyMembers
) -> None:
    """Leave out a candidate that is going to be linked with another record: one without a link that
    more of the candidate's contacts belong to (DUP-3).

    So the result does not depend on which record is synced first.
    """
    found = list({one.ref: one for record in unlinked for one in loader.candidates[record.ref]})
    loader.load_counterparts(found)
    votes = members.votes([ref for ref in found if not loader.is_taken(ref)])
    competitors = list({ref for voted in votes.values() for ref in voted})
    loader.read(competitors)
    loader.load_counterparts(competitors)
    taken = {ref for ref in competitors if loader.is_taken(ref)}
    for record in unlinked:
        loader.candidates[record.ref] = tuple(
            one
            for one in loader.candidates[record.ref]
            if one.ref not in votes
            or choose_account(_known(votes[one.ref], loader, record), votes[one.ref], taken)
            == record
        )


def _known(refs: Iterable[Ref], loader: BatchLoader[AccountFacts], record: Record) -> list[Record]:
    """Those of the records that exist, and `record`."""
    known = {ref: loader.records[ref] for ref in refs if ref in loader.records}
    return list({**known, record.ref: record}.values())


def _match_by_domain(
    unlinked: Sequence[Record], votes: Mapping[Ref, Counter[Ref]], context: SyncContext
) -> None:
    """If the settings ask for it, add candidates with the same domain for records without a vote
    (CH-15).
    """
    if not context.connection.companies.match_by_domain:
        return
    for side in Side:
        domains = {
            one.ref: host_of(str(one.fields.get(_DOMAINS[side]) or ""))
            for one in unlinked
            if one.ref.side is side and not votes[one.ref]
        }
        wanted = sorted({domain for domain in domains.values() if domain})
        if not wanted:
            continue
        find, ref_of = (
            (context.accounts.accounts_by_domain, account_of)
            if side is Side.HUBSPOT
            else (context.companies.companies_by_domain, company_of)
        )
        found = find(wanted)
        for ref, domain in domains.items():
            counterpart = ref_of(found.get(domain))
            if counterpart:
                votes[ref][counterpart] = 0
