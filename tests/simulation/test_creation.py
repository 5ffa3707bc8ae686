"""The judges know what the settings of creation leave alone, and find what they do not."""

from __future__ import annotations

import pytest

from crmsync.model.records import Side
from tests.simulation.ended import ended, found, the_pair_of
from tests.simulation.histories.steps import Person, Setting, Wait
from tests.simulation.judges.invariants import INVARIANTS
from tests.simulation.world.system import System

IN_SALESFORCE = Side.SALESFORCE


def _alone(system: System) -> set[str]:
    return {
        one.removeprefix("everything is finished: ")
        for one in INVARIANTS["everything is finished"](system)
    }


@pytest.mark.parametrize(
    ("makes", "name", "is_made"),
    [
        ("leads_and_contacts", "Lead", True),
        ("leads_and_contacts", "Contact", True),
        ("leads_only", "Lead", True),
        ("leads_only", "Contact", False),
        ("contacts_only", "Lead", False),
        ("contacts_only", "Contact", True),
        ("never", "Lead", False),
        ("never", "Contact", False),
    ],
)
def test_a_contact_that_is_made_of_what_the_settings_leave_alone_is_found(
    makes: str,
    name: str,
    is_made: bool,  # noqa: FBT001
) -> None:
    """Where a lead or contact of Salesforce makes none, it may be alone, and nothing may be made."""
    born = (Person("new person", IN_SALESFORCE, what=name), Wait(60))
    system = ended(*born, setting=Setting(makes=makes))
    hubspot, (person,) = system.portals[0].hubspot, system.salesforce.refs(name)
    assert (len(hubspot.refs("contact")), found(system)) == (int(is_made), set())
    if not is_made:
        shown = {"email": "canary0@example.com", "crmsync_salesforce_id": person.id}
        hubspot._insert("contact", shown, ours=True)

    assert ("only what the settings allow is made" in found(system)) != is_made


@pytest.mark.parametrize(
    ("creates", "made", "wrong"),
    [
        ("lead", "Lead", "Contact"),
        ("contact", "Contact", "Lead"),
        ("contact_if_account", "Lead", ""),
        ("never", "", "Lead"),
        ("never", "", "Contact"),
    ],
)
def test_a_record_of_an_object_that_the_settings_do_not_make_is_found(
    creates: str, made: str, wrong: str
) -> None:
    """What a new HubSpot contact becomes in Salesforce follows the settings."""
    system = ended(Person("new person"), Wait(60), setting=Setting(creates=creates))
    (contact,) = system.portals[0].hubspot.refs("contact")
    objects = [one.object for one in system.salesforce._rows if one.object in {"Lead", "Contact"}]
    assert (objects, found(system)) == ([made] if made else [], set())
    if wrong:
        key = f"{system.portals[0].connection.hubspot.portal_id}-{contact.id}"
        shown = {"Email": "canary0@example.com", "Crmsync_HubSpot_Id__c": key}
        system.salesforce._insert(wrong, shown, ours=True)

    assert ("only what the settings allow is made" in found(system)) == bool(wrong)


@pytest.mark.parametrize("first", Side)
@pytest.mark.parametrize(
    ("creates", "makes"), [("lead", "never"), ("never", "leads_and_contacts"), ("never", "never")]
)
def test_two_records_of_one_address_that_are_not_linked_are_found_whatever_the_settings_make(
    creates: str, makes: str, first: Side
) -> None:
    """A lead and a contact that has its address are linked, as that creates nothing."""
    births = (Person("new person", first), Wait(60), Person("new person", first.other), Wait(60))
    system = ended(*births, setting=Setting(creates=creates, makes=makes))
    assert (len(system.links.all), found(system)) == (1, set())
    pair = the_pair_of(system)
    for crm, ref, key in (
        (system.portals[0].hubspot, pair[0], "crmsync_salesforce_id"),
        (system.salesforce, pair[1], "Crmsync_HubSpot_Id__c"),
    ):
        crm._rows[ref].fields[key] = None
    system.links.drop(list(system.links.all))

    assert _alone(system) == {f"{one} is neither linked nor told of" for one in pair}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("is_told", [True, False])
def test_a_second_record_that_makes_nothing_and_is_not_reported_is_found(
    side: Side, *, is_told: bool
) -> None:
    """Beside a pair of its address a record is a duplicate, though the settings make nothing of it.
    Strangers without a counterpart stay alone.
    """
    births = (
        Person("new person"),
        Person("new person", IN_SALESFORCE),
        Wait(60),
        Person("new person", IN_SALESFORCE, what="Contact"),
        Person("new person", side, who=1),
        Wait(60),
    )
    system = ended(*births, setting=Setting(creates="never", makes="never"))
    told = [one.ref for one in system.inbox.parked("acme")]
    assert (len(system.links.all), [one.side for one in told], found(system)) == (
        1,
        [IN_SALESFORCE],
        set(),
    )
    if not is_told:
        system.inbox.clear("acme", told)

    assert _alone(system) == (
        set() if is_told else {f"{one} is neither linked nor told of" for one in told}
    )
