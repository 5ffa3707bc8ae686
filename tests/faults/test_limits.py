"""Faults of what a CRM shows and allows: late search, crowded instants, late commits, rate limits,
locks, and credentials that end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from local.people import People
from local.stack import Stack
from tests.faults.outcomes import both, calls_of, inbox, later, queued, writes_of
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_accounts import accounts
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, linked_pair, rows, with_contacts

MINUTE = 60
HOUR = 3600
SECRET = "crmsync/acme/hubspot"
PHONE = {"phone": "Phone"}
NO_WEBHOOK = {"at": "webhook", "kind": "drop", "times": 10**6}


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for each test, which deletes in HubSpot what was deleted in Salesforce."""
    with Stack(with_contacts("delete_in_hubspot = true"), WORLD) as stack:
        yield stack


def new_contact(people: People, address: str, **properties: str) -> str:
    """Make a contact whom Salesforce takes as a lead; its id."""
    return people.new_contact(email=address, lastname="Lang", company="Example GmbH", **properties)


def test_fault_10_search_does_not_see_a_fresh_record(stack: Stack, people: People) -> None:
    """While HubSpot's search shows nothing of the last hour, a lead finds the contact with its
    address, and a company that was made before a crash is found again by our key.
    """
    contact = people.new_contact(email="fresh@example.com", lastname="Lang")
    stack.faults(
        [
            {"at": "hubspot", "kind": "search_lag", "seconds": HOUR},
            {"at": "lambda", "kind": "kill", "function": "account_sync", "after": "hubspot_write"},
        ]
    )
    made = people.new_record("Lead", LastName="Lang", Company="Example", Email="fresh@example.com")
    account = people.new_account(Name="Fresh Holdings")
    stack.settle()
    end = later(stack, SWEEP)

    companies = [one for one in people.companies("name") if one["name"] == "Fresh Holdings"]
    assert rows(people, "Lead", "fresh@example.com") == [{"Id": made}]
    assert people.contact_with("fresh@example.com") == contact
    assert people.contact(contact, "crmsync_salesforce_id") == {"crmsync_salesforce_id": made}
    assert [people.company(one["id"], "crmsync_salesforce_id") for one in companies] == [
        {"crmsync_salesforce_id": account}
    ]
    assert len(accounts(people, "Fresh Holdings")) == 1
    assert (end["open_errors"], queued(stack)) == (0, {})


CROWD = 10_050
"""More than HubSpot's search shows for one question."""


