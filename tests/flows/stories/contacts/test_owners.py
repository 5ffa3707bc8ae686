"""Stories of the first owner of a pair, for records that the sync creates or links."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import contact_id, convert, lead_id, record
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
    shown_owner,
    user,
)

INTEGRATION_USER = "Integration User"


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org without assignment rules for the module."""
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
def test_a_matching_owner_gets_the_new_lead(stack: Stack, people: People, owner: str, name: str):
    """Owners match by name and e-mail address, trimmed and without case, even if the user owns
    nothing yet.
    """
    address = f"own.{owner}"
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, owner)
    )
    stack.settle()
    assert (lead_owner(people, address), shown_owner(people, contact)) == (name, (owner, name))


@pytest.mark.rule("OWN-6")
@pytest.mark.rule("OWN-13")
@pytest.mark.rule("Q-17")
@pytest.mark.rule("Q-18")
@pytest.mark.parametrize(
    "owner", [NIA, BEN, IDA, TWIN], ids=["unknown", "another name", "inactive", "ambiguous"]
)
def test_an_unmatched_owner_leaves_the_lead_to_the_integration_user(
    stack: Stack, people: People, owner: str
):
    """Only a single active user with the same name and address matches; otherwise the integration
    user owns the lead.
    """
    address = f"unmatched.{owner}"
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, owner)
    )
    result = stack.settle()
    assert (lead_owner(people, address), result["open_errors"]) == (INTEGRATION_USER, 0)
    assert shown_owner(people, contact) == (None, INTEGRATION_USER)


@pytest.mark.rule("OWN-13")
@pytest.mark.rule("Q-14")
def test_a_contact_without_an_owner_creates_a_lead_of_the_integration_user(
    stack: Stack, people: People
):
    """Without a HubSpot owner and without assignment rules, the user who creates the lead owns it."""
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
    """The owner of a lead or contact is shown in our properties, and as the HubSpot owner if a
    counterpart exists.
    """
    address = f"born.{object_.lower()}.{owner}"
    more = {"Company": "Example AB"} if object_ == "Lead" else {}
    people.new_record(object_, LastName="Holm", Email=address, OwnerId=user(people, owner), **more)
    result = stack.settle()
    contact = contact_id(people, address)
    assert (shown_owner(people, contact), result["open_errors"]) == ((counterpart, name), 0)
    assert people.contact(contact, "crmsync_owner_id") == {"crmsync_owner_id": user(people, owner)}


@pytest.mark.rule("OWN-1")
@pytest.mark.rule("Q-18")
def test_a_queue_is_shown_in_hubspot_without_a_hubspot_owner(stack: Stack, people: People):
    """Our properties show the queue's name and id, the HubSpot owner stays blank, and nothing
    fails.
    """
    people.new_record(
        "Lead",
        LastName="Holm",
        Company="Example AB",
        Email="queued@example.com",
        OwnerId=queue(people),
    )
    result = stack.settle()
    contact = contact_id(people, "queued@example.com")
    assert (shown_owner(people, contact), result["open_errors"]) == ((None, QUEUE), 0)
    assert people.contact(contact, "crmsync_owner_id") == {"crmsync_owner_id": queue(people)}


@pytest.mark.rule("OWN-11")
@pytest.mark.parametrize(("owner", "counterpart"), [(OLIVE, OLIVE), (SAM, None)])
def test_at_the_first_sync_an_existing_lead_keeps_its_owner(
    stack: Stack, people: People, owner: str, counterpart: str | None
):
    """The lead's active owner wins over the HubSpot owner, which becomes its counterpart or blank."""
    address = f"met.{owner}"
    made = people.new_record(
        "Lead", LastName="Lang", Company="Example AB", Email=address, OwnerId=user(people, owner)
    )
    contact = people.new_contact(
        lastname="Lang", email=address, hubspot_owner_id=hubspot_owner(people, OTTO)
    )
    stack.settle()
    assert record(people, "Lead", made, "OwnerId") == {"OwnerId": user(people, owner)}
    assert shown_owner(people, contact)[0] == counterpart


@pytest.mark.rule("OWN-11")
@pytest.mark.rule("Q-16")
def test_at_the_first_sync_an_inactive_owner_is_replaced(stack: Stack, people: People):
    """A HubSpot owner with a matching active user replaces an inactive Salesforce owner."""
    contact = people.new_contact(
        lastname="Old", email="old.0@example.com", hubspot_owner_id=hubspot_owner(people, OTTO)
    )
    stack.settle()
    assert (lead_owner(people, "old.0@example.com"), shown_owner(people, contact)) == (
        "Otto Olsen",
        (OTTO, "Otto Olsen"),
    )


@pytest.mark.rule("Q-16")
def test_an_inactive_owner_stays_if_the_hubspot_owner_has_no_match(stack: Stack, people: People):
    """The lead keeps its inactive owner if the HubSpot owner matches no user."""
    people.new_contact(
        lastname="Old", email="old.1@example.com", hubspot_owner_id=hubspot_owner(people, NIA)
    )
    result = stack.settle()
    assert (lead_owner(people, "old.1@example.com"), result["open_errors"]) == ("Ida Idle", 0)


@pytest.mark.rule("OWN-5")
def test_an_inactive_owner_syncs_to_hubspot(stack: Stack, people: People):
    """Every owner syncs from Salesforce to HubSpot; only in the other direction must the user be
    active.
    """
    people.edit_record("Lead", lead_id(people, "old.2@example.com"), Title="Pilot")
    stack.settle()
    assert shown_owner(people, contact_id(people, "old.2@example.com")) == (IDA, "Ida Idle")


@pytest.mark.rule("OWN-10")
def test_the_owner_of_a_converted_lead_still_syncs(stack: Stack, people: People):
    """The HubSpot owner syncs with the contact that the lead was converted to."""
    contact = people.new_contact(
        lastname="Lang",
        email="converted.owner@example.com",
        hubspot_owner_id=hubspot_owner(people, OLIVE),
    )
    stack.settle()
    person = convert(stack, lead_id(people, "converted.owner@example.com"))
    stack.settle()
    people.edit_contact(contact, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert owner_name(people, "Contact", person) == "Otto Olsen"
