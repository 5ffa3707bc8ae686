"""The planner alone: a thousand linked contacts, each with a new phone number in HubSpot, planned
on one core.

Law: pure code, no network and no store. The facts are made by the planner itself: a first round
plans the pairs as new ones, and its links are those of the measured round. Every plan must write
exactly one Salesforce record, otherwise the time means nothing.

Other processes slow a measurement down and never speed it up, so of each hundred contacts the
fastest round counts. No round finds a converted value still cached from the one before: a thousand
contacts have more values than are kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crmsync.model import names
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import (
    HUBSPOT_CONTACT,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    LEAD,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import SaveLink, UpdateRecord
from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import Connection, HubspotAccount, SalesforceOrg
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.kinds.contact.ruleset import contact_ruleset
from crmsync.rules.merge.ruleset import Ruleset
from local.bench.figures import BenchError, Figure, figure

CONTACTS = 1_000
SLICE = 100
ROUNDS = 15
CONNECTION = Connection(
    "acme",
    HubspotAccount(555001, "crmsync/acme/hubspot"),
    SalesforceOrg("https://acme.my.salesforce.com", "crmsync/acme/salesforce"),
)
MADE = datetime(2026, 1, 1, tzinfo=UTC)
EDITED = MADE + timedelta(days=1)
OUR_USER = "005000000000001AAA"
OUR_APP = "crmsync"


def measure() -> list[Figure]:
    """Return how many contacts are planned per second. Raises `BenchError`."""
    ruleset = contact_ruleset(CONNECTION, Fingerprinter(bytes(32)), OUR_USER, OUR_APP)
    facts = [edited_contact(number, ruleset) for number in range(CONTACTS)]
    slices = [facts[at : at + SLICE] for at in range(0, CONTACTS, SLICE)]
    rounds = [[seconds_of(one, ruleset) for one in slices] for _ in range(ROUNDS)]
    seconds = sum(min(times) for times in zip(*rounds, strict=True))
    return [figure("planner_contacts_per_second", CONTACTS / seconds)]


def edited_contact(number: int, ruleset: Ruleset) -> ContactFacts:
    """The facts about a linked contact whose phone number was edited in HubSpot since both sides
    agreed on everything.
    """
    hubspot, salesforce = _pair(number, ruleset)
    change = Change(CONNECTION.name, Kind.CONTACT, hubspot.ref, Cause.EDITED, EDITED)
    first = plan_contact(ContactFacts(change, hubspot=hubspot, candidates=(salesforce,)), ruleset)
    link = next(one.link for one in first.effects if isinstance(one, SaveLink))
    edited = replace(
        hubspot, fields={**hubspot.fields, "phone": f"+1 202 555 {number:04}"}, modified_at=EDITED
    )
    return ContactFacts(change, replace(link, version=1), hubspot=edited, salesforce=salesforce)


def _pair(number: int, ruleset: Ruleset) -> tuple[Record, Record]:
    """A contact and a lead that show the same in all mapped fields and name each other."""
    contact = Ref(Side.HUBSPOT, HUBSPOT_CONTACT, str(10_000 + number))
    lead = Ref(Side.SALESFORCE, LEAD, f"00Q{number:012}AAA")
    values = {rule: _value(rule, number) for rule in ruleset.mappings[LEAD].field_map}
    in_hubspot: dict[str, Value] = {rule.hubspot: str(one) for rule, one in values.items()}
    in_salesforce: dict[str, Value] = {rule.salesforce: one for rule, one in values.items()}
    in_hubspot |= {HUBSPOT_OPT_OUT: None, names.HUBSPOT_KEY: lead.id, HUBSPOT_OWNER: None}
    in_salesforce |= {
        SALESFORCE_OPT_OUT: False,
        names.SALESFORCE_KEY: ruleset.key_of(contact.id),
        SALESFORCE_OWNER: "",
    }
    return (
        Record(contact, in_hubspot, MADE, MADE),
        Record(lead, in_salesforce, MADE, MADE, OUR_USER),
    )


def _value(rule: FieldRule, number: int) -> Value:
    if rule.form is FieldType.EMAIL:
        return f"person{number}@example.com"
    if rule.form is FieldType.PHONE:
        return f"+1 202 555 {9_999 - number:04}"
    return number if rule.form is FieldType.NUMBER else f"{rule.hubspot} {number}"


def seconds_of(facts: Sequence[ContactFacts], ruleset: Ruleset) -> float:
    """The processor seconds that planning took. Raises `BenchError` for a plan that is not one link
    and one write to Salesforce.
    """
    began = time.process_time()
    plans = [plan_contact(one, ruleset) for one in facts]
    seconds = time.process_time() - began
    if any(not _is_right(plan) for plan in plans):
        raise BenchError("a plan does not write the phone number to Salesforce")
    return seconds


def _is_right(plan: Plan) -> bool:
    link, write = (*plan.effects, None, None)[:2]
    return (
        len(plan.effects) == 2
        and isinstance(link, SaveLink)
        and isinstance(write, UpdateRecord)
        and set(write.fields) == {"Phone"}
    )
