"""Stories of imports and resyncs, run by the operator's command on the deployed system, with
functions that are killed on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crmsync.model.names import HUBSPOT_KEY
from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import lead, linked_pair, open_errors, record

VISIBILITY_TIMEOUT = 13 * 60
"""Seconds after which a message in flight is delivered again."""

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
    """Start a job of one connection without waiting for it; its id."""
    (job,) = command(stack, *words, "--apply", "--no-wait")["jobs"]
    return str(job["id"])


def job(stack: Stack, job_id: str) -> tuple[str, int, int]:
    """A job's state and the numbers of its records queued and done."""
    (one,) = [one for one in command(stack, "jobs", "list") if one["id"] == job_id]
    return one["state"], one["queued"], one["done"]


def in_hubspot(people: People, host: str) -> list[str]:
    """Those of `PEOPLE` who have a contact with an address at this host."""
    return [one for one in PEOPLE if people.contact_with(f"{one}@{host}")]


@pytest.mark.rule("IMP-1")
@pytest.mark.long
def test_an_import_syncs_leads_older_than_the_connection(stack: Stack, people: People) -> None:
    """Before the import none of them is in HubSpot, afterwards each lead with an address is once,
    and a second import writes nothing.
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


@pytest.mark.rule("CH-8")
def test_an_import_counts_the_leads_whose_mark_is_refused(new_stack: NewStack) -> None:
    """A validation rule that an older lead does not meet refuses every write of it, that of our own
    id too. The contact is made, and the lead is in the error inbox and among the job's refusals.
    """
    lead = {"type": "Lead", "LastName": "Test", "Company": "Old", "Email": "test@example.com"}
    rule = {"object": "Lead", "field": "LastName", "contains": "Test", "message": "No tests."}
    salesforce = {**WORLD["salesforce"], "records": [lead], "validation_rules": [rule]}
    stack = new_stack(world={**WORLD, "salesforce": salesforce})
    people = People(stack.ready())

    job_id = start(stack, "import", "leads")
    stack.settle()

    (one,) = [one for one in command(stack, "jobs", "list") if one["id"] == job_id]
    (row,) = command(stack, "errors", "list")
    made = people.contact_with("test@example.com")
    assert (one["state"], one["refused"], row["fieldname"], bool(made)) == (
        "done",
        1,
        "Crmsync_HubSpot_Id__c",
        True,
    )
    assert row["text"] == "No tests. The field was left out, the rest of the record is in step."


@pytest.mark.long
@pytest.mark.parametrize("after", ["start", "dynamodb_write"])
def test_a_killed_import_continues_with_the_same_result(
    stack: Stack, people: People, after: str
) -> None:
    """If a turn of the job is killed at its start or after a write, the message returns and every
    record is imported once.
    """
    stack.faults(
        [{"at": "lambda", "kind": "kill", "function": "backfill", "after": after, "times": 2}]
    )

    job_id = start(stack, "import", "contacts")
    stack.settle()
    for _ in range(3):
        stack.advance(VISIBILITY_TIMEOUT)

    assert job(stack, job_id) == ("done", 6, 6)
    assert in_hubspot(people, "example.org") == list(PEOPLE)


@pytest.mark.long
def test_a_resync_finds_an_edit_whose_webhook_was_lost(stack: Stack, people: People) -> None:
    """The edit is synced without waiting for the next sweep."""
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
def test_only_a_cancelled_job_reports_records_left_out(stack: Stack) -> None:
    """A finished resync reports nothing, and a cancelled one reports that not all records were
    synced.
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
def test_a_paused_job_does_nothing_until_it_is_resumed(stack: Stack, people: People) -> None:
    """A paused resync does nothing although its message is delivered, and finishes once it is
    resumed.
    """
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
    """The Salesforce ids of the HubSpot companies with these names, by name."""
    found: dict[str, list[str | None]] = {name: [] for name in names}
    for one in people.hubspot.crm.companies.get_all(properties=["name", HUBSPOT_KEY]):
        if one.properties["name"] in found:
            found[one.properties["name"]].append(one.properties[HUBSPOT_KEY])
    return found


@pytest.mark.long
@pytest.mark.rule("ACC-4")
@pytest.mark.parametrize("after", ["hubspot_write", "salesforce_write"])
def test_an_import_syncs_accounts_older_than_the_connection(
    stack: Stack, people: People, after: str
) -> None:
    """Each account creates one linked company, even if the sync is killed between its writes."""
    standing = len(people.records("SELECT Id FROM Account"))
    stack.faults([{"at": "lambda", "kind": "kill", "function": "account_sync", "after": after}])

    job_id = start(stack, "import", "accounts")
    stack.settle()
    for _ in range(2):
        stack.advance(VISIBILITY_TIMEOUT)

    assert job(stack, job_id) == ("done", standing, standing)
    accounts = {
        row["Name"]: [row["Id"]]
        for row in people.records("SELECT Id, Name FROM Account WHERE Name LIKE '%Works'")
    }
    assert companies(people, *accounts) == accounts
    assert open_errors(stack) == 0


@pytest.mark.rule("ACC-13")
@pytest.mark.long
def test_a_company_that_is_resynced_by_its_id_gets_an_account(stack: Stack, people: People) -> None:
    """A company without contacts creates no account in a resync of all companies, but does in one
    of its own id.
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
