"""What the functions log at any level: no credentials, no keys, and nothing of what libraries log
at DEBUG.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.people import People
from local.stack import Stack
from tests.console.browser import Browser
from tests.flows.conftest import NewStack
from tests.flows.stories.story_activities import new_activity
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP
from tests.flows.stories.story_deals import new_deal
from tests.flows.stories.story_email import (
    CLAIM_EXPIRED,
    LOG_READ,
    MAIL_SETTINGS,
    MAIL_WORLD,
    Mail,
    events,
)

FUNCTIONS = sorted(
    path.name for path in (Path(__file__).parents[4] / "functions").iterdir() if path.is_dir()
)
SHORTEST = 12
"""Shorter values of a secret, such as user names and numbers, are no credentials."""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """A stack whose functions log at the level DEBUG."""
    first = "[connection.email_tasks]"
    calls = f'[connection.activities]\ncalls = "to_salesforce"\n{first}'
    settings = MAIL_SETTINGS.replace(first, calls, 1)
    with Stack(settings, MAIL_WORLD, parameters={"LogLevel": "DEBUG"}) as stack:
        yield stack


def canaries(stack: Stack) -> dict[str, str]:
    """Every value that no log may contain: values of secrets, access tokens and the key of the
    links, by name.
    """
    client = stack.cloud.aws.client("secretsmanager")
    found = {"session": stack.ready()["salesforce"]["access_token"]}
    for secret in client.list_secrets()["SecretList"]:
        text = client.get_secret_value(SecretId=secret["Name"])["SecretString"]
        try:
            values = json.loads(text)
        except ValueError:
            values = {"": text}
        named = values.items() if isinstance(values, dict) else [("", values)]
        found |= {f"{secret['Name']} {name}": str(value) for name, value in named}
    return {
        name: value
        for name, value in found.items()
        if len(value) >= SHORTEST
        and not value.startswith("http")
        and not name.endswith(("login_url", "api_url"))
    }


def test_no_function_logs_a_credential_at_any_level(stack: Stack, people: People) -> None:
    """After every function has run, a forged request included, none of the secrets' values is in
    its log at DEBUG.
    """
    contact = people.new_contact(email="ada@example.com", lastname="Lang", company="Example")
    new_activity(people, "calls", contact, hs_call_title="First call")
    people.new_company(name="Example Works")
    new_deal(people, "Pumps")
    requests.post(
        stack.webhook_url, data=b"[]", headers={"X-HubSpot-Signature-v3": "forged"}, timeout=10
    )
    stack.settle()
    Browser(stack.console_url).get(command(stack, "console")["url"])
    command(stack, "import", "leads", "--connection", "acme", "--apply", "--no-wait")
    mail = Mail(stack)
    mail.linked("eva@example.com")
    mail.add_events(events("eva@example.com", mail.now, opens=1))
    stack.advance(LOG_READ)
    stack.advance(CLAIM_EXPIRED)
    stack.advance(SWEEP)

    logs = {name: stack.output(name) for name in FUNCTIONS}
    secrets = canaries(stack)

    assert [name for name, log in logs.items() if not log] == []
    assert {
        (name, what)
        for name, log in logs.items()
        for what, value in secrets.items()
        if value in log
    } == set()
    assert len(secrets) >= len(("hubspot", "hubspot", "salesforce", "session", "link key"))


def test_libraries_log_from_info_on_whatever_the_functions_level() -> None:
    """Libraries stay at INFO although the Lambda runtime sets the root logger to the function's
    level.
    """
    code = (
        "import logging; logging.getLogger().setLevel('DEBUG'); import crmsync.telemetry;"
        " print([logging.getLogger(name).isEnabledFor(logging.DEBUG) for name in ('botocore.parsers', 'urllib3', 'any.other')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "[False, False, False]"


def lines_of(stack: Stack, function: str, message: str) -> list[dict[str, Any]]:
    """The log lines of a function with this message."""
    found = [one for one in stack.output(function).splitlines() if one.startswith("{")]
    return [line for line in map(json.loads, found) if line.get("message") == message]


def test_a_webhook_can_be_followed_to_the_decision(new_stack: NewStack) -> None:
    """The answer to a webhook names the events that it put on the bus, the batch that took them
    names the same, and the decision about the record has the batch's request id.
    """
    stack = new_stack()
    contact = People(stack.ready()).new_contact(email="ada@example.com", lastname="Lang")
    stack.settle()

    answered = lines_of(stack, "hubspot_webhook", "webhook answered")
    events_put = {event for line in answered for event in line["events"]}
    taken = lines_of(stack, "contact_sync", "messages taken")
    requests_of = {line["function_request_id"] for line in taken if events_put & {*line["events"]}}
    decided = [
        line
        for line in lines_of(stack, "contact_sync", "contact decided")
        if line["decision"]["record"] == f"hubspot:contact:{contact}"
    ]
    assert decided
    assert {line["function_request_id"] for line in decided} & requests_of
