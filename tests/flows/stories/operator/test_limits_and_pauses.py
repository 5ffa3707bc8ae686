"""Stories of change limits and of a paused connection, as the operator sees them on the laptop
stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from local.people import People
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import linked_pair, metric_values, with_contacts


def bulk_edit(people: People, contacts: Sequence[str], **properties: str) -> None:
    """Edit many HubSpot contacts in one call."""
    inputs = [{"id": one, "properties": properties} for one in contacts]
    people.hubspot.crm.contacts.batch_api.update({"inputs": inputs})


def leads(people: People) -> list[tuple[str, str | None]]:
    """The last name and phone of every lead."""
    rows = people.records("SELECT LastName, Phone FROM Lead ORDER BY Email")
    return [(row["LastName"], row["Phone"]) for row in rows]


@pytest.mark.rule("Q-30")
@pytest.mark.long
def test_a_bulk_edit_is_held_back_released_in_part_and_dropped(new_stack: NewStack):
    """Of five edited contacts two sync within the limits, one more is released, and the others are
    dropped for good.
    """
    stack = new_stack(with_contacts("max_changes_per_hour = 2", "max_blanks_per_hour = 1"))
    people = People(stack.ready())
    contacts = [
        linked_pair(stack, people, f"brake{number}@example.com", phone="0100")[0]
        for number in range(5)
    ]

    bulk_edit(people, contacts, lastname="HACKED", phone="")
    result = stack.settle()

    assert leads(people) == [("HACKED", None), ("HACKED", "0100"), *[("Lang", "0100")] * 3]
    assert result["open_errors"] == 4
    assert (
        sum(metric_values(stack, "contact_sync", "ContactsBraked")),
        max(metric_values(stack, "contact_sync", "BrakePercent")),
    ) == (4, 100)
    assert [row["ref"]["id"] for row in command(stack, "brakes", "list")] == contacts[1:]
    command(stack, "brakes", "release", "--id", contacts[2], "--apply")
    command(stack, "brakes", "drop", "--id", contacts[3], "--apply")
    stack.settle()
    assert leads(people) == [
        ("HACKED", None),
        ("HACKED", "0100"),
        ("HACKED", None),
        *[("Lang", "0100")] * 2,
    ]
    command(stack, "brakes", "drop", "--all", "--apply")
    result = stack.advance(2 * 3600)
    assert leads(people) == [
        ("HACKED", None),
        ("HACKED", "0100"),
        ("HACKED", None),
        *[("Lang", "0100")] * 2,
    ]
    assert (result["open_errors"], command(stack, "brakes", "list")) == (0, [])


@pytest.mark.long
def test_a_paused_connection_does_nothing_and_catches_up(new_stack: NewStack):
    """Edits on both sides, a deletion and a new contact wait until the connection is resumed, and
    none is lost.
    """
    stack = new_stack(with_contacts("delete_in_hubspot = true"))
    people = People(stack.ready())
    contact, lead = linked_pair(stack, people, "ada@example.com")
    _, gone = linked_pair(stack, people, "cleo@example.com")
    command(stack, "pause", "acme", "--apply")
    people.edit_contact(contact, jobtitle="Pilot")
    people.edit_record("Lead", lead, Phone="0200")
    people.salesforce.Lead.delete(gone)
    people.new_contact(email="bea@example.com")
    before = stack.stats()

    stack.advance(3600)

    after = stack.stats()
    assert [after[side]["calls"] for side in ("hubspot", "salesforce")] == [
        before[side]["calls"] for side in ("hubspot", "salesforce")
    ]
    assert people.contact_with("cleo@example.com")
    command(stack, "resume", "acme", "--apply")
    stack.advance(900)
    assert people.salesforce.Lead.get(lead)["Title"] == "Pilot"
    assert people.contact(contact, "phone") == {"phone": "0200"}
    assert len(leads(people)) == 2
    assert people.contact_with("cleo@example.com") is None


def test_a_first_push_that_begins_paused_syncs_nothing_before_it_is_resumed(
    new_stack: NewStack, tmp_path: Path
):
    """Everything can be set up, checked and previewed meanwhile, and what changed then follows."""
    stack = new_stack(world={**WORLD, "set_up": False})
    people = People(stack.ready())
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS)
    pushed = command(stack, "settings", "push", str(file), "--paused", "--apply")
    command(stack, "setup", "--apply")
    people.new_contact(email="ada@example.com", lastname="Lang", company="Example")
    people.salesforce.Lead.create(
        {"LastName": "Holm", "Company": "Example", "Email": "bea@example.com"}
    )

    stack.advance(1200)

    assert pushed["paused"] == ["acme"]
    assert leads(people) == [("Holm", None)]
    assert people.contact_with("bea@example.com") is None
    first, *_ = command(stack, "status", status=1)["findings"]
    assert first.startswith("acme is paused since ")
    command(stack, "resume", "acme", "--apply")
    stack.advance(1200)
    assert leads(people) == [("Lang", None), ("Holm", None)]
    assert people.contact_with("bea@example.com")
