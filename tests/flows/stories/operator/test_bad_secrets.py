"""A story of one connection's unusable secrets in every function: none fails, and the other
connection syncs meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from simple_salesforce.format import format_soql

from local.people import People
from local.stack import Stack
from local.stack.lambdas.lambdas import Ending
from tests.console.browser import Browser
from tests.flows.stories.operator.test_secrets import replace_secret
from tests.flows.stories.story_activities import new_activity
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, rows
from tests.flows.stories.story_deals import new_deal
from tests.flows.stories.story_email import CAMPAIGN, CLAIM_EXPIRED, Mail, events
from tests.gateways.salesforce.test_secrets import PUBLIC

BETA = ("crmsync/beta/hubspot", "crmsync/beta/salesforce")
BAD = {
    "no JSON": dict.fromkeys(BETA, "not { json"),
    "missing": dict.fromkeys(BETA),
    "empty": dict.fromkeys(BETA, "{}"),
    "unusable": {
        BETA[0]: json.dumps(
            {"access_token": "a\nb", "api_url": "http://[::1", "client_secret": ""}
        ),
        BETA[1]: json.dumps(
            {"client_id": "made-up", "username": "made-up", "private_key": PUBLIC.decode()}
        ),
    },
}


def _connection(name: str, portal_id: int) -> str:
    return f"""
[[connection]]
name = "{name}"
[connection.hubspot]
portal_id = {portal_id}
secret = "crmsync/{name}/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/{name}/salesforce"
[connection.companies]
match_by_domain = true
[connection.deals]
[connection.email_tasks]
wait_minutes = 10
[connection.activities]
calls = "to_salesforce"
"""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """Two HubSpot accounts on one org, with every kind of sync on."""
    portals = [
        {"portal_id": 555001 + at, "tier": "professional", "campaigns": [CAMPAIGN]} for at in (0, 1)
    ]
    world: dict[str, Any] = {"hubspot": portals, "salesforce": {"edition": "Enterprise Edition"}}
    with Stack(_connection("acme", 555001) + _connection("beta", 555002), world) as stack:
        command(stack, "import", "accounts", "--connection", "acme", "--apply", "--no-wait")
        stack.settle()
        yield stack


def failed(stack: Stack) -> dict[str, int]:
    """The number of each function's calls that did not end with an answer."""
    return {
        name: ends.total() - ends[Ending.ANSWERED]
        for name, ends in stack.cloud.lambdas.endings().items()
    }


def answered_calls(stack: Stack) -> dict[str, int]:
    """The number of each function's calls that ended with an answer."""
    return {name: ends[Ending.ANSWERED] for name, ends in stack.cloud.lambdas.endings().items()}


def dead_letters(stack: Stack) -> int:
    """The number of messages in the dead-letter queues."""
    sqs, name = stack.cloud.aws.client("sqs"), "ApproximateNumberOfMessages"
    urls = [url for url in sqs.list_queues()["QueueUrls"] if url.endswith("DeadLetters")]
    counts = (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        for url in urls
    )
    return sum(map(int, counts))


@pytest.mark.parametrize(
    "which",
    [pytest.param(which, marks=[] if which == "unusable" else [pytest.mark.long]) for which in BAD],
)
def test_bad_secrets_stop_only_their_own_connection_in_every_function(
    stack: Stack, people: People, which: str
) -> None:
    """Webhook, syncs, sweeps, e-mail, calls and backfill of acme work while beta's secrets are bad, and no
    message is lost.
    """
    beta, address = People(stack.ready(), portal=1), f"{which.replace(' ', '-')}@example.com"
    mail = Mail(stack, portal=0)
    mail.linked(f"mail-{address}")
    Mail(stack, portal=1).linked(f"beta-mail-{address}")
    for name in ("acme", "beta"):
        command(stack, "import", "leads", "--connection", name, "--apply", "--no-wait")
    before, answered = failed(stack), answered_calls(stack)
    whole = {name: replace_secret(stack, name, text) for name, text in BAD[which].items()}
    try:
        for who, name in ((people, "acme"), (beta, "beta")):
            contact = who.new_contact(email=f"{name}-{address}", lastname="Lang", company="Example")
            new_activity(who, "calls", contact, hs_call_title=f"Call of {name}")
            who.new_company(name=f"Works of {name} {which}")
            new_deal(who, f"Pumps of {name} {which}")
        for portal, name in ((0, "mail"), (1, "beta-mail")):
            Mail(stack, portal=portal).add_events(events(f"{name}-{address}", mail.now, opens=1))
        person = rows(people, "Lead", f"mail-{address}")[0]["Id"]
        people.edit_record("Lead", person, Title="Pilot")
        stack.settle()
        stack.advance(2 * SWEEP + CLAIM_EXPIRED)
        arrived = {
            name: len(rows(people, "Lead", f"{name}-{address}")) for name in ("acme", "beta")
        }
        made = people.records(
            format_soql("SELECT Name FROM Opportunity WHERE Name LIKE {}", f"Pumps of % {which}")
        )
        calls = people.records("SELECT Subject FROM Task WHERE Subject LIKE 'Call of %'")
        tasks = len(mail.tasks(person))
        jobs = {one["connection"]: one["state"] for one in command(stack, "jobs", "list")}
        page = Browser(stack.console_url).get(command(stack, "console")["url"])
    finally:
        for name, text in whole.items():
            replace_secret(stack, name, text)

    assert failed(stack) == before
    assert page.status_code == HTTPStatus.OK
    assert [name for name, count in answered_calls(stack).items() if count == answered[name]] == []
    assert (arrived, [one["Name"] for one in made], tasks, calls[-1:]) == (
        {"acme": 1, "beta": 0},
        [f"Pumps of acme {which}"],
        1,
        [{"Subject": "Call of acme"}],
    )
    assert jobs["acme"] == "done"
    stack.advance(2 * SWEEP)
    assert len(rows(people, "Lead", f"beta-{address}")) == 1
    assert dead_letters(stack) == 0
