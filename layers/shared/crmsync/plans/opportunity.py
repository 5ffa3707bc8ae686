"""Plan one deal and opportunity: facts and ruleset in, a `Plan` out.

As for contacts, the plan is made from what both sides show now. Effects are in the order in which
they must be applied: the records, their contacts, the contacts' roll-ups, then the link. So a pair
for which one of them fails is synced again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.crm_names import PIPELINE
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import SaveLink
from crmsync.model.facts import Facts
from crmsync.model.kinds.roles import Role
from crmsync.model.links import Link
from crmsync.model.plan import Note, Plan, no_effects
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.kinds.opportunity.creation import deal_creation, opportunity_creation
from crmsync.rules.kinds.opportunity.ties import GatheredTies, with_roles, with_roll_up
from crmsync.rules.merge.change_limits import with_holds, without_held_deletions
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.adoption import Creations, adopted, shows_creation
from crmsync.rules.pair.creation import Creation
from crmsync.rules.pair.ended_pairs import released, with_late_writes
from crmsync.rules.pair.plan import plan_existing
from crmsync.rules.pair.successors import (
    follow_moves,
    plan_counterpart_gone,
    plan_missing,
    replacing_tombstones,
)


@dataclass(frozen=True, slots=True)
class OpportunityFacts(Facts):
    """What was gathered about one deal and opportunity.

    Attributes:
        roles: The contact roles of the opportunity, deleted ones included.
        across: HubSpot contact -> its Salesforce contact, for all contacts of the two.
        became: Salesforce contact that the link ties -> the one that it was merged into, for those
            in whose place others sync now.
        frozen: The HubSpot contacts whose ties stay as they are, as they are outside the inclusion
            list (INC-7).
        is_held: Whether the deletion of the opportunity is not to be followed yet (Q-30).
        ties_are_open: Whether another worker may still be writing a contact that it announced.
    """

    roles: tuple[Role, ...] = ()
    across: Mapping[Ref, Ref] = field(default_factory=dict)
    became: Mapping[Ref, Ref] = field(default_factory=dict)
    frozen: frozenset[Ref] = frozenset()
    is_held: bool = False
    ties_are_open: bool = False

    @property
    def tied(self) -> GatheredTies:
        """The contacts of either of the two."""
        return GatheredTies(
            self.hubspot,
            self.roles,
            self.across,
            frozenset(one.contact for one in self.change.ties),
            self.became,
            self.ties_are_open,
            self.frozen,
        )


def plan_opportunity(facts: OpportunityFacts, ruleset: Ruleset) -> Plan:
    """Plan what happens for one deal and opportunity, and for the roll-ups of their contacts
    (ROLL-1).
    """
    if (
        facts.link is not None
        and facts.hubspot
        and facts.salesforce
        and not facts.survivor_is_linked
    ):
        return _plan_pair(facts, facts.link, facts.hubspot, facts.salesforce, ruleset)
    plan = (
        _plan_gone(facts, facts.link, ruleset)
        if facts.link is not None
        else _plan_unlinked(facts, ruleset)
    )
    if plan.new_link or _pairs_existing(plan):
        return plan
    return with_roll_up(plan, facts.tied, facts.link)


def _pairs_existing(plan: Plan) -> bool:
    """Whether a plan pairs two existing records; it includes the roll-ups already."""
    return any(isinstance(one, SaveLink) and not one.link.version for one in plan.effects)


def _plan_unlinked(facts: OpportunityFacts, ruleset: Ruleset) -> Plan:
    named = facts.named
    if named is None:
        return no_effects("the record is gone and was never linked")
    if facts.counterpart_is_gone:
        return plan_counterpart_gone(facts, ruleset, "OPP-14", "Q-28")
    match = facts.named_counterpart or _only_free(facts)
    if match is not None:
        match = released(match, facts.tombstones, ruleset)
        return replacing_tombstones(facts, match, _plan_new_pair(facts, named, match, ruleset))
    if facts.candidates:
        return Plan((reports.same_value(named.ref, [one.ref for one in facts.candidates]),))
    if named.ref.side is Side.SALESFORCE:
        return _plan_deal_creation(facts, named, ruleset)
    return _plan_opportunity_creation(facts, named, ruleset)


def _only_free(facts: OpportunityFacts) -> Record | None:
    """The only record of the other side with the same value in the fields that the settings name
    (CH-14), unless it belongs to another link.
    """
    free = [one for one in facts.candidates if one.ref not in facts.taken]
    return free[0] if len(free) == len(facts.candidates) == 1 else None


def _plan_deal_creation(facts: OpportunityFacts, opportunity: Record, ruleset: Ruleset) -> Plan:
    is_older = (
        ruleset.opportunity.since is not None
        and opportunity.created_at < ruleset.opportunity.since.replace(microsecond=0)
    )
    if is_older and facts.change.cause not in BY_HAND:
        return no_effects("is older than the sync of deals, so it comes by import", "OPP-4")
    return _creation_plan(opportunity, deal_creation(opportunity, ruleset))


def _plan_opportunity_creation(facts: OpportunityFacts, deal: Record, ruleset: Ruleset) -> Plan:
    if facts.change.cause is Cause.WOKEN:
        return no_effects("nobody has touched this deal")
    if not _syncs(deal, ruleset):
        return no_effects("is in a pipeline that does not sync", "Q-26", "OPP-23")
    return _creation_plan(deal, opportunity_creation(deal, ruleset))


def _creation_plan(record: Record, creation: Creation) -> Plan:
    if creation.missing:
        return Plan((reports.unfinished_deal(record.ref, creation.missing),))
    return Plan((creation.create,), new_link=creation.link)


def _syncs(deal: Record, ruleset: Ruleset) -> bool:
    """Whether deals of this pipeline sync: always if it stands for record types; a pipeline that
    people made syncs unless the settings name others (Q-26).
    """
    mapped = ruleset.opportunity.pipelines.of_pipeline(str(deal.fields.get(PIPELINE) or ""))
    allowed = ruleset.connection.deals.pipelines
    return not allowed or mapped is None or bool(mapped.record_types) or mapped.label in allowed


def _plan_gone(facts: OpportunityFacts, link: Link, ruleset: Ruleset) -> Plan:
    """The deal of a deleted opportunity is deleted, at once or after some hours (OPP-13); the
    opportunity of a deleted deal is left alone (OPP-14).
    """
    deals = ruleset.connection.deals
    if facts.is_held and facts.hubspot and facts.salesforce is None:
        return Plan((reports.deletion_deferred(facts.hubspot.ref, deals.hold_deletes_hours),))
    return plan_missing(
        facts,
        link,
        ruleset,
        deletes={Side.HUBSPOT} if deals.delete_in_hubspot else (),
        recreate=lambda opportunity: _creation_plan(
            opportunity, deal_creation(opportunity, ruleset)
        ),
        because=("OPP-13", "Q-30") if facts.hubspot else ("OPP-14", "Q-28"),
    )


def _plan_pair(
    facts: OpportunityFacts, link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset
) -> Plan:
    here = link
    if not link.joins(hubspot.ref, salesforce.ref):
        here = follow_moves(link, hubspot, salesforce, ruleset)
    if not _syncs(hubspot, ruleset):
        here = without_held_deletions(here)
        saves = (SaveLink(here, ("DUP-26",)),) if here != link or not link.version else ()
        frozen = Plan(
            saves, notes=(Note("is in a pipeline that does not sync", ("Q-26", "OPP-23")),)
        )
        return with_roll_up(frozen, facts.tied)
    here = with_holds(here, facts)
    plan = plan_existing(link, here, hubspot, salesforce, ruleset, change=facts.change)
    return with_roles(plan, here, facts.tied, salesforce, ruleset, facts.change)


def _plan_new_pair(facts: OpportunityFacts, named: Record, match: Record, ruleset: Ruleset) -> Plan:
    """Pair an existing deal and an existing opportunity: one of them names the other, or they share
    a value (CH-14).
    """
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(
        ruleset.connection.name,
        Kind.OPPORTUNITY,
        hubspot.ref,
        salesforce.ref,
        key=ruleset.fingerprinter.number,
        decided=(Decision(DecisionType.LINKED, because="CH-14"),),
    )
    link = with_late_writes(link, facts, match.ref, salesforce, ruleset)
    facts = replace(facts, hubspot=hubspot, salesforce=salesforce)
    if not shows_creation(hubspot, salesforce, ruleset):
        return _plan_pair(facts, link, hubspot, salesforce, ruleset)
    creations = Creations(opportunity_creation, deal_creation(salesforce, ruleset))
    known = adopted(link, hubspot, salesforce, creations, ruleset)
    plan = _plan_pair(facts, known.link, hubspot, salesforce, ruleset)
    return replace(plan, undecided=plan.undecided or known.needs_history)
