"""One contact syncs both ways through the deployed system, and what must not sync does not.

Law: says what people do and what must then be visible; the deployed system does the rest. A step
raises `NotSeenError`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.people import People
from local.rehearsal.deliveries import deliver, post_webhook
from local.rehearsal.ministack import MiniStack
from local.stack.crms import Crms

WAIT_SECONDS = 90
POLL_SECONDS = 0.5
QUEUES = ("ContactDeadLetters", "AccountDeadLetters", "OpportunityDeadLetters")


class NotSeenError(Exception):
    """What had to happen did not happen."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a step works with.

    Attributes:
        cloud: The deployed system.
        crms: The two CRMs.
        people: The people who work there.
        outputs: The stack's outputs.
        operate: Runs the operator's command with these words.
    """

    cloud: MiniStack
    crms: Crms
    people: People
    outputs: Mapping[str, str]
    operate: Callable[..., None]


def play(rehearsal: Rehearsal, say: Callable[[str], None]) -> None:
    """Play all steps in order, reporting each before it is played. Raises `NotSeenError`."""
    for step in STEPS:
        say(step.__doc__ or "")
        step(rehearsal)


def created_in_hubspot(rehearsal: Rehearsal) -> None:
    """A contact created in HubSpot becomes a lead in Salesforce, by webhook."""
    rehearsal.people.new_contact(
        email="ada@example.com", firstname="Ada", lastname="Lang", phone="555-0100"
    )
    _until_lead(
        rehearsal, "ada@example.com", {"FirstName": "Ada", "LastName": "Lang", "Phone": "555-0100"}
    )


def edited_in_salesforce(rehearsal: Rehearsal) -> None:
    """The lead's phone is changed in Salesforce and reaches the contact, by change event."""
    lead = _lead(rehearsal, "ada@example.com") or {}
    rehearsal.people.edit_record("Lead", lead["Id"], Phone="555-0199")
    _until_contact(rehearsal, "ada@example.com", {"phone": "555-0199", "firstname": "Ada"})


def edit_is_undone(rehearsal: Rehearsal) -> None:
    """The operator undoes that edit, and the old number is on both sides."""
    since = datetime.now(UTC) - timedelta(hours=1)
    rehearsal.operate("undo", "--since", since.isoformat(), "--object", "contacts", "--apply")
    _until_lead(rehearsal, "ada@example.com", {"Phone": "555-0100"})
    _until_contact(rehearsal, "ada@example.com", {"phone": "555-0100"})


def created_in_salesforce(rehearsal: Rehearsal) -> None:
    """A lead created in Salesforce becomes a contact in HubSpot."""
    rehearsal.people.new_record(
        "Lead", Email="grace@example.com", FirstName="Grace", LastName="Moor", Company="Example"
    )
    _until_contact(rehearsal, "grace@example.com", {"firstname": "Grace", "lastname": "Moor"})


def one_is_refused(rehearsal: Rehearsal) -> None:
    """Salesforce refuses one contact; another one arrives all the same."""
    rehearsal.people.new_contact(email="refused@example.com", lastname="Refused")
    rehearsal.people.new_contact(email="alan@example.com", lastname="Tully")
    _until_lead(rehearsal, "alan@example.com", {"LastName": "Tully"})
    if _lead(rehearsal, "refused@example.com"):
        raise NotSeenError("the validation rule did not refuse the lead")


def forged_webhook_is_refused(rehearsal: Rehearsal) -> None:
    """A webhook without a signature is refused with 401."""
    status = post_webhook(
        rehearsal.cloud,
        rehearsal.outputs["WebhookUrl"],
        {"Content-Type": "application/json"},
        b"[]",
    )
    if status != 401:
        raise NotSeenError(f"the forged webhook was answered with {status}")


def schedules_run(rehearsal: Rehearsal) -> None:
    """The poll and the sweep run with the rights that the template gives them."""
    functions = rehearsal.cloud.client("lambda")
    names = {
        it["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for it in page["Functions"]
    }
    for part, event in (
        ("SalesforceChanges", {"poll": "salesforce"}),
        ("HubspotSweep", {"sweep": "hubspot"}),
    ):
        (name,) = [name for name in names if part in name]
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        if "FunctionError" in answer:
            raise NotSeenError(f"{name}: {answer['Payload'].read().decode()}")


def nothing_left_behind(rehearsal: Rehearsal) -> None:
    """No dead letters are left, and no function was denied a right."""
    if denied := [line for line in function_log(rehearsal.cloud) if "AccessDenied" in line]:
        raise NotSeenError("a policy lacks a right:\n" + "\n".join(denied))
    queues = rehearsal.cloud.client("sqs")
    urls = queues.list_queues()["QueueUrls"]
    for name in QUEUES:
        (url,) = [url for url in urls if name in url]
        output = queues.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        if count := int(output["Attributes"]["ApproximateNumberOfMessages"]):
            raise NotSeenError(f"{count} messages are in {name}")


STEPS = (
    created_in_hubspot,
    edited_in_salesforce,
    edit_is_undone,
    created_in_salesforce,
    one_is_refused,
    forged_webhook_is_refused,
    schedules_run,
    nothing_left_behind,
)


def function_log(cloud: MiniStack) -> list[str]:
    """Return every line that the functions logged, group by group."""
    logs = cloud.client("logs")
    lines = []
    for group in logs.describe_log_groups()["logGroups"]:
        for stream in logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]:
            place = {
                "logGroupName": group["logGroupName"],
                "logStreamName": stream["logStreamName"],
            }
            found = logs.get_log_events(**place, startFromHead=True)["events"]
            lines += [f"{group['logGroupName']}: {event['message'].rstrip()}" for event in found]
    return lines


def _until_lead(rehearsal: Rehearsal, email: str, expected: Mapping[str, str]) -> None:
    _until(rehearsal, lambda: _lead(rehearsal, email), expected, f"the lead {email}")


def _until_contact(rehearsal: Rehearsal, email: str, expected: Mapping[str, str]) -> None:
    def read() -> dict[str, Any] | None:
        found = rehearsal.people.contact_with(email)
        return rehearsal.people.contact(found, *expected) if found else None

    _until(rehearsal, read, expected, f"the contact {email}")


def _lead(rehearsal: Rehearsal, email: str) -> dict[str, Any] | None:
    """Return the lead with that address. The story's own addresses need no escaping."""
    found = rehearsal.people.records(
        f"SELECT Id, FirstName, LastName, Phone FROM Lead WHERE Email = '{email}'"  # noqa: S608
    )
    if len(found) > 1:
        raise NotSeenError(f"{len(found)} leads have the address {email}")
    return found[0] if found else None


def _until(
    rehearsal: Rehearsal,
    read: Callable[[], dict[str, Any] | None],
    expected: Mapping[str, str],
    what: str,
) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        deliver(rehearsal.cloud, rehearsal.crms)
        seen = read()
        if seen and expected.items() <= seen.items():
            return
        if time.monotonic() > until:
            raise NotSeenError(f"{what} should show {dict(expected)} and is {seen}")
        time.sleep(POLL_SECONDS)
