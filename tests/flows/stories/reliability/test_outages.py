"""Long outages on the laptop stack: everything made on both sides meanwhile syncs within two hours
of the end, without intervention.
"""

from __future__ import annotations

import os

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_contacts import lead, lead_id

HOUR = 3600
KNOWN = 6
TITLE = "Head of Pumps"

OUTAGES = {
    "a Salesforce day's calls are used up": (
        {"at": "salesforce", "kind": "daily_limit", "seconds": 20 * HOUR},
        20,
    ),
    "Salesforce in maintenance": (
        {"at": "salesforce", "kind": "server_error", "seconds": 12 * HOUR},
        12,
    ),
    "HubSpot's token is revoked": ({"at": "hubspot", "kind": "token_revoked"}, 60),
    "Salesforce's user is frozen": ({"at": "salesforce", "kind": "token_revoked"}, 60),
    "a HubSpot scope is lost": (
        {"at": "hubspot", "kind": "scope_lost", "scope": "crm.objects.contacts.write"},
        24,
    ),
}


def addresses(what: str) -> list[str]:
    """The addresses of a story's contacts."""
    return [f"{what}{number}@example.com" for number in range(KNOWN)]


def sync_calls(stack: Stack) -> int:
    """The number of calls to both CRMs, without those of the schedules and of e-mail, which are
    made in any case.
    """
    figures = stack.stats()
    polls = ("/search", "/email/")
    return sum(
        count
        for side in ("hubspot", "salesforce")
        for name, count in figures[side]["by_endpoint"].items()
        if name != "POST /composite" and not any(poll in name for poll in polls)
    )


def dead_letters(stack: Stack) -> dict[str, int]:
    """The number of dead letters, by queue, without empty queues."""
    sqs = stack.cloud.aws.client("sqs")
    urls = [url for url in sqs.list_queues()["QueueUrls"] if "DeadLetters" in url]
    name = "ApproximateNumberOfMessages"
    found = {
        url: int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
        for url in urls
    }
    assert found
    return {url: count for url, count in found.items() if count}


@pytest.mark.skipif(
    not os.environ.get("CRMSYNC_DAYS"), reason="plays days of an outage: CRMSYNC_DAYS=1 make long"
)
@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.rule("RTY-1")
@pytest.mark.parametrize("what", OUTAGES)
def test_records_sync_after_an_outage_without_intervention(new_stack: NewStack, what: str) -> None:
    """Edits on both sides and new records sync, nothing is parked or dead, and few calls are made
    during the outage.
    """
    fault, hours = OUTAGES[what]
    stack = new_stack()
    people = People(stack.ready())
    contacts = {
        mail: people.new_contact(email=mail, lastname="Lang", company="Example")
        for mail in addresses("known")
    }
    stack.settle()
    leads = {mail: lead_id(people, mail) for mail in contacts}
    before = sync_calls(stack)

    stack.faults([fault])
    for at, (mail, contact) in enumerate(contacts.items()):
        people.edit_contact(contact, phone=f"+49 731 {at}")
        people.edit_record("Lead", leads[mail], Title=TITLE)
        people.new_contact(email=f"new.{mail}", lastname="Holm", company="Example")
        people.new_record("Lead", Email=f"lead.{mail}", LastName="Vale", Company="Example")
        assert stack.advance(hours * HOUR / KNOWN)["open_errors"] == 0
    meanwhile = sync_calls(stack) - before
    stack.faults([])
    settled = stack.advance(2 * HOUR)

    assert (settled["open_errors"], dead_letters(stack)) == (0, {})
    for at, (mail, contact) in enumerate(contacts.items()):
        assert lead(people, mail, "Phone", "Title") == {"Phone": f"+49 731 {at}", "Title": TITLE}
        assert people.contact(contact, "phone", "jobtitle") == {
            "phone": f"+49 731 {at}",
            "jobtitle": TITLE,
        }
        assert lead(people, f"new.{mail}", "LastName") == {"LastName": "Holm"}
        assert people.contact_with(f"lead.{mail}") is not None
    assert meanwhile <= hours * 12 * 6


@pytest.mark.long
def test_an_hour_without_a_sign_in_loses_no_change(new_stack: NewStack) -> None:
    """New processes cannot sign in at all, so that the changes return to the queue and sync later."""
    stack = new_stack()
    people = People(stack.ready())
    stack.faults([{"at": "salesforce", "kind": "token_revoked"}])
    people.new_contact(email="early@example.com", lastname="Lang", company="Example")
    stack.advance(75 * 60)
    received = dead_letters(stack)
    stack.faults([])
    settled = stack.advance(600)

    assert (settled["open_errors"], received, dead_letters(stack)) == (0, {}, {})
    assert lead(people, "early@example.com", "LastName") == {"LastName": "Lang"}
