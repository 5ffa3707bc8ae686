"""Nothing crosses while a contact is outside the inclusion list, and everything once it joins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.model.effects import OptOut
from crmsync.model.records import Side
from tests.simulation.ended import ended, found, phones, write
from tests.simulation.histories.steps import (
    Person,
    Setting,
    Wait,
)
from tests.simulation.world.system import System

A_MEMBER = (Person("new person", value="1"), Person("join list"), Wait(1_800))


def _began_now(system: System) -> None:
    """What crmsync does from here on, a worker does that begins now."""
    system.ledger.began = system.ledger.number


def _cross(system: System) -> None:
    write(system, Side.SALESFORCE, "Phone", "+49 30 9018202")


def _sync_outsider(system: System) -> None:
    contact = system.portals[0].hubspot.add("contact", {"email": "canary3@example.com"})
    key = f"{system.portals[0].connection.hubspot.portal_id}-{contact.id}"
    system.salesforce._insert(
        "Lead", {"Crmsync_HubSpot_Id__c": key, "Email": "canary3@example.com"}, ours=True
    )


def _unsubscribe(system: System) -> None:
    system.portals[0].preferences.opt_out([OptOut("canary0@example.com", ())])


@pytest.mark.parametrize("plant", [_cross, _sync_outsider, _unsubscribe])
def test_what_crosses_outside_the_inclusion_list_is_found(plant: Callable[[System], None]) -> None:
    """A contact has left the list: an edit stays where it is, and nothing may be written, made or
    unsubscribed.
    """
    left = (Person("leave list"), Wait(5), Person("edit person", what="phone", value="2"))
    system = ended(*A_MEMBER, *left, setting=Setting(outside="freeze"))
    assert (phones(system), found(system)) == (["+49 30 9018202", "+49 30 9018201"], set())
    _began_now(system)
    plant(system)
    assert "nobody outside the list syncs" in found(system)


@pytest.mark.parametrize("on", Side)
def test_ties_that_cross_outside_the_inclusion_list_are_found(on: Side) -> None:
    """A contact has left the list and is tied to a deal on one side: the other side stays as it is,
    and nothing may be tied there.
    """
    steps = (
        Person("new person", Side.SALESFORCE, what="Contact"),
        Wait(60),
        Person("new deal", on, what="tied"),
        Wait(60),
    )
    system = ended(*steps, setting=Setting(outside="freeze"))
    portal = system.portals[0]
    (contact,), (deal,) = portal.hubspot.refs("contact"), portal.hubspot.refs("deal")
    (person,), (opportunity,) = map(system.salesforce.refs, ("Contact", "Opportunity"))
    roles = system.salesforce.refs("OpportunityContactRole")
    associated = portal.associations.of([deal], "contact")
    is_in_hubspot = on is Side.HUBSPOT
    assert (bool(associated), bool(roles)) == (is_in_hubspot, not is_in_hubspot)
    assert found(system) == set()
    _began_now(system)
    if is_in_hubspot:
        system.ledger.connection = portal.name
        system.salesforce._insert(
            "OpportunityContactRole",
            {"OpportunityId": opportunity.id, "ContactId": person.id},
            ours=True,
        )
    else:
        portal.associations.add_association(deal, contact, ours=True)
    assert "nobody outside the list syncs" in found(system)


def test_what_was_edited_outside_the_list_crosses_once_the_contact_has_joined_it() -> None:
    """A lead made its contact, which is outside the list; nothing crosses until it joins."""
    edits = (
        Person("edit person", Side.SALESFORCE, what="phone", value="2"),
        Person("opt out", Side.SALESFORCE),
        Wait(1_800),
    )
    made = (Person("new person", Side.SALESFORCE, value="1"), Wait(60))
    setting = Setting(outside="freeze")
    ends = [ended(*made, *edits, *more, setting=setting) for more in ((), (Person("join list"),))]

    assert [(phones(one)[0], found(one)) for one in ends] == [
        ("+49 30 9018201", set()),
        ("+49 30 9018202", set()),
    ]
    assert [len(one.portals[0].preferences.opted_out) for one in ends] == [0, 1]


@pytest.mark.parametrize("is_told", [True, False])
def test_a_second_lead_of_a_contact_outside_the_list_that_is_not_reported_is_found(
    *, is_told: bool
) -> None:
    """Leads without a contact in the list are ignored, but not beside one that is linked."""
    second = (Person("leave list"), Person("new person", Side.SALESFORCE), Wait(60))
    stranger = (Person("new person", Side.SALESFORCE, who=1), Wait(60))
    system = ended(*A_MEMBER, *second, *stranger, setting=Setting(outside="ignore"))
    assert [one.ref.object for one in system.inbox.parked("acme")] == ["Lead"]
    if not is_told:
        system.inbox.clear("acme", [one.ref for one in system.inbox.parked("acme")])

    assert found(system) == (set() if is_told else {"everything is finished"})
