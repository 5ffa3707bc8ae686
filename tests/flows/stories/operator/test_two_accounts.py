"""Stories of two HubSpot accounts on one Salesforce org: each account has its own links, and every
change is written once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, act_as_contact, contact_id, lead_id, rows

MOTTO = """
[[connection.contacts.field]]
hubspot = "{}"
salesforce = "Motto__c"
update = "two_way"
"""
BETA = SETTINGS.replace('"acme"', '"beta"').replace("555001", "555002").replace("acme/", "beta/")
SHARED = SETTINGS + MOTTO.format("motto") + BETA + MOTTO.format("war_cry")
CUSTOM = [{"name": "Motto__c", "length": 40}]
OWNER = {"email": "olive@example.com", "firstName": "Olive", "lastName": "Owens"}


def _portal(portal_id: int, motto: str) -> dict[str, Any]:
    properties = {"contacts": [{"name": motto}]}
    return {
        "portal_id": portal_id,
        "tier": "professional",
        "properties": properties,
        "owners": [OWNER],
    }


WORLD: Mapping[str, Any] = {
    "hubspot": [_portal(555001, "motto"), _portal(555002, "war_cry")],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {"Lead": CUSTOM, "Contact": CUSTOM},
        "users": [{"Name": "Olive Owens", "Email": "olive@example.com"}],
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module: two HubSpot accounts on one org."""
    with Stack(SHARED, WORLD) as stack:
        yield stack


@pytest.fixture
def beta(stack: Stack) -> People:
    """A person's access to the second HubSpot account and to the org."""
    return People(stack.ready(), portal=1)


@pytest.fixture
def product(stack: Stack) -> People:
    """The product's own tokens, because our key is hidden from everybody else in Salesforce."""
    return People(stack.ready(), product=True)


def writes(stack: Stack) -> dict[str, int]:
    """The number of the product's writes to each CRM so far."""
    figures = stack.stats()
    return {side: figures[side]["writes"] for side in ("hubspot", "salesforce")}


def writes_until_idle(stack: Stack) -> dict[str, int]:
    """The number of writes to each CRM until nothing is left to do."""
    before = writes(stack)
    stack.settle()
    return {side: count - before[side] for side, count in writes(stack).items()}


def writes_nothing_more(stack: Stack) -> bool:
    """Whether nothing more is written until every schedule has run, without open errors."""
    before = writes(stack)
    stack.settle()
    settled = stack.advance(SWEEP)
    return (writes(stack), settled["open_errors"]) == (before, 0)


def lead_of(people: People, address: str) -> dict[str, Any]:
    """The fields of the one lead with an address that these stories change."""
    (row,) = rows(
        people, "Lead", address, "Phone", "Title", "Motto__c", "HasOptedOutOfEmail", "Owner.Name"
    )
    return {name: row[name] for name in ("Phone", "Title", "Motto__c", "HasOptedOutOfEmail")} | {
        "Owner": row["Owner"]["Name"]
    }


@pytest.mark.rule("TEN-1")
@pytest.mark.rule("TEN-4")
@pytest.mark.long
def test_a_contact_of_one_account_becomes_a_contact_of_the_other(
    stack: Stack, people: People, beta: People, product: People
):
    """The lead that one account creates creates a contact in the other; each account has its own
    link, and the key names the lead's creator.
    """
    first = people.new_contact(email="ada@example.com", lastname="Lang", company="Example GmbH")

    assert writes_until_idle(stack) == {"hubspot": 2, "salesforce": 1}

    second = contact_id(beta, "ada@example.com")
    (lead,) = rows(product, "Lead", "ada@example.com", "Id", "Crmsync_HubSpot_Id__c")
    assert lead["Crmsync_HubSpot_Id__c"] == f"555001-{first}"
    assert people.contact(first, "crmsync_salesforce_id") == {"crmsync_salesforce_id": lead["Id"]}
    assert beta.contact(second, "crmsync_salesforce_id") == {"crmsync_salesforce_id": lead["Id"]}
    assert writes_nothing_more(stack)


