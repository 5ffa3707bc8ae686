"""Stories of imports and resyncs: the operator's command, the deployed system, and Lambdas that die
on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crmsync.model.names import HUBSPOT_KEY
from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import lead, linked_pair, open_errors, record

REST = 13 * 60
"""Seconds after which a message that was being worked on is handed out again."""

PEOPLE = ("ann", "bea", "cid", "dot", "eli", "fay")
OLDER: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "records": [
            *(
                {
                    "type": "Lead",
                    "LastName": one.title(),
                    "Company": "Old",
                    "Email": f"{one}@example.com",
                }
                for one in PEOPLE
            ),
            *(
                {"type": "Contact", "LastName": one.title(), "Email": f"{one}@example.org"}
                for one in PEOPLE
            ),
            {"type": "Lead", "LastName": "Mute", "Company": "Old"},
            *({"type": "Account", "Name": f"{one.title()} Works"} for one in PEOPLE),
        ],
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """An org whose leads and contacts are older than the connection."""
    with Stack(SETTINGS, OLDER) as stack:
        yield stack


def start(stack: Stack, *words: str) -> str:
    """Start a job of one connection and leave it alone; its id."""
    (job,) = command(stack, *words, "--apply", "--no-wait")["jobs"]
    return str(job["id"])


def job(stack: Stack, job_id: str) -> tuple[str, int, int]:
    """Where a job stands: its state, records queued and done."""
    (one,) = [one for one in command(stack, "jobs", "list") if one["id"] == job_id]
    return one["state"], one["queued"], one["done"]


def in_hubspot(people: People, host: str) -> list[str]:
    """Who of the people at this host has a contact."""
    return [one for one in PEOPLE if people.contact_with(f"{one}@{host}")]


@pytest.mark.rule("IMP-1")
@pytest.mark.long
def test_leads_that_are_older_than_the_connection_come_by_import(
    stack: Stack, people: People
) -> None:
    """Nothing of them is in HubSpot until then; afterwards each one with an address is, once, and
    the next import changes nothing.
    """
    stack.advance(16 * 60)
    assert in_hubspot(people, "example.com") == []

    everybody = len(people.records("SELECT Id FROM Lead WHERE Email != null"))

    job_id = start(stack, "import", "leads")
    stack.settle()

    assert job(stack, job_id) == ("done", everybody, everybody)
    assert in_hubspot(people, "example.com") == list(PEOPLE)
    assert open_errors(stack) == 0
    before = stack.stats()
    again = start(stack, "import", "leads")
    stack.settle()
    after = stack.stats()
    assert job(stack, again) == ("done", everybody, everybody)
    assert [
        after[side]["writes"] - before[side]["writes"] for side in ("hubspot", "salesforce")
    ] == [0, 0]


@pytest.mark.long
@pytest.mark.parametrize("after", ["start", "dynamodb_write"])
def test_an_import_that_is_killed_goes_on_and_leaves_the_same_result(
    stack: Stack, people: People, after: str
) -> None:
    """Whichever of its turns dies, and wherever: the message comes back, and everybody is there
    once.
    """
    stack.faults(
        [{"at": "lambda", "kind": "kill", "function": "backfill", "after": after, "times": 2}]
    )

    job_id = start(stack, "import", "contacts")
    stack.settle()
    for _ in range(3):
        stack.advance(REST)

    assert job(stack, job_id) == ("done", 6, 6)
    assert in_hubspot(people, "example.org") == list(PEOPLE)


@pytest.mark.long
def test_a_resync_mends_what_nobody_was_told_of(stack: Stack, people: People) -> None:
    """An edit whose webhook got lost arrives without the sweep's being waited for."""
    contact, lead_id = linked_pair(stack, people, "gus@example.com", phone="1")
    stack.faults([{"at": "webhook", "kind": "drop", "times": 9}])
    people.edit_contact(contact, phone="2")
    stack.settle()
    assert record(people, "Lead", lead_id, "Phone") == {"Phone": "1"}

    job_id = start(stack, "resync", "--side", "hubspot", "--object", "contact", "--id", contact)
    stack.settle()

    assert job(stack, job_id) == ("done", 1, 1)
    assert record(people, "Lead", lead_id, "Phone") == {"Phone": "2"}


