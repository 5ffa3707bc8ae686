"""Gather all that planning accounts needs: through which contacts a company and an account without
a link belong together (DUP-2).

A linked pair costs no look at contacts. For a record without a link they are read in batches, by
`crmsync.flows.kinds.membership`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import BatchLoader, Gathered
from crmsync.flows.kinds.membership import Membership
from crmsync.model.changes import Change
from crmsync.model.crm_names import DOMAIN, WEBSITE
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.account import AccountFacts
from crmsync.rules.fields.domains import host_of
from crmsync.rules.merge.parents import account_of, company_of
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.matching import choose_account

_DOMAINS = {Side.HUBSPOT: DOMAIN, Side.SALESFORCE: WEBSITE}


def gather(
    changes: Sequence[Change], context: SyncContext, ruleset: Ruleset
) -> Gathered[AccountFacts]:
    """Read all that the plans of these changes need. Raises `SyncError` when a side or a store does
    not answer.
    """
    loader = BatchLoader(context, ruleset, AccountFacts)
    to_sync, unlinked = loader.load(changes)
    membership = Membership(context)
    membership.look_at([one.ref for one in unlinked if one.ref.side is Side.HUBSPOT])
    votes = {
        one.ref: membership.votes_for(one.ref) for one in unlinked if one.ref.side is Side.HUBSPOT
    }
    votes |= membership.votes_of_accounts(
        [one.ref for one in unlinked if one.ref.side is Side.SALESFORCE]
    )
    _add_namesakes(unlinked, votes, context)
    loader.read(ref for voted in votes.values() for ref in voted)
    for record in unlinked:
        found = (loader.records.get(ref) for ref in votes[record.ref])
        loader.candidates[record.ref] = tuple(one for one in found if one)
    _drop_promised(unlinked, loader, membership)
    loader.resolve_named(unlinked)
    gathered = loader.facts_of(changes, to_sync, _identity)
    return replace(gathered, facts=[_told(one, votes, membership) for one in gathered.facts])


def _identity(facts: AccountFacts) -> object:
    return facts.link.hubspot if facts.link else facts.change.ref


def _told(
    facts: AccountFacts, votes: Mapping[Ref, Counter[Ref]], membership: Membership
) -> AccountFacts:
    if facts.link is not None or facts.named is None:
        return facts
    ref = facts.named.ref
    return replace(facts, members=membership.members(ref), votes=votes.get(ref, Counter()))


def _drop_promised(
    unlinked: Sequence[Record], loader: BatchLoader[AccountFacts], membership: Membership
) -> None:
    """Leave out candidates for whom more contacts name another one, which has no pair either
    (DUP-3).

    So the order in which records are looked at decides nothing.
    """
    found = list({one.ref: one for record in unlinked for one in loader.candidates[record.ref]})
    loader.load_counterparts(found)
    free = [ref for ref in found if not loader.is_taken(ref)]
    membership.look_at([ref for ref in free if ref.side is Side.HUBSPOT])
    votes = {ref: membership.votes_for(ref) for ref in free if ref.side is Side.HUBSPOT}
    votes |= membership.votes_of_accounts([ref for ref in free if ref.side is Side.SALESFORCE])
    rivals = list({rival for voted in votes.values() for rival in voted})
    loader.read(rivals)
    loader.load_counterparts(rivals)
    taken = {ref for ref in rivals if loader.is_taken(ref)}
    for record in unlinked:
        own = {record.ref: record}
        loader.candidates[record.ref] = tuple(
            one
            for one in loader.candidates[record.ref]
            if one.ref not in votes
            or choose_account(_known(votes[one.ref], loader, own), votes[one.ref], taken) == record
        )


def _known(
    refs: Iterable[Ref], loader: BatchLoader[AccountFacts], own: Mapping[Ref, Record]
) -> list[Record]:
    return list(
        {**{ref: loader.records[ref] for ref in refs if ref in loader.records}, **own}.values()
    )


def _add_namesakes(
    unlinked: Sequence[Record], votes: Mapping[Ref, Counter[Ref]], context: SyncContext
) -> None:
    """Where the settings ask for it, candidates of the same domain for records that no contact
    speaks for (CH-15).
    """
    if not context.connection.companies.match_by_domain:
        return
    for side in Side:
        seekers = {
            one.ref: _domain(one) for one in unlinked if one.ref.side is side and not votes[one.ref]
        }
        domains = sorted({domain for domain in seekers.values() if domain})
        if not domains:
            continue
        ask = (
            context.accounts.accounts_by_domain
            if side is Side.HUBSPOT
            else context.companies.companies_by_domain
        )
        found = ask(domains)
        for ref, domain in seekers.items():
            across = (account_of if side is Side.HUBSPOT else company_of)(found.get(domain))
            votes[ref].update({across: 0} if across else {})


def _domain(record: Record) -> str:
    return host_of(str(record.fields.get(_DOMAINS[record.ref.side]) or ""))
