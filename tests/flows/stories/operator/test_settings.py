"""Stories of the settings about contacts: which record a HubSpot contact becomes, which fields
sync, and what a new mapping does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, NewStack
from tests.flows.stories.story_command import run
from tests.flows.stories.story_contacts import (
    SWEEP,
    convert,
    linked_pair,
    record,
    rows,
    with_contacts,
)

STAGES = (
    *("Subscriber", "Lead", "Marketing Qualified Lead", "Sales Qualified Lead"),
    *("Opportunity", "Customer", "Evangelist", "Other"),
)
CUSTOM: tuple[Mapping[str, Any], ...] = (
    {"name": "Nickname__c", "length": 40},
    {
        "name": "Stage__c",
        "type": "picklist",
        "picklistValues": [{"value": value} for value in STAGES],
    },
)
MAPPED: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "properties": {"contacts": [{"name": "nickname"}]},
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {"Lead": CUSTOM, "Contact": CUSTOM},
    },
}


def mapping(hubspot: str, salesforce: str) -> str:
    """A custom mapping, as it is written in the settings file."""
    return f'\n[[connection.contacts.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\nupdate = "two_way"\n'


def apply(stack: Stack, *words: str) -> None:
    """Run the operator's command with ``--apply``, at the stack's time, which dates the settings, and
    assert that it succeeds without a warning.
    """
    done = run(stack, *words, "--apply")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def push(stack: Stack, folder: Path, settings: str) -> None:
    """Push a settings file, a second after whatever was done before: a push is dated by AWS, in whole
    seconds, and what was edited in its second counts as edited after it.
    """
    stack.advance(1, settle=False)
    file = folder / "settings.toml"
    file.write_text(settings, encoding="utf-8")
    apply(stack, "settings", "push", str(file))


@pytest.mark.rule("MAP-6")
@pytest.mark.rule("MAP-11")
@pytest.mark.rule("TRG-15")
@pytest.mark.long
def test_a_new_mapping_is_not_retroactive(new_stack: NewStack, tmp_path: Path):
    """Existing values stay on their side, even after sweeps; from then on edits sync, also after
    the lead is converted.
    """
    stack = new_stack(SETTINGS, MAPPED)
    people = People(stack.ready())
    contact, made = linked_pair(stack, people, "nick@example.com", nickname="Old")
    still, waiting = linked_pair(stack, people, "still@example.com", nickname="Old")
    assert record(people, "Lead", made, "Nickname__c") == {"Nickname__c": None}
    push(stack, tmp_path, SETTINGS + mapping("nickname", "Nickname__c"))
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Nickname__c") == {"Nickname__c": None}
    people.edit_contact(contact, nickname="New")
    stack.settle()
    assert record(people, "Lead", made, "Nickname__c") == {"Nickname__c": "New"}
    assert record(people, "Lead", waiting, "Nickname__c") == {"Nickname__c": None}
    person = convert(stack, made)
    stack.settle()
    people.edit_record("Contact", person, Nickname__c="Newest")
    stack.settle()
    assert people.contact(contact, "nickname") == {"nickname": "Newest"}
    assert people.contact(still, "nickname") == {"nickname": "Old"}


LATE = {
    "nickname": "Nickname__c",
    "motto": "Motto__c",
    "hobby": "Hobby__c",
}
LATE_FIELDS = [{"name": name, "length": 40} for name in LATE.values()]
LATE_WORLD: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "properties": {"contacts": [{"name": name} for name in LATE]},
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {"Lead": LATE_FIELDS, "Contact": LATE_FIELDS},
    },
}
IN_FORCE = 60
"""Seconds after which every function uses pushed settings."""

IN_HUBSPOT = {"nickname": "Old", "motto": "Mine"}
IN_SALESFORCE = {"Motto__c": "Theirs", "Hobby__c": "Old"}


class LateMappings:
    """A stack in which three fields are mapped after pairs were linked: one has values in HubSpot,
    one in Salesforce, one in both.
    """

    def __init__(self, stack: Stack, folder: Path, people: int) -> None:
        """Link that many pairs, fill the fields, and push the mappings."""
        self.stack = stack
        self.people = People(stack.ready())
        addresses = [f"late{number}@example.com" for number in range(people)]
        self.pairs = [
            linked_pair(stack, self.people, address, **IN_HUBSPOT) for address in addresses
        ]
        stack.advance(IN_FORCE)
        for _, made in self.pairs:
            self.people.edit_record("Lead", made, **IN_SALESFORCE)
        stack.advance(SWEEP)
        push(stack, folder, SETTINGS + "".join(mapping(*row) for row in LATE.items()))
        stack.advance(IN_FORCE)

    def shown(self, pair: tuple[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The late fields of both records, after every schedule has run."""
        self.stack.advance(SWEEP)
        contact, made = pair
        return self.people.contact(contact, *LATE), record(
            self.people, "Lead", made, *LATE.values()
        )


