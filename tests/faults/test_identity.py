"""Faults of who is who: merges, deletions, conversions, moved addresses, and parents that are not
there yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmsync.model.links import LONGEST_WRITE
from local.people import People
from local.stack import Stack
from tests.faults.outcomes import inbox, later, queued, writes_of
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_accounts import companies
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import (
    assert_linked,
    contact_id,
    convert,
    linked_pair,
    merge_contacts,
    merge_records,
    record,
    rows,
    undelete,
    with_contacts,
)
from tests.flows.stories.story_deals import deal, deals, delete_deal, new_opportunity
from tests.flows.stories.story_parents import account_of, company_of, with_companies

REFUSED = "No such accounts, please"


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for each test: deletions in Salesforce are followed, two an hour."""
    lines = ("delete_in_hubspot = true", "max_deletes_per_hour = 2")
    with Stack(with_contacts(*lines), WORLD) as stack:
        yield stack


def everything_kept(stack: Stack, *ids: str) -> list[str]:
    """The partition keys of all items of our tables in which one of the ids stands."""
    dynamodb = stack.cloud.aws.client("dynamodb")
    items: list[dict[str, Any]] = [
        item
        for table in dynamodb.list_tables()["TableNames"]
        for page in dynamodb.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
    ]
    return sorted(
        item["pk"]["S"] + "/" + item.get("sk", {"S": ""})["S"]
        for item in items
        if any(one in str(item) for one in ids)
    )


@pytest.mark.rule("MRG-1")
@pytest.mark.rule("MRG-3")
def test_fault_24_merges_on_either_side(stack: Stack, people: People) -> None:
    """The link goes on with the survivor, in Salesforce as under the new id that HubSpot gives it;
    no merge deletes anything, although deletions in Salesforce are followed.
    """
    contact, made = linked_pair(stack, people, "merged.there@example.com")
    survivor = people.new_record(
        "Lead", LastName="Lang", Company="Example GmbH", Email="merged.there@example.com"
    )
    merge_records(stack, "Lead", survivor, made)
    stack.settle()
    assert_linked(stack, people, contact, "Lead", survivor)

    first, lead_one = linked_pair(stack, people, "merged.first@example.com")
    second, lead_two = linked_pair(stack, people, "merged.second@example.com", jobtitle="Baker")
    merged = merge_contacts(people, first, second)
    end = stack.settle()
    assert_linked(stack, people, merged, "Lead", lead_one)
    people.edit_record("Lead", lead_two, Title="Butcher")
    quiet = writes_of(stack, stack.settle)

    assert merged not in {first, second}
    assert record(people, "Lead", lead_two, "Email", "Title") == {
        "Email": "merged.second@example.com",
        "Title": "Butcher",
    }
    assert people.contact(merged, "email") == {"email": "merged.first@example.com"}
    assert (quiet.hubspot, quiet.salesforce) == (0, 0)
    assert (end["open_errors"], inbox(stack), queued(stack)) == (0, {}, {})


def in_hubspot(people: People, name: str) -> list[str]:
    """The ids of the companies and deals with a name."""
    return [*companies(people, name), *deals(people, name)]


def delete_and_bring_back(
    stack: Stack, people: People
) -> tuple[dict[str, int], dict[str, tuple[str, str]]]:
    """Delete one record of each of four pairs, which are called after it; then bring it back and
    edit the pair in Salesforce.

    Return how many companies or deals of that name HubSpot has meanwhile, and what both sides show
    in the end.
    """
    held = {name: people.new_account(Name=name) for name in ("Account", "Company")}
    won = {name: new_opportunity(people, name) for name in ("Opportunity", "Deal")}
    stack.settle()
    (company,), (sold,) = in_hubspot(people, "Company"), in_hubspot(people, "Deal")
    people.delete_record("Account", held["Account"])
    people.delete_record("Opportunity", won["Opportunity"])
    people.delete_company(company)
    delete_deal(people, sold)
    stack.settle()
    people.edit_record("Account", held["Company"], Phone="1")
    people.edit_record("Opportunity", won["Deal"], Description="1")
    later(stack)
    meanwhile = {name: len(in_hubspot(people, name)) for name in (*held, *won)}

    undelete(stack, held["Account"], won["Opportunity"])
    for name, one in (("companies", company), ("deals", sold)):
        stack.person({"side": "hubspot", "do": "restore", "object": name, "ids": [one]})
    stack.settle()
    for one in held.values():
        people.edit_record("Account", one, Phone="2")
    for one in won.values():
        people.edit_record("Opportunity", one, Description="2")
    stack.settle()
    shown: dict[str, tuple[str, str]] = {}
    for name, one in held.items():
        (there,) = in_hubspot(people, name)
        shown[name] = people.company(there, "phone")["phone"], people.account(one, "Phone")["Phone"]
    for name, one in won.items():
        (there,) = in_hubspot(people, name)
        text = record(people, "Opportunity", one, "Description")["Description"]
        shown[name] = deal(people, there, "description")["description"], text
    return meanwhile, shown


