"""Stories of records that are deleted on one side: by default the other side keeps its record, and
editing it creates no new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import (
    SWEEP,
    contact_id,
    linked_pair,
    merge_records,
    record,
    rows,
    undelete,
    with_contacts,
)


@pytest.fixture(scope="module")
def deleting_stack() -> Iterator[Stack]:
    """A stack with `delete_in_hubspot`, which deletes contacts whose Salesforce record was deleted."""
    with Stack(with_contacts("delete_in_hubspot = true"), WORLD) as stack:
        yield stack


def exists(people: People, address: str) -> bool:
    """Whether HubSpot has a contact with that address."""
    return people.contact_with(address) is not None


HOUR = 3600


def items_with(stack: Stack, *ids: str) -> list[dict[str, Any]]:
    """Every item of the tables that contains one of the ids."""
    dynamodb = stack.cloud.aws.client("dynamodb")
    pages = [
        page
        for table in dynamodb.list_tables()["TableNames"]
        for page in dynamodb.get_paginator("scan").paginate(TableName=table)
    ]
    items = [item for page in pages for item in page["Items"]]
    return [item for item in items if any(one in str(item) for one in ids)]


@pytest.mark.long
@pytest.mark.rule("DEL-1")
@pytest.mark.rule("SET-23")
def test_a_deleted_lead_leaves_its_contact(stack: Stack, people: People):
    """By default a deletion in Salesforce deletes nothing in HubSpot, and editing the contact
    creates no new lead.
    """
    contact, made = linked_pair(stack, people, "left@example.com")
    people.salesforce.Lead.delete(made)
    stack.settle()
    people.edit_contact(contact, phone="+49 731 1")
    result = stack.advance(SWEEP)
    assert (contact_id(people, "left@example.com"), rows(people, "Lead", "left@example.com")) == (
        contact,
        [],
    )
    assert result["open_errors"] == 0


@pytest.mark.rule("DEL-1")
def test_a_new_lead_with_the_address_is_linked_with_the_contact(stack: Stack, people: People):
    """A contact whose lead was deleted is linked with a new lead that has its address."""
    contact, made = linked_pair(stack, people, "successor@example.com")
    people.salesforce.Lead.delete(made)
    stack.settle()
    new = people.new_record(
        "Lead",
        LastName="Lang",
        Company="Example GmbH",
        Email="successor@example.com",
        Title="Pilot",
    )
    stack.settle()
    people.edit_contact(contact, phone="+49 731 2")
    stack.settle()
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Pilot"}
    assert record(people, "Lead", new, "Phone") == {"Phone": "+49 731 2"}


@pytest.mark.rule("DEL-1")
def test_a_contact_deleted_in_hubspot_leaves_its_lead(stack: Stack, people: People):
    """A deletion in HubSpot deletes nothing in Salesforce, and editing the lead creates no new
    contact.
    """
    contact, made = linked_pair(stack, people, "gone@example.com")
    people.hubspot.crm.contacts.basic_api.archive(contact)
    stack.settle()
    people.edit_record("Lead", made, Title="Pilot")
    result = stack.advance(SWEEP)
    assert (record(people, "Lead", made, "Title"), exists(people, "gone@example.com")) == (
        {"Title": "Pilot"},
        False,
    )
    assert result["open_errors"] == 0


@pytest.mark.rule("DUP-1")
def test_a_new_contact_is_linked_although_the_deletions_webhook_was_lost(
    stack: Stack, people: People
):
    """The new contact with the address is linked with the lead of the deleted one, and nothing is
    reported.
    """
    contact, made = linked_pair(stack, people, "lost.deletion@example.com")
    stack.faults([{"at": "webhook", "kind": "drop", "times": 1}])
    people.hubspot.crm.contacts.basic_api.archive(contact)
    stack.settle()
    stack.faults([])
    new = people.new_contact(lastname="Lang", email="lost.deletion@example.com", phone="+49 731 9")
    assert stack.settle()["open_errors"] == 0
    assert rows(people, "Lead", "lost.deletion@example.com", "Id", "Phone") == [
        {"Id": made, "Phone": "+49 731 9"}
    ]
    people.edit_record("Lead", made, Title="Baker")
    stack.settle()
    assert people.contact(new, "jobtitle") == {"jobtitle": "Baker"}


@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_an_undeleted_record_is_linked_again(stack: Stack, people: People, side: str):
    """A record restored from the recycle bin syncs with its former counterpart, and no second
    record is created.
    """
    address = f"undelete.{side}@example.com"
    contact, made = linked_pair(stack, people, address)
    if side == "hubspot":
        people.hubspot.crm.contacts.basic_api.archive(contact)
        stack.settle()
        stack.person({"side": "hubspot", "do": "restore", "ids": [contact]})
    else:
        people.salesforce.Lead.delete(made)
        stack.settle()
        undelete(stack, made)
    stack.settle()
    people.edit_contact(contact, phone="+49 731 3")
    people.edit_record("Lead", made, Title="Pilot")
    result = stack.settle()
    assert rows(people, "Lead", address, "Id", "Phone") == [{"Id": made, "Phone": "+49 731 3"}]
    assert (contact_id(people, address), people.contact(contact, "jobtitle")) == (
        contact,
        {"jobtitle": "Pilot"},
    )
    assert result["open_errors"] == 0


@pytest.mark.rule("CH-9")
@pytest.mark.long
def test_a_privacy_deletion_forgets_the_contact(stack: Stack, people: People):
    """No link, tombstone or history of the contact is kept, only a report about the lead, whose
    edits create no new contact.
    """
    contact, made = linked_pair(stack, people, "private@example.com")
    assert len(items_with(stack, contact, made)) == 2
    people.edit_contact(contact, jobtitle="Countess")
    people.edit_record("Lead", made, Title="Engineer")
    stack.settle()
    kept = {item["pk"]["S"]: item.get("y") for item in items_with(stack, contact, made)}
    assert (len(kept), "|X" in str(kept[f"acme#hubspot:contact:{contact}"])) == (3, True)
    assert "conflicts#acme" in kept
    assert not any(value in str(kept) for value in ("Countess", "Engineer"))
    people.hubspot.crm.contacts.basic_api.purge({"objectId": contact})
    stack.settle()
    word = [f"salesforce:privacy:Lead.{made}"]
    assert [item["sk"]["S"] for item in items_with(stack, contact, made)] == word
    people.edit_record("Lead", made, Title="Pilot")
    result = stack.advance(SWEEP)
    assert [item["sk"]["S"] for item in items_with(stack, contact, made)] == word
    assert not exists(people, "private@example.com")
    assert (record(people, "Lead", made, "Title"), result["open_errors"]) == ({"Title": "Pilot"}, 1)
    command(stack, "errors", "done", "--id", made, "--apply")
    assert items_with(stack, contact, made) == []


@pytest.mark.rule("CH-9")
@pytest.mark.long
def test_a_lead_left_by_a_privacy_deletion_is_reported_until_it_is_marked_as_done(
    stack: Stack, people: People
):
    """The report names the lead without personal data, survives edits and retries, and goes with
    `errors done`.
    """
    pairs = [
        linked_pair(stack, people, f"private-{number}@example.com", lastname="Canarylast")
        for number in (1, 2)
    ]
    people.hubspot.crm.contacts.basic_api.archive(pairs[1][0])
    stack.settle()
    for contact, _ in pairs:
        people.hubspot.crm.contacts.basic_api.purge({"objectId": contact})
    stack.settle()
    for _, made in pairs:
        people.edit_record("Lead", made, Title="Pilot")
    command(stack, "errors", "retry", "--all", "--apply")
    stack.advance(SWEEP)

    reported = {
        row["ref"]["id"]: row
        for row in command(stack, "errors", "list")
        if row["category"] == "privacy"
    }
    leads = [f"Lead.{made}" for _, made in pairs]
    assert set(leads) <= set(reported)
    kept = json.dumps(reported).lower()
    assert [
        one for one in ("canary", "private-", *(contact for contact, _ in pairs)) if one in kept
    ] == []
    shown = command(stack, "errors", "done", "--id", pairs[0][1])
    done = command(stack, "errors", "done", "--id", pairs[0][1], "--apply")
    assert [row["ref"]["id"] for answer in (shown, done) for row in answer["records"]] == [
        leads[0]
    ] * 2
    left = {row["ref"]["id"] for row in command(stack, "errors", "list")}
    command(stack, "errors", "done", "--id", pairs[1][1], "--apply")
    assert (leads[0] in left, leads[1] in left, stack.settle()["open_errors"]) == (False, True, 0)


@pytest.mark.rule("DEL-1")
def test_with_the_setting_a_deleted_lead_deletes_its_contact(deleting_stack: Stack):
    """With `delete_in_hubspot` the contact goes to HubSpot's recycle bin, while a contact deleted
    in HubSpot still leaves its lead.
    """
    people = People(deleting_stack.ready())
    _, made = linked_pair(deleting_stack, people, "follow@example.com")
    contact, kept = linked_pair(deleting_stack, people, "kept@example.com")
    people.salesforce.Lead.delete(made)
    people.hubspot.crm.contacts.basic_api.archive(contact)
    result = deleting_stack.settle()
    assert (exists(people, "follow@example.com"), result["open_errors"]) == (False, 0)
    assert record(people, "Lead", kept, "Email") == {"Email": "kept@example.com"}


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("Q-30")
def test_with_the_setting_an_undeleted_lead_creates_its_contact_again(deleting_stack: Stack):
    """The contact that was deleted with its lead is created once more and syncs with it."""
    people = People(deleting_stack.ready())
    _, made = linked_pair(deleting_stack, people, "anew@example.com", jobtitle="Baker")
    people.salesforce.Lead.delete(made)
    deleting_stack.settle()
    undelete(deleting_stack, made)
    deleting_stack.settle()
    contact = contact_id(people, "anew@example.com")
    people.edit_contact(contact, phone="+49 731 4")
    result = deleting_stack.settle()
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Baker"}
    assert rows(people, "Lead", "anew@example.com", "Id", "Phone") == [
        {"Id": made, "Phone": "+49 731 4"}
    ]
    assert result["open_errors"] == 0


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("MRG-1")
def test_with_the_setting_a_merge_deletes_no_contact(deleting_stack: Stack):
    """A merge is no deletion: the merged lead's contact is linked with the surviving lead."""
    people = People(deleting_stack.ready())
    contact, made = linked_pair(deleting_stack, people, "merged@example.com")
    survivor = people.new_record(
        "Lead", LastName="Lang", Company="Example GmbH", Email="merged@example.com"
    )
    merge_records(deleting_stack, "Lead", survivor, made)
    people.edit_record("Lead", survivor, Title="Pilot")
    deleting_stack.settle()
    assert (contact_id(people, "merged@example.com"), people.contact(contact, "jobtitle")) == (
        contact,
        {"jobtitle": "Pilot"},
    )


