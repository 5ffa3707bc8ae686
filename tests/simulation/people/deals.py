"""What people do to deals and opportunities, and to who is tied to them."""

from __future__ import annotations

from crmsync.model.changes import Cause, TieEvent
from crmsync.model.records import Ref, Side
from tests.simulation.histories.steps import Person
from tests.simulation.people.fields import HUBSPOT_STAGES, STAGES, value_of
from tests.simulation.people.records import contacts, crm_of, one_of, portal_of, records
from tests.simulation.world.system import System


def new_deal(system: System, step: Person) -> bool:
    """A deal or an opportunity, tied to a contact perhaps."""
    crm, portal = crm_of(system, step), portal_of(system, step)
    amount = value_of("amount", step.value)
    if step.side is Side.HUBSPOT:
        ref = crm.add(
            "deal",
            {
                "dealname": "Canary pumps",
                "pipeline": "default",
                "dealstage": HUBSPOT_STAGES[step.other % len(HUBSPOT_STAGES)],
                "closedate": "2026-12-30T12:00:00.000Z",
                "amount": amount,
            },
        )
        system.tell(ref, news=step.news)
        contact = one_of(contacts(portal), step.who)
        if contact is not None and step.what:
            portal.associations.add_association(ref, contact)
            news = (TieEvent(contact, system.now, is_gone=False),)
            system.tell(ref, Cause.AGAIN, step.news, ties=news)
        return True
    ref = crm.add(
        "Opportunity",
        {
            "Name": "Canary pumps",
            "StageName": STAGES[step.other % len(STAGES)],
            "CloseDate": "2026-12-30",
            "Amount": float(amount) if amount else None,
        },
    )
    system.tell(ref, news=step.news)
    contact = one_of(crm.refs("Contact"), step.who)
    if contact is not None and step.what:
        system.tell(system.opportunities.add_role(ref, contact), news=step.news)
    return True


def _roles(system: System, opportunity: Ref) -> dict[str, list[Ref]]:
    """Contact id -> its roles in an opportunity."""
    found: dict[str, list[Ref]] = {}
    for ref in system.salesforce.refs("OpportunityContactRole"):
        shown = system.salesforce.fields(ref)
        if shown["OpportunityId"] == opportunity.id:
            found.setdefault(str(shown["ContactId"]), []).append(ref)
    return found


def tie(system: System, step: Person) -> bool:
    """A contact is tied to a deal, or gets a role in an opportunity."""
    deal = one_of(records(system, step, "deal"), step.who)
    if step.side is Side.HUBSPOT:
        portal = portal_of(system, step)
        contact = one_of(contacts(portal), step.other)
        if deal is None or contact is None:
            return False
        if contact in portal.associations.of([deal], "contact").get(deal, ()):
            return False
        portal.associations.add_association(deal, contact)
        system.tell(
            deal, Cause.AGAIN, step.news, ties=(TieEvent(contact, system.now, is_gone=False),)
        )
        return True
    contact = one_of(system.salesforce.refs("Contact"), step.other)
    if deal is None or contact is None or contact.id in _roles(system, deal):
        return False
    system.tell(system.opportunities.add_role(deal, contact), news=step.news)
    return True


def untie(system: System, step: Person) -> bool:
    """A contact is taken away from a deal, or loses its role."""
    deal = one_of(records(system, step, "deal"), step.who)
    if deal is None:
        return False
    system.untied.add(deal)
    if step.side is Side.HUBSPOT:
        ties = portal_of(system, step).associations
        contact = one_of(ties.of([deal], "contact").get(deal, ()), step.other)
        if contact is None:
            return False
        ties.remove_association(deal, contact)
        system.tell(deal, Cause.AGAIN, step.news, ties=(TieEvent(contact, system.now),))
        return True
    roles = _roles(system, deal)
    one = sorted(roles)[step.other % len(roles)] if roles else ""
    for role in roles.get(one, ()):
        system.salesforce.delete(role)
        system.tell(role, Cause.DELETED, step.news)
    return bool(one)


def move(system: System, step: Person) -> bool:
    """A deal or an opportunity goes to another stage."""
    deal, crm = one_of(records(system, step, "deal"), step.who), crm_of(system, step)
    if deal is None:
        return False
    shown = crm.fields(deal)
    if step.side is Side.SALESFORCE:
        name, value = "StageName", STAGES[step.other % len(STAGES)]
    else:
        pipelines = {one.id: one for one in portal_of(system, step).deals.pipelines()}
        stages = pipelines[str(shown["pipeline"])].stages
        name, value = "dealstage", stages[step.other % len(stages)].id
    if shown.get(name) == value:
        return False
    crm.edit(deal, {name: value})
    system.tell(deal, news=step.news)
    return True
