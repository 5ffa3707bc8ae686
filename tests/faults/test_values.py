"""Faults of what is in the records: fields that go away, huge and odd texts, code hidden in values,
and personal data where it does not belong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import pytest

from local.people import People
from local.stack import Stack
from tests.faults.outcomes import inbox, later, queued, writes_of
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import (
    lead,
    linked_pair,
    merge_contacts,
    rows,
    with_contacts,
)

COLOUR, FIELD = "favourite_colour", "Favourite_Colour__c"
BIO, BIO_FIELD = "biography", "Biography__c"
SETTINGS = with_contacts(
    *("", "[[connection.contacts.field]]", f'hubspot = "{COLOUR}"', f'salesforce = "{FIELD}"'),
    *("", "[[connection.contacts.field]]", f'hubspot = "{BIO}"', f'salesforce = "{BIO_FIELD}"'),
)
OTHERS_WORDS = "already held by CANARYOTHER, canaryother@example.org"
WORLD: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "properties": {
                "contacts": [
                    {"name": COLOUR, "label": "Colour", "type": "string", "fieldType": "text"},
                    {"name": BIO, "label": "Biography", "type": "string", "fieldType": "textarea"},
                ]
            },
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {
            name: [
                {"name": FIELD, "label": "Colour", "type": "string", "length": 80},
                {"name": BIO_FIELD, "label": "Biography", "type": "textarea", "length": 32_000},
            ]
            for name in ("Lead", "Contact")
        },
        "validation_rules": [
            {
                "object": "Lead",
                "field": "LastName",
                "contains": "Canaryheld",
                "message": OTHERS_WORDS,
                "trigger": True,
            }
        ],
    },
}


Outcome: TypeAlias = tuple[str, str, list[str]]
"""A field of the operator's own and another one, after an edit of both on the other side, and the
codes in the error inbox.
"""

QUARTER = 15 * 60
"""Seconds between two looks at fields that were missing."""


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for each test, with two fields of the operator's own."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


def to_next_quarter(stack: Stack) -> float:
    """Seconds until just after the next quarter of an hour begins."""
    return QUARTER - stack.clock.now_ms() / 1000 % QUARTER + 5


def retyped(people: People, kind: str, field_type: str, *options: str) -> None:
    """Give HubSpot's property another type."""
    choices = [{"label": one, "value": one, "displayOrder": 0} for one in options]
    definition = {"type": kind, "fieldType": field_type, "options": choices}
    people.hubspot.crm.properties.core_api.update("contacts", COLOUR, definition)


