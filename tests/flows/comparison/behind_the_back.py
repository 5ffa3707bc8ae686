"""Makes records of a world in memory differ behind the product's back, in every way that there is.

No change reports what is done here, as if every webhook were lost and every sweep had passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from crmsync.model.changes import Cause
from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY
from crmsync.model.operations.comparison import Standing
from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld

UnseenChange = Callable[[MemoryWorld, Ref], list[Ref]]
"""Makes the pair of a HubSpot contact differ; the records that are not in step afterwards."""


def synced_world(pairs: int, *, at_a_time: int = 1_000) -> tuple[MemoryWorld, list[Ref]]:
    """Return a world with so many HubSpot contacts and their leads, in step for two hours, and the
    contacts.
    """
    world = MemoryWorld(linked=pairs)
    contacts = [world.new_contact(email=f"c{number}@example.com") for number in range(pairs)]
    for start in range(0, pairs, at_a_time):
        world.sync(*contacts[start : start + at_a_time])
    world.outbox.published, world.outbox.delayed = [], []
    world.wait(120)
    return world, contacts


def edit_in_hubspot(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody edits the contact."""
    world.hubspot.edit(contact, {"jobtitle": "Countess"})
    return [contact]


def edit_in_salesforce(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody edits the lead."""
    world.salesforce.edit(world.counterpart(contact), {"Title": "Countess"})
    return [contact]


def delete_in_hubspot(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody deletes the contact."""
    lead = world.counterpart(contact)
    world.hubspot.delete(contact)
    return [lead]


def delete_in_salesforce(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody deletes the lead."""
    world.salesforce.delete(world.counterpart(contact))
    return [contact]


def delete_both(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody deletes both; only the link is left."""
    world.salesforce.delete(world.counterpart(contact))
    world.hubspot.delete(contact)
    return [contact]


def lose_the_link(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """The link disappears."""
    lead = world.counterpart(contact)
    world.links.drop([world.links.find("acme", [contact])[contact]])
    return [contact, lead]


def clear_the_key_in_hubspot(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody clears the id of the lead in the contact."""
    world.hubspot.edit(contact, {HUBSPOT_KEY: ""})
    return [contact]


def clear_the_key_in_salesforce(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody clears the id of the contact in the lead."""
    world.salesforce.edit(world.counterpart(contact), {SALESFORCE_KEY: None})
    return [contact]


def add_in_hubspot(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody enters another person in HubSpot."""
    return [world.new_contact(email=f"new{contact.id}@example.com")]


def add_in_salesforce(world: MemoryWorld, contact: Ref) -> list[Ref]:
    """Somebody enters another person in Salesforce."""
    return [world.new_lead(Email=f"lead{contact.id}@example.com")]


DIFFERENT, MISSING = Standing.DIFFERENT, Standing.MISSING

UNSEEN_CHANGES: Mapping[UnseenChange, Standing] = MappingProxyType(
    {
        edit_in_hubspot: DIFFERENT,
        edit_in_salesforce: DIFFERENT,
        delete_in_hubspot: MISSING,
        delete_in_salesforce: MISSING,
        delete_both: MISSING,
        lose_the_link: MISSING,
        clear_the_key_in_hubspot: DIFFERENT,
        clear_the_key_in_salesforce: DIFFERENT,
        add_in_hubspot: MISSING,
        add_in_salesforce: MISSING,
    }
)
"""Every change, and how its records stand afterwards."""


def a_world_with_a_deal() -> tuple[MemoryWorld, Ref, Ref]:
    """Return a world with a deal and an opportunity of one contact, in step, the opportunity, and
    a second linked Salesforce contact without a role.
    """
    world = MemoryWorld()
    account = world.new_account()
    world.sync(account)
    world.drain()
    first = world.new_salesforce_contact(account)
    second = world.new_salesforce_contact(account, "eva@example.com")
    opportunity = world.new_opportunity(first)
    for ref in (first, second, opportunity):
        world.sync(ref, cause=Cause.EDITED)
        world.drain()
    world.wait(120)
    return world, opportunity, second
