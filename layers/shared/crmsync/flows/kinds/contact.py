"""Contacts, batch by batch: gather everything, plan each record, apply all plans together.

What goes wrong with one record is that record's alone: it is looked at again, put off, or kept in
the error inbox with its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.errors import Conflict, SyncError
from crmsync.flows.engine.apply import apply
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import carry_out, settler
from crmsync.flows.engine.context import World
from crmsync.flows.engine.passes import in_passes
from crmsync.flows.engine.planning import Looked, zone_for
from crmsync.flows.engine.resting_mappings import forgive, gather_what_is_there
from crmsync.flows.engine.results import Rival, Summary, conclude
from crmsync.flows.kinds.contact_gather import gather
from crmsync.flows.kinds.contact_plan import EMAIL, open_book, plan_all, with_accounts
from crmsync.flows.kinds.contact_waits import vacating, wake, with_holders
from crmsync.flows.kinds.dependants import dependants
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Plan, UpdateRecord
from crmsync.model.records import Ref, Side
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.kinds.contact.ruleset import HUBSPOT_OBJECT, contact_book
from crmsync.rules.pair import reports


def sync_contacts(changes: Sequence[Change], world: World) -> Summary:
    """Bring the named contacts in step, whatever their number. Raises `SyncError` only when not
    even putting them off worked.
    """

    def sync(some: list[Change], summary: Summary, is_last: bool) -> list[Change]:  # noqa: FBT001 - as `Pass` says
        return _sync_pass(some, world, summary, is_last=is_last)

    return in_passes(changes, world, sync)


def look(changes: Sequence[Change], world: World) -> Looked[ContactFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    zone = zone_for(world.connection.contacts.field, world)
    book = contact_book(world.connection, world.sealer, world.our_user, world.our_app, zone=zone)
    book = replace(
        book, person_accounts=world.accounts.has_person_accounts(), places=world.accounts.places()
    )
    book, gathered = gather_what_is_there(
        book, changes, world, lambda book: gather(changes, world, book)
    )
    facts = with_accounts(gathered.facts, world)
    book = open_book(facts, world, book)
    plans = plan_all(facts, world, book)
    together = with_holders(facts, plans, {change.ref for change in changes}, world, book)
    hold_excess(facts, plans, world, book, plan_contact)
    not_yet = [*gathered.not_yet, *together]
    return Looked(facts, plans, book, not_yet, gathered.quiet, first=tuple(vacating(facts, plans)))


def _sync_pass(
    changes: list[Change], world: World, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Look and apply once; answers the changes that must be looked at again at once."""
    looked = look(changes, world)
    facts, plans, book = looked.facts, looked.plans, looked.book
    summary.counts["Quiet"] += looked.quiet
    woken = wake(facts, plans, world)
    opportunities = dependants(facts, plans, world)
    apply(looked.first, world, settler(book))
    applied = carry_out(facts, plans, world, book, lambda pairs: plan_all(pairs, world, book))
    forgive(applied, book, changes, world)
    world.outbox.again([(change, 0) for change in opportunities])
    at_once = conclude(
        facts,
        plans,
        applied,
        world,
        summary,
        is_last=is_last,
        rival_of=_holder_of_the_address,
    )
    return [*looked.not_yet, *at_once, *woken]


def _holder_of_the_address(facts: ContactFacts, plan: Plan, error: SyncError) -> Rival | None:
    """The contact that has the address which this one should get, or with which it should be
    made.
    """
    if not isinstance(error, Conflict) or not error.existing:
        return None
    if facts.link is None and plan.birth and facts.change.ref.side is Side.SALESFORCE:
        holder = Ref(Side.HUBSPOT, HUBSPOT_OBJECT, error.existing)
        return Rival((facts.change,), reports.held_by_another(facts.change.ref, [holder]))
    if facts.link is None or not _moves_address(plan):
        return None
    contact = facts.hubspot.ref if facts.hubspot else facts.change.ref
    change, holder = replace(facts.change, cause=Cause.AGAIN), _other(contact, error.existing)
    return Rival(
        (change, replace(change, ref=holder, cause=Cause.WOKEN)),
        reports.address_taken(contact, holder),
    )


def _other(contact: Ref, record_id: str) -> Ref:
    return replace(contact, id=record_id)


def _moves_address(plan: Plan) -> bool:
    return any(
        isinstance(one, UpdateRecord) and one.side is Side.HUBSPOT and EMAIL in one.fields
        for one in plan.effects
    )
