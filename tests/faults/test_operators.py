"""Faults that operators meet: another account or org behind the same settings, a connection that
was paused for days, and one mistake in very many records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest

from crmsync.gateways.retry import chunks
from local.people import People
from local.stack import Stack
from local.stack.serving import Server
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.faults.outcomes import calls_of, endpoints_of, inbox, later, queued, writes_of
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_accounts import companies
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import lead, linked_pair, rows
from tests.flows.stories.story_deals import deal, deals, edit_deal, new_opportunity

DAY = 24 * 3600
BATCH = 100
OFTEN = 10**6
NO_NEWS = [
    {"at": "webhook", "kind": "drop", "times": OFTEN},
    {"at": "salesforce", "kind": "drop_change_event", "times": OFTEN},
]


def new_pairs(stack: Stack, people: People, number: int) -> list[str]:
    """So many contacts, each with its lead: their ids in HubSpot."""
    inputs = [
        {
            "properties": {
                "email": f"p{n}@example.com",
                "lastname": f"Lang {n}",
                "company": "Example GmbH",
                "phone": f"0660-{n:03}",
            }
        }
        for n in range(number)
    ]
    made = [
        one
        for part in chunks(inputs, BATCH)
        for one in people.hubspot.crm.contacts.batch_api.create({"inputs": part}).results
    ]
    stack.settle()
    ids = {one.properties["email"]: one.id for one in made}
    return [ids[f"p{n}@example.com"] for n in range(number)]


def bulk_edit(people: People, contacts: Sequence[str], **properties: str) -> None:
    """One edit of many contacts in HubSpot."""
    inputs = [{"id": one, "properties": properties} for one in contacts]
    for part in chunks(inputs, BATCH):
        people.hubspot.crm.contacts.batch_api.update({"inputs": part})


def names(people: People) -> list[str]:
    """The last names of all leads, in the order in which their contacts were made."""
    found = people.records("SELECT LastName, Email FROM Lead")
    found.sort(key=lambda row: int(row["Email"].removeprefix("p").partition("@")[0]))
    return [row["LastName"] for row in found]


@pytest.mark.long
def test_fault_34_paused_for_days(new_stack: NewStack) -> None:
    """Resumed after five days, when webhooks and change events of that time are long gone, sweeps
    carry every edit, deletion and new record, and nothing that did not change is read again.
    """
    lines = (
        *("[connection.contacts]", "delete_in_hubspot = true"),
        *("[connection.email_tasks]", "kinds = []", ""),
    )
    stack = new_stack("\n".join([SETTINGS, *lines]))
    people = People(stack.ready())
    idle = new_pairs(stack, people, 200)
    contact, made = linked_pair(stack, people, "ada@example.com")
    _, gone = linked_pair(stack, people, "cleo@example.com")
    account = people.new_account(Name="Lang Ltd")
    opportunity = new_opportunity(people, "Lang deal")
    later(stack)
    (company,), (sold,) = companies(people, "Lang Ltd"), deals(people, "Lang deal")
    command(stack, "pause", "acme", "--apply")
    stack.faults(NO_NEWS)
    people.edit_contact(contact, jobtitle="Pilot")
    people.edit_record("Lead", made, Phone="0200")
    people.delete_record("Lead", gone)
    people.new_contact(email="bea@example.com", lastname="Lang", company="Example GmbH")
    people.new_record("Lead", LastName="Holm", Company="Example AB", Email="dora@example.com")
    people.edit_company(company, phone="0300")
    people.edit_record("Account", account, BillingCity="Ulm")
    edit_deal(people, sold, amount="7")
    people.edit_record("Opportunity", opportunity, Description="Soon")
    paused = calls_of(stack, lambda: later(stack, 5 * DAY))
    stack.faults([])
    still = (people.contact(contact, "phone"), lead(people, "ada@example.com", "Title"))

    command(stack, "resume", "acme", "--apply")
    before = stack.stats()["dynamodb"]["reads"]
    resumed = endpoints_of(stack, "hubspot", lambda: [later(stack) for _ in range(2)])
    units = stack.stats()["dynamodb"]["reads"] - before
    state = command(stack, "status")

    assert paused == {"hubspot": 0, "salesforce": 0}
    assert still == ({"phone": None}, {"Title": None})
    assert lead(people, "ada@example.com", "Title", "Phone") == {"Title": "Pilot", "Phone": "0200"}
    assert people.contact(contact, "jobtitle", "phone") == {"jobtitle": "Pilot", "phone": "0200"}
    assert people.contact_with("cleo@example.com") is None
    assert len(rows(people, "Lead", "bea@example.com")) == 1
    assert people.contact_with("dora@example.com") is not None
    assert people.account(account, "Phone", "BillingCity") == {
        "Phone": "0300",
        "BillingCity": "Ulm",
    }
    assert people.company(company, "phone", "city") == {"phone": "0300", "city": "Ulm"}
    shown = people.record("Opportunity", opportunity, "Amount", "Description")
    assert shown == {"Amount": 7.0, "Description": "Soon"}
    assert deal(people, sold, "amount", "description") == {"amount": "7", "description": "Soon"}
    assert state["connections"][0]["jobs"] == {}
    assert sum(resumed.values()) <= 40, resumed
    assert units < len(idle), "the links of idle pairs alone would take one unit each"
    assert (inbox(stack), queued(stack)) == ({}, {})
    quiet = writes_of(stack, lambda: later(stack))
    assert (quiet.hubspot, quiet.salesforce) == (0, 0)


@pytest.mark.long
@pytest.mark.rule("Q-30")
@pytest.mark.parametrize(
    ("limits", "limit", "held_back"),
    [
        pytest.param("[connection.contacts]\nmax_changes_per_hour = 20\n", 20, 40, id="a limit"),
        pytest.param("", 2_000, 150, id="the default"),
    ],
)
def test_fault_35_one_mistake_in_very_many_records(
    new_stack: NewStack, limits: str, limit: int, held_back: int
) -> None:
    """A bulk edit overwrites no more than the hour's limit, by default 2,000 records; the rest
    waits for the operator, who drops it and takes back what had crossed. What a person corrects
    meanwhile waits no longer.
    """
    number = limit + held_back
    stack = new_stack(f"{SETTINGS}{limits}[connection.undo]\nhours = 72\n")
    people = People(stack.ready())
    contacts = new_pairs(stack, people, number)
    good = names(people)
    stack.advance(60, settle=False)
    since = datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC).isoformat()
    stack.advance(1, settle=False)

    bulk_edit(people, contacts, lastname="WRONG")
    held = stack.settle()["open_errors"]
    spoiled = names(people)
    listed = [row["ref"]["id"] for row in command(stack, "brakes", "list")]
    people.new_contact(
        email=f"p{number}@example.com", lastname=f"Lang {number}", company="Example GmbH"
    )
    waiting = writes_of(stack, lambda: later(stack, 2 * 3600))
    for contact in listed[:10]:
        people.edit_contact(contact, lastname=good[contacts.index(contact)])
    stack.settle()
    left = [row["ref"]["id"] for row in command(stack, "brakes", "list")]
    command(stack, "brakes", "drop", "--all", "--apply")
    stack.settle()
    undone = command(stack, "undo", "--since", since, "--object", "leads", "--apply")
    end = later(stack)

    assert (held, spoiled.count("WRONG"), len(listed)) == (held_back, limit, held_back)
    assert (waiting.hubspot <= 1, waiting.salesforce) == (True, 1), waiting
    assert left == listed[10:]
    assert [(one["records"], one["values"]) for one in undone["back"]] == [(limit, limit)]
    assert names(people) == [*good, f"Lang {number}"]
    assert command(stack, "brakes", "list") == []
    assert (end["open_errors"], inbox(stack), queued(stack)) == (0, {}, {})


def store(stack: Stack, side: str, **changes: str) -> None:
    """Change parts of a secret of the connection. New processes take over, so that none works on
    with what it knows.
    """
    client, name = stack.cloud.aws.client("secretsmanager"), f"crmsync/acme/{side}"
    before = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    client.put_secret_value(SecretId=name, SecretString=json.dumps({**before, **changes}))
    stack.cloud.lambdas.close()


@contextmanager
def another_org() -> Iterator[tuple[SalesforceSimulator, str]]:
    """A second org, and where it answers."""
    clock = Clock()
    simulator = SalesforceSimulator(
        {"records": [{"type": "Lead", "LastName": "Stranger", "Company": "Example"}]},
        clock=clock,
        faults=Faults(clock),
        seed=7,
    )
    with closing(Server(simulator.wsgi)) as server:
        simulator.set_instance_url(server.url)
        yield simulator, server.url


@pytest.mark.long
def test_fault_30_another_account_or_org(new_stack: NewStack) -> None:
    """While a secret leads to another HubSpot account or another org, nothing is written anywhere,
    the operator sees both ids, and once it is put right everything that waited arrives.
    """
    stack = new_stack(world={**WORLD, "hubspot": [*WORLD["hubspot"], {"portal_id": 555009}]})
    people, strangers = People(stack.ready()), People(stack.ready(), portal=1)
    contact, made = linked_pair(stack, people, "ada@example.com")
    stranger = strangers.new_contact(lastname="Stranger", email="stranger@example.com")
    own, foreign = (portal["access_token"] for portal in stack.ready()["portals"])
    org = stack.salesforce

    store(stack, "hubspot", access_token=foreign)
    people.edit_contact(contact, phone="1")
    people.edit_record("Lead", made, Title="Pilot")
    in_account = writes_of(stack, lambda: [stack.settle(), *(later(stack) for _ in range(2))])
    of_account = command(stack, "status", status=1)["findings"]
    store(stack, "hubspot", access_token=own)
    later(stack)
    first = (people.contact(contact, "jobtitle"), lead(people, "ada@example.com", "Phone"))

    with another_org() as (other, url):
        there = {"client_id": other.client_id, "client_secret": other.client_secret}
        store(stack, "salesforce", **there, login_url=url)
        people.edit_contact(contact, phone="2")
        people.edit_record("Lead", made, Title="Captain")
        in_org = writes_of(stack, lambda: [stack.settle(), *(later(stack) for _ in range(2))])
        of_org = command(stack, "status", status=1)["findings"]
        refused = command(stack, "setup", "--apply", status=1)
        wrote = other.stats()["writes"]
    here = {"client_id": org.client_id, "client_secret": org.client_secret}
    store(stack, "salesforce", **here, login_url=stack.ready()["salesforce"]["instance_url"])
    later(stack)
    second = (people.contact(contact, "jobtitle"), lead(people, "ada@example.com", "Phone"))

    assert (in_account.hubspot, in_account.salesforce) == (0, 0)
    assert (in_org.hubspot, in_org.salesforce, wrote) == (0, 0, 0)
    assert any("555009" in one and "555001" in one for one in of_account), of_account
    assert any(other.org_id in one and org.org_id in one for one in of_org), of_org
    assert any(other.org_id in step["text"] for step in refused["steps"]), refused
    assert first == ({"jobtitle": "Pilot"}, {"Phone": "1"})
    assert second == ({"jobtitle": "Captain"}, {"Phone": "2"})
    assert strangers.contact(stranger, "lastname", "phone") == {
        "lastname": "Stranger",
        "phone": None,
    }
    assert (later(stack)["open_errors"], inbox(stack), queued(stack)) == (0, {}, {})
