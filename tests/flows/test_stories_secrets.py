"""Stories of a secret that cannot be used: only the connection that it belongs to stands still."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.story_stage import SWEEP, rows
from tests.flows.test_stories_portals import SHARED, WORLD

BROKEN = {
    "missing": None,
    "no JSON": "not { json",
    "empty": "{}",
    "line break": json.dumps({"access_token": "a\nb", "client_secret": ""}),
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module: two accounts, one org."""
    with Stack(SHARED, WORLD) as stack:
        yield stack


@pytest.fixture
def beta(stack: Stack) -> People:
    """Persons who work in the second account, and in the same org."""
    return People(stack.ready(), portal=1)


def store(stack: Stack, name: str, text: str | None) -> str:
    """Replace a secret (None: delete it); what it held before. Lambdas start anew, so none knows the old one or a token got by it."""
    client = stack.cloud.aws.client("secretsmanager")
    before = str(client.get_secret_value(SecretId=name)["SecretString"]) if _is_there(client, name) else ""
    if text is None:
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    elif before:
        client.put_secret_value(SecretId=name, SecretString=text)
    else:
        client.create_secret(Name=name, SecretString=text)
    stack.cloud.lambdas.close()
    return before


def _is_there(client: object, name: str) -> bool:
    return name in {one["Name"] for one in client.list_secrets()["SecretList"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("side", "text"),
    [
        pytest.param(side, text, id=f"{side} {name}", marks=[pytest.mark.long] if name != "no JSON" else [])
        for side in ("hubspot", "salesforce")
        for name, text in BROKEN.items()
    ],
)
def test_a_secret_that_cannot_be_used_stops_its_own_connection_alone(
    stack: Stack, people: People, beta: People, side: str, text: str | None
) -> None:
    """The other account's webhooks are answered 200 and its contacts arrive at once; what it missed itself arrives once it is mended."""
    address = f"{side}-{list(BROKEN.values()).index(text)}@example.com"
    whole = store(stack, f"crmsync/beta/{side}", text)
    try:
        before = stack.output("hubspot_webhook").count('"status":200')
        beta.new_contact(lastname="Bell", company="Example AG", email=f"beta-{address}")
        people.new_contact(lastname="Ames", company="Example GmbH", email=f"acme-{address}")
        stack.settle()
        arrived = [bool(rows(people, "Lead", f"{name}-{address}")) for name in ("acme", "beta")]
        answered = stack.output("hubspot_webhook").count('"status":200') - before
    finally:
        store(stack, f"crmsync/beta/{side}", whole)
    stack.advance(4 * SWEEP)

    assert (arrived, answered >= 1) == ([True, False], True)
    assert len(rows(people, "Lead", f"beta-{address}")) == 1
    assert stack.settle()["open_errors"] == 0