@pytest.mark.rule("LIM-2")
@pytest.mark.long
def test_only_what_was_really_left_out_is_said_to_be(stack: Stack) -> None:
    """A resync of companies that ran through says nothing; one that was cancelled says that not all
    was synced.
    """
    whole, cut = (
        start(stack, "resync", "--side", "hubspot", "--object", "company") for _ in range(2)
    )
    command(stack, "jobs", "cancel", cut)
    stack.settle()

    troubles = {one["id"]: (one["state"], one["trouble"]) for one in command(stack, "jobs", "list")}
    left_out = "We couldn't sync all your updates for this mapping. The job was cancelled (LIM-2)."
    assert [troubles[whole], troubles[cut]] == [("done", ""), ("cancelled", left_out)]


@pytest.mark.long
def test_a_paused_job_rests_until_it_is_resumed(stack: Stack, people: People) -> None:
    """Whatever time passes; its own message no longer moves it."""
    contact, _ = linked_pair(stack, people, "hal@example.com", phone="1")
    stack.faults([{"at": "webhook", "kind": "drop", "times": 9}])
    people.edit_contact(contact, phone="2")
    stack.settle()

    job_id = start(stack, "resync", "--side", "hubspot", "--object", "contact")
    assert command(stack, "jobs", "pause", job_id)["state"] == "paused"
    stack.settle()
    assert lead(people, "hal@example.com", "Phone") == {"Phone": "1"}
    command(stack, "jobs", "resume", job_id)
    stack.settle()

    assert job(stack, job_id)[0] == "done"
    assert lead(people, "hal@example.com", "Phone") == {"Phone": "2"}


def companies(people: People, *names: str) -> dict[str, list[str | None]]:
    """The Salesforce ids that the HubSpot companies with these names hold, by name."""
    found: dict[str, list[str | None]] = {name: [] for name in names}
    for one in people.hubspot.crm.companies.get_all(properties=["name", HUBSPOT_KEY]):
        if one.properties["name"] in found:
            found[one.properties["name"]].append(one.properties[HUBSPOT_KEY])
    return found


@pytest.mark.long
@pytest.mark.rule("ACC-4")
@pytest.mark.parametrize("after", ["hubspot_write", "salesforce_write"])
def test_accounts_that_are_older_than_the_connection_come_by_import(
    stack: Stack, people: People, after: str
) -> None:
    """Each one makes one company that is linked with it, also when the sync dies between its
    writes.
    """
    standing = len(people.records("SELECT Id FROM Account"))
    stack.faults([{"at": "lambda", "kind": "kill", "function": "account_sync", "after": after}])

    job_id = start(stack, "import", "accounts")
    stack.settle()
    for _ in range(2):
        stack.advance(REST)

    assert job(stack, job_id) == ("done", standing, standing)
    accounts = {
        row["Name"]: [row["Id"]]
        for row in people.records("SELECT Id, Name FROM Account WHERE Name LIKE '%Works'")
    }
    assert companies(people, *accounts) == accounts
    assert open_errors(stack) == 0


@pytest.mark.rule("ACC-13")
@pytest.mark.long
def test_a_company_that_somebody_resyncs_gets_its_account(stack: Stack, people: People) -> None:
    """A company without contacts makes none by itself, nor in a resync of all; a person's explicit
    act makes one.
    """
    company = str(
        people.hubspot.crm.companies.basic_api.create({"properties": {"name": "Lone Works"}}).id
    )
    start(stack, "resync", "--side", "hubspot", "--object", "company")
    stack.settle()
    accounts = "SELECT Id FROM Account WHERE Name = 'Lone Works'"
    assert people.records(accounts) == []

    start(stack, "resync", "--side", "hubspot", "--object", "company", "--id", company)
    stack.settle()

    assert companies(people, "Lone Works") == {
        "Lone Works": [row["Id"] for row in people.records(accounts)]
    }
    assert len(people.records(accounts)) == 1