@pytest.mark.rule("Q-30")
@pytest.mark.long
def test_deletions_beyond_the_hourly_limit_are_held_back(new_stack: NewStack):
    """Deletions beyond `max_deletes_per_hour` wait as errors for a person, whatever is edited
    meanwhile, and the next hour allows as many others.
    """
    stack = new_stack(with_contacts("delete_in_hubspot = true", "max_deletes_per_hour = 2"))
    people = People(stack.ready())
    addresses = [f"brake{number}@example.com" for number in range(5)]
    made = [linked_pair(stack, people, address)[1] for address in addresses]
    if (left := HOUR - stack.clock.now_ms() / 1000 % HOUR) < 300:
        stack.advance(left + 1)  # the limit is that of an hour of the clock
    for one in made[:4]:
        people.salesforce.Lead.delete(one)
    result = stack.settle()
    assert (sum(exists(people, address) for address in addresses), result["open_errors"]) == (3, 2)
    held = [address for address in addresses[:4] if exists(people, address)]
    stack.advance(HOUR)
    people.edit_contact(contact_id(people, held[0]), jobtitle="Pilot")
    people.salesforce.Lead.delete(made[4])
    result = stack.settle()
    left = [address for address in addresses if exists(people, address)]
    assert (left, result["open_errors"]) == (held, 2)
