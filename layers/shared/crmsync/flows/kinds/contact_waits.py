"""Contacts that are in each other's way: e-mail addresses that move from one to another, and pairs
outside the inclusion list that keep theirs to themselves.

Law: only what concerns several contacts at once belongs here; what is to happen to one of them is
decided in `crmsync.plans.contact`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import plan_safely
from crmsync.model.changes import UNPROMPTED, Cause, Change
from crmsync.model.crm_names import ADDITIONAL_EMAILS, HUBSPOT_CONTACT, HUBSPOT_EMAIL
from crmsync.model.effects import UpdateRecord
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.contact import ContactFacts, is_frozen_outside, plan_contact
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.email_moves import AddressMove, addresses_of, blocked_moves, vacating


def without_taken_addresses(
    facts: Sequence[ContactFacts],
    plans: Sequence[Plan],
    requested: Collection[Ref],
    context: SyncContext,
    ruleset: Ruleset,
) -> tuple[list[ContactFacts], list[Plan], list[Change]]:
    """Plan contacts without an address that HubSpot would refuse, as another contact keeps it.

    Returns the facts, the plans, and changes to sync together at once: a contact whose new address
    belongs to a contact outside this batch, and that contact. Their facts and plans are left out.
    `requested` are the records of the batch. Raises `SyncError`.
    """
    moves = _moves(facts, plans)
    wanted = [move.new for move in moves.values() if move.new]
    denied = blocked_moves(moves, _address_holders(wanted, context))
    here = {*requested, *moves, *(one.hubspot.ref for one in facts if one.hubspot)}
    kept_facts: list[ContactFacts] = []
    kept_plans: list[Plan] = []
    together: dict[Ref, Change] = {}
    for one, plan in zip(facts, plans, strict=True):
        contact = _contact_to_change(one, plan)
        if contact is None or contact.ref not in denied:
            kept_facts.append(one)
            kept_plans.append(plan)
            continue
        holder = _final_holder(contact.ref, denied)
        if holder in here:
            kept_facts.append(replace(one, holder=denied[contact.ref]))
            kept_plans.append(plan_safely(kept_facts[-1], ruleset, plan_contact))
        else:
            together.setdefault(one.change.ref, one.change)
            together.setdefault(holder, replace(one.change, ref=holder, cause=Cause.WOKEN))
    return kept_facts, kept_plans, list(together.values())


def plans_to_vacate(facts: Sequence[ContactFacts], plans: Sequence[Plan]) -> list[Plan]:
    """Plans that must be applied before the others: a contact whose address another one is about to
    get gives it up first (DUP-24).
    """
    contacts = sorted(vacating(_moves(facts, plans)))
    return [
        Plan((UpdateRecord(ref, Side.HUBSPOT, {HUBSPOT_EMAIL: None}, ("DUP-24",)),))
        for ref in contacts
    ]


def outside_the_list(facts: ContactFacts, ruleset: Ruleset) -> list[Ref]:
    """The records of a pair that stays as it is outside the inclusion list (INC-7), for those that
    wait for one of them. By default there is no list.

    Nothing is noted of such a pair, so any look at it may be the first at which it no longer has
    their address; but not one that another record requested, or the two queue each other for ever.
    A comparison finds such a pair each time.
    """
    link, contact, there = facts.link, facts.hubspot, facts.salesforce
    if link is None or contact is None or there is None or facts.change.cause in UNPROMPTED:
        return []
    return [contact.ref, there.ref] if is_frozen_outside(contact, ruleset) else []


def _moves(facts: Sequence[ContactFacts], plans: Sequence[Plan]) -> dict[Ref, AddressMove]:
    """HubSpot contact -> its address now and then, where these plans change or clear it."""
    moves: dict[Ref, AddressMove] = {}
    for one, plan in zip(facts, plans, strict=True):
        contact, effect = _contact_to_change(one, plan), _address_effect(plan)
        if contact and effect:
            moves[contact.ref] = AddressMove(
                str(contact.fields.get(HUBSPOT_EMAIL) or ""),
                str(effect.fields[HUBSPOT_EMAIL] or ""),
            )
    return moves


def _contact_to_change(facts: ContactFacts, plan: Plan) -> Record | None:
    """The HubSpot contact whose address the plan changes."""
    effect = _address_effect(plan)
    known = (facts.hubspot, facts.named_counterpart, *facts.candidates)
    return next((one for one in known if effect and one and one.ref == effect.place), None)


def _address_effect(plan: Plan) -> UpdateRecord | None:
    writes = (
        one for one in plan.effects if isinstance(one, UpdateRecord) and one.side is Side.HUBSPOT
    )
    return next((one for one in writes if HUBSPOT_EMAIL in one.fields), None)


def _address_holders(addresses: Sequence[str], context: SyncContext) -> Mapping[str, Ref]:
    """Address -> the HubSpot contact that has it now, as primary or additional address."""
    if not addresses:
        return {}
    contacts = context.hubspot.find(
        addresses, {HUBSPOT_CONTACT: (HUBSPOT_EMAIL, ADDITIONAL_EMAILS)}
    )
    return {address: contact.ref for contact in contacts for address in addresses_of(contact)}


def _final_holder(ref: Ref, denied: Mapping[Ref, Ref]) -> Ref:
    """The contact that is in the way in the end: the first one that keeps its own address."""
    seen: set[Ref] = set()
    while ref in denied and ref not in seen:
        seen.add(ref)
        ref = denied[ref]
    return ref
