"""Which deals and opportunities must be looked at because a contact, or a company and its account,
found its counterpart.

Until then a contact role or an account could not cross (OPP-9, OPP-12, Q-27), and nobody else tells
that now it can. They are queued before anything is written, for a while later, should this look die
before it comes to them, and once more when all is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import AnyFacts
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import kinds_of
from crmsync.model.crm_names import ACCOUNT, DEAL, OPPORTUNITY, SALESFORCE_CONTACT
from crmsync.model.effects import CreateRecord, Plan, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side

_ONCE_MORE = 30
"""Seconds after which the dependants are looked at, whatever becomes of this look."""


def queue_dependants(
    facts: Sequence[AnyFacts], plans: Sequence[Plan], context: SyncContext
) -> list[Change]:
    """Deals and opportunities of records that these plans pair, anew or under other ids; they are
    queued already, for later.

    Costs two or three calls, and none where nobody is paired or opportunities do not sync. Raises
    `SyncError`.
    """
    if Kind.OPPORTUNITY not in kinds_of(context.connection) or context.opportunities_since is None:
        return []
    paired = [
        link for one, plan in zip(facts, plans, strict=True) if (link := _newly_paired(one, plan))
    ]
    places = [
        place
        for link in paired
        for place in (link.hubspot, link.salesforce)
        if isinstance(place, Ref)
    ]
    opportunities = _opportunities(places, context)
    found = dict.fromkeys(
        [
            *_deals(places, context),
            *_worth_a_look(opportunities, context.opportunities_since, context),
        ]
    )
    now = context.now()
    changes = [
        Change(context.connection.name, Kind.OPPORTUNITY, ref, Cause.WOKEN, now) for ref in found
    ]
    if changes:
        context.outbox.again([(change, _ONCE_MORE) for change in changes])
    return changes


def _worth_a_look(
    opportunities: Mapping[Ref, Sequence[Ref]], since: datetime, context: SyncContext
) -> list[Ref]:
    """Those that have a pair, or may be about to get one; of the older ones that wait for their
    import, one for each contact's roll-ups.
    """
    refs = list(dict.fromkeys(one for of_one in opportunities.values() for one in of_one))
    links = context.links.find(context.connection.name, refs) if refs else {}
    alone = [ref for ref in refs if ref not in links]
    shown = context.salesforce.read(alone, {OPPORTUNITY: ()}) if alone else {}
    older = {
        ref
        for ref in alone
        if ref in shown and shown[ref].created_at < since.replace(microsecond=0)
    }
    firsts = {
        of_one[0]
        for ref, of_one in opportunities.items()
        if ref.object == SALESFORCE_CONTACT and older.issuperset(of_one)
    }
    return [ref for ref in refs if ref not in older or ref in firsts]


def _newly_paired(facts: Facts, plan: Plan) -> Link | None:
    """The link that a plan makes or moves, unless its Salesforce record is a lead, which no
    opportunity has.
    """
    saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
    link = saved[-1] if saved else plan.new_link
    if (
        link is None
        or link.state is not LinkState.ACTIVE
        or (facts.link and _standing(facts.link) == _standing(link))
    ):
        return None
    made = next((effect.object for effect in plan.effects if isinstance(effect, CreateRecord)), "")
    object_ = link.salesforce.object if isinstance(link.salesforce, Ref) else made
    return link if object_ in {SALESFORCE_CONTACT, ACCOUNT} else None


def _standing(link: Link) -> object:
    return link.state, link.hubspot, link.salesforce


def _deals(places: Sequence[Ref], context: SyncContext) -> list[Ref]:
    here = [ref for ref in places if ref.side is Side.HUBSPOT]
    found = context.associations.of(here, DEAL) if here else {}
    return [deal for deals in found.values() for deal in deals]


def _opportunities(places: Sequence[Ref], context: SyncContext) -> Mapping[Ref, Sequence[Ref]]:
    """Contact or account -> its opportunities."""
    contacts = [ref for ref in places if ref.object == SALESFORCE_CONTACT]
    accounts = [ref for ref in places if ref.object == ACCOUNT]
    ties = context.opportunities.ties_of(contacts) if contacts else {}
    tied = {
        ref: [Ref(Side.SALESFORCE, OPPORTUNITY, tie.opportunity) for tie in mine]
        for ref, mine in ties.items()
    }
    owned = context.opportunities.of_accounts(accounts) if accounts else ()
    return {**tied, **({accounts[0]: owned} if owned else {})}
