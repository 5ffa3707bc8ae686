"""The scenes of two workers that begin with a record just made, whose counterpart nobody has made
yet, or makes at that very moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from crmsync.model.changes import Change
from crmsync.model.records import Ref, Side
from tests.flows.convergence.interleave import Scene, Topic
from tests.flows.convergence.interleave_scenes import PHONE, RECORDS, TITLE, plain
from tests.memory.world import MemoryWorld


def _only(side: Side, name: str) -> Callable[[Scene], Ref | None]:
    """The only record of an object, or None as long as there is none."""

    def found(scene: Scene) -> Ref | None:
        return next(iter(scene.world.crm(side).refs(name)), None)

    return found


def _birth(
    make: Callable[[MemoryWorld], Ref], across: str, *topics: Topic, **worth: object
) -> Scene:
    """A record that a person has just made; its counterpart is to be the only record of the object
    `across`.
    """
    world = MemoryWorld()
    made = make(world)
    side = made.side.other
    names = {RECORDS[made.side]: made, RECORDS[side]: _only(side, across)}
    scene = Scene(world, names, topics, told=[world.change(made)], worth=dict(worth))
    scene.expected = Counter({**scene.records(), "links": 1, f"{side} {across}": 1})
    return scene


def _made_beside(side: Side, make: Callable[[Scene, Any], Ref]) -> Topic:
    """The phone number: on that side a person gives it to a record that they make, where there is
    none yet.
    """

    def put(scene: Scene, value: Any) -> Sequence[Change]:
        if scene.ref(RECORDS[side]) is not None:
            return PHONE.put[side](scene, value)
        return [scene.world.change(make(scene, value))]

    records = dict.fromkeys(Side, RECORDS[side.other])
    return Topic(
        "phone", PHONE.values, {side: put, side.other: PHONE.put[side.other]}, PHONE.show, records
    )


def contact_meets_lead() -> Scene:
    """A new HubSpot contact without a phone number; the person who makes a lead of that address has
    one.
    """
    topic = _made_beside(Side.SALESFORCE, lambda scene, value: scene.world.new_lead(Phone=value))
    return _birth(lambda world: world.new_contact(jobtitle="1"), "Lead", topic, TITLE, phone=None)


def lead_meets_contact() -> Scene:
    """A new lead without a phone number; the person who makes a HubSpot contact of that address has
    one.
    """
    topic = _made_beside(Side.HUBSPOT, lambda scene, value: scene.world.new_contact(phone=value))
    return _birth(lambda world: world.new_lead(Title="1"), "contact", topic, TITLE, phone=None)


CITY = plain("city", "city", "BillingCity")
TEXT, AMOUNT = plain("text", "description", "Description"), plain("amount", "amount", "Amount")

BIRTHS: Mapping[str, Callable[[], Scene]] = {
    "new contact": partial(
        _birth, lambda world: world.new_contact(phone="1", jobtitle="1"), "Lead", PHONE, TITLE
    ),
    "new lead": partial(
        _birth, lambda world: world.new_lead(Phone="1", Title="1"), "contact", PHONE, TITLE
    ),
    "new account": partial(
        _birth, lambda world: world.new_account(Phone="1", BillingCity="1"), "company", PHONE, CITY
    ),
    "new deal": partial(
        _birth,
        lambda world: world.new_deal(description="1", amount="1"),
        "Opportunity",
        TEXT,
        AMOUNT,
    ),
    "new opportunity": partial(
        _birth, lambda world: world.new_opportunity(Description="1", Amount=1), "deal", TEXT, AMOUNT
    ),
}
"""Scenes that begin with a record whose news is told, and that has no counterpart yet."""

MEETINGS: Mapping[str, Callable[[], Scene]] = {
    "contact meets lead": contact_meets_lead,
    "lead meets contact": lead_meets_contact,
}
"""Scenes in which the counterpart is made by a person while a worker is about to make it."""
