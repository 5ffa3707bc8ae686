"""Who stands in whose way: addresses that change hands, and records that wait for others to let go.

Law: only what concerns several contacts at once belongs here; what shall happen to one is
`crmsync.plans.contact`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import plan_safely
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import ADDITIONAL_EMAILS, HUBSPOT_CONTACT, HUBSPOT_EMAIL
from crmsync.model.effects import DropLink, Plan, SaveLink, UpdateRecord
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.email_moves import Move, addresses_of, who_is_denied, who_vacates

_ONCE_MORE = 30
"""Seconds after which waiting records are looked at, should this look die before it comes to
them.
"""


def without_taken_addresses(
    facts: list[ContactFacts],
    plans: list[Plan],
    asked: Collection[Ref],
    context: SyncContext,
    ruleset: Ruleset,
) -> list[Change]:
    """Plan anew without the address those who would be refused it, as another contact has it and
    keeps it.

    Answers changes to be looked at together at once: whoever wants the address of a contact that
    was not looked at, and that contact; their facts and plans leave the lists. `asked` are the
    records that this look was to be at.
    """
    movers = [_mover(one, plan) for one, plan in zip(facts, plans, strict=True)]
    moves = _moves(facts, plans)
    denied = who_is_denied(
        moves, _holders([move.then for move in moves.values() if move.then], context)
    )
    here = {*asked, *moves, *(one.hubspot.ref for one in facts if one.hubspot)}
    together: list[Change] = []
    for at in reversed(range(len(facts))):
        mover = movers[at]
        if mover is None or mover.ref not in denied:
            continue
        last = _end_of(mover.ref, denied)
        if last in here:
            facts[at] = replace(facts[at], holder=denied[mover.ref])
            plans[at] = plan_safely(facts[at], ruleset, plan_contact)
        else:
            together += [facts[at].change, replace(facts[at].change, ref=last, cause=Cause.WOKEN)]
            del facts[at], plans[at]
    return list({change.ref: change for change in together}.values())


def plans_to_vacate(facts: Sequence[ContactFacts], plans: Sequence[Plan]) -> list[Plan]:
    """What must be done before the plans: contacts whose address another one is about to get give
    it up first.
    """
    leaving = sorted(who_vacates(_moves(facts, plans)))
    return [
        Plan((UpdateRecord(ref, Side.HUBSPOT, {HUBSPOT_EMAIL: None}, ("DUP-24",)),))
        for ref in leaving
    ]


def queue_waiting(
    facts: Sequence[ContactFacts], plans: Sequence[Plan], context: SyncContext
) -> list[Change]:
    """The records that wait for one that these plans let go, to be looked at once the plans are
    carried out.

    They are queued as well, before anything is written, so that they are looked at even if this
    look dies on the way. Raises `TryAgain`.
    """
    freed = [ref for one, plan in zip(facts, plans, strict=True) for ref in _lets_go(one, plan)]
    waiting = context.inbox.waiting_for(context.connection.name, freed)
    changes = [
        replace(facts[0].change, ref=ref, cause=Cause.WOKEN, at=context.now(), tries=0)
        for ref in waiting
    ]
    if changes:
        context.outbox.again([(change, _ONCE_MORE) for change in changes])
    return changes


def _lets_go(facts: ContactFacts, plan: Plan) -> Iterable[Ref]:
    """The records of a change that may no longer stand in the way of others.

    Nobody knows what a record without a living link showed before, so any news of it counts; but
    not a look that another one asked for, as those who wait do.
    """
    link = facts.link
    is_news = facts.change.cause is not Cause.WOKEN
    if link is None or link.state is LinkState.TOMBSTONE:
        return _places(facts) if is_news else ()
    is_dropped = any(isinstance(one, DropLink) for one in plan.effects)
    saved = [_standing(one.link) for one in plan.effects if isinstance(one, SaveLink)]
    return _places(facts) if is_dropped or any(one != _standing(link) for one in saved) else ()


def _standing(link: Link) -> object:
    """What of a link may stand in somebody's way."""
    return (
        link.state,
        link.hubspot,
        link.salesforce,
        link.hubspot_base.fingerprint_of(HUBSPOT_EMAIL),
    )


def _places(facts: ContactFacts) -> Iterable[Ref]:
    places = (facts.link.hubspot, facts.link.salesforce) if facts.link else ()
    return [facts.change.ref, *(place for place in places if isinstance(place, Ref))]


def _moves(facts: Sequence[ContactFacts], plans: Sequence[Plan]) -> dict[Ref, Move]:
    """The HubSpot contacts that these plans give another address, or none."""
    moves: dict[Ref, Move] = {}
    for one, plan in zip(facts, plans, strict=True):
        contact, effect = _mover(one, plan), _address_effect(plan)
        if contact and effect:
            moves[contact.ref] = Move(
                str(contact.fields.get(HUBSPOT_EMAIL) or ""),
                str(effect.fields[HUBSPOT_EMAIL] or ""),
            )
    return moves


def _mover(facts: ContactFacts, plan: Plan) -> Record | None:
    """The HubSpot contact whose address the plan changes."""
    effect = _address_effect(plan)
    known = (facts.hubspot, facts.remembered, *facts.candidates)
    return next((one for one in known if effect and one and one.ref == effect.place), None)


def _address_effect(plan: Plan) -> UpdateRecord | None:
    writes = (
        one for one in plan.effects if isinstance(one, UpdateRecord) and one.side is Side.HUBSPOT
    )
    return next((one for one in writes if HUBSPOT_EMAIL in one.fields), None)


def _holders(addresses: Sequence[str], context: SyncContext) -> Mapping[str, Ref]:
    """Who has these addresses in HubSpot now, as first or further address."""
    if not addresses:
        return {}
    contacts = context.hubspot.find(
        addresses, {HUBSPOT_CONTACT: (HUBSPOT_EMAIL, ADDITIONAL_EMAILS)}
    )
    return {address: contact.ref for contact in contacts for address in addresses_of(contact)}


def _end_of(ref: Ref, denied: Mapping[Ref, Ref]) -> Ref:
    """Who in the end stands in the way, where those in the way are denied their own addresses."""
    seen: set[Ref] = set()
    while ref in denied and ref not in seen:
        seen.add(ref)
        ref = denied[ref]
    return ref