OLD = (
    {"nickname": "Old", "motto": "Mine", "hobby": None},
    {"Nickname__c": None, "Motto__c": "Theirs", "Hobby__c": "Old"},
)
"""The late fields of both sides until one of them is edited."""


@pytest.mark.rule("MAP-6")
@pytest.mark.long
def test_an_edit_of_another_field_syncs_no_value_of_a_new_mapping(
    new_stack: NewStack, tmp_path: Path
):
    """A changed phone number syncs alone in both directions; later edits of the mapped fields sync
    as well.
    """
    story = LateMappings(new_stack(SETTINGS, LATE_WORLD), tmp_path, 2)
    (one, its_lead), (its_contact, two) = story.pairs
    story.people.edit_contact(one, phone="0100")
    story.people.edit_record("Lead", two, Phone="0200")
    assert story.shown((one, its_lead)) == story.shown((its_contact, two)) == OLD
    assert record(story.people, "Lead", its_lead, "Phone") == {"Phone": "0100"}
    assert story.people.contact(its_contact, "phone") == {"phone": "0200"}
    story.people.edit_contact(one, nickname="New", motto="Ours")
    story.people.edit_record("Lead", two, Motto__c="Ours", Hobby__c="New")
    assert story.shown((one, its_lead)) == (
        {"nickname": "New", "motto": "Ours", "hobby": None},
        {"Nickname__c": "New", "Motto__c": "Ours", "Hobby__c": "Old"},
    )
    assert story.shown((its_contact, two)) == (
        {"nickname": "Old", "motto": "Ours", "hobby": "New"},
        {"Nickname__c": None, "Motto__c": "Ours", "Hobby__c": "New"},
    )


@pytest.mark.rule("MAP-6")
@pytest.mark.long
def test_the_first_edit_of_a_newly_mapped_field_syncs(new_stack: NewStack, tmp_path: Path):
    """Before any other sync, HubSpot's edits and deletions of the field sync, and Salesforce's
    edits that fill a blank.
    """
    story = LateMappings(new_stack(SETTINGS, LATE_WORLD), tmp_path, 3)
    edited, cleared, filled = story.pairs
    story.people.edit_contact(edited[0], phone="0100", motto="Ours")
    story.people.edit_contact(cleared[0], motto="")
    story.people.edit_record("Lead", filled[1], Hobby__c="New")
    assert story.shown(edited) == (
        {"nickname": "Old", "motto": "Ours", "hobby": None},
        {"Nickname__c": None, "Motto__c": "Ours", "Hobby__c": "Old"},
    )
    assert story.shown(cleared) == (
        {"nickname": "Old", "motto": None, "hobby": None},
        {"Nickname__c": None, "Motto__c": None, "Hobby__c": "Old"},
    )
    assert story.shown(filled) == (
        {"nickname": "Old", "motto": "Mine", "hobby": "New"},
        {"Nickname__c": None, "Motto__c": "Theirs", "Hobby__c": "New"},
    )


