"""Plan one company and account: facts and ruleset in, a `Plan` out.

As for contacts, the plan is made from what both sides show now, and effects are in the order in
which they must be applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.changes import Cause
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import SaveLink
from crmsync.model.facts import Facts
from crmsync.model.links import Intent, Link
from crmsync.model.plan import Plan, no_effects
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.kinds.account.creation import (
    Member,
    account_creation,
    company_creation,
    reasons,
    veto,
)
from crmsync.rules.merge.change_limits import with_holds
from crmsync.rules.merge.person_accounts import may_share_company
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.adoption import Creations, adopted, shows_creation
from crmsync.rules.pair.creation import Creation
from crmsync.rules.pair.ended_pairs import released, with_late_writes
from crmsync.rules.pair.matching import choose_account
from crmsync.rules.pair.plan import plan_existing, plan_pair
from crmsync.rules.pair.successors import (
    follow_moves,
    plan_counterpart_gone,
    plan_missing,
    replacing_tombstones,
)


@dataclass(frozen=True, slots=True)
class AccountFacts(Facts):
    """What was gathered about one company and account.

    Attributes:
        members: The contacts of a company without a link.
        votes: For a record without a link: candidate -> how many contacts the two have in common
            (DUP-2). A candidate that was found by its domain alone (CH-15) is missing.
        inherited: The tombstone of a company that was merged into this one, which names the account
            that was deleted.
    """

    members: tuple[Member, ...] = ()
    votes: Mapping[Ref, int] = field(default_factory=dict)
    inherited: Link | None = None


def plan_account(facts: AccountFacts, ruleset: Ruleset) -> Plan:
    """Plan what happens for one company and account."""
    if facts.link is not None:
        return _plan_linked(facts, facts.link, ruleset)
    if facts.named is None:
        return no_effects("the record is gone and was never linked")
    if facts.counterpart_is_gone:
        return _plan_counterpart_gone(facts, facts.named, ruleset)
    candidates = facts.candidates if may_share_company(facts.named) else ()
    match = facts.named_counterpart or choose_account(candidates, facts.votes, facts.taken)
    if match is not None:
        match = released(match, facts.tombstones, ruleset)
        return replacing_tombstones(
            facts, match, _plan_new_pair(facts, facts.named, match, ruleset)
        )
    if facts.named.ref.side is Side.SALESFORCE:
        return _creation_plan(facts.named, company_creation(facts.named, ruleset))
    return _plan_account_creation(facts, facts.named, ruleset)


def _plan_linked(facts: AccountFacts, link: Link, ruleset: Ruleset) -> Plan:
    if facts.hubspot is None or facts.salesforce is None or facts.survivor_is_linked:
        deletes = {Side.HUBSPOT} if ruleset.connection.companies.delete_in_hubspot else set()
        return plan_missing(
            facts,
            link,
            ruleset,
            deletes=deletes,
            recreate=lambda account: _creation_plan(account, company_creation(account, ruleset)),
        )
    here = link
    if not link.joins(facts.hubspot.ref, facts.salesforce.ref):
        here = follow_moves(link, facts.hubspot, facts.salesforce, ruleset)
    here = with_holds(here, facts)
    plan = plan_existing(link, here, facts.hubspot, facts.salesforce, ruleset, change=facts.change)
    return replacing_tombstones(facts, facts.salesforce, plan) if facts.tombstones else plan


def _plan_counterpart_gone(facts: AccountFacts, named: Record, ruleset: Ruleset) -> Plan:
    """The counterpart was deleted. Where companies were merged since, the survivor takes over the
    tombstone, as its contacts would wait for an account otherwise.
    """
    plan = plan_counterpart_gone(facts, ruleset, "DEL-1")
    if facts.inherited is None:
        return plan
    moved = replace(facts.inherited, hubspot=named.ref, hubspot_intent=Intent())
    moved = moved.deciding(Decision(DecisionType.MOVED, Side.HUBSPOT, because="MRG-3"))
    return replace(plan, effects=(SaveLink(moved, ("DEL-1",)),))


def _plan_new_pair(facts: AccountFacts, named: Record, match: Record, ruleset: Ruleset) -> Plan:
    """Pair an existing company and an existing account; the pair is exclusive and lasting (DUP-3,
    DUP-5).
    """
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(
        ruleset.connection.name,
        Kind.ACCOUNT,
        hubspot.ref,
        salesforce.ref,
        key=ruleset.fingerprinter.number,
        decided=(Decision(DecisionType.LINKED, because="DUP-2"),),
    )
    link = with_late_writes(link, facts, match.ref, salesforce, ruleset)
    if not shows_creation(hubspot, salesforce, ruleset):
        return plan_pair(hubspot, salesforce, link, ruleset, always_save=True)
    creations = Creations(
        lambda company, rules: account_creation(company, (), rules),
        company_creation(salesforce, ruleset),
    )
    known = adopted(link, hubspot, salesforce, creations, ruleset)
    plan = plan_pair(hubspot, salesforce, known.link, ruleset, always_save=True)
    return replace(plan, undecided=plan.undecided or known.needs_history)


def _plan_account_creation(facts: AccountFacts, company: Record, ruleset: Ruleset) -> Plan:
    forced = facts.change.cause is Cause.FORCED
    objection = () if forced else veto(facts.members, ruleset.connection)
    if objection:
        return no_effects("this company makes no account", *objection)
    because = ("ACC-13",) if forced else reasons(facts.members, ruleset.connection)
    return _creation_plan(company, account_creation(company, because, ruleset))


def _creation_plan(record: Record, creation: Creation) -> Plan:
    if creation.missing:
        return Plan(
            (
                replace(
                    reports.unnamed(record.ref, creation.missing),
                    hint="Give the company a name in HubSpot.",
                ),
            )
        )
    return Plan((creation.create,), new_link=creation.link)
