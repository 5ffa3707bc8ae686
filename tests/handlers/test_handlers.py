"""Every function answers every event of its folder in `events`, as Lambda would call it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from crmsync.console.console import Console
from crmsync.console.sign_in import SignIn
from crmsync.wire.pages import PageRequest
from crmsync.wire.signature import sign
from local.invoke import SIGNATURE
from local.rehearsal.deployment import ROOT
from local.stack import Stack
from tests.builders import NOON
from tests.flows.conftest import SETTINGS, WORLD

EVENTS = ROOT / "events"
STORIES = sorted(str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.glob("*/*.json"))
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))

ORG, OUR_USER = "00D000000000001EAA", "005000000000009AAA"
"""The org and the integration user of the stored change events."""

ALL_DONE: dict[str, Any] = {"batchItemFailures": []}


def said(status: int, text: str) -> dict[str, Any]:
    """An answer of the webhook's."""
    return {
        "statusCode": status,
        "headers": {"content-type": "text/plain; charset=utf-8"},
        "body": text,
    }


def refused_by_the_console() -> dict[str, Any]:
    """The console's answer to somebody without a session, as the laptop's address gives it."""
    sign_in = SignIn(
        key=lambda _again: b"any key", use_link=lambda _id, _ends: True, now=lambda: NOON
    )
    reports: Any = None
    console = Console(sign_in=sign_in, reports=reports, tell=lambda _what, _facts: None)
    return console.answer(PageRequest("GET", "/")).event()


NOWHERE, CONTACTS, ACCOUNTS, OPPORTUNITIES, BOTH = (
    (0, 0, 0),
    (1, 0, 0),
    (0, 1, 0),
    (0, 0, 1),
    (1, 1, 0),
)
"""How many messages then lie in the queues of the contacts, the accounts and the opportunities."""

