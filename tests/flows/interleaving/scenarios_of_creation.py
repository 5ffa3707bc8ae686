"""Scenarios of two workers that begin with a new record, whose counterpart does not exist yet or is
created at the same moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from crmsync.model.changes import Change
from crmsync.model.records import Ref, Side
from tests.flows.interleaving.scenario import PHONE, RECORDS, TITLE, Attribute, Scenario, plain
from tests.memory.world import MemoryWorld


def _only(side: Side, name: str) -> Callable[[Scenario], Ref | None]:
    """The only record of an object, or None if there is none yet."""

    def found(scenario: Scenario) -> Ref | None:
        return next(iter(scenario.world.crm(side).refs(name)), None)

    return found


def _creation(
    make: Callable[[MemoryWorld], Ref], other: str, *attributes: Attribute, **last_edits: object
) -> Scenario:
    """A record that a person has just made, whose counterpart will be the only record of the object
    `other`.
    """
    world = MemoryWorld()
    made = make(world)
    side = made.side.other
    names = {RECORDS[made.side]: made, RECORDS[side]: _only(side, other)}
    scenario = Scenario(
        world, names, attributes, pending=[world.change(made)], last_edits=dict(last_edits)
    )
    scenario.expected = Counter({**scenario.records(), "links": 1, f"{side} {other}": 1})
    return scenario


def _created_meanwhile(side: Side, make: Callable[[Scenario, Any], Ref]) -> Attribute:
    """The phone number of a record that a person makes on that side, if it does not exist yet."""

    def edit_on(scenario: Scenario, value: Any) -> Sequence[Change]:
        if scenario.ref(RECORDS[side]) is not None:
            return PHONE.edit_on[side](scenario, value)
        return [scenario.world.change(make(scenario, value))]

    records = dict.fromkeys(Side, RECORDS[side.other])
    return Attribute(
        "phone",
        PHONE.values,
        {side: edit_on, side.other: PHONE.edit_on[side.other]},
        PHONE.shown_on,
        records,
    )


def contact_meets_lead() -> Scenario:
    """A new HubSpot contact without a phone number, while a person makes a lead with its address
    and a number.
    """
    attribute = _created_meanwhile(
        Side.SALESFORCE, lambda scenario, value: scenario.world.new_lead(Phone=value)
    )
    return _creation(
        lambda world: world.new_contact(jobtitle="1"), "Lead", attribute, TITLE, phone=None
    )


def lead_meets_contact() -> Scenario:
    """A new lead without a phone number, while a person makes a HubSpot contact with its address
    and a number.
    """
    attribute = _created_meanwhile(
        Side.HUBSPOT, lambda scenario, value: scenario.world.new_contact(phone=value)
    )
    return _creation(
        lambda world: world.new_lead(Title="1"), "contact", attribute, TITLE, phone=None
    )


CITY = plain("city", "city", "BillingCity")
TEXT, AMOUNT = plain("text", "description", "Description"), plain("amount", "amount", "Amount")

CREATIONS: Mapping[str, Callable[[], Scenario]] = {
    "new contact": partial(
        _creation, lambda world: world.new_contact(phone="1", jobtitle="1"), "Lead", PHONE, TITLE
    ),
    "new lead": partial(
        _creation, lambda world: world.new_lead(Phone="1", Title="1"), "contact", PHONE, TITLE
    ),
    "new account": partial(
        _creation,
        lambda world: world.new_account(Phone="1", BillingCity="1"),
        "company",
        PHONE,
        CITY,
    ),
    "new deal": partial(
        _creation,
        lambda world: world.new_deal(description="1", amount="1"),
        "Opportunity",
        TEXT,
        AMOUNT,
    ),
    "new opportunity": partial(
        _creation,
        lambda world: world.new_opportunity(Description="1", Amount=1),
        "deal",
        TEXT,
        AMOUNT,
    ),
}
"""Scenarios that begin with a new record without a counterpart, whose change is pending."""

SIMULTANEOUS_CREATIONS: Mapping[str, Callable[[], Scenario]] = {
    "contact meets lead": contact_meets_lead,
    "lead meets contact": lead_meets_contact,
}
"""Scenarios in which a person makes the counterpart while a worker is about to create it."""
