"""Stories of what is deleted on one side: nothing follows unless the settings say so, and nothing
comes back by an edit.
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
    found,
    linked_pair,
    merge_records,
    record,
    rows,
    undelete,
    with_contacts,
)


@pytest.fixture(scope="module")
def deleting() -> Iterator[Stack]:
    """A stack that deletes in HubSpot what was deleted in Salesforce."""
    with Stack(with_contacts("delete_in_hubspot = true"), WORLD) as stack:
        yield stack


def exists(people: People, address: str) -> bool:
    """Whether HubSpot has a contact with that address."""
    return people.contact_with(address) is not None


def link_items(stack: Stack, *ids: str) -> list[dict[str, Any]]:
    """Every item of our tables in which one of the ids stands."""
    dynamodb = stack.cloud.aws.client("dynamodb")
    pages = [
        page
        for table in dynamodb.list_tables()["TableNames"]
        for page in dynamodb.get_paginator("scan").paginate(TableName=table)
    ]
    items = [item for page in pages for item in page["Items"]]
    return [item for item in items if any(one in str(item) for one in ids)]


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("SET-23")
def test_a_deleted_lead_leaves_its_contact(stack: Stack, people: People):
    """Unless set so, a deletion in Salesforce deletes nothing, and an edit of the contact makes no
    new lead.
    """
    contact, made = linked_pair(stack, people, "left@example.com")
    people.salesforce.Lead.delete(made)
    stack.settle()
    people.edit_contact(contact, phone="+49 731 1")
    told = stack.advance(SWEEP)
    assert (found(people, "left@example.com"), rows(people, "Lead", "left@example.com")) == (
        contact,
        [],
    )
    assert told["open_errors"] == 0


@pytest.mark.rule("DEL-1")
def test_a_new_lead_with_the_address_takes_the_contact_over(stack: Stack, people: People):
    """What an edit does not bring back, a new record does: it is linked with the contact that was
    left.
    """
    contact, made = linked_pair(stack, people, "heir@example.com")
    people.salesforce.Lead.delete(made)
    stack.settle()
    new = people.new_record(
        "Lead", LastName="Lang", Company="Example GmbH", Email="heir@example.com", Title="Pilot"
    )
    stack.settle()
    people.edit_contact(contact, phone="+49 731 2")
    stack.settle()
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Pilot"}
    assert record(people, "Lead", new, "Phone") == {"Phone": "+49 731 2"}


@pytest.mark.rule("DEL-1")
def test_a_contact_deleted_in_hubspot_leaves_its_lead(stack: Stack, people: People):
    """Salesforce keeps its record whatever HubSpot deletes, and an edit of it makes no new
    contact.
    """
    contact, made = linked_pair(stack, people, "gone@example.com")
    people.hubspot.crm.contacts.basic_api.archive(contact)
    stack.settle()
    people.edit_record("Lead", made, Title="Pilot")
    told = stack.advance(SWEEP)
    assert (record(people, "Lead", made, "Title"), exists(people, "gone@example.com")) == (
        {"Title": "Pilot"},
        False,
    )
    assert told["open_errors"] == 0


@pytest.mark.rule("DUP-1")
def test_a_contact_made_anew_goes_on_though_the_news_of_the_deletion_was_lost(
    stack: Stack, people: People
):
    """HubSpot's notification of the deletion never arrives; the new contact with the address is
    that lead's, and nobody is reported.
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
    """Taken out of the bin it goes on with its old counterpart; nobody is made twice."""
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
    told = stack.settle()
    assert rows(people, "Lead", address, "Id", "Phone") == [{"Id": made, "Phone": "+49 731 3"}]
    assert (found(people, address), people.contact(contact, "jobtitle")) == (
        contact,
        {"jobtitle": "Pilot"},
    )
    assert told["open_errors"] == 0


