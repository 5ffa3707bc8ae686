"""Worlds in memory in which activities sync, and what people log in them."""

from __future__ import annotations

from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.records import Ref, Value
from tests.memory.world import MemoryWorld

TO_SALESFORCE = ActivityKindSettings(ActivitySync.TO_SALESFORCE)
TWO_WAY = ActivityKindSettings(ActivitySync.TWO_WAY)


def a_world(**kinds: ActivityKindSettings) -> MemoryWorld:
    """Build a world in which these kinds of activity sync."""
    return MemoryWorld(activities=ActivitySettings(**(kinds or {"calls": TO_SALESFORCE})))


def a_linked_person(world: MemoryWorld, **fields: str) -> tuple[Ref, Ref]:
    """Make a HubSpot contact and its lead."""
    contact = world.new_contact(**fields)
    world.sync(contact)
    return contact, world.counterpart(contact)


def a_call(world: MemoryWorld, *about: Ref, **fields: str) -> Ref:
    """Make a call in HubSpot that is about these records."""
    call = world.hubspot.add(
        "call",
        {
            "hs_timestamp": "2026-06-30T12:00:00.000Z",
            "hs_call_title": "First talk",
            "hs_call_body": "<p>Wants a <b>quote</b>.</p>",
            "hs_call_duration": "90000",
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED",
            **fields,
        },
    )
    for one in about:
        world.associations.add_association(call, one)
    return call


def shown(world: MemoryWorld, ref: Ref, *names: str) -> dict[str, Value]:
    """Return these fields of a record."""
    return {name: world.crm(ref.side).fields(ref).get(name) for name in names}
