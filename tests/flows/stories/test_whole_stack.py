"""The whole deployed system on a laptop: what a person does on one side arrives on the other, even
if functions are killed on the way.
"""

import json
from typing import Any

import pytest
from simple_salesforce.format import format_soql

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack

DAY = 24 * 60 * 60
"""Seconds."""


def writes(stack: Stack) -> dict[str, int]:
    figures = stack.stats()
    return {side: figures[side]["writes"] for side in ("hubspot", "salesforce")}


def leads(people: People, address: str) -> list[dict[str, Any]]:
    query = format_soql(
        "SELECT FirstName, LastName, Phone, Title FROM Lead WHERE Email = {}", address
    )
    return people.records(query)


def test_a_contact_made_in_hubspot_becomes_a_lead(stack: Stack, people: People):
    """The contact passes webhook, bus, queue and both SDKs, and the echo of our own write changes
    nothing.
    """
    people.new_contact(
        firstname="Ada", lastname="Lang", email="ada@example.com", company="Example GmbH"
    )
    assert leads(people, "ada@example.com") == []
    settled = stack.settle()
    assert (settled["settled"], settled["open_errors"]) == (True, 0)
    assert leads(people, "ada@example.com") == [
        {"FirstName": "Ada", "LastName": "Lang", "Phone": None, "Title": None}
    ]
    before = writes(stack)
    assert stack.settle()["rounds"] == 0
    assert writes(stack) == before


def test_a_lead_made_in_salesforce_becomes_a_contact(stack: Stack, people: People):
    """The lead's change event arrives through the partner event bus."""
    people.new_record(
        "Lead", FirstName="Grace", LastName="Holm", Email="grace@example.org", Company="Example AB"
    )
    stack.settle()
    contact = people.contact_with("grace@example.org")
    assert contact is not None
    assert people.contact(contact, "firstname", "lastname") == {
        "firstname": "Grace",
        "lastname": "Holm",
    }


def test_functions_log_no_personal_data(stack: Stack, people: People):
    """The name, address and phone number of a contact never appear in the functions' output."""
    canary = {
        "firstname": "Canaryfirst",
        "lastname": "Canarylast",
        "email": "canary@example.com",
        "phone": "+49 731 4711",
    }
    people.new_contact(**canary, company="Example GmbH")
    stack.settle()
    printed = "".join(map(stack.output, stack.stats()["lambda"]))
    assert "contacts looked at" in printed
    assert [
        value
        for value in canary.values()
        if value.lower() in printed.lower() or json.dumps(value) in printed
    ] == []


def test_without_set_up_nothing_syncs(new_stack: NewStack):
    """The secrets exist, but settings and properties do not, and nothing syncs."""
    world = {"set_up": False, "hubspot": [{"portal_id": 555001}], "salesforce": {}}
    stack = new_stack(world=world)
    people = People(stack.ready())
    names = [
        secret["Name"]
        for secret in stack.cloud.aws.client("secretsmanager").list_secrets()["SecretList"]
    ]
    assert {"crmsync/acme/hubspot", "crmsync/acme/salesforce"} <= set(names)
    people.new_contact(lastname="Early", email="early@example.com")
    assert stack.settle()["open_errors"] == 0
    assert people.records("SELECT Id FROM Lead") == []
    assert writes(stack) == {"hubspot": 0, "salesforce": 0}
    assert accounts_imported(stack) is False


@pytest.mark.rule("OPP-2")
def test_a_ready_stack_has_imported_its_accounts(stack: Stack):
    """Opportunities sync on a laptop without an import of accounts."""
    assert accounts_imported(stack) is True


def accounts_imported(stack: Stack) -> bool:
    """Whether the connection's account import is marked as finished."""
    key = {"pk": {"S": "imported#acme"}, "sk": {"S": "Account"}}
    return "Item" in stack.cloud.aws.client("dynamodb").get_item(TableName="crmsync-state", Key=key)


def test_an_idle_half_hour_takes_one_salesforce_call_a_minute(stack: Stack):
    """All polls of Salesforce share one call, and HubSpot is asked per object, per kind of event
    and for our token's scopes.

    HubSpot's recycle bin is read once a day, so the half hour lies within one day.
    """
    stack.advance(900)
    if (left := DAY - stack.clock.now_ms() / 1000 % DAY) < 2000:
        stack.advance(left + 900)
    before = stack.stats()

    stack.advance(1800)

    after = stack.stats()
    made = {
        side: _more(after[side]["by_endpoint"], before[side]["by_endpoint"])
        for side in ("hubspot", "salesforce")
    }
    assert made["salesforce"] == {"POST /composite": 30}
    searches = {
        f"POST /crm/objects/2026-03/{name}/search": 2 for name in ("contacts", "companies", "deals")
    }
    checks = {"POST /oauth/v2/private-apps/get/access-token-info": 5}
    assert made["hubspot"] == searches | checks | {"GET /email/public/v1/events": 12}


@pytest.mark.long
def test_a_hundred_edited_contacts_cost_at_most_two_writes_more(stack: Stack, people: People):
    """Per contact its link is read and saved once. A batch writes one lease of HubSpot's calls and
    one count of overwritten values besides, and reads at most four units more.
    """
    batches = people.hubspot.crm.contacts.batch_api
    new = [
        {"properties": {"email": f"unit.{n}@example.com", "lastname": "Unit"}} for n in range(100)
    ]
    ids = [one.id for one in batches.create({"inputs": new}).results]
    stack.settle()
    stack.advance(3600)
    before = stack.stats()["dynamodb"]

    edited = [{"id": one, "properties": {"phone": "+49 731 5"}} for one in ids]
    batches.update({"inputs": edited})
    stack.settle()

    after = stack.stats()["dynamodb"]
    assert 100 <= after["writes"] - before["writes"] <= 102
    assert 100 <= after["reads"] - before["reads"] <= 104


def _more(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    """By how much each endpoint's count has grown, without those that have not."""
    grown = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in grown.items() if count}