@pytest.mark.rule("CH-9")
@pytest.mark.long
def test_a_privacy_deletion_forgets_the_contact(stack: Stack, people: People):
    """No link, tombstone or conflict of it stays, only word of the lead; that is left alone and
    brings nobody back by an edit.
    """
    contact, made = linked_pair(stack, people, "private@example.com")
    assert len(link_items(stack, contact, made)) == 2
    people.edit_contact(contact, jobtitle="Countess")
    people.edit_record("Lead", made, Title="Engineer")
    stack.settle()
    kept = {item["pk"]["S"]: item.get("rows") for item in link_items(stack, contact, made)}
    assert (len(kept), "Title" in str(kept[f"settled#acme#hubspot:contact:{contact}"])) == (3, True)
    assert not any(value in str(kept) for value in ("Countess", "Engineer"))
    people.hubspot.crm.contacts.basic_api.purge({"objectId": contact})
    stack.settle()
    word = [f"salesforce:privacy:Lead.{made}"]
    assert [item["sk"]["S"] for item in link_items(stack, contact, made)] == word
    people.edit_record("Lead", made, Title="Pilot")
    told = stack.advance(SWEEP)
    assert [item["sk"]["S"] for item in link_items(stack, contact, made)] == word
    assert not exists(people, "private@example.com")
    assert (record(people, "Lead", made, "Title"), told["open_errors"]) == ({"Title": "Pilot"}, 1)
    command(stack, "errors", "done", "--id", made, "--apply")
    assert link_items(stack, contact, made) == []


@pytest.mark.rule("CH-9")
@pytest.mark.long
def test_what_a_privacy_deletion_leaves_in_salesforce_is_told_until_a_person_has_settled_it(
    stack: Stack, people: People
):
    """Also of a contact that was in the bin; the entry names the lead and nobody, outlives edits
    and looks, and goes by `errors done`.
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

    told = {
        row["ref"]["id"]: row
        for row in command(stack, "errors", "list")
        if row["category"] == "privacy"
    }
    leads = [f"Lead.{made}" for _, made in pairs]
    assert set(leads) <= set(told)
    kept = json.dumps(told).lower()
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
def test_set_so_a_deletion_in_salesforce_deletes_the_contact(deleting: Stack):
    """delete_in_hubspot: the contact goes to HubSpot's recycle bin; what HubSpot deletes still
    leaves the lead.
    """
    people = People(deleting.ready())
    _, made = linked_pair(deleting, people, "follow@example.com")
    contact, kept = linked_pair(deleting, people, "kept@example.com")
    people.salesforce.Lead.delete(made)
    people.hubspot.crm.contacts.basic_api.archive(contact)
    told = deleting.settle()
    assert (exists(people, "follow@example.com"), told["open_errors"]) == (False, 0)
    assert record(people, "Lead", kept, "Email") == {"Email": "kept@example.com"}


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("Q-30")
def test_set_so_an_undelete_in_salesforce_makes_the_contact_anew(deleting: Stack):
    """The contact that followed its lead into the bin is there again, once, and in step with it."""
    people = People(deleting.ready())
    _, made = linked_pair(deleting, people, "anew@example.com", jobtitle="Baker")
    people.salesforce.Lead.delete(made)
    deleting.settle()
    undelete(deleting, made)
    deleting.settle()
    contact = found(people, "anew@example.com")
    people.edit_contact(contact, phone="+49 731 4")
    told = deleting.settle()
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Baker"}
    assert rows(people, "Lead", "anew@example.com", "Id", "Phone") == [
        {"Id": made, "Phone": "+49 731 4"}
    ]
    assert told["open_errors"] == 0


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("MRG-1")
def test_set_so_a_merge_deletes_nobody_who_lives_on(deleting: Stack):
    """A lead that was merged away is no deletion: its contact goes on with the survivor."""
    people = People(deleting.ready())
    contact, made = linked_pair(deleting, people, "merged@example.com")
    survivor = people.new_record(
        "Lead", LastName="Lang", Company="Example GmbH", Email="merged@example.com"
    )
    merge_records(deleting, "Lead", survivor, made)
    people.edit_record("Lead", survivor, Title="Pilot")
    deleting.settle()
    assert (found(people, "merged@example.com"), people.contact(contact, "jobtitle")) == (
        contact,
        {"jobtitle": "Pilot"},
    )


@pytest.mark.rule("Q-30")
@pytest.mark.long
def test_the_brake_holds_deletions_beyond_the_hours_number(new_stack: NewStack):
    """max_deletes_per_hour: what goes beyond it waits as an error for a person, and the next hour
    has room for as many again.
    """
    stack = new_stack(with_contacts("delete_in_hubspot = true", "max_deletes_per_hour = 2"))
    people = People(stack.ready())
    addresses = [f"brake{number}@example.com" for number in range(5)]
    made = [linked_pair(stack, people, address)[1] for address in addresses]
    for one in made[:4]:
        people.salesforce.Lead.delete(one)
    told = stack.settle()
    assert (sum(exists(people, address) for address in addresses), told["open_errors"]) == (3, 2)
    people.salesforce.Lead.delete(made[4])
    stack.advance(3600)
    assert sum(exists(people, address) for address in addresses) == 3
