"""The records that people find."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.model.records import Ref, Side
from tests.simulation.histories.steps import Person
from tests.simulation.world.deployment import Portal
from tests.simulation.world.system import System
from tests.simulation.world.watched import WatchedCrm


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


def holder(portal: Portal, address: str) -> Ref | None:
    """The contact that has an address, which HubSpot gives to nobody else then."""
    crm = portal.hubspot
    return next(
        (ref for ref in contacts(portal) if address in crm._addresses(crm._rows[ref])), None
    )
