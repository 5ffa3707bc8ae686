"""The scenes of two workers that begin with a record just made, whose counterpart nobody has made yet, or makes at that very moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmsync.model.changes import Change
from crmsync.model.records import Ref, Side
from tests.flows.interleave import Scene, Topic
from tests.flows.interleave_scenes import PHONE, RECORDS, TITLE, plain
from tests.flows.worlds import Town


def _only(side: Side, name: str) -> Callable[[Scene], Ref | None]:
    """The only record of an object, or None as long as there is none."""

    def found(scene: Scene) -> Ref | None:
        return next(iter(scene.town.crm(side).refs(name)), None)

    return found


def _birth(
    town: Town, ref: Ref, across: Callable[[Scene], Ref | None], topics: tuple[Topic, ...], **worth: object
) -> Scene:
    """A record that a person has just made."""
    sides = {ref.side: ref, ref.side.other: across}
    names = {RECORDS[side]: one for side, one in sides.items()}
    scene = Scene(town, names, topics, told=[town.change(ref)], worth=dict(worth))
    scene.expected = Counter({**scene.records(), "links": 1})
    return scene


def contact_birth() -> Scene:
    """A new HubSpot contact."""
    town = Town()
    made = town.new_contact(phone="1", jobtitle="1")
    scene = _birth(town, made, _only(Side.SALESFORCE, "Lead"), (PHONE, TITLE))
    scene.expected["salesforce Lead"] = 1
    return scene


def lead_birth() -> Scene:
    """A new lead."""
    town = Town()
    made = town.new_lead(Phone="1", Title="1")
    scene = _birth(town, made, _only(Side.HUBSPOT, "contact"), (PHONE, TITLE))
    scene.expected["hubspot contact"] = 1
    return scene


def account_birth() -> Scene:
    """A new account."""
    town = Town()
    made = town.new_account(Phone="1", BillingCity="1")
    topics = (PHONE, plain("city", "city", "BillingCity"))
    scene = _birth(town, made, _only(Side.HUBSPOT, "company"), topics)
    scene.expected["hubspot company"] = 1
    return scene


def deal_birth() -> Scene:
    """A new deal."""
    town = Town()
    made = town.new_deal(description="1", amount="1")
    topics = (plain("text", "description", "Description"), plain("amount", "amount", "Amount"))
    scene = _birth(town, made, _only(Side.SALESFORCE, "Opportunity"), topics)
    scene.expected["salesforce Opportunity"] = 1
    return scene


def opportunity_birth() -> Scene:
    """A new opportunity."""
    town = Town()
    made = town.new_opportunity(Description="1", Amount=1)
    topics = (plain("text", "description", "Description"), plain("amount", "amount", "Amount"))
    scene = _birth(town, made, _only(Side.HUBSPOT, "deal"), topics)
    scene.expected["hubspot deal"] = 1
    return scene


def _made_beside(side: Side, make: Callable[[Scene, Any], Ref]) -> Topic:
    """The phone number: on that side a person gives it to a record that they make, where there is none yet."""

    def put(scene: Scene, value: Any) -> Sequence[Change]:
        if scene.ref(RECORDS[side]) is not None:
            return PHONE.put[side](scene, value)
        return [scene.town.change(make(scene, value))]

    records = dict.fromkeys(Side, RECORDS[side.other])
    return Topic("phone", PHONE.values, {side: put, side.other: PHONE.put[side.other]}, PHONE.show, records)


def contact_meets_lead() -> Scene:
    """A new HubSpot contact without a phone number; the person who makes a lead of that address has one."""
    town = Town()
    made = town.new_contact(jobtitle="1")
    topic = _made_beside(Side.SALESFORCE, lambda scene, value: scene.town.new_lead(Phone=value))
    scene = _birth(town, made, _only(Side.SALESFORCE, "Lead"), (topic, TITLE), phone=None)
    scene.expected["salesforce Lead"] = 1
    return scene


def lead_meets_contact() -> Scene:
    """A new lead without a phone number; the person who makes a HubSpot contact of that address has one."""
    town = Town()
    made = town.new_lead(Title="1")
    topic = _made_beside(Side.HUBSPOT, lambda scene, value: scene.town.new_contact(phone=value))
    scene = _birth(town, made, _only(Side.HUBSPOT, "contact"), (topic, TITLE), phone=None)
    scene.expected["hubspot contact"] = 1
    return scene


BIRTHS: Mapping[str, Callable[[], Scene]] = {
    "new contact": contact_birth,
    "new lead": lead_birth,
    "new account": account_birth,
    "new deal": deal_birth,
    "new opportunity": opportunity_birth,
}
"""Scenes that begin with a record whose news is told, and that has no counterpart yet."""

MEETINGS: Mapping[str, Callable[[], Scene]] = {
    "contact meets lead": contact_meets_lead,
    "lead meets contact": lead_meets_contact,
}
"""Scenes in which the counterpart is made by a person while a worker is about to make it."""
