"""What is tied to the deals and opportunities of a batch: contact roles, the counterparts of all
contacts concerned, which of these are frozen, and whether a deletion is deferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.inclusion import frozen_among
from crmsync.model.crm_names import DEAL, HUBSPOT_CONTACT, SALESFORCE_CONTACT
from crmsync.model.kinds.roles import Role
from crmsync.model.links import LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.opportunity import OpportunityFacts
from crmsync.rules.kinds.opportunity.ruleset import contacts_beside
from crmsync.rules.kinds.opportunity.tie_intents import may_events_follow
from crmsync.rules.kinds.opportunity.ties import replaced_contacts


def with_roles(facts: Sequence[OpportunityFacts], context: SyncContext) -> list[OpportunityFacts]:
    """The facts with the roles of each opportunity, the counterparts of all contacts that are tied
    to it, and whether its deletion is deferred. Raises `SyncError`.
    """
    opportunities = {at: ref for at, one in enumerate(facts) if (ref := _opportunity(one))}
    roles = (
        context.opportunities.roles_of(dict.fromkeys(opportunities.values()))
        if opportunities
        else {}
    )
    of_each = [
        roles.get(opportunities[at], ()) if at in opportunities else () for at in range(len(facts))
    ]
    contacts = [_contacts(one, mine) for one, mine in zip(facts, of_each, strict=True)]
    across = _across((ref for refs in contacts for ref in refs), context)
    held = _held([one for one in facts if one.link and one.salesforce is None], context)
    gathered = [
        replace(
            one,
            roles=mine,
            across=_from_hubspot(refs, across),
            is_held=one.change.ref in held,
            ties_are_open=one.link is not None and may_events_follow(one.link, context.now()),
        )
        for one, mine, refs in zip(facts, of_each, contacts, strict=True)
    ]
    return _with_survivors(_with_frozen(gathered, context), context)


def _with_frozen(facts: list[OpportunityFacts], context: SyncContext) -> list[OpportunityFacts]:
    """The facts with the contacts that are outside the inclusion list (INC-7), of those that are
    tied on one side only: nothing is to be done about the ties of others.
    """
    of_each = [_tied_on_one_side(one) for one in facts]
    frozen = frozen_among(
        sorted(frozenset().union(*of_each)),
        context.connection.contacts,
        context.lists,
        context.hubspot,
    )
    if not frozen:
        return facts
    return [replace(one, frozen=mine & frozen) for one, mine in zip(facts, of_each, strict=True)]


def _tied_on_one_side(facts: OpportunityFacts) -> frozenset[Ref]:
    """The HubSpot contacts that have a counterpart, and are not surely tied on both sides."""
    in_deals = [
        {Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one) for one in contacts_beside(deal)}
        for deal in _deals(facts)
    ]
    on_both = facts.tied.in_roles.intersection(*in_deals) if in_deals else frozenset()
    tied = facts.tied.in_roles.union(*in_deals)
    return (tied & facts.across.keys()) - on_both


def _with_survivors(facts: list[OpportunityFacts], context: SyncContext) -> list[OpportunityFacts]:
    """The facts with what became of Salesforce contacts that were tied and in whose place others
    sync now. Usually there are none.
    """
    replaced = [ref for one in facts if one.link for ref in replaced_contacts(one.link, one.across)]
    became = context.salesforce.survivors(dict.fromkeys(replaced)) if replaced else {}
    return [replace(one, became=became) for one in facts] if became else facts


def _opportunity(facts: OpportunityFacts) -> Ref | None:
    """The opportunity of some facts, even if it is deleted; its roles are deleted with it."""
    if facts.salesforce:
        return facts.salesforce.ref
    place = facts.link.salesforce if facts.link else facts.change.ref
    if (
        facts.link is None
        and facts.named_counterpart
        and facts.named_counterpart.ref.side is Side.SALESFORCE
    ):
        place = facts.named_counterpart.ref
    return (
        place
        if isinstance(place, Ref) and place.side is Side.SALESFORCE
        else _only_candidate(facts)
    )


def _only_candidate(facts: OpportunityFacts) -> Ref | None:
    found = [one.ref for one in facts.candidates if one.ref.side is Side.SALESFORCE]
    return found[0] if len(found) == 1 else None


def _contacts(facts: OpportunityFacts, roles: Iterable[Role]) -> list[Ref]:
    associated = [
        Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one)
        for deal in _deals(facts)
        for one in contacts_beside(deal)
    ]
    return list(
        dict.fromkeys(
            [
                *associated,
                *(one.contact for one in roles),
                *(one.contact for one in facts.change.ties),
            ]
        )
    )


def _deals(facts: OpportunityFacts) -> list[Record]:
    """The deals that may be the one of the pair."""
    found = (facts.hubspot, facts.named_counterpart, *facts.candidates)
    return [one for one in found if one and one.ref.object == DEAL]


def _from_hubspot(contacts: Iterable[Ref], across: Mapping[Ref, Ref]) -> dict[Ref, Ref]:
    """HubSpot contact -> its Salesforce contact, for contacts of either side."""
    pairs = ((ref, there) for ref in contacts if (there := across.get(ref)))
    return dict((ref, there) if ref.side is Side.HUBSPOT else (there, ref) for ref, there in pairs)


def _across(contacts: Iterable[Ref], context: SyncContext) -> Mapping[Ref, Ref]:
    """Contact -> its counterpart, on either side. A contact that syncs with a lead has none here
    (Q-27).
    """
    wanted = list(dict.fromkeys(contacts))
    links = context.links.find(context.connection.name, wanted) if wanted else {}
    found: dict[Ref, Ref] = {}
    for ref, link in links.items():
        there = link.on(ref.side.other)
        is_pair = isinstance(link.salesforce, Ref) and link.salesforce.object == SALESFORCE_CONTACT
        if link.state is LinkState.ACTIVE and is_pair and isinstance(there, Ref):
            found[ref] = there
    return found


def _held(gone: Sequence[OpportunityFacts], context: SyncContext) -> frozenset[Ref]:
    """The changes of opportunities that are in the recycle bin and whose deletion must still wait
    (Q-30).
    """
    hours = context.connection.deals.hold_deletes_hours
    places = {one.change.ref: ref for one in gone if (ref := _opportunity(one))}
    if not hours or not places or not context.connection.deals.delete_in_hubspot:
        return frozenset()
    moments = context.opportunities.deleted_at(places.values())
    due = context.now() - timedelta(hours=hours)
    return frozenset(
        ref for ref, place in places.items() if place in moments and moments[place] > due
    )
