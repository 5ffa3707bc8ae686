"""Who gets a counterpart by the settings of creation, and who may be without one (SET-1 to SET-3,
INC-2, CH-12, CH-17).
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.links import LinkState
from crmsync.model.records import Ref, Side
from tests.simulation.judges.pairs import Wrong
from tests.simulation.people.records import contacts, people
from tests.simulation.world.deployment import Portal
from tests.simulation.world.lists import is_outside
from tests.simulation.world.system import System

IN_HUBSPOT: Mapping[str, frozenset[str]] = {
    "leads_and_contacts": frozenset({"Lead", "Contact"}),
    "leads_only": frozenset({"Lead"}),
    "contacts_only": frozenset({"Contact"}),
    "never": frozenset(),
}
"""Setting -> of which objects of Salesforce a contact is made in HubSpot (SET-1, Q-37)."""

IN_SALESFORCE: Mapping[str, frozenset[str]] = {
    "lead": frozenset({"Lead"}),
    "contact": frozenset({"Contact"}),
    "contact_if_account": frozenset({"Lead", "Contact"}),
    "never": frozenset(),
}
"""Setting -> which objects are made of a contact in Salesforce (SET-2, SET-3, CH-12)."""


def stays_alone(system: System, portal: Portal, ref: Ref) -> bool:
    """Whether a record may be without a counterpart and without a report: a contact outside the list
    (INC-2), and whatever the settings make nothing of, while nothing on the other side has its
    address. What has it is linked, as that is no creation (Q-38), or told of (CH-13).
    """
    if ref.side is Side.HUBSPOT:
        if ref.object != "contact":
            return False
        is_left = system.setting.creates == "never" and not _has_address_of(system, portal, ref)
        return is_left or is_outside(system, portal, ref)
    if ref.object not in {"Lead", "Contact"}:
        return False
    makes = IN_HUBSPOT[system.setting.makes]
    may_be_left = system.setting.outside == "ignore" or ref.object not in makes
    return may_be_left and not _is_known(system, portal, ref)


def _has_address_of(system: System, portal: Portal, contact: Ref) -> bool:
    """Whether a lead or contact has an address of a HubSpot contact."""
    hubspot = portal.hubspot
    addresses = hubspot._addresses(hubspot._rows[contact])
    return any(
        str(system.salesforce.fields(one).get("Email") or "").lower() in addresses
        for one in people(system)
    )


def _is_known(system: System, portal: Portal, person: Ref) -> bool:
    """Whether a HubSpot contact that is in the list or linked has the address of a lead or contact.
    One outside that is not linked gets nobody by itself.
    """
    address = str(system.salesforce.fields(person).get("Email") or "").lower()
    hubspot = portal.hubspot
    linked = {
        link.hubspot
        for link in system.links.all
        if link.connection == portal.name and link.state is LinkState.ACTIVE
    }
    return any(
        address in hubspot._addresses(hubspot._rows[one])
        for one in contacts(portal)
        if one in linked or not is_outside(system, portal, one)
    )


def as_set(system: System) -> Wrong:
    """Nothing is made that the settings do not let be made."""
    crm = system.salesforce
    for ref in crm._rows:
        is_person = ref.object in {"Lead", "Contact"} and _is_ours(system, ref)
        if is_person and ref.object not in IN_SALESFORCE[system.setting.creates]:
            yield f"only what the settings allow is made: {ref} was made in Salesforce"
    objects = {ref.id: ref.object for ref in crm._rows}
    for portal in system.portals:
        for ref in portal.hubspot._rows:
            if ref.object != "contact" or not _is_ours(system, ref):
                continue
            key = system.ledger.key_of(ref, portal.hubspot.behaviour.key)
            if objects.get(key) not in IN_HUBSPOT[system.setting.makes]:
                yield f"only what the settings allow is made: {ref} was made of {key}"


def _is_ours(system: System, ref: Ref) -> bool:
    """Whether crmsync made a record."""
    return any(one.ours and one.value == "born" for one in system.ledger.rows[ref] if not one.field)
