"""Stories of the first owner of a pair: who owns what somebody else's CRM made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import convert, found, lead_id, record
from tests.flows.stories.story_owners import (
    BEN,
    IDA,
    NIA,
    OLIVE,
    OTTO,
    PAUL,
    QUEUE,
    SAM,
    TWIN,
    WORLD,
    hubspot_owner,
    lead_owner,
    owner_name,
    queue,
    shown,
    user,
)

OURS = "Integration User"


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org without assignment rules for the whole module."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


@pytest.mark.rule("OWN-2")
@pytest.mark.rule("OWN-6")
@pytest.mark.rule("OWN-8")
@pytest.mark.rule("Q-17")
@pytest.mark.parametrize(
    ("owner", "name"),
    [(OLIVE, "Olive Owens"), (OTTO, "Otto Olsen"), (PAUL, "Paul Partner")],
    ids=["same", "case", "partner"],
)
def test_an_owner_who_matches_gets_the_new_lead(
    stack: Stack, people: People, owner: str, name: str
):
    """By name and e-mail address, trimmed and without case; users are known before they own
    anything.
    """
    address = f"own.{owner}"
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, owner)
    )
    stack.settle()
    assert (lead_owner(people, address), shown(people, contact)) == (name, (owner, name))


@pytest.mark.rule("OWN-6")
@pytest.mark.rule("OWN-13")
@pytest.mark.rule("Q-17")
@pytest.mark.rule("Q-18")
@pytest.mark.parametrize(
    "owner", [NIA, BEN, IDA, TWIN], ids=["unknown", "another name", "inactive", "ambiguous"]
)
def test_an_owner_without_a_match_gets_nothing(stack: Stack, people: People, owner: str):
    """Only name and address together find a user, an active one and only one; else the integration
    user owns the lead.
    """
    address = f"unmatched.{owner}"
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, owner)
    )
    told = stack.settle()
    assert (lead_owner(people, address), told["open_errors"]) == (OURS, 0)
    assert shown(people, contact) == (None, OURS)


@pytest.mark.rule("OWN-13")
@pytest.mark.rule("Q-14")
def test_a_contact_without_an_owner_makes_a_lead_of_the_integration_users(
    stack: Stack, people: People
):
    """Every Salesforce record has an owner: without one in HubSpot and without rules it is the user
    who wrote it.
    """
    contact = people.new_contact(lastname="Lang", email="unassigned@example.com")
    stack.settle()
    made = record(
        people, "Lead", lead_id(people, "unassigned@example.com"), "OwnerId", "CreatedById"
    )
    ours = stack.ready()["salesforce"]["integration_user_id"]
    assert made == {"OwnerId": ours, "CreatedById": ours}
    assert people.contact(contact, "hubspot_owner_id", "crmsync_owner_id") == {
        "hubspot_owner_id": None,
        "crmsync_owner_id": ours,
    }


@pytest.mark.rule("OWN-1")
@pytest.mark.rule("OWN-3")
@pytest.mark.rule("OWN-4")
@pytest.mark.rule("OWN-5")
@pytest.mark.parametrize("object_", ["Lead", "Contact"])
@pytest.mark.parametrize(
    ("owner", "name", "counterpart"),
    [
        (OLIVE, "Olive Owens", OLIVE),
        (PAUL, "Paul Partner", PAUL),
        ("gus@example.com", "Gus Guest", None),
        (SAM, "Sam Solo", None),
    ],
    ids=["standard", "partner", "guest", "salesforce only"],
)
def test_every_salesforce_owner_is_shown_in_hubspot(
    stack: Stack, people: People, object_: str, owner: str, name: str, counterpart: str | None
):
    """Who owns a lead or contact that syncs is recognised: as the HubSpot owner where there is one,
    in our properties always.
    """
    address = f"born.{object_.lower()}.{owner}"
    more = {"Company": "Example AB"} if object_ == "Lead" else {}
    people.new_record(object_, LastName="Holm", Email=address, OwnerId=user(people, owner), **more)
    told = stack.settle()
    contact = found(people, address)
    assert (shown(people, contact), told["open_errors"]) == ((counterpart, name), 0)
    assert people.contact(contact, "crmsync_owner_id") == {"crmsync_owner_id": user(people, owner)}


@pytest.mark.rule("OWN-1")
@pytest.mark.rule("Q-18")
def test_a_lead_in_a_queue_is_shown_and_has_no_hubspot_owner(stack: Stack, people: People):
    """A queue is an owner that HubSpot cannot have; its name and id stand in properties of our own,
    and nothing fails.
    """
    people.new_record(
        "Lead",
        LastName="Holm",
        Company="Example AB",
        Email="queued@example.com",
        OwnerId=queue(people),
    )
    told = stack.settle()
    contact = found(people, "queued@example.com")
    assert (shown(people, contact), told["open_errors"]) == ((None, QUEUE), 0)
    assert people.contact(contact, "crmsync_owner_id") == {"crmsync_owner_id": queue(people)}


@pytest.mark.rule("OWN-11")
@pytest.mark.parametrize(("owner", "counterpart"), [(OLIVE, OLIVE), (SAM, None)])
def test_at_the_first_sync_an_existing_lead_keeps_its_owner(
    stack: Stack, people: People, owner: str, counterpart: str | None
):
    """The active owner in Salesforce wins over the one in HubSpot, which gets the counterpart, or
    nobody.
    """
    address = f"met.{owner}"
    made = people.new_record(
        "Lead", LastName="Lang", Company="Example AB", Email=address, OwnerId=user(people, owner)
    )
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, OTTO)
    )
    stack.settle()
    assert record(people, "Lead", made, "OwnerId") == {"OwnerId": user(people, owner)}
    assert shown(people, contact)[0] == counterpart


@pytest.mark.rule("OWN-11")
@pytest.mark.rule("Q-16")
def test_at_the_first_sync_an_inactive_owner_gives_way(stack: Stack, people: People):
    """A HubSpot owner who matches an active user takes over from a Salesforce owner who is no
    longer active.
    """
    contact = people.new_contact(
        lastname="Old", email="old.0@example.com", hubspot_owner_id=hubspot_owner(people, OTTO)
    )
    stack.settle()
    assert (lead_owner(people, "old.0@example.com"), shown(people, contact)) == (
        "Otto Olsen",
        (OTTO, "Otto Olsen"),
    )


@pytest.mark.rule("Q-16")
def test_without_a_match_an_inactive_owner_stays(stack: Stack, people: People):
    """Salesforce is left as it is where the HubSpot owner matches nobody."""
    people.new_contact(
        lastname="Old", email="old.1@example.com", hubspot_owner_id=hubspot_owner(people, NIA)
    )
    told = stack.settle()
    assert (lead_owner(people, "old.1@example.com"), told["open_errors"]) == ("Ida Idle", 0)


@pytest.mark.rule("OWN-5")
def test_an_inactive_owner_crosses_to_hubspot(stack: Stack, people: People):
    """From Salesforce to HubSpot every owner syncs; only the other way must the user be active."""
    people.edit_record("Lead", lead_id(people, "old.2@example.com"), Title="Pilot")
    stack.settle()
    assert shown(people, found(people, "old.2@example.com")) == (IDA, "Ida Idle")


@pytest.mark.rule("OWN-10")
def test_a_converted_leads_owner_goes_on_in_step(stack: Stack, people: People):
    """The contact in Salesforce takes the lead's place for the owner, too."""
    contact = people.new_contact(
        lastname="Lang",
        email="converted.owner@example.com",
        hubspot_owner_id=hubspot_owner(people, OLIVE),
    )
    stack.settle()
    heir = convert(stack, lead_id(people, "converted.owner@example.com"))
    stack.settle()
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert owner_name(people, "Contact", heir) == "Otto Olsen"
