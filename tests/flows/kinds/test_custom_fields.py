"""Custom fields through the whole deployed system: every kind of value syncs in both directions,
with the vendors' own clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS

LABELS = (
    *(
        "Subscriber",
        "Lead",
        "Marketing Qualified Lead",
        "Sales Qualified Lead",
        "Opportunity",
        "Customer",
        "Evangelist",
    ),
    "Other",
)
PAIRS = {
    "nickname": "Nickname__c",
    "favourite_colour": "Favourite_Colour__c",
    "interests": "Interests__c",
    "size": "Size__c",
    "birthday": "Birthday__c",
    "last_seen": "Last_Seen__c",
    "vip": "Vip__c",
    "lifecyclestage": "Stage__c",
}
ROWS = "".join(
    f'[[connection.contacts.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\n'
    for hubspot, salesforce in PAIRS.items()
)
PROPERTIES = [
    {"name": "nickname"},
    {
        "name": "favourite_colour",
        "type": "enumeration",
        "options": [{"value": "red", "label": "Red"}, {"value": "dark_blue", "label": "Dark Blue"}],
    },
    {
        "name": "interests",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": [{"value": "golf", "label": "Golf"}, {"value": "chess", "label": "Chess"}],
    },
    {"name": "size", "type": "number"},
    {"name": "birthday", "type": "date"},
    {"name": "last_seen", "type": "datetime"},
    {"name": "vip", "type": "bool"},
]


def values(*names: str) -> list[dict[str, str]]:
    """Picklist values whose labels equal them."""
    return [{"value": name, "label": name} for name in names]


FIELDS: list[dict[str, Any]] = [
    {"name": "Nickname__c", "length": 10},
    {
        "name": "Favourite_Colour__c",
        "type": "picklist",
        "restrictedPicklist": True,
        "picklistValues": [
            {"value": "Red", "label": "Red"},
            {"value": "DB", "label": "Dark blue"},
            *values("Green"),
        ],
    },
    {
        "name": "Interests__c",
        "type": "multipicklist",
        "length": 4099,
        "restrictedPicklist": True,
        "picklistValues": values("Golf", "Chess"),
    },
    {"name": "Size__c", "type": "double", "precision": 6, "scale": 1},
    {"name": "Birthday__c", "type": "date"},
    {"name": "Last_Seen__c", "type": "datetime"},
    {"name": "Vip__c", "type": "boolean"},
    {
        "name": "Stage__c",
        "type": "picklist",
        "restrictedPicklist": True,
        "picklistValues": values(*LABELS),
    },
]
WORLD = {
    "hubspot": [
        {"portal_id": 555001, "tier": "professional", "properties": {"contacts": PROPERTIES}}
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {"Lead": FIELDS, "Contact": FIELDS},
    },
}


@pytest.fixture(scope="module")
def custom_stack() -> Iterator[Stack]:
    """A stack whose CRMs have custom fields, all of them mapped."""
    with Stack(SETTINGS + ROWS, WORLD) as made:
        yield made


@pytest.fixture
def people(custom_stack: Stack) -> People:
    """A person's access to both CRMs."""
    return People(custom_stack.ready())


def lead_of(people: People, address: str) -> dict[str, Any]:
    """The custom fields of the lead with an address."""
    (lead,) = people.records(
        f"SELECT Id, {', '.join(PAIRS.values())} FROM Lead WHERE Email = '{address}'"  # noqa: S608 - SOQL of a test
    )
    return lead


def writes(stack: Stack) -> tuple[int, int]:
    """The number of the product's writes to each side."""
    figures = stack.stats()
    return figures["hubspot"]["writes"], figures["salesforce"]["writes"]