@pytest.mark.rule("MAP-6")
@pytest.mark.long
def test_a_resync_syncs_values_that_are_older_than_the_mapping(new_stack: NewStack, tmp_path: Path):
    """Whether or not a pair was synced since, blanks are filled, and of two values the more recent
    one is written to both sides.
    """
    story = LateMappings(new_stack(SETTINGS, LATE_WORLD), tmp_path, 2)
    story.people.edit_contact(story.pairs[0][0], phone="0100")
    assert [story.shown(pair) for pair in story.pairs] == [OLD, OLD]
    for contact, made in story.pairs:
        apply(
            story.stack,
            "resync",
            "--side",
            "hubspot",
            "--object",
            "contact",
            "--id",
            contact,
            "--no-wait",
        )
        assert story.shown((contact, made)) == (
            {"nickname": "Old", "motto": "Theirs", "hobby": "Old"},
            {"Nickname__c": "Old", "Motto__c": "Theirs", "Hobby__c": "Old"},
        )


@pytest.mark.rule("FLD-1")
@pytest.mark.rule("FLD-2")
@pytest.mark.rule("MAP-16")
def test_the_lifecycle_stage_syncs_only_with_a_custom_field(new_stack: NewStack):
    """A picklist of HubSpot's labels syncs with the lifecycle stage both ways, each side in its own
    values.
    """
    stack = new_stack(SETTINGS + mapping("lifecyclestage", "Stage__c"), MAPPED)
    people = People(stack.ready())
    contact, made = linked_pair(
        stack, people, "stage@example.com", lifecyclestage="marketingqualifiedlead"
    )
    assert record(people, "Lead", made, "Stage__c") == {"Stage__c": "Marketing Qualified Lead"}
    people.edit_record("Lead", made, Stage__c="Sales Qualified Lead")
    stack.settle()
    assert people.contact(contact, "lifecyclestage") == {"lifecyclestage": "salesqualifiedlead"}


@pytest.mark.long
@pytest.mark.rule("SET-3")
@pytest.mark.rule("CH-12")
@pytest.mark.rule("FLD-6")
def test_a_contact_of_a_known_account_becomes_a_contact(new_stack: NewStack):
    """With `contact_if_account` a contact whose domain belongs to one account becomes a contact in
    it, and any other becomes a lead.
    """
    stack = new_stack(with_contacts('create_in_salesforce = "contact_if_account"'))
    people = People(stack.ready())
    account = people.new_record(
        "Account", Name="Known", Website="https://www.known.example.org/about"
    )
    for name in ("One", "Two"):
        people.new_record("Account", Name=name, Website="shared.example.org")
    for domain in ("known", "shared", "unknown"):
        people.new_contact(lastname="Lang", email=f"ada@{domain}.example.org", company="As Typed")
    result = stack.settle()
    made = {
        domain: {
            object_: rows(people, object_, f"ada@{domain}.example.org", *fields)
            for object_, fields in (("Contact", ["AccountId"]), ("Lead", ["Company"]))
        }
        for domain in ("known", "shared", "unknown")
    }
    as_lead: dict[str, list[dict[str, Any]]] = {"Contact": [], "Lead": [{"Company": "As Typed"}]}
    assert made == {
        "known": {"Contact": [{"AccountId": account}], "Lead": []},
        "shared": as_lead,
        "unknown": as_lead,
    }
    assert (result["open_errors"], record(people, "Account", account, "Name")) == (
        0,
        {"Name": "Known"},
    )


@pytest.mark.rule("SET-2")
@pytest.mark.rule("SET-3")
@pytest.mark.rule("Q-15")
def test_the_settings_choose_the_default_object(new_stack: NewStack):
    """With `create_in_salesforce = "contact"` a new contact becomes a Salesforce contact, whatever
    the lifecycle settings are.
    """
    lifecycle = (
        "[connection.lifecycle]\nautomatic_transitions = false\nsync_to_company_contacts = false\n"
    )
    stack = new_stack(with_contacts('create_in_salesforce = "contact"') + lifecycle)
    people = People(stack.ready())
    contact = people.new_contact(lastname="Lang", email="ada@example.com", company="Example GmbH")
    stack.settle()
    (made,) = rows(people, "Contact", "ada@example.com", "Id", "LastName", "AccountId", "OwnerId")
    ours = stack.ready()["salesforce"]["integration_user_id"]
    assert made == {"Id": made["Id"], "LastName": "Lang", "AccountId": None, "OwnerId": ours}
    assert rows(people, "Lead", "ada@example.com") == []
    people.edit_record("Contact", made["Id"], Title="Pilot")
    stack.settle()
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Pilot"}
