"""Stories of one field that a CRM refuses: it is left out and reported, and the rest of the record
is in sync (CH-8).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_contacts import (
    SWEEP,
    lead,
    linked_pair,
    open_errors,
    rows,
    with_contacts,
    writes,
)

INDUSTRIES = {
    "name": "Industry",
    "label": "Industry",
    "type": "picklist",
    "restrictedPicklist": True,
    "picklistValues": [
        {"value": "Banking", "label": "Banking"},
        {"value": "Energy", "label": "Energy"},
    ],
}
WORLD: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {"Lead": [INDUSTRIES]},
        "validation_rules": [
            {
                "object": "Lead",
                "field": "Phone",
                "contains": "666",
                "message": "No such phone numbers here.",
            }
        ],
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(with_contacts(), WORLD) as stack:
        yield stack


@pytest.mark.long
@pytest.mark.rule("CH-8")
def test_a_validation_rule_on_one_field_leaves_out_that_field(stack: Stack, people: People):
    """Other fields sync while the refused phone number stays as it is on both sides, until it is
    changed to an allowed one.
    """
    contact, there = linked_pair(stack, people, "rule@example.com", phone="111")
    before = open_errors(stack)
    people.edit_contact(contact, phone="666", firstname="Rule", city="Graz")
    assert open_errors(stack) == before + 1
    assert lead(people, "rule@example.com", "FirstName", "City", "Phone") == {
        "FirstName": "Rule",
        "City": "Graz",
        "Phone": "111",
    }
    count = writes(stack)
    stack.advance(SWEEP)
    assert (writes(stack), people.contact(contact, "phone")) == (count, {"phone": "666"})

    people.edit_contact(contact, city="Linz")
    assert open_errors(stack) == before + 1
    assert lead(people, "rule@example.com", "City", "Phone") == {"City": "Linz", "Phone": "111"}
    people.edit_record("Lead", there, Title="Dr")
    assert open_errors(stack) == before + 1
    assert people.contact(contact, "phone", "jobtitle") == {"phone": "666", "jobtitle": "Dr"}

    people.edit_contact(contact, phone="222")
    assert open_errors(stack) == before
    assert lead(people, "rule@example.com", "Phone") == {"Phone": "222"}


@pytest.mark.rule("CH-8")
def test_an_edit_of_a_refused_field_on_the_other_side_syncs(stack: Stack, people: People):
    """A refused value is not part of the baseline, so that Salesforce's own edit of the field is
    written to HubSpot.
    """
    contact, there = linked_pair(stack, people, "other@example.com", phone="111")
    before = open_errors(stack)
    people.edit_contact(contact, phone="666", firstname="Other")
    assert open_errors(stack) == before + 1
    people.edit_record("Lead", there, Phone="333")
    assert open_errors(stack) == before
    assert people.contact(contact, "phone", "firstname") == {"phone": "333", "firstname": "Other"}
    count = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == count


@pytest.mark.rule("CH-8")
@pytest.mark.rule("FLD-7")
@pytest.mark.long
def test_a_required_field_that_hubspot_blanks_keeps_its_value(stack: Stack, people: People):
    """A lead must have a company: its other fields are written, and HubSpot may stay blank."""
    contact, _ = linked_pair(stack, people, "blank@example.com", company="Example GmbH")
    before = open_errors(stack)
    people.edit_contact(contact, company="", firstname="Blank")
    assert open_errors(stack) == before + 1
    assert lead(people, "blank@example.com", "FirstName", "Company") == {
        "FirstName": "Blank",
        "Company": "Example GmbH",
    }
    count = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == count
    assert not people.contact(contact, "company")["company"]


@pytest.mark.rule("CH-8")
def test_a_value_that_a_restricted_picklist_refuses_is_left_out(stack: Stack, people: People):
    """The lead is created without the unknown industry, and gets one that the org knows later."""
    before = open_errors(stack)
    contact = people.new_contact(
        email="pick@example.com", lastname="Pick", company="Pick AG", industry="Alchemy"
    )
    assert open_errors(stack) == before + 1
    assert lead(people, "pick@example.com", "LastName", "Industry") == {
        "LastName": "Pick",
        "Industry": None,
    }
    assert people.contact(contact, "industry") == {"industry": "Alchemy"}
    count = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == count
    people.edit_contact(contact, industry="Energy")
    assert open_errors(stack) == before
    assert lead(people, "pick@example.com", "Industry") == {"Industry": "Energy"}


@pytest.mark.rule("CH-8")
def test_with_the_setting_a_refused_field_blocks_the_record(new_stack: NewStack):
    """With ``on_refused_field = "block"`` nothing of a refused write is synced until the field is
    corrected.
    """
    stack = new_stack(with_contacts('on_refused_field = "block"'), WORLD)
    people = People(stack.ready())
    contact, _ = linked_pair(stack, people, "held@example.com", phone="111")
    people.edit_contact(contact, phone="666", firstname="Held")
    assert open_errors(stack) == 1
    assert lead(people, "held@example.com", "FirstName", "Phone") == {
        "FirstName": None,
        "Phone": "111",
    }
    people.edit_contact(contact, phone="222")
    assert open_errors(stack) == 0
    assert lead(people, "held@example.com", "FirstName", "Phone") == {
        "FirstName": "Held",
        "Phone": "222",
    }
    assert len(rows(people, "Lead", "held@example.com")) == 1


RULED: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "write_rules": [
                {"object": "contacts", "property": "jobtitle", "rule": "required"},
                {"object": "contacts", "property": "phone", "rule": {"when": "city", "is": "Graz"}},
            ],
        }
    ],
    "salesforce": {"edition": "Enterprise Edition"},
}


def set_api_version(stack: Stack, version: str) -> None:
    """Set the version of HubSpot's API that the product uses, in the connection's secret."""
    secrets = stack.cloud.aws.client("secretsmanager")
    now = json.loads(secrets.get_secret_value(SecretId="crmsync/acme/hubspot")["SecretString"])
    secrets.put_secret_value(
        SecretId="crmsync/acme/hubspot", SecretString=json.dumps(now | {"api_version": version})
    )
    stack.advance(SWEEP)


@pytest.mark.rule("CH-8")
@pytest.mark.long
def test_a_property_that_hubspot_requires_keeps_its_value(new_stack: NewStack):
    """Since API version 2026-09 HubSpot refuses blanks of required properties, so that these stay
    and the rest is written.
    """
    stack = new_stack(with_contacts(), RULED)
    people = People(stack.ready())
    set_api_version(stack, "2026-09")
    contact, there = linked_pair(stack, people, "ruled@example.com", jobtitle="Dr", phone="1")
    people.edit_record("Lead", there, Title=None, FirstName="Ruled")
    assert open_errors(stack) == 1
    assert people.contact(contact, "jobtitle", "firstname") == {
        "jobtitle": "Dr",
        "firstname": "Ruled",
    }
    people.edit_record("Lead", there, City="Graz", Phone=None, LastName="Lang")
    assert open_errors(stack) == 1
    shown = people.contact(contact, "jobtitle", "city", "phone")
    assert shown == {"jobtitle": "Dr", "city": "Graz", "phone": "1"}
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before
    assert lead(people, "ruled@example.com", "Title", "Phone", "City") == {
        "Title": None,
        "Phone": None,
        "City": "Graz",
    }