ANSWERS: dict[str, tuple[Any, tuple[int, int, int]]] = {
    **{
        f"{function}/{story}": (ALL_DONE, NOWHERE)
        for function in ("account_sync", "activity_sync", "contact_sync", "opportunity_sync")
        for story in (
            "deleted_in_hubspot",
            "edited_in_hubspot",
            "edited_in_salesforce",
            "looked_at_again",
        )
    },
    **{
        f"{function}/one_good_one_unreadable": (
            {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975000002"}]},
            NOWHERE,
        )
        for function in ("account_sync", "activity_sync", "contact_sync", "opportunity_sync")
    },
    "alerts/alarm": (ALL_DONE, NOWHERE),
    "alerts/look": ({"sent": 0, "waiting": 0}, NOWHERE),
    "opportunity_sync/role_deleted_in_salesforce": (ALL_DONE, NOWHERE),
    "backfill/next_turn": (ALL_DONE, NOWHERE),
    "backfill/nightly": ({"started": 1}, NOWHERE),
    "backfill/campaigns": ({}, NOWHERE),
    "backfill/unreadable": (
        {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975000001"}]},
        NOWHERE,
    ),
    "console/forged_session": (refused_by_the_console(), NOWHERE),
    "email_events/scheduled": ({"acme": 0}, NOWHERE),
    "email_tasks/kind_switched_off": (ALL_DONE, NOWHERE),
    "email_tasks/looked_at_again": (ALL_DONE, NOWHERE),
    "email_tasks/one_good_one_unreadable": (
        {"batchItemFailures": [{"itemIdentifier": "2b6f1c1e-7d0a-4b0e-9a58-5501c9000002"}]},
        NOWHERE,
    ),
    "email_tasks/opened": (ALL_DONE, NOWHERE),
    "hubspot_sweep/look": ({"acme": 0}, NOWHERE),
    "hubspot_sweep/scheduled": ({"acme": 0}, NOWHERE),
    "hubspot_webhook/company_edited": (said(200, "accepted"), ACCOUNTS),
    "hubspot_webhook/contact_associated": (said(200, "accepted"), BOTH),
    "hubspot_webhook/contact_created": (said(200, "accepted"), CONTACTS),
    "hubspot_webhook/contact_deleted": (said(200, "accepted"), CONTACTS),
    "hubspot_webhook/contact_edited": (said(200, "accepted"), CONTACTS),
    "hubspot_webhook/contacts_merged": (said(200, "accepted"), CONTACTS),
    "hubspot_webhook/deal_associated": (said(200, "accepted"), OPPORTUNITIES),
    "hubspot_webhook/deal_deleted": (said(200, "accepted"), OPPORTUNITIES),
    "hubspot_webhook/deal_edited": (said(200, "accepted"), OPPORTUNITIES),
    "hubspot_webhook/echo_of_our_own_write": (said(200, "accepted"), NOWHERE),
    "hubspot_webhook/forged": (said(401, "bad signature"), NOWHERE),
    "hubspot_webhook/malformed_json": (said(400, "the body is not JSON"), NOWHERE),
    "hubspot_webhook/unknown_event_type": (said(200, "accepted"), NOWHERE),
    "salesforce_changes/account_created": ({"changes": 1}, ACCOUNTS),
    "salesforce_changes/contact_edited": ({"changes": 2}, CONTACTS),
    "salesforce_changes/echo_of_our_own_write": ({"changes": 0}, NOWHERE),
    "salesforce_changes/lead_created": ({"changes": 1}, CONTACTS),
    "salesforce_changes/lead_deleted": ({"changes": 1}, CONTACTS),
    "salesforce_changes/one_good_one_unreadable": ({"changes": 1}, CONTACTS),
    "salesforce_changes/opportunity_created": ({"changes": 1}, OPPORTUNITIES),
    "salesforce_changes/role_deleted": ({"changes": 1}, OPPORTUNITIES),
    "salesforce_changes/poll": ({"acme": 0}, NOWHERE),
}
"""Story -> what the function answers, and what it puts into the queues."""


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stack]:
    """One stack whose functions the whole module calls."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


def event_of(story: str, stack: Stack) -> Any:
    """A stored event as it would come from the CRMs of `stack`.

    A webhook that nobody signed is signed now, as ``make invoke`` does, but for the address that
    the stack gave to HubSpot.
    """
    text = (EVENTS / f"{story}.json").read_text(encoding="utf-8")
    event = json.loads(
        text.replace(ORG, stack.salesforce.org_id).replace(
            OUR_USER, stack.salesforce.integration_user_id
        )
    )
    if "body" not in event or SIGNATURE in event["headers"]:
        return event
    stamp = str(stack.clock.now_ms())
    secret = stack.hubspot.portals[0].client_secret
    signature = sign(secret, "POST", stack.webhook_url, event["body"].encode(), stamp)
    return event | {
        "headers": {**event["headers"], SIGNATURE: signature, "x-hubspot-request-timestamp": stamp}
    }


def queued(stack: Stack) -> tuple[int, ...]:
    """How many messages lie in the queues of the contacts, the accounts and the opportunities."""
    sqs = stack.cloud.aws.client("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    name = "ApproximateNumberOfMessages"
    return tuple(
        int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
        for queue in ("ContactQueue", "AccountQueue", "OpportunityQueue")
        for url in urls
        if url.endswith(queue)
    )


def test_every_stored_event_is_listed_here():
    """A new event, and a folder of events that no function has, needs its line."""
    assert sorted(ANSWERS) == STORIES
    assert sorted({story.partition("/")[0] for story in STORIES}) == FUNCTIONS


@pytest.mark.parametrize("story", STORIES)
def test_a_function_answers_its_event(deployed: Stack, story: str):
    """In a process of its own, with the variables of the template: changes go to the queue, echoes
    and forgeries nowhere.
    """
    deployed.settle()
    name = story.partition("/")[0]
    logical_id = next(key for key, one in deployed.cloud.functions.items() if one.name == name)
    outcome = deployed.cloud.lambdas.invoke(logical_id, event_of(story, deployed))
    assert (outcome.reason, outcome.answer, queued(deployed)) == ("", *ANSWERS[story])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_can_be_imported_without_any_environment(function: str):
    """What the environment says is asked when a call comes, never while Lambda still starts."""
    paths = [str(ROOT / "functions" / function), str(ROOT / "layers/shared")]
    code = f"import sys; sys.path[:0] = {paths!r}; import handler; print(handler.lambda_handler.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("lambda_handler\n", "", 0)