def test_fault_29_field_goes_away_or_changes_its_type(stack: Stack, people: People) -> None:
    """Of a field that one side no longer has or shows only its mapping rests, is reported once and
    blanks nothing; all else crosses, and the field catches up when it is back. A value that no
    longer fits after a change of type or picklist is left out and reported alone.
    """
    contact, made = linked_pair(stack, people, "drift@example.com", **{COLOUR: "red"})
    lost = {"at": "salesforce", "object": "Lead", "field": FIELD}
    stack.faults([{**lost, "kind": "field_removed"}])
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", made, FirstName="Ada")
    people.new_contact(
        email="drift.new@example.com", lastname="Holm", company="Example", **{COLOUR: "green"}
    )
    stack.settle()
    people.edit_contact(contact, **{COLOUR: "blue"})
    stack.settle()
    meanwhile = lead(people, "drift@example.com", "Phone", "FirstName")
    first = inbox(stack)
    stack.faults([{**lost, "kind": "field_hidden"}])
    second = (later(stack)["open_errors"], set(inbox(stack)))
    stack.faults([])
    later(stack, to_next_quarter(stack))
    back = later(stack, QUARTER)["open_errors"]
    caught_up = (
        lead(people, "drift@example.com", FIELD)[FIELD],
        lead(people, "drift.new@example.com", FIELD)[FIELD],
        people.contact(contact, COLOUR, "firstname"),
    )

    def edited_in_hubspot(colour: str, phone: str) -> Outcome:
        people.edit_contact(contact, **{COLOUR: colour}, phone=phone)
        stack.settle()
        found = lead(people, "drift@example.com", FIELD, "Phone")
        return found[FIELD], found["Phone"], [one["code"] for one in inbox(stack).values()]

    def edited_in_salesforce(colour: str, name: str) -> Outcome:
        people.edit_record("Lead", made, **{FIELD: colour}, FirstName=name)
        stack.settle()
        found = people.contact(contact, COLOUR, "firstname")
        return found[COLOUR], found["firstname"], [one["code"] for one in inbox(stack).values()]

    type_of = {"side": "salesforce", "do": "change_type", "object": "Lead", "field": FIELD}
    stack.person({**type_of, "values": ["blue", "red"]})
    picklist = (edited_in_hubspot("green", "2"), edited_in_hubspot("red", "3"))
    stack.person({**type_of, "values": []})
    retyped(people, "enumeration", "select", "red", "blue")
    options = (edited_in_salesforce("violet", "Bea"), edited_in_salesforce("blue", "Cleo"))
    retyped(people, "number", "number")
    number = (edited_in_salesforce("seven", "Dora"), edited_in_salesforce("7", "Eve"))

    (name,) = first
    assert meanwhile == {"Phone": "+49 731 1", "FirstName": "Ada"}
    assert len(rows(people, "Lead", "drift.new@example.com")) == 1
    assert (name, first[name]["category"]) == (f"Lead.{FIELD}", "mapping")
    assert FIELD in first[name]["text"]
    assert "access to it" in first[name]["hint"]
    assert second == (1, {name})
    assert (back, queued(stack)) == (0, {})
    assert caught_up == ("blue", "green", {COLOUR: "blue", "firstname": "Ada"})
    assert picklist == (
        ("blue", "2", ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]),
        ("red", "3", []),
    )
    assert options == (("red", "Bea", ["INVALID_OPTION"]), ("blue", "Cleo", []))
    assert number == (("blue", "Dora", ["INVALID_NUMBER"]), ("7", "Eve", []))
    assert (stack.settle()["open_errors"], queued(stack)) == (0, {})


def test_fault_31_huge_and_odd_values(stack: Stack, people: People) -> None:
    """A text of 32,000 characters with emoji crosses whole, a longer one is cut between characters
    and reported, and sixty merges into one contact fit into the queues.
    """
    family, rare = "\U0001f469\u200d\U0001f467", "\u0130\U00020bb7 \u05d0\u05d1 e\u0301"
    fits = (f"{rare} {family}" * 3_000)[:15_900] + "."
    contact, made = linked_pair(stack, people, "huge@example.com", **{BIO: fits})
    whole = lead(people, "huge@example.com", BIO_FIELD)[BIO_FIELD]
    longer = "\U0001f600" * 20_000
    people.edit_contact(contact, **{BIO: longer, "jobtitle": family})
    stack.settle()
    cut = lead(people, "huge@example.com", BIO_FIELD, "Title")
    told = inbox(stack)
    quiet = writes_of(stack, lambda: later(stack))
    people.edit_contact(contact, **{BIO: "short"})
    healed = stack.settle()["open_errors"]

    others = [people.new_contact(lastname=f"Merged {number}") for number in range(60)]
    for other in others:
        contact = merge_contacts(people, contact, other)
    stack.settle()
    stack.advance(300)  # what is gone and was never linked is read once more after three minutes
    end = stack.settle()

    assert whole == fits
    assert cut == {BIO_FIELD: "\U0001f600" * 16_000, "Title": family}
    assert [(row["category"], row["field"]) for row in told.values()] == [("validation", BIO)]
    assert "longer than the field" in next(iter(told.values()))["text"]
    assert (quiet.hubspot, quiet.salesforce, healed) == (0, 0, 0)
    assert people.contact(contact, "crmsync_salesforce_id") == {"crmsync_salesforce_id": made}
    assert (end["open_errors"], queued(stack)) == (0, {})


HIDDEN = (
    "o'brien",
    "x' OR Email != '",
    "x\\' OR Name LIKE '%",
    "' ; DELETE FROM Lead ; '",
    "{!$User.Id}",
    '<script>alert("1")</script>',
)
"""What a person may write into a name."""


