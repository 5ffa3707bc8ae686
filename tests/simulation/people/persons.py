"""What people do to contacts and leads, and what recipients of e-mails do."""

from __future__ import annotations

from datetime import timedelta

from crmsync.model.mail import MailEvent, milliseconds
from crmsync.model.records import Ref, Side, Value
from tests.simulation.histories.steps import Person
from tests.simulation.people.fields import ADDRESSES, NAMES, PERSON_FIELDS, value_of
from tests.simulation.people.records import (
    contacts,
    crm_of,
    holder,
    one_of,
    people,
    portal_of,
    records,
)
from tests.simulation.world.lists import LIST, is_outside, join, leave
from tests.simulation.world.owners import FIELD as OWNER_FIELD
from tests.simulation.world.owners import QUEUE
from tests.simulation.world.system import ARRIVES, System


def new_person(system: System, step: Person) -> bool:
    address = ADDRESSES[step.who % len(ADDRESSES)]
    portal, crm = portal_of(system, step), crm_of(system, step)
    names = PERSON_FIELDS[step.side]
    given: dict[str, Value] = {
        names[name]: value_of(name, step.value) for name in ("phone", "jobtitle", "lastname")
    }
    if step.side is Side.HUBSPOT:
        if holder(portal, address):
            return False
        ref = crm.add("contact", {"email": address, **given})
    elif step.what == "Contact":
        account = one_of(system.salesforce.refs("Account"), step.other)
        parent = {"AccountId": account.id} if account and step.other else {}
        ref = crm.add("Contact", {"Email": address, "HasOptedOutOfEmail": False, **parent, **given})
    else:
        given |= {"Company": NAMES[step.other % 3], "HasOptedOutOfEmail": False}
        ref = crm.add("Lead", {"Email": address, **given})
    system.tell(ref, news=step.news)
    return True


def new_address(system: System, step: Person) -> bool:
    ref = one_of(records(system, step, "person"), step.who)
    address = ADDRESSES[step.other % len(ADDRESSES)] if step.value else None
    portal, crm = portal_of(system, step), crm_of(system, step)
    if ref is None or (step.side is Side.HUBSPOT and address and holder(portal, address)):
        return False
    crm.edit(ref, {"email" if step.side is Side.HUBSPOT else "Email": address})
    system.tell(ref, news=step.news)
    return True


def opt_out(system: System, step: Person) -> bool:
    """A contact unsubscribes, or somebody ticks the box in Salesforce."""
    ref = one_of(records(system, step, "person"), step.who)
    if ref is None:
        return False
    crm, portal = crm_of(system, step), portal_of(system, step)
    if step.side is Side.SALESFORCE:
        crm.edit(ref, {"HasOptedOutOfEmail": True})
    else:
        address = str(crm.fields(ref).get("email") or "")
        if not address:
            return False
        portal.preferences.opted_out.add(address)
        crm.edit(ref, {"hs_email_optout": "true"})
    system.tell(ref, news=step.news)
    return True


def untick(system: System, step: Person) -> bool:
    """Somebody takes the tick away in Salesforce, which subscribes nobody again (OPT-5)."""
    ref = one_of(people(system), step.who)
    if ref is None or not system.salesforce.fields(ref).get("HasOptedOutOfEmail"):
        return False
    system.salesforce.edit(ref, {"HasOptedOutOfEmail": False})
    system.tell(ref, news=step.news)
    return True


def convert(system: System, step: Person) -> bool:
    crm = system.salesforce
    leads = [ref for ref in people(system) if ref.object == "Lead"]
    lead = one_of(leads, step.who)
    if lead is None:
        return False
    account = one_of(crm.refs("Account"), step.other) if step.value else None
    shown = crm.fields(lead)
    contact = crm.convert(lead, account)
    names = ("MobilePhone", "Fax", "Title", "HasOptedOutOfEmail", "OwnerId")
    kept = {name: shown.get(name) for name in names}
    if kept["OwnerId"] == QUEUE:
        del kept["OwnerId"]  # A queue owns no contact: whoever converts the lead does.
    crm.edit(contact, {name: value for name, value in kept.items() if value})
    system.merged[lead] = contact
    for ref in (
        lead,
        contact,
        Ref(Side.SALESFORCE, "Account", str(crm.fields(contact)["AccountId"])),
    ):
        system.tell(ref, news=step.news)
    return True


def give_to_queue(system: System, step: Person) -> bool:
    """Somebody puts a lead into a queue, or it gets there by a rule."""
    leads = [ref for ref in people(system) if ref.object == "Lead"]
    lead = one_of(leads, step.who)
    if lead is None or system.salesforce.owner_of(lead) == QUEUE:
        return False
    system.salesforce.edit(lead, {OWNER_FIELD[Side.SALESFORCE]: QUEUE})
    system.tell(lead, news=step.news)
    return True


def join_list(system: System, step: Person) -> bool:
    """A contact joins the inclusion list; the last one if `who` is -1."""
    portal = portal_of(system, step)
    contact = one_of(contacts(portal), step.who)
    if contact is None or not is_outside(system, portal, contact):
        return False
    join(system, portal, contact)
    return True


def leave_list(system: System, step: Person) -> bool:
    """A contact leaves the inclusion list."""
    portal = portal_of(system, step)
    contact = one_of(portal.lists.current(LIST), step.who)
    if contact is None:
        return False
    leave(system, portal, contact)
    return True


def open_mail(system: System, step: Person) -> bool:
    """A recipient opens an e-mail, or clicks in it; the log shows that late perhaps."""
    portal = portal_of(system, step)
    address = ADDRESSES[step.who % len(ADDRESSES)]
    number = len(portal.mail_log.rows) + 1
    kind = ("OPEN", "CLICK")[step.other % 2]
    event = MailEvent(f"event-{number}", milliseconds(system.now), kind, address, "113", "70012")
    late = ARRIVES[step.news][:1] or (4_000.0,)
    system.at(system.now + timedelta(seconds=late[0]), lambda: portal.mail_log.rows.append(event))
    return True
