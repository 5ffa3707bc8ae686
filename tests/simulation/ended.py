"""Histories that have ended, for tests of the judges, and wrong writes to be found."""

from __future__ import annotations

from crmsync.model.records import Ref, Side
from tests.simulation.histories.steps import (
    Person,
    Setting,
    Step,
    Wait,
)
from tests.simulation.judges.invariants import INVARIANTS
from tests.simulation.play import act, finish
from tests.simulation.world.owners import SHOWN_ID, SHOWN_NAME, chosen, name_of
from tests.simulation.world.system import System

A_PAIR = (Person("new person", value="1"), Wait(60))


def ended(*steps: Step, setting: Setting | None = None) -> System:
    """The system after these steps."""
    system = System(setting or Setting())
    for step in steps:
        act(system, step)
    finish(system)
    return system


def the_pair(system: System) -> tuple[Ref, Ref]:
    """The two records of the only pair."""
    (link,) = system.links.all
    assert isinstance(link.hubspot, Ref)
    assert isinstance(link.salesforce, Ref)
    return link.hubspot, link.salesforce


def found(system: System) -> set[str]:
    """The names of the invariants that do not hold."""
    return {text.partition(":")[0] for judge in INVARIANTS.values() for text in judge(system)}


def write(system: System, side: Side, name: str, value: str | None) -> None:
    here, there = the_pair(system)
    system.salesforce.put(there, {name: value}, ours=True) if side is Side.SALESFORCE else (
        system.portals[0].hubspot.put(here, {name: value}, ours=True)
    )


def the_pair_of(system: System) -> tuple[Ref, Ref]:
    """The two records that are there."""
    return system.portals[0].hubspot.refs("contact")[0], system.salesforce.refs("Lead")[0]


def give_away(system: System, owner: str = "2") -> None:
    system.ledger.reads = dict.fromkeys(the_pair(system), system.ledger.number)
    user = str(chosen(Side.SALESFORCE, owner))
    write(system, Side.HUBSPOT, "hubspot_owner_id", owner)
    write(system, Side.SALESFORCE, "OwnerId", user)
    write(system, Side.HUBSPOT, SHOWN_ID, user)
    write(system, Side.HUBSPOT, SHOWN_NAME, name_of(user))


def phones(system: System) -> list[object]:
    here, there = the_pair(system)
    return [
        system.portals[0].hubspot.fields(here).get("phone"),
        system.salesforce.fields(there).get("Phone"),
    ]