def test_fault_32_code_hidden_in_values(stack: Stack, people: People) -> None:
    """Addresses and names with quotes, backslashes and pieces of queries find and change their own
    record only, and arrive letter for letter.
    """
    bystander, _ = linked_pair(stack, people, "bystander@example.com")
    leads = people.records("SELECT COUNT(Id) n FROM Lead")[0]["n"]
    contacts = {}
    for number, text in enumerate(HIDDEN):
        address = f"o'hidden+{number}@example.com"
        contacts[address] = people.new_contact(
            email=address, lastname=text, company=text, firstname=text[:40]
        )
    stack.settle()
    for contact in contacts.values():
        people.edit_contact(contact, phone="+49 731 1")
    later(stack)

    shown = {
        address: rows(people, "Lead", address, "LastName", "Company", "Phone")
        for address in contacts
    }
    assert shown == {
        address: [{"LastName": text, "Company": text, "Phone": "+49 731 1"}]
        for address, text in zip(contacts, HIDDEN, strict=True)
    }
    assert people.records("SELECT COUNT(Id) n FROM Lead")[0]["n"] == leads + len(HIDDEN)
    assert lead(people, "bystander@example.com", "LastName", "Phone") == {
        "LastName": "Lang",
        "Phone": None,
    }
    assert people.contact(bystander, "phone") == {"phone": None}
    assert (inbox(stack), queued(stack)) == ({}, {})


CANARIES = {
    "firstname": "Canaryfirst",
    "lastname": "Canarylast",
    "email": "canary.person@example.com",
    "phone": "+49 731 471147",
    "jobtitle": "Canarytitle",
    COLOUR: "Canarycolour",
}


def everything(stack: Stack) -> str:
    """All that stands in logs (metrics among them), tables, queues and dead letters."""
    tables, queues = stack.cloud.aws.client("dynamodb"), stack.cloud.aws.client("sqs")
    items = [
        page["Items"]
        for name in tables.list_tables()["TableNames"]
        for page in tables.get_paginator("scan").paginate(TableName=name)
    ]
    letters = [
        queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for url in queues.list_queues()["QueueUrls"]
    ]
    logs = [stack.output(name) for name in stack.stats()["lambda"]]
    return json.dumps([items, letters, logs], default=str, ensure_ascii=False).lower()


def test_fault_33_no_personal_data_outside_the_crms(stack: Stack, people: People) -> None:
    """Canaries go through creation, edits, a conflict, refusals, lost answers, a crash and a full
    queue; none of them is in any log, metric, message, table or error.
    """
    contact = people.new_contact(**CANARIES, company="Example GmbH")
    stack.settle()
    made = str(lead(people, CANARIES["email"])["Id"])
    stack.faults(
        [
            {"at": "hubspot", "kind": "timeout_after_write"},
            {"at": "salesforce", "kind": "timeout_after_write"},
            {"at": "lambda", "kind": "kill", "function": "contact_sync", "after": "dynamodb_write"},
        ]
    )
    people.edit_contact(contact, jobtitle="Canarybaker", phone="+49 731 471148")
    people.edit_record("Lead", made, Title="Canarypilot")
    held = people.new_contact(
        email="canary.held@example.com", lastname="Canaryheld", company="Canaryworks"
    )
    people.new_record("Lead", LastName="Canarytwin", Company="Canaryworks", Email=CANARIES["email"])
    stack.settle()
    waiting = everything(stack)
    later(stack)
    errors = command(stack, "errors", "list")
    kept = everything(stack) + json.dumps(errors, ensure_ascii=False).lower()

    told = {row["ref"]["id"] for row in errors}
    secret = [*(value.lower() for value in CANARIES.values()), "canary", "47114"]
    assert held in told
    assert people.record("Lead", made, "LastName") == {"LastName": "Canarylast"}
    assert [one for one in secret if one in waiting or one in kept] == []
    assert f"hubspot:contact:{contact}" in kept
