"""Stories of a field that Salesforce lacks: only its own mapping stops, everything else syncs, and
it recovers by itself.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_contacts import lead, lead_id, with_contacts

COLOUR = "favourite_colour"
FIELD = "Favourite_Colour__c"
SETTINGS = with_contacts(
    "", "[[connection.contacts.field]]", f'hubspot = "{COLOUR}"', f'salesforce = "{FIELD}"'
)
WORLD: dict[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "properties": {
                "contacts": [
                    {"name": COLOUR, "label": "Colour", "type": "string", "fieldType": "text"}
                ],
            },
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {
            name: [{"name": FIELD, "label": "Colour", "type": "string", "length": 80}]
            for name in ("Lead", "Contact")
        },
    },
}
LACKS = [
    ("field_removed", FIELD, COLOUR),
    ("field_hidden", FIELD, COLOUR),
    ("field_removed", "Title", "jobtitle"),
    ("field_hidden", "Title", "jobtitle"),
]


def reports(stack: Stack) -> list[tuple[str, str, str]]:
    """The category, text and hint of each report in the error inbox."""
    names = {"pk": {"S": "inbox#acme"}}
    rows = stack.cloud.aws.client("dynamodb").query(
        TableName="crmsync-state",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": names["pk"]},
    )["Items"]
    return [(row["category"]["S"], row["text"]["S"], row["hint"]["S"]) for row in rows]


@pytest.mark.long
@pytest.mark.rule("ERR-5")
@pytest.mark.parametrize(("kind", "field", "mine"), LACKS)
def test_a_missing_field_stops_only_its_own_mapping(
    new_stack: NewStack, kind: str, field: str, mine: str
) -> None:
    """Other fields and new contacts sync at once, one report names the field, and the mapping works
    again once the field is back.
    """
    stack = new_stack(SETTINGS, WORLD)
    people = People(stack.ready())
    contact = people.new_contact(
        email="ada@example.com", lastname="Lang", company="Example", **{mine: "red"}
    )
    stack.settle()
    ada = lead_id(people, "ada@example.com")
    stack.advance(1800)
    describes = "GET /sobjects/Lead/describe"
    before = stack.stats()["salesforce"]["by_endpoint"].get(describes, 0)

    stack.faults([{"at": "salesforce", "kind": kind, "object": "Lead", "field": field}])
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", ada, FirstName="Ada")
    people.new_contact(
        email="bea@example.com", lastname="Holm", company="Example", **{mine: "green"}
    )
    stack.settle()
    people.edit_contact(contact, **{mine: "blue"})
    errors = stack.settle()["open_errors"]

    assert lead(people, "ada@example.com", "Phone", "FirstName") == {
        "Phone": "+49 731 1",
        "FirstName": "Ada",
    }
    assert people.contact(contact, "phone", "firstname") == {
        "phone": "+49 731 1",
        "firstname": "Ada",
    }
    assert lead(people, "bea@example.com", "LastName") == {"LastName": "Holm"}
    ((category, text, hint),) = reports(stack)
    assert (errors, category, f"the field Lead.{field}" in text) == (1, "mapping", True)
    assert "access to it" in hint
    assert stack.advance(4 * 3600)["open_errors"] == 1
    asked = stack.stats()["salesforce"]["by_endpoint"][describes] - before
    assert asked <= 4 * 4 + 2

    stack.faults([])
    assert stack.advance(3600)["open_errors"] == 0
    assert lead(people, "ada@example.com", field) == {field: "blue"}
    assert people.contact(contact, mine) == {mine: "blue"}
    assert lead(people, "bea@example.com", field) == {field: "green"}


@pytest.mark.rule("ERR-5")
@pytest.mark.long
def test_without_our_own_field_records_wait_and_the_report_names_set_up(
    new_stack: NewStack,
) -> None:
    """One report is made instead of parked records, and everything syncs once the field is back."""
    stack = new_stack()
    people = People(stack.ready())
    stack.faults(
        [
            {
                "at": "salesforce",
                "kind": "field_hidden",
                "object": "Lead",
                "field": "Crmsync_HubSpot_Id__c",
            }
        ]
    )
    people.new_contact(email="ada@example.com", lastname="Lang", company="Example")
    stack.settle()
    stack.advance(600)

    ((category, text, hint),) = reports(stack)
    assert (category, "which crmsync needs" in text, "crmsync setup --apply" in hint) == (
        "permissions",
        True,
        True,
    )
    stack.faults([])
    assert stack.advance(1800)["open_errors"] == 0
    assert lead(people, "ada@example.com", "LastName") == {"LastName": "Lang"}


def test_an_archived_hubspot_property_blanks_nothing(new_stack: NewStack) -> None:
    """HubSpot's answers omit the property, which counts as no value, so that Salesforce keeps its
    own.
    """
    stack = new_stack(SETTINGS, WORLD)
    people = People(stack.ready())
    contact = people.new_contact(
        email="ada@example.com", lastname="Lang", company="Example", **{COLOUR: "red"}
    )
    stack.settle()
    people.hubspot.crm.properties.core_api.archive("contacts", COLOUR)
    people.edit_contact(contact, phone="+49 731 1")
    errors = stack.settle()["open_errors"]

    assert lead(people, "ada@example.com", "Phone", FIELD) == {"Phone": "+49 731 1", FIELD: "red"}
    ((category, text, _),) = reports(stack)
    assert (errors, category, f"the field contact.{COLOUR}" in text) == (1, "mapping", True)
