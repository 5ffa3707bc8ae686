"""Gathers what planning accounts needs: which contacts show that a company and an account without a
link belong together (DUP-2).

For a linked pair no contacts are read. For records without a link they are read in batches, by
`crmsync.flows.kinds.membership`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import BatchLoader, Gathered
from crmsync.flows.kinds.membership import CompanyMembers
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
    return replace(gathered, facts=[_with_votes(one, votes, members) for one in gathered.facts])


def _with_votes(
    facts: AccountFacts, votes: Mapping[Ref, Counter[Ref]], members: CompanyMembers
) -> AccountFacts:
    if facts.link is not None or facts.named is None:
        return facts
    ref = facts.named.ref
    return replace(facts, members=members.members(ref), votes=votes.get(ref, Counter()))


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
