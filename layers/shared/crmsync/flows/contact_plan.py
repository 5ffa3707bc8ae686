"""Plan a whole batch of contacts: what every plan needs beside its facts, second thoughts, and what must happen before the plans.

The deciding itself is `crmsync.plans.contact`; here it is only given what it asks for, and protected from its own defects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crmsync.errors import TryAgain
from crmsync.flows.apply import Applied
from crmsync.flows.world import World
from crmsync.model.effects import Category, CreateRecord, DeleteRecord, Plan, Report, UpdateRecord
from crmsync.model.fields import Update
from crmsync.model.links import Slot
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import CreateInSalesforce
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules import owners, reports
from crmsync.rules.addresses import Move, who_vacates
from crmsync.rules.book import Book
from crmsync.rules.inclusion import needs_membership
from crmsync.rules.pair import owning_of

EMAIL = "email"


def open_book(facts: Sequence[ContactFacts], world: World, book: Book) -> Book:
    """The book with what these facts need: who is in the inclusion list, and who owns what where an owner is new or has changed."""
    contacts = [contact.ref for one in facts for contact in _hubspot_records(one)]
    if contacts and needs_membership(world.connection.contacts):
        book = replace(book, members=world.lists.members(world.connection.contacts.inclusion_list, contacts))
    if book.owners is None and any(_asks_for_owners(one) for one in facts):
        book = replace(book, owners=owners.owner_book(world.directory.owners(), dict(world.connection.owners)))
    return book


def with_accounts(facts: list[ContactFacts], world: World) -> list[ContactFacts]:
    """The facts with the Salesforce account of each unmatched contact's domain, where the settings choose by it (CH-12)."""
    if world.connection.contacts.create_in_salesforce is not CreateInSalesforce.CONTACT_IF_ACCOUNT:
        return facts
    domains = {
        at: _domain(one) for at, one in enumerate(facts) if one.link is None and one.hubspot and not one.candidates
    }
    accounts = world.accounts.accounts_by_domain(sorted({domain for domain in domains.values() if domain}))
    return [replace(one, account=accounts.get(domains.get(at, ""), "")) for at, one in enumerate(facts)]


def _domain(facts: ContactFacts) -> str:
    return str(facts.hubspot.fields.get(EMAIL) or "").rpartition("@")[2].strip().lower() if facts.hubspot else ""


def plan_all(facts: list[ContactFacts], world: World, book: Book) -> list[Plan]:
    """Plan every record; those in which both sides changed a two-way field are read once more, with the ages of their values."""
    plans = [_plan_safely(one, book) for one in facts]
    contested = [
        index for index, plan in enumerate(plans) if any(one.policy == Update.TWO_WAY for one in plan.conflicts)
    ]
    refs = [contact.ref for index in contested for contact in _hubspot_records(facts[index])]
    if refs:
        aged = world.hubspot.read(refs, book.fields(Side.HUBSPOT), history=True)
        for index in contested:
            facts[index] = _with_ages(facts[index], aged)
            plans[index] = _plan_safely(facts[index], book)
    return _braked(facts, plans, world)


def vacating(facts: Sequence[ContactFacts], plans: Sequence[Plan]) -> list[Plan]:
    """What must be done before the plans: contacts whose address another one is about to get give it up first."""
    moves: dict[Ref, Move] = {}
    for one, plan in zip(facts, plans, strict=True):
        for effect in plan.effects:
            if (
                isinstance(effect, UpdateRecord)
                and effect.side is Side.HUBSPOT
                and effect.fields.get(EMAIL)
                and one.hubspot
            ):
                moves[one.hubspot.ref] = Move(str(one.hubspot.fields.get(EMAIL) or ""), str(effect.fields[EMAIL]))
    return [Plan((UpdateRecord(ref, Side.HUBSPOT, {EMAIL: None}, ("DUP-24",)),)) for ref in sorted(who_vacates(moves))]