def test_fault_25_delete_undelete_and_privacy(stack: Stack, people: People) -> None:
    """Deletions follow the settings up to the limit of an hour, a record that comes back is linked
    with its old counterpart, be it a contact, company or deal, and a privacy deletion erases all
    that we keep of the person.
    """
    contact, made = linked_pair(stack, people, "restored@example.com")
    people.hubspot.crm.contacts.basic_api.archive(contact)
    stack.settle()
    kept = record(people, "Lead", made, "Email")
    stack.person({"side": "hubspot", "do": "restore", "ids": [contact]})
    stack.settle()
    assert_linked(stack, people, contact, "Lead", made)

    pairs = [linked_pair(stack, people, f"braked{number}@example.com") for number in range(4)]
    for _, one in pairs:
        people.salesforce.Lead.delete(one)
    braked = stack.settle()["open_errors"]
    left = [number for number in range(4) if people.contact_with(f"braked{number}@example.com")]
    undelete(stack, *(one for _, one in pairs))
    returned = stack.settle()["open_errors"]
    back = [contact_id(people, f"braked{number}@example.com") for number in range(4)]

    others = delete_and_bring_back(stack, people)

    private, of_private = linked_pair(stack, people, "private@example.com")
    links = everything_kept(stack, private, of_private)
    people.hubspot.crm.contacts.basic_api.purge({"objectId": private})
    stack.settle()
    word = everything_kept(stack, private, of_private)
    people.edit_record("Lead", of_private, Title="Pilot")
    stack.settle()
    command(stack, "errors", "done", "--id", of_private, "--apply")

    assert kept == {"Email": "restored@example.com"}
    assert (braked, len(left), returned) == (2, 2, 0)
    assert len(set(back)) == 4
    assert [rows(people, "Lead", f"braked{number}@example.com") for number in range(4)] == [
        [{"Id": one}] for _, one in pairs
    ]
    assert others == (
        {"Account": 1, "Company": 0, "Opportunity": 0, "Deal": 0},
        dict.fromkeys(("Account", "Company", "Opportunity", "Deal"), ("2", "2")),
    )
    assert len(links) == 2
    assert word == [f"inbox#acme/salesforce:privacy:Lead.{of_private}"]
    assert everything_kept(stack, private, of_private) == []
    assert people.contact_with("private@example.com") is None
    assert record(people, "Lead", of_private, "Title") == {"Title": "Pilot"}
    # A privacy deletion is read once more, and so is a lead that was made just before it.
    stack.advance(2 * LONGEST_WRITE.seconds)
    assert (stack.settle()["open_errors"], queued(stack)) == (0, {})


@pytest.mark.rule("DUP-26")
@pytest.mark.parametrize(
    "known",
    [
        pytest.param(False, id="new contact", marks=pytest.mark.long),
        pytest.param(True, id="known contact"),
    ],
)
def test_fault_26_lead_is_converted(
    stack: Stack,
    people: People,
    known: bool,  # noqa: FBT001
) -> None:
    """Whether the conversion makes the contact or finds one, HubSpot's contact syncs with it from
    then on; its account becomes the primary company, and the opportunity a deal.
    """
    address = f"convert.{known}@example.com".lower()
    name = f"Converted {known}"
    contact, made = linked_pair(stack, people, address, firstname="Ada", company=name)
    more: dict[str, Any] = {"create_opportunity": True, "opportunity_name": name}
    if known:
        account = people.new_account(Name=name)
        successor = people.new_record("Contact", LastName="Lang", Email=address, AccountId=account)
        more |= {"account_id": account, "contact_id": successor}
        stack.settle()
    successor = convert(stack, made, **more)
    stack.settle()
    end = later(stack)
    account = record(people, "Contact", successor, "AccountId")["AccountId"]
    companies = [
        one
        for one in people.companies("name", "crmsync_salesforce_id")
        if one["crmsync_salesforce_id"] == account
    ]
    deals = people.hubspot.crm.deals.get_all(properties=["dealname"])

    assert contact_id(people, address) == contact
    assert rows(people, "Lead", address) == []
    assert [one["name"] for one in companies] == [name]
    assert people.contact(contact, "associatedcompanyid") == {
        "associatedcompanyid": companies[0]["id"]
    }
    assert [one.properties["dealname"] for one in deals if one.properties["dealname"] == name] == [
        name
    ]
    assert (end["open_errors"], queued(stack)) == (0, {})
    assert_linked(stack, people, contact, "Contact", successor)


