"""What people do in the two CRMs, act by act, each with the message that it causes.

Everything personal that they write has `CANARY` in it, so that a leak can be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from crmsync.model.changes import Cause, TieEvent
from crmsync.model.mail import MailEvent, milliseconds
from crmsync.model.records import Ref, Side, Value
from tests.simulation.deployment import Portal
from tests.simulation.lists import LIST, follow_merge, is_outside, join, leave
from tests.simulation.owners import FIELD as OWNER_FIELD
from tests.simulation.owners import QUEUE, chosen
from tests.simulation.steps import News, Person
from tests.simulation.system import ARRIVES, System
from tests.simulation.watched import WatchedCrm

CANARY = "canary"
ADDRESSES = tuple(f"{CANARY}{number}@example.com" for number in range(4))
NAMES = tuple(f"Canary {name}" for name in ("GmbH", "AG", "KG"))

PERSON_FIELDS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {
        "phone": "phone",
        "mobilephone": "mobilephone",
        "fax": "fax",
        "jobtitle": "jobtitle",
        "firstname": "firstname",
        "lastname": "lastname",
    },
    Side.SALESFORCE: {
        "phone": "Phone",
        "mobilephone": "MobilePhone",
        "fax": "Fax",
        "jobtitle": "Title",
        "firstname": "FirstName",
        "lastname": "LastName",
    },
}
COMPANY_FIELDS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {"name": "name", "phone": "phone", "city": "city", "description": "description"},
    Side.SALESFORCE: {
        "name": "Name",
        "phone": "Phone",
        "city": "BillingCity",
        "description": "Description",
    },
}
DEAL_FIELDS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {"dealname": "dealname", "amount": "amount", "description": "description"},
    Side.SALESFORCE: {"dealname": "Name", "amount": "Amount", "description": "Description"},
}
NEEDED = frozenset({"lastname", "name", "dealname"})
"""What nobody leaves blank."""

STAGES = ("Prospecting", "Negotiation/Review", "Closed Won", "Closed Lost")
HUBSPOT_STAGES = ("appointmentscheduled", "contractsent", "closedwon", "closedlost")


def value_of(name: str, text: str) -> str | None:
    """A value of that field: ``"2"`` stands for the second one, "" for blank."""
    if not text:
        return f"Canary {name}" if name in NEEDED else None
    if name == "amount":
        return f"{int(text)}00"
    if name in {"phone", "mobilephone", "fax"}:
        return f"+49 30 901820{text}"
    return f"Canary {name} {text}"


REACTS_AFTER = timedelta(seconds=20)
"""How soon a workflow or a flow answers a write."""


def automate(system: System) -> None:
    """Switch on the workflows and flows of the setting: each sets its field to its own value
    whenever crmsync has changed it.
    """
    for side, name, text in system.setting.automations:
        field, value = PERSON_FIELDS[side][name], value_of(name, text)
        crms = (
            [system.salesforce]
            if side is Side.SALESFORCE
            else [portal.hubspot for portal in system.portals]
        )
        for crm in crms:
            crm.answers.append(partial(_react, system, crm, field, value))


def _react(
    system: System, crm: WatchedCrm, field: str, value: str | None, ref: Ref, changed: Iterable[str]
) -> None:
    """A workflow or flow has seen a write."""
    if ref.object not in {"contact", "Lead", "Contact"} or field not in changed:
        return

    def set_again() -> None:
        if crm.is_live(ref) and crm.fields(ref).get(field) != value:
            crm.edit(ref, {field: value})
            system.tell(ref)
            system.seen["automation"] += 1

    system.at(system.now + REACTS_AFTER, set_again)


def contacts(portal: Portal) -> list[Ref]:
    """The contacts of a HubSpot account."""
    return portal.hubspot.refs("contact")


def people(system: System) -> list[Ref]:
    """The leads and contacts of the org."""
    crm = system.salesforce
    leads = [ref for ref in crm.refs("Lead") if not crm.fields(ref).get("IsConverted")]
    return [*leads, *crm.refs("Contact")]


def records(system: System, step: Person, kind: str) -> list[Ref]:
    """The records of a kind on the side of a step."""
    portal = portal_of(system, step)
    if kind == "person":
        return contacts(portal) if step.side is Side.HUBSPOT else people(system)
    name = {"company": ("company", "Account"), "deal": ("deal", "Opportunity")}[kind]
    return crm_of(system, step).refs(name[step.side is Side.SALESFORCE])


def portal_of(system: System, step: Person) -> Portal:
    """The HubSpot account of a step."""
    return system.portals[step.portal % len(system.portals)]


def crm_of(system: System, step: Person) -> WatchedCrm:
    """The CRM of a step."""
    return portal_of(system, step).hubspot if step.side is Side.HUBSPOT else system.salesforce


def one_of(found: Sequence[Ref], number: int) -> Ref | None:
    """One of some records."""
    return found[number % len(found)] if found else None


def _holder(portal: Portal, address: str) -> Ref | None:
    """The contact that has an address, which HubSpot gives to nobody else then."""
    crm = portal.hubspot
    return next(
        (ref for ref in contacts(portal) if address in crm._addresses(crm._rows[ref])), None
    )


def _new_person(system: System, step: Person) -> bool:
    address = ADDRESSES[step.who % len(ADDRESSES)]
    portal, crm = portal_of(system, step), crm_of(system, step)
    names = PERSON_FIELDS[step.side]
    given: dict[str, Value] = {
        names[name]: value_of(name, step.value) for name in ("phone", "jobtitle", "lastname")
    }
    if step.side is Side.HUBSPOT:
        if _holder(portal, address):
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


def _edit(kind: str, table: Mapping[Side, Mapping[str, str]]) -> Callable[[System, Person], bool]:
    def edit(system: System, step: Person) -> bool:
        ref = one_of(records(system, step, kind), step.who)
        names = sorted(table[step.side])
        name = step.what if step.what in names else names[0]
        crm = crm_of(system, step)
        if ref is None:
            return False
        value = value_of(name, step.value)
        field = table[step.side][name]
        if str(crm.fields(ref).get(field)) == str(value):
            return False
        crm.edit(
            ref,
            {
                field: float(value)
                if name == "amount" and value and step.side is Side.SALESFORCE
                else value
            },
        )
        system.tell(ref, news=step.news)
        return True

    return edit


def _new_address(system: System, step: Person) -> bool:
    ref = one_of(records(system, step, "person"), step.who)
    address = ADDRESSES[step.other % len(ADDRESSES)] if step.value else None
    portal, crm = portal_of(system, step), crm_of(system, step)
    if ref is None or (step.side is Side.HUBSPOT and address and _holder(portal, address)):
        return False
    crm.edit(ref, {"email" if step.side is Side.HUBSPOT else "Email": address})
    system.tell(ref, news=step.news)
    return True


def _opt_out(system: System, step: Person) -> bool:
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


def _untick(system: System, step: Person) -> bool:
    """Somebody takes the tick away in Salesforce, which subscribes nobody again (OPT-5)."""
    ref = one_of(people(system), step.who)
    if ref is None or not system.salesforce.fields(ref).get("HasOptedOutOfEmail"):
        return False
    system.salesforce.edit(ref, {"HasOptedOutOfEmail": False})
    system.tell(ref, news=step.news)
    return True


def _delete(kind: str) -> Callable[[System, Person], bool]:
    def delete(system: System, step: Person) -> bool:
        ref, crm = one_of(records(system, step, kind), step.who), crm_of(system, step)
        if ref is None:
            return False
        before = {one for one in crm._rows if crm.is_live(one)}
        if ref.object == "company":
            ties = portal_of(system, step).associations
            system.without_company |= {
                one for one in contacts(portal_of(system, step)) if ties.primary(one) == ref
            }
        forgets = step.what == "forget" and step.side is Side.HUBSPOT and kind == "person"
        (crm.purge if forgets else crm.delete)(ref)
        system.forgotten |= {ref} if forgets else set()
        for one in sorted(one for one in before if not crm.is_live(one)):
            cause = Cause.FORGOTTEN if forgets else Cause.DELETED
            # HubSpot repeats a call for a day, and a person's right to be forgotten is no edit.
            system.tell(one, cause, News.LATE if forgets and step.news is News.LOST else step.news)
        return True

    return delete


def _undelete(system: System, step: Person) -> bool:
    crm = crm_of(system, step)
    gone = [
        ref
        for ref, row in crm._rows.items()
        if row.is_deleted and ref not in crm._merged and ref not in crm._purged
        if row.deleted_with_record is None and ref.object != "OpportunityContactRole"
    ]
    ref = one_of(gone, step.who)
    if ref is None:
        return False
    if step.side is Side.HUBSPOT and ref.object == "contact":
        address = str(crm._rows[ref].fields.get("email") or "")
        if address and _holder(portal_of(system, step), address):
            return False
    before = {one for one in crm._rows if crm.is_live(one)}
    crm.restore(ref)
    for one in sorted(one for one in crm._rows if crm.is_live(one) and one not in before):
        system.tell(one, Cause.RESTORED, News.LATE if step.news is News.LOST else step.news)
    return True


def _merge(kind: str) -> Callable[[System, Person], bool]:
    def merge(system: System, step: Person) -> bool:
        found = records(system, step, kind)
        winner = one_of(found, step.who)
        alike = [ref for ref in found if winner and ref != winner and ref.object == winner.object]
        loser = one_of(alike, step.other)
        if winner is None or loser is None:
            return False
        crm = crm_of(system, step)
        moved = [child for child, _ in crm._children_of(loser)]
        survivor = crm.merge(winner, loser)
        system.merged[winner] = system.merged[loser] = survivor
        if survivor.object == "contact":
            follow_merge(system, portal_of(system, step), (winner, loser), survivor)
        for ref in dict.fromkeys((survivor, winner, loser, *moved)):
            system.tell(ref, news=step.news)
        return True

    return merge


def _convert(system: System, step: Person) -> bool:
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


def _new_company(system: System, step: Person) -> bool:
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


def _join(system: System, step: Person) -> bool:
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


def _leave(system: System, step: Person) -> bool:
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


def _new_deal(system: System, step: Person) -> bool:
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


def _tie(system: System, step: Person) -> bool:
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


def _untie(system: System, step: Person) -> bool:
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


def _move(system: System, step: Person) -> bool:
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


def _give(kind: str) -> Callable[[System, Person], bool]:
    """A record gets another owner; in HubSpot perhaps none."""

    def give(system: System, step: Person) -> bool:
        ref, crm = one_of(records(system, step, kind), step.who), crm_of(system, step)
        if ref is None:
            return False
        owner = chosen(step.side, step.value)
        before = crm.owner_of(ref) if step.side is Side.SALESFORCE else None
        if (before or crm.fields(ref).get(OWNER_FIELD[step.side])) == owner:
            return False
        crm.edit(ref, {OWNER_FIELD[step.side]: owner})
        system.tell(ref, news=step.news)
        return True

    return give


def _give_to_queue(system: System, step: Person) -> bool:
    """Somebody puts a lead into a queue, or it gets there by a rule."""
    leads = [ref for ref in people(system) if ref.object == "Lead"]
    lead = one_of(leads, step.who)
    if lead is None or system.salesforce.owner_of(lead) == QUEUE:
        return False
    system.salesforce.edit(lead, {OWNER_FIELD[Side.SALESFORCE]: QUEUE})
    system.tell(lead, news=step.news)
    return True


def _join_list(system: System, step: Person) -> bool:
    """A contact joins the inclusion list; the last one if `who` is -1."""
    portal = portal_of(system, step)
    contact = one_of(contacts(portal), step.who)
    if contact is None or not is_outside(system, portal, contact):
        return False
    join(system, portal, contact)
    return True


def _leave_list(system: System, step: Person) -> bool:
    """A contact leaves the inclusion list."""
    portal = portal_of(system, step)
    contact = one_of(portal.lists.current(LIST), step.who)
    if contact is None:
        return False
    leave(system, portal, contact)
    return True


def _open_mail(system: System, step: Person) -> bool:
    """A recipient opens an e-mail, or clicks in it; the log shows that late perhaps."""
    portal = portal_of(system, step)
    address = ADDRESSES[step.who % len(ADDRESSES)]
    number = len(portal.mail_log.rows) + 1
    kind = ("OPEN", "CLICK")[step.other % 2]
    event = MailEvent(f"event-{number}", milliseconds(system.now), kind, address, "113", "70012")
    late = ARRIVES[step.news][:1] or (4_000.0,)
    system.at(system.now + timedelta(seconds=late[0]), lambda: portal.mail_log.rows.append(event))
    return True


Act = Callable[[System, Person], bool]

ACTS: Mapping[str, Act] = {
    "new person": _new_person,
    "edit person": _edit("person", PERSON_FIELDS),
    "new address": _new_address,
    "opt out": _opt_out,
    "untick": _untick,
    "give person": _give("person"),
    "give company": _give("company"),
    "give deal": _give("deal"),
    "give lead to queue": _give_to_queue,
    "delete person": _delete("person"),
    "undelete": _undelete,
    "merge people": _merge("person"),
    "convert": _convert,
    "new company": _new_company,
    "edit company": _edit("company", COMPANY_FIELDS),
    "join company": _join,
    "leave company": _leave,
    "delete company": _delete("company"),
    "merge companies": _merge("company"),
    "new deal": _new_deal,
    "edit deal": _edit("deal", DEAL_FIELDS),
    "move deal": _move,
    "tie": _tie,
    "untie": _untie,
    "delete deal": _delete("deal"),
    "join list": _join_list,
    "leave list": _leave_list,
    "open mail": _open_mail,
}
"""What a step may say that a person does; each answers whether there was anything to do."""


def _queue_of(name: str) -> str:
    words = {"compan": "account", "deal": "opportunity", "tie": "opportunity", "mail": "email"}
    return next((queue for word, queue in words.items() if word in name), "contact")


QUEUE_OF = {name: _queue_of(name) for name in ACTS}
"""The queue that an act's message arrives in."""