def completed(
    facts: Sequence[ContactFacts], plans: Sequence[Plan], applied: Sequence[Applied], world: World, book: Book
) -> list[tuple[int, ContactFacts]]:
    """The pairs whose second record has just been made, as facts to plan: their places in the batch, and what the new records show.

    Salesforce's new records are read back, as rules and triggers may have given them an owner or changed a value;
    HubSpot says what it made.
    """
    made = [(at, done.made) for at, done in enumerate(applied) if done.made and plans[at].birth]
    shown = (
        world.salesforce.read([ref for _, ref in made if ref.side is Side.SALESFORCE], book.fields(Side.SALESFORCE))
        if made
        else {}
    )
    pairs: list[tuple[int, ContactFacts]] = []
    for at, ref in made:
        new = shown.get(ref) if ref.side is Side.SALESFORCE else _made(plans[at], applied[at], ref, book, world.now())
        link = plans[at].birth
        if new is None or link is None:
            applied[at].error = TryAgain("the new record cannot be read back yet")
            continue
        here = {place: ref if isinstance(place, Slot) else place for place in (link.hubspot, link.salesforce)}
        link = replace(link, hubspot=here[link.hubspot], salesforce=here[link.salesforce])
        pairs.append(
            (
                at,
                replace(facts[at], link=link, hubspot=facts[at].hubspot or new, salesforce=facts[at].salesforce or new),
            )
        )
    return pairs


def _made(plan: Plan, applied: Applied, ref: Ref, book: Book, now: datetime) -> Record | None:
    """A HubSpot record as HubSpot says that it made it."""
    create = next((effect for effect in plan.effects if isinstance(effect, CreateRecord)), None)
    if create is None:
        return None
    names = book.fields(Side.HUBSPOT)[ref.object]
    told: Mapping[str, Value] = {**create.fields, **applied.shown.get(Side.HUBSPOT, {})}
    return Record(ref, {name: told.get(name) for name in names}, now, now)


def _hubspot_records(facts: ContactFacts) -> Iterable[Record]:
    """The HubSpot contacts that a plan may turn on: the one of the pair, or those that it may be linked with."""
    return [one for one in (facts.hubspot, facts.remembered, *facts.candidates) if one and one.ref.side is Side.HUBSPOT]


def _asks_for_owners(facts: ContactFacts) -> bool:
    if facts.link is None:
        return facts.named is not None
    if facts.hubspot is None or facts.salesforce is None:
        return False
    owning = owning_of(facts.hubspot, facts.salesforce, facts.link)
    return (owning.hubspot, owning.salesforce) != (owning.last_hubspot, owning.last_salesforce)


def _with_ages(facts: ContactFacts, aged: Mapping[Ref, Record]) -> ContactFacts:
    return replace(
        facts,
        hubspot=aged.get(facts.hubspot.ref, facts.hubspot) if facts.hubspot else None,
        remembered=aged.get(facts.remembered.ref, facts.remembered) if facts.remembered else None,
        candidates=tuple(aged.get(one.ref, one) for one in facts.candidates),
    )


def _braked(facts: Sequence[ContactFacts], plans: list[Plan], world: World) -> list[Plan]:
    """Hold back deletions beyond what the settings allow within an hour; they wait in the error inbox for a person (Q-30)."""
    limit = world.connection.contacts.max_deletes_per_hour
    deleting = [at for at, plan in enumerate(plans) if any(isinstance(effect, DeleteRecord) for effect in plan.effects)]
    if not limit or not deleting:
        return plans
    allowed = world.brake.pull(world.connection.name, Kind.CONTACT, len(deleting), limit, world.now())
    for at in deleting[allowed:]:
        contact = facts[at].hubspot
        plans[at] = Plan((reports.braked(contact.ref if contact else facts[at].change.ref),))
    return plans


def _plan_safely(facts: ContactFacts, book: Book) -> Plan:
    """A record that the planner trips over is reported and must not take the other 999 of its batch with it."""
    try:
        return plan_contact(facts, book)
    except Exception as error:  # noqa: BLE001 - any defect in planning one record is that record's alone; it is shown, not swallowed
        text = f"could not be planned: {type(error).__name__}"
        hint = "This is a defect of crmsync; please report it."
        return Plan((Report(facts.change.ref, Category.INTERNAL, text, hint=hint),))