@pytest.mark.rule("DUP-24")
@pytest.mark.parametrize("side", ["hubspot", pytest.param("salesforce", marks=pytest.mark.long)])
def test_fault_27_addresses_are_changed_and_swapped(
    stack: Stack, people: People, side: str
) -> None:
    """One person gets a new address, two others swap theirs: all links stay, nobody is made twice,
    and both sides show the new addresses.
    """
    ada, bea, cleo = (f"{name}.{side}@example.com" for name in ("ada", "bea", "cleo"))
    now = f"cleo.now.{side}@example.com"
    (one, lead_one), (two, lead_two), (three, lead_three) = (
        linked_pair(stack, people, address) for address in (ada, bea, cleo)
    )
    if side == "hubspot":
        people.edit_contact(three, email=now)
        people.edit_contact(one, email=f"between.{side}@example.com")
        people.edit_contact(two, email=ada)
        people.edit_contact(one, email=bea)
    else:
        people.edit_record("Lead", lead_three, Email=now)
        people.edit_record("Lead", lead_one, Email=bea)
        people.edit_record("Lead", lead_two, Email=ada)
    end = stack.settle()

    assert [people.contact(contact, "email")["email"] for contact in (one, two, three)] == [
        bea,
        ada,
        now,
    ]
    leads = (lead_one, lead_two, lead_three)
    assert [record(people, "Lead", made, "Email")["Email"] for made in leads] == [bea, ada, now]
    assert [len(rows(people, "Lead", address)) for address in (ada, bea, cleo, now)] == [1, 1, 0, 1]
    assert people.contact_with(cleo) is None
    assert (end["open_errors"], queued(stack)) == (0, {})
    for contact, made in zip((one, two, three), leads, strict=True):
        assert_linked(stack, people, contact, "Lead", made)


@pytest.mark.long
@pytest.mark.rule("FLD-8")
@pytest.mark.rule("ACC-21")
def test_fault_28_parent_is_not_there_yet(new_stack: NewStack) -> None:
    """A contact and its account that are made together arrive together. One whose company Salesforce
    refuses waits, is reported after the deadline, and follows once its account is there.
    """
    rule = {"object": "Account", "field": "Name", "contains": "Refused", "message": REFUSED}
    org = {**WORLD["salesforce"], "validation_rules": [rule]}
    stack = new_stack(with_companies(), {**WORLD, "salesforce": org})
    people = People(stack.ready())
    account = people.new_account(Name="Example Family")
    people.new_record("Contact", LastName="Holm", Email="child@example.com", AccountId=account)
    stack.settle()
    company = company_of(people, account)
    together = people.contact(contact_id(people, "child@example.com"), "associatedcompanyid")

    orphan = people.new_contact(email="orphan@example.com", lastname="Lang")
    parent = people.new_company(name="Refused Family")
    people.associate(orphan, parent)
    stack.settle()
    first = inbox(stack)
    for _ in range(15):
        later(stack, 4 * 60)
    second = inbox(stack)
    before = rows(people, "Contact", "orphan@example.com")
    people.edit_company(parent, name="Allowed Family")
    stack.settle()
    end = later(stack)

    assert together == {"associatedcompanyid": company}
    assert {name: row["text"] for name, row in first.items()} == {parent: REFUSED}
    assert set(second) == {parent, orphan}
    assert second[orphan]["text"] == "waiting for account to sync"
    assert before == []
    assert rows(people, "Contact", "orphan@example.com", "AccountId") == [
        {"AccountId": account_of(people, parent)}
    ]
    assert (end["open_errors"], inbox(stack), queued(stack)) == (0, {}, {})