@pytest.mark.rule("TEN-1")
@pytest.mark.long
def test_an_edit_reaches_all_three_records_and_stops(stack: Stack, people: People, beta: People):
    """Wherever it is made, an edit is written once to each of the other two records by their
    mappings, opt-outs and owners included.
    """
    first = people.new_contact(email="bob@example.com", lastname="Lang", company="Example GmbH")
    stack.settle()
    second = contact_id(beta, "bob@example.com")

    people.edit_contact(first, phone="+49 30 1")
    assert writes_until_idle(stack) == {"hubspot": 1, "salesforce": 1}
    beta.edit_contact(second, war_cry="Onward")
    assert writes_until_idle(stack) == {"hubspot": 1, "salesforce": 1}
    people.edit_record("Lead", lead_id(people, "bob@example.com"), Title="Dr.")
    assert writes_until_idle(stack) == {"hubspot": 2, "salesforce": 0}
    act_as_contact(stack, "unsubscribe", "bob@example.com")
    assert writes_until_idle(stack) == {"hubspot": 1, "salesforce": 1}
    beta.edit_contact(
        second, hubspot_owner_id=beta.hubspot.crm.owners.owners_api.get_page(limit=1).results[0].id
    )
    writes_until_idle(stack)

    assert lead_of(people, "bob@example.com") == {
        "Phone": "+49 30 1",
        "Title": "Dr.",
        "Motto__c": "Onward",
        "HasOptedOutOfEmail": True,
        "Owner": "Olive Owens",
    }
    alike = {
        "phone": "+49 30 1",
        "jobtitle": "Dr.",
        "hs_email_optout": "true",
        "crmsync_owner_name": "Olive Owens",
    }
    assert people.contact(first, "motto", *alike) == {"motto": "Onward"} | alike
    assert beta.contact(second, "war_cry", *alike) == {"war_cry": "Onward"} | alike
    assert writes_nothing_more(stack)


@pytest.mark.rule("TEN-1")
@pytest.mark.rule("OPT-6")
@pytest.mark.long
def test_a_contact_resubscribes_in_one_account_alone(stack: Stack, people: People, beta: People):
    """The contact's own act applies where it was done; the other account and Salesforce stay opted
    out.
    """
    first = people.new_contact(email="cleo@example.com", lastname="Lang", company="Example GmbH")
    act_as_contact(stack, "unsubscribe", "cleo@example.com")
    stack.settle()
    second = contact_id(beta, "cleo@example.com")
    assert beta.contact(second, "hs_email_optout") == {"hs_email_optout": "true"}

    act_as_contact(stack, "resubscribe", "cleo@example.com")

    assert writes_until_idle(stack) == {"hubspot": 0, "salesforce": 0}
    assert writes_nothing_more(stack)
    assert people.contact(first, "hs_email_optout") == {"hs_email_optout": "false"}
    assert beta.contact(second, "hs_email_optout") == {"hs_email_optout": "true"}
    assert lead_of(people, "cleo@example.com")["HasOptedOutOfEmail"] is True


@pytest.mark.rule("TEN-1")
@pytest.mark.long
def test_a_deal_of_one_account_becomes_a_deal_of_the_other(
    stack: Stack, people: People, beta: People
):
    """The deal's opportunity creates a deal in the other account, and each account keeps its deal
    in its own pipelines.
    """
    deal = {"dealname": "Bridge", "dealstage": "appointmentscheduled", "amount": "100"}
    people.hubspot.crm.deals.basic_api.create({"properties": deal})

    assert writes_until_idle(stack) == {"hubspot": 2, "salesforce": 1}

    made = people.records("SELECT Id, Amount FROM Opportunity WHERE Name = 'Bridge'")
    shown = ["dealname", "amount", "crmsync_salesforce_id"]
    (second,) = (one.properties for one in beta.hubspot.crm.deals.get_all(properties=shown))
    assert [row["Amount"] for row in made] == [100.0]
    assert [second[name] for name in shown] == ["Bridge", "100", made[0]["Id"]]
    assert writes_nothing_more(stack)


