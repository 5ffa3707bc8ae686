"""Stories of the settings around contacts: what HubSpot's contacts become, which fields cross, and
what a new mapping does.
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
    """A custom mapping as it stands in the settings file."""
    return f'\n[[connection.contacts.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\nupdate = "two_way"\n'


def apply(stack: Stack, *words: str) -> None:
    """Run the operator's command with ``--apply``; it must have nothing to remark."""
    done = run(stack, *words, "--apply")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def push(stack: Stack, folder: Path, settings: str) -> None:
    """Put a settings file in force."""
    file = folder / "settings.toml"
    file.write_text(settings, encoding="utf-8")
    apply(stack, "settings", "push", str(file))


@pytest.mark.rule("MAP-6")
@pytest.mark.rule("MAP-11")
@pytest.mark.rule("TRG-15")
@pytest.mark.long
def test_a_new_mapping_is_not_retroactive(new_stack: NewStack, tmp_path: Path):
    """Existing values stay where they are, sweeps or not; from then on an edit crosses, to a lead
    as to its contact later.
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
    heir = convert(stack, made)
    stack.settle()
    people.edit_record("Contact", heir, Nickname__c="Newest")
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
"""Seconds after which every Lambda knows a push."""

IN_HUBSPOT = {"nickname": "Old", "motto": "Mine"}
IN_SALESFORCE = {"Motto__c": "Theirs", "Hobby__c": "Old"}


class Late:
    """A stack in which three fields are mapped after pairs were linked: one filled in HubSpot, one
    in both, one in Salesforce.
    """

    def __init__(self, stack: Stack, folder: Path, people: int) -> None:
        """Link so many pairs, fill the fields, and push the rows."""
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
        """The late fields of both records, once everything has settled and the sweeps have been
        by.
        """
        self.stack.advance(SWEEP)
        contact, made = pair
        return self.people.contact(contact, *LATE), record(
            self.people, "Lead", made, *LATE.values()
        )


OLD = (
    {"nickname": "Old", "motto": "Mine", "hobby": None},
    {"Nickname__c": None, "Motto__c": "Theirs", "Hobby__c": "Old"},
)
"""What both sides go on showing while nobody edits one of the late fields."""


@pytest.mark.rule("MAP-6")
@pytest.mark.long
def test_an_edit_of_another_field_carries_no_old_value(new_stack: NewStack, tmp_path: Path):
    """The phone number crosses either way, and nothing is written for fields that are mapped since;
    their own edits do cross then.
    """
    late = Late(new_stack(SETTINGS, LATE_WORLD), tmp_path, 2)
    (one, its_lead), (its_contact, two) = late.pairs
    late.people.edit_contact(one, phone="0100")
    late.people.edit_record("Lead", two, Phone="0200")
    assert late.shown((one, its_lead)) == late.shown((its_contact, two)) == OLD
    assert record(late.people, "Lead", its_lead, "Phone") == {"Phone": "0100"}
    assert late.people.contact(its_contact, "phone") == {"phone": "0200"}
    late.people.edit_contact(one, nickname="New", motto="Ours")
    late.people.edit_record("Lead", two, Motto__c="Ours", Hobby__c="New")
    assert late.shown((one, its_lead)) == (
        {"nickname": "New", "motto": "Ours", "hobby": None},
        {"Nickname__c": "New", "Motto__c": "Ours", "Hobby__c": "Old"},
    )
    assert late.shown((its_contact, two)) == (
        {"nickname": "Old", "motto": "Ours", "hobby": "New"},
        {"Nickname__c": None, "Motto__c": "Ours", "Hobby__c": "New"},
    )


@pytest.mark.rule("MAP-6")
@pytest.mark.long
def test_an_edit_of_the_new_field_is_never_lost(new_stack: NewStack, tmp_path: Path):
    """Edited before anything else made us look: HubSpot's edits cross, deletions too; of
    Salesforce's those that fill a blank.
    """
    late = Late(new_stack(SETTINGS, LATE_WORLD), tmp_path, 3)
    edited, cleared, filled = late.pairs
    late.people.edit_contact(edited[0], phone="0100", motto="Ours")
    late.people.edit_contact(cleared[0], motto="")
    late.people.edit_record("Lead", filled[1], Hobby__c="New")
    assert late.shown(edited) == (
        {"nickname": "Old", "motto": "Ours", "hobby": None},
        {"Nickname__c": None, "Motto__c": "Ours", "Hobby__c": "Old"},
    )
    assert late.shown(cleared) == (
        {"nickname": "Old", "motto": None, "hobby": None},
        {"Nickname__c": None, "Motto__c": None, "Hobby__c": "Old"},
    )
    assert late.shown(filled) == (
        {"nickname": "Old", "motto": "Mine", "hobby": "New"},
        {"Nickname__c": None, "Motto__c": "Theirs", "Hobby__c": "New"},
    )


@pytest.mark.rule("MAP-6")
@pytest.mark.long
def test_a_resync_carries_what_was_there_before_the_mapping(new_stack: NewStack, tmp_path: Path):
    """Of one record, looked at before or not: blanks are filled, and of two values the more recent
    one stands on both sides.
    """
    late = Late(new_stack(SETTINGS, LATE_WORLD), tmp_path, 2)
    late.people.edit_contact(late.pairs[0][0], phone="0100")
    assert [late.shown(pair) for pair in late.pairs] == [OLD, OLD]
    for contact, made in late.pairs:
        apply(
            late.stack,
            "resync",
            "--side",
            "hubspot",
            "--object",
            "contact",
            "--id",
            contact,
            "--no-wait",
        )
        assert late.shown((contact, made)) == (
            {"nickname": "Old", "motto": "Theirs", "hobby": "Old"},
            {"Nickname__c": "Old", "Motto__c": "Theirs", "Hobby__c": "Old"},
        )


@pytest.mark.rule("FLD-1")
@pytest.mark.rule("FLD-2")
@pytest.mark.rule("MAP-16")
def test_the_lifecycle_stage_crosses_by_a_custom_field_alone(new_stack: NewStack):
    """It has no counterpart by default; mapped to a picklist of the labels it crosses both ways in
    each side's own words.
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


@pytest.mark.rule("SET-3")
@pytest.mark.rule("CH-12")
@pytest.mark.rule("FLD-6")
def test_a_person_of_a_known_account_becomes_a_contact(new_stack: NewStack):
    """contact_if_account: by the domain of the address, under the one account that has it;
    everybody else becomes a lead.
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
    told = stack.settle()
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
    assert (told["open_errors"], record(people, "Account", account, "Name")) == (
        0,
        {"Name": "Known"},
    )


@pytest.mark.rule("SET-2")
@pytest.mark.rule("SET-3")
@pytest.mark.rule("Q-15")
def test_the_default_object_is_the_settings_choice(new_stack: NewStack):
    """create_in_salesforce = "contact" makes contacts; the switches of the lifecycle are settings
    that leave this alone.
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