@pytest.mark.rule("MAP-7")
@pytest.mark.rule("FLD-2")
@pytest.mark.rule("MAP-16")
def test_every_kind_of_value_is_written_to_salesforce(custom_stack: Stack, people: People) -> None:
    """Choices by their counterpart, a truncated and reported text, a rounded number, dates and
    times, a checkbox, and the stage's label.
    """
    people.new_contact(
        email="ada@example.com",
        lastname="Lang",
        nickname="The Countess",
        favourite_colour="dark_blue",
        interests="golf;chess",
        size="1.25",
        birthday="1815-12-10",
        last_seen="2026-11-02T10:00:00Z",
        vip="true",
        lifecyclestage="marketingqualifiedlead",
    )

    assert custom_stack.settle()["open_errors"] == 1

    lead = lead_of(people, "ada@example.com")
    assert {name: lead[name] for name in PAIRS.values()} == {
        "Nickname__c": "The Counte",
        "Favourite_Colour__c": "DB",
        "Interests__c": "Chess;Golf",
        "Size__c": 1.3,
        "Birthday__c": "1815-12-10",
        "Last_Seen__c": "2026-11-02T10:00:00.000+0000",
        "Vip__c": True,
        "Stage__c": "Marketing Qualified Lead",
    }
    before = writes(custom_stack)
    custom_stack.advance(3600)
    assert writes(custom_stack) == before


@pytest.mark.rule("MAP-7")
def test_every_kind_of_value_is_written_to_hubspot(custom_stack: Stack, people: People) -> None:
    """The same values are written in HubSpot's own format."""
    people.new_record(
        "Lead",
        LastName="Holm",
        Company="Example AB",
        Email="grace@example.com",
        Nickname__c="Amazing",
        Favourite_Colour__c="DB",
        Interests__c="Golf;Chess",
        Size__c=2.5,
        Birthday__c="1906-12-09",
        Last_Seen__c="2026-11-02T10:00:00.000+0000",
        Vip__c=True,
        Stage__c="Customer",
    )
    custom_stack.settle()

    contact = people.contact_with("grace@example.com")
    assert contact is not None
    assert people.contact(contact, *PAIRS) == {
        "nickname": "Amazing",
        "favourite_colour": "dark_blue",
        "interests": "chess;golf",
        "size": "2.5",
        "birthday": "1906-12-09",
        "last_seen": "2026-11-02T10:00:00Z",
        "vip": "true",
        "lifecyclestage": "customer",
    }
    before = writes(custom_stack)
    custom_stack.advance(3600)
    assert writes(custom_stack) == before


@pytest.mark.rule("CH-8")
def test_a_choice_that_hubspot_does_not_have_is_not_synced(
    custom_stack: Stack, people: People
) -> None:
    """It is reported, everything else syncs, and it syncs once both sides have the choice."""
    people.new_contact(email="kim@example.com", lastname="Vale", favourite_colour="red")
    errors = custom_stack.settle()["open_errors"]
    lead = lead_of(people, "kim@example.com")

    people.edit_record("Lead", lead["Id"], Favourite_Colour__c="Green", Nickname__c="Kimmy")
    custom_stack.settle()

    contact = people.contact_with("kim@example.com")
    assert contact is not None
    assert people.contact(contact, "favourite_colour", "nickname") == {
        "favourite_colour": "red",
        "nickname": "Kimmy",
    }
    assert custom_stack.settle()["open_errors"] == errors + 1
    people.edit_record("Lead", lead["Id"], Favourite_Colour__c="DB")
    custom_stack.settle()
    assert people.contact(contact, "favourite_colour") == {"favourite_colour": "dark_blue"}
    assert custom_stack.settle()["open_errors"] == errors


@pytest.mark.rule("PLT-5")
@pytest.mark.rule("FLD-2")
def test_a_lifecycle_stage_never_moves_back(custom_stack: Stack, people: People) -> None:
    """Either side advances it, and an earlier stage set in Salesforce is corrected, once."""
    contact = people.new_contact(email="eve@example.com", lastname="Moor", lifecyclestage="lead")
    custom_stack.settle()
    lead = lead_of(people, "eve@example.com")
    people.edit_record("Lead", lead["Id"], Stage__c="Customer")
    custom_stack.settle()
    assert people.contact(contact, "lifecyclestage") == {"lifecyclestage": "customer"}

    people.edit_record("Lead", lead["Id"], Stage__c="Lead")
    custom_stack.settle()

    assert people.contact(contact, "lifecyclestage") == {"lifecyclestage": "customer"}
    assert lead_of(people, "eve@example.com")["Stage__c"] == "Customer"
    before = writes(custom_stack)
    custom_stack.advance(3600)
    assert writes(custom_stack) == before