@pytest.mark.long
def test_fault_11_more_than_ten_thousand_changes_in_one_instant(
    new_stack: NewStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any webhook, sweeps find all of 10,050 contacts that were changed within one
    millisecond, queue each once, and come to rest.
    """
    stack = new_stack()
    people = People(stack.ready())
    stack.advance(SWEEP)
    stack.faults([NO_WEBHOOK])
    now_ms = stack.clock.now_ms()
    with monkeypatch.context() as instant:
        instant.setattr(stack.clock, "now_ms", lambda: now_ms)
        for start in range(0, CROWD, 100):
            inputs = [
                {
                    "properties": {"lastname": "Lang", "email": f"n{n}@example.com"},
                    "associations": [],
                }
                for n in range(start, min(CROWD, start + 100))
            ]
            people.hubspot.crm.contacts.batch_api.create({"inputs": inputs})
        stack.settle()
    stamps = {
        row.properties["lastmodifieddate"]
        for row in people.hubspot.crm.contacts.get_all(properties=["lastmodifieddate"])
    }
    for _ in range(4):
        end = later(stack, SWEEP)

    leads = people.records("SELECT Email FROM Lead")
    assert len(stamps) == 1
    assert sorted(row["Email"] for row in leads) == sorted(
        f"n{n}@example.com" for n in range(CROWD)
    )
    assert (end["settled"], end["open_errors"], queued(stack)) == (True, 0, {})
    quiet = calls_of(stack, lambda: later(stack, SWEEP))
    assert quiet["salesforce"] <= 10


def busy_minutes(stack: Stack, people: People, lead_id: str, minutes: int) -> None:
    """Somebody edits another lead every other minute, so that the cursor moves on."""
    for number in range(0, minutes, 2):
        people.edit_record("Lead", lead_id, Title=f"Busy {number}")
        later(stack, 2 * MINUTE)


@pytest.mark.rule("TRG-1")
@pytest.mark.parametrize(
    "minutes",
    [pytest.param((6, 14), id="two"), pytest.param(range(1, 15), marks=pytest.mark.long, id="all")],
)
def test_fault_12_changes_appear_behind_the_cursor(
    stack: Stack, people: People, minutes: Sequence[int]
) -> None:
    """Transactions commit up to 14 minutes after their stamps, without change events, while others
    edit: every edit and deletion is found, and each is written once.
    """
    size = len(minutes)
    _, busy = linked_pair(stack, people, f"busy{size}@example.com")
    edited = {one: linked_pair(stack, people, f"late{one}.{size}@example.com") for one in minutes}
    deleted = {one: linked_pair(stack, people, f"gone{one}.{size}@example.com") for one in minutes}
    later(stack)
    no_event = {"at": "salesforce", "kind": "drop_change_event", "times": 10**6}
    for one in minutes:
        late = {"at": "salesforce", "kind": "late_commit", "seconds": one * MINUTE}
        stack.faults([no_event, late])
        people.edit_record("Lead", edited[one][1], Title=f"Late {one}")
        people.delete_record("Lead", deleted[one][1])
    stack.faults([no_event])
    written = writes_of(stack, lambda: busy_minutes(stack, people, busy, max(minutes) + 8))
    quiet = writes_of(stack, lambda: [later(stack, MINUTE) for _ in range(3)])
    stack.faults([])

    titles = {one: people.contact(edited[one][0], "jobtitle")["jobtitle"] for one in minutes}
    assert titles == {one: f"Late {one}" for one in minutes}
    assert [one for one in minutes if people.contact_with(f"gone{one}.{size}@example.com")] == []
    assert written.hubspot <= 2 * size + (max(minutes) + 8) // 2
    assert (written.salesforce, quiet.hubspot, quiet.salesforce) == (0, 0, 0)
    assert (inbox(stack), queued(stack)) == ({}, {})


def test_fault_13_rate_limits_and_the_used_up_day(stack: Stack, people: People) -> None:
    """Refusals with and without Retry-After are waited out. While a day's calls are used up nearly
    nothing calls, the operator sees why and since when, and all goes on by itself afterwards.
    """
    contact, made = linked_pair(stack, people, "limit@example.com")
    stack.faults(
        [
            {"at": "hubspot", "kind": "rate_limit", "retry_after": 20, "times": 2},
            {"at": "salesforce", "kind": "rate_limit", "times": 2},
        ]
    )
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", made, Title="Pilot")
    stack.settle()
    later(stack, 5 * MINUTE)
    briefly = both(people, contact, "limit@example.com", {**PHONE, "jobtitle": "Title"})

    stack.faults([{"at": "salesforce", "kind": "daily_limit", "seconds": 3 * HOUR}])
    people.edit_contact(contact, phone="+49 731 2")
    people.edit_record("Lead", made, Title="Captain")
    for number in range(20):
        new_contact(people, f"limit{number}@example.com")
    stack.settle()
    meanwhile = calls_of(stack, lambda: [later(stack, 10 * MINUTE) for _ in range(3)])
    told = command(stack, "status", status=1)
    parked = inbox(stack)
    stack.faults([])
    later(stack, 10 * MINUTE)
    end = later(stack, 10 * MINUTE)

    assert briefly == ({"phone": "+49 731 1", "jobtitle": "Pilot"},) * 2
    assert meanwhile["salesforce"] <= 3
    assert told["findings"][0].startswith(
        "acme: all calls that Salesforce allows in a day have been used up since 20"
    )
    (connection,) = told["connections"]
    assert connection["calls_wait"]["salesforce"]["code"] == "DAY_USED_UP"
    assert parked == {}
    assert (
        both(people, contact, "limit@example.com", {**PHONE, "jobtitle": "Title"})
        == ({"phone": "+49 731 2", "jobtitle": "Captain"},) * 2
    )
    assert all(len(rows(people, "Lead", f"limit{number}@example.com")) == 1 for number in range(20))
    assert (end["open_errors"], queued(stack)) == (0, {})


FAMILY = 60


def test_fault_14_locked_rows_and_triggers_out_of_cpu_time(
    stack: Stack, people: People, own_writes: Counter[str]
) -> None:
    """While an account is locked, its contacts wait and others are written. What triggers refuse in
    large calls is written in smaller ones. Each contact is written once, and none is parked.
    """
    held, free = (people.new_account(Name=name) for name in ("Locked Ltd", "Free Ltd"))
    inputs = [
        {"attributes": {"type": "Contact"}, "LastName": "Lang", "AccountId": account}
        | {"Email": f"{name}{number}@example.com"}
        for name, account in (("held", held), ("free", free))
        for number in range(FAMILY // 2)
    ]
    body = {"allOrNone": True, "records": inputs}
    made = people.salesforce.restful("composite/sobjects", method="POST", json=body)
    stack.settle()
    by_address = {
        row["Email"]: row["Id"]
        for row in people.records("SELECT Id, Email FROM Contact WHERE LastName = 'Lang'")
        if row["Id"] in {one["id"] for one in made}
    }
    contacts = {address: people.contact_with(address) for address in by_address}
    own_writes.clear()
    stack.faults(
        [
            {"at": "salesforce", "kind": "lock_row", "parent": held, "seconds": 60},
            {"at": "salesforce", "kind": "apex_cpu", "rows": 12},
        ]
    )
    edits = [{"id": one, "properties": {"phone": "+49 731 1"}} for one in contacts.values()]
    people.hubspot.crm.contacts.batch_api.update({"inputs": edits})
    stack.settle()
    early = set(own_writes)
    for _ in range(4):
        end = later(stack, 2 * MINUTE)
    stack.faults([])

    phones = people.records("SELECT Id, Phone FROM Contact WHERE LastName = 'Lang'")
    free_ones = {by_address[one] for one in by_address if one.startswith("free")}
    assert len(contacts) == FAMILY
    assert early == free_ones
    assert {row["Phone"] for row in phones if row["Id"] in by_address.values()} == {"+49 731 1"}
    assert own_writes == Counter(dict.fromkeys(by_address.values(), 1))
    assert (end["open_errors"], inbox(stack), queued(stack)) == (0, {}, {})


def test_fault_15_credentials_end_in_the_middle(stack: Stack, people: People) -> None:
    """An expired session costs one new sign-in. When a token is rotated, everything waits without
    being parked, the operator is shown why, and nothing is lost once the new one is stored.
    """
    contact, made = linked_pair(stack, people, "token@example.com")
    expired = [
        {"at": side, "kind": "unauthorized", "times": 1} for side in ("hubspot", "salesforce")
    ]
    stack.faults(expired)
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", made, Title="Pilot")
    once = calls_of(stack, stack.settle)
    renewed = both(people, contact, "token@example.com", {**PHONE, "jobtitle": "Title"})

    stack.faults([])
    rotated = stack.person({"side": "hubspot", "do": "rotate_token"})["access_token"]
    people.edit_contact(contact, phone="+49 731 2")
    people.edit_record("Lead", made, Title="Captain")
    new_contact(people, "token.new@example.com")
    stack.settle()
    meanwhile = calls_of(stack, lambda: [later(stack, 10 * MINUTE) for _ in range(3)])
    told = command(stack, "status", status=1)["findings"]
    parked = inbox(stack)
    secrets = stack.cloud.aws.client("secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=SECRET)["SecretString"])
    new = json.dumps({**secret, "access_token": rotated})
    secrets.put_secret_value(SecretId=SECRET, SecretString=new)
    later(stack, 10 * MINUTE)
    end = later(stack, 10 * MINUTE)

    assert (once["hubspot"] <= 4, once["salesforce"] <= 4) == (True, True), once
    assert renewed == ({"phone": "+49 731 1", "jobtitle": "Pilot"},) * 2
    assert meanwhile["hubspot"] <= 40
    assert any("Store a valid HubSpot access token" in one for one in told)
    assert any("put off" in one and "INVALID_AUTHENTICATION" in one for one in told)
    assert parked == {}
    assert (
        both(people, contact, "token@example.com", {**PHONE, "jobtitle": "Title"})
        == ({"phone": "+49 731 2", "jobtitle": "Captain"},) * 2
    )
    assert len(rows(people, "Lead", "token.new@example.com")) == 1
    assert (end["open_errors"], queued(stack)) == (0, {})
