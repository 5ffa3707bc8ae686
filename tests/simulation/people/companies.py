"""What people do to companies and accounts, and to who belongs to them."""

from __future__ import annotations

from crmsync.model.records import Side
from tests.simulation.histories.steps import Person
from tests.simulation.people.fields import NAMES, value_of
from tests.simulation.people.records import contacts, crm_of, one_of, portal_of, records
from tests.simulation.world.system import System


def new_company(system: System, step: Person) -> bool:
    """A company, with a contact in it perhaps; or an account."""
    crm = crm_of(system, step)
    name = NAMES[step.other % len(NAMES)]
    if step.side is Side.SALESFORCE:
        ref = crm.add("Account", {"Name": name, "Phone": value_of("phone", step.value)})
        system.tell(ref, news=step.news)
        return True
    ref = crm.add("company", {"name": name, "phone": value_of("phone", step.value)})
    system.tell(ref, news=step.news)
    contact = one_of(contacts(portal_of(system, step)), step.who)
    if contact is not None:
        portal_of(system, step).associations.add_association(contact, ref)
        system.tell(contact, news=step.news)
    return True


def join_company(system: System, step: Person) -> bool:
    """A contact gets another company, or another account."""
    person = one_of(records(system, step, "person"), step.who)
    company = one_of(records(system, step, "company"), step.other)
    if person is None or company is None or person.object == "Lead":
        return False
    if step.side is Side.SALESFORCE:
        if system.salesforce.fields(person).get("AccountId") == company.id:
            return False
        system.salesforce.edit(person, {"AccountId": company.id})
    else:
        ties = portal_of(system, step).associations
        if ties.primary(person) == company:
            return False
        ties.add_association(person, company, primary=True)
        system.tell(company, news=step.news)
    system.tell(person, news=step.news)
    return True


def leave_company(system: System, step: Person) -> bool:
    """A contact leaves its company, or its account."""
    person = one_of(records(system, step, "person"), step.who)
    if person is None:
        return False
    if step.side is Side.SALESFORCE:
        if not system.salesforce.fields(person).get("AccountId"):
            return False
        system.salesforce.edit(person, {"AccountId": None})
    else:
        ties = portal_of(system, step).associations
        company = ties.primary(person)
        if company is None:
            return False
        ties.remove_association(person, company)
        system.tell(company, news=step.news)
    system.parted.add(person)
    system.tell(person, news=step.news)
    return True