@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize("after", ["salesforce_write", "hubspot_write"])
@pytest.mark.long
def test_a_killed_call_creates_no_record_twice(
    stack: Stack, people: People, beta: People, after: str
):
    """The created records are found by HubSpot's unique id and by address, even in the account that
    the lead does not name.
    """
    address = f"killed.{after.partition('_')[0]}@example.com"
    stack.faults(
        [{"at": "lambda", "kind": "kill", "function": "contact_sync", "after": after, "times": 3}]
    )
    first = people.new_contact(email=address, lastname="Vale", company="Example GmbH")
    second = beta.new_contact(email=address, lastname="Vale", company="Example GmbH")
    stack.settle()
    stack.advance(900)
    stack.advance(900)
    made = people.new_record("Lead", LastName="Holm", Email=f"sf.{address}", Company="Example AB")
    stack.settle()
    stack.advance(900)

    assert len(rows(people, "Lead", address)) == 1
    assert (people.contact_with(address), beta.contact_with(address)) == (first, second)
    assert [row["Id"] for row in rows(people, "Lead", f"sf.{address}")] == [made]
    for account in (people, beta):
        contact = contact_id(account, f"sf.{address}")
        assert account.contact(contact, "crmsync_salesforce_id") == {"crmsync_salesforce_id": made}
    assert writes_nothing_more(stack)


@pytest.mark.rule("TEN-1")
@pytest.mark.long
def test_a_lost_link_of_the_second_account_is_rebuilt(stack: Stack, people: People, beta: People):
    """The lead names the first account's contact alone, so that the second link is rebuilt from
    HubSpot's property, and all stay in sync.
    """
    first = people.new_contact(email="dora@example.com", lastname="Lang", company="Example GmbH")
    stack.settle()
    second, lead = contact_id(beta, "dora@example.com"), lead_id(people, "dora@example.com")
    command(stack, "links", "drop", "salesforce", "Lead", lead, "--connection", "beta", "--apply")
    people.edit_contact(first, phone="+49 30 9")

    rebuilt = command(stack, "links", "rebuild", "--apply")

    assert [row["made"] for row in rebuilt["connections"]] == [0, 1]
    links = command(stack, "links", "show", "salesforce", "Lead", lead)
    assert [(row["connection"], row["hubspot"]) for row in links] == [
        ("acme", f"hubspot:contact:{first}"),
        ("beta", f"hubspot:contact:{second}"),
    ]
    stack.settle()
    assert beta.contact(second, "phone") == {"phone": "+49 30 9"}
    assert writes_nothing_more(stack)


@pytest.mark.long
def test_parked_records_are_retried_and_shown_by_status(stack: Stack, people: People):
    """The command finds bus, queues and tables by the stack's name alone; a retried record is
    synced again and stays parked.
    """
    contact = people.new_contact(lastname="Mute")
    stack.settle()
    (row,) = [row for row in command(stack, "errors", "list") if row["ref"]["id"] == contact]
    calls = stack.stats()["lambda"]["contact_sync"]

    assert command(stack, "errors", "retry", "--id", contact, "--apply") == {
        "applied": True,
        "records": [row],
        "left": 0,
    }

    stack.settle()
    assert stack.stats()["lambda"]["contact_sync"] > calls
    document = command(stack, "status")
    assert (document["findings"], document["dead_letters"]) == ([], [])
    assert [one["name"] for one in document["connections"]] == ["acme", "beta"]
    assert document["connections"][0]["parked"] == {"waiting": 1}
    assert {"ContactQueue", "ContactDeadLetters", "BackfillQueue"} <= document["queues"].keys()
