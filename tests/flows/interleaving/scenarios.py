"""Scenarios of two workers that begin with a synced pair of each kind, and the attributes that
people edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from crmsync.model.changes import Change
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Side
from crmsync.model.settings import CreateInSalesforce
from tests.flows.interleaving.scenario import (
    HUBSPOT,
    PHONE,
    RECORDS,
    SALESFORCE,
    TITLE,
    Attribute,
    Scenario,
    existing,
    plain,
)
from tests.flows.interleaving.scenarios_of_opportunities import (
    deal,
    ended_roles,
    lifecycle,
    roles,
    roll_ups,
)
from tests.memory.world import MemoryWorld

OWNERS = Owners(
    tuple(
        Owner(str(n), f"Owner {n}", f"owner.{n}@example.com", is_active=True, kind="PERSON")
        for n in range(1, 4)
    ),
    tuple(
        Owner(
            f"00500000000001{n}AAA",
            f"Owner {n}",
            f"owner.{n}@example.com",
            is_active=True,
            kind="Standard",
        )
        for n in range(1, 4)
    ),
)


def lead() -> Scenario:
    """A contact and its lead."""
    world = MemoryWorld()
    ada = world.new_contact(phone="1", jobtitle="1")
    world.sync(ada)
    return Scenario(world, {HUBSPOT: ada, SALESFORCE: world.counterpart(ada)}, (PHONE, TITLE))


def contact() -> Scenario:
    """A HubSpot contact and its Salesforce contact."""
    world = MemoryWorld()
    ada = world.new_salesforce_contact(None, Phone="1", Title="1")
    world.sync(ada)
    return Scenario(world, {HUBSPOT: world.counterpart(ada), SALESFORCE: ada}, (PHONE, TITLE))


def company() -> Scenario:
    """A company and its account."""
    world = MemoryWorld()
    account = world.new_account(Phone="1", BillingCity="1")
    world.sync(account)
    world.drain()
    refs = {HUBSPOT: world.counterpart(account), SALESFORCE: account}
    return Scenario(world, refs, (PHONE, plain("city", "city", "BillingCity")))


def owner() -> Scenario:
    """A contact and its lead, whose owner is the attribute."""
    world = MemoryWorld(owners=OWNERS)
    ada = world.new_contact(phone="1", hubspot_owner_id="1")
    world.sync(ada)
    ids = {SALESFORCE: {one.id: str(n) for n, one in enumerate(OWNERS.salesforce, 1)}}

    def edit_on(scenario: Scenario, value: str) -> Sequence[Change]:
        user = next(user for user, n in ids[SALESFORCE].items() if n == value)
        scenario.world.salesforce.edit(existing(scenario, SALESFORCE), {"OwnerId": user})
        return [scenario.world.change(existing(scenario, SALESFORCE))]

    def shown_on(scenario: Scenario) -> object:
        return ids[SALESFORCE].get(
            str(scenario.world.salesforce.fields(existing(scenario, SALESFORCE)).get("OwnerId"))
        )

    simple = plain("owner", "hubspot_owner_id", "OwnerId")
    attribute = Attribute(
        "owner",
        ("1", "2", "3"),
        {Side.HUBSPOT: simple.edit_on[Side.HUBSPOT], Side.SALESFORCE: edit_on},
        {Side.HUBSPOT: simple.shown_on[Side.HUBSPOT], Side.SALESFORCE: shown_on},
        RECORDS,
    )
    return Scenario(world, {HUBSPOT: ada, SALESFORCE: world.counterpart(ada)}, (attribute, PHONE))


def opt_out() -> Scenario:
    """A contact and its lead, whose opt-out is final (OPT-5)."""
    world = MemoryWorld()
    ada = world.new_contact(phone="1", hs_email_optout="false")
    world.sync(ada)

    def leave(scenario: Scenario, value: str) -> Sequence[Change]:
        scenario.world.preferences.opted_out.add("ada@example.com")
        scenario.world.hubspot.edit(ada, {"hs_email_optout": value})
        return [scenario.world.change(ada)]

    def untick(scenario: Scenario, value: str) -> Sequence[Change]:
        scenario.world.salesforce.edit(
            existing(scenario, SALESFORCE), {"HasOptedOutOfEmail": value == "true"}
        )
        return [scenario.world.change(existing(scenario, SALESFORCE))]

    simple = plain("out", "hs_email_optout", "HasOptedOutOfEmail")
    attribute = Attribute(
        "out",
        ("false", "true", "true"),
        {Side.HUBSPOT: leave, Side.SALESFORCE: untick},
        simple.shown_on,
        RECORDS,
    )
    return Scenario(world, {HUBSPOT: ada, SALESFORCE: world.counterpart(ada)}, (attribute, PHONE))


def parent() -> Scenario:
    """A HubSpot contact and its Salesforce contact in the first of three companies; the company is
    the attribute.
    """
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    accounts = [world.new_account(Name=f"Example {n}") for n in range(1, 4)]
    world.sync(*accounts)
    world.drain()
    companies = [world.counterpart(one) for one in accounts]
    theirs = world.new_salesforce_contact(accounts[0], Phone="1")
    world.sync(theirs)
    world.drain()

    def move(scenario: Scenario, value: str) -> Sequence[Change]:
        mine = existing(scenario, HUBSPOT)
        scenario.world.associations.add_association(mine, companies[int(value) - 1], primary=True)
        return [scenario.world.change(mine)]

    def reassign(scenario: Scenario, value: str) -> Sequence[Change]:
        scenario.world.salesforce.edit(theirs, {"AccountId": accounts[int(value) - 1].id})
        return [scenario.world.change(theirs)]

    def company_of(scenario: Scenario) -> object:
        found = scenario.world.associations.primary(existing(scenario, HUBSPOT))
        return str(companies.index(found) + 1) if found else None

    def account_of(scenario: Scenario) -> object:
        found = scenario.world.salesforce.fields(theirs).get("AccountId")
        return next((str(n) for n, one in enumerate(accounts, 1) if one.id == found), None)

    attribute = Attribute(
        "parent",
        ("1", "2", "3"),
        {Side.HUBSPOT: move, Side.SALESFORCE: reassign},
        {Side.HUBSPOT: company_of, Side.SALESFORCE: account_of},
        RECORDS,
    )
    return Scenario(
        world, {HUBSPOT: world.counterpart(theirs), SALESFORCE: theirs}, (attribute, PHONE)
    )


PAIRS: Mapping[str, Callable[[], Scenario]] = {
    "lead": lead,
    "contact": contact,
    "company": company,
    "deal": deal,
    "owner": owner,
    "opt-out": opt_out,
    "parent": parent,
    "roles": roles,
    "ended roles": ended_roles,
    "roll-ups": roll_ups,
    "lifecycle": lifecycle,
}
"""Scenarios that begin with a synced pair."""
