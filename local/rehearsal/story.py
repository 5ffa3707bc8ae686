"""One contact crosses both ways through the deployed system, and what must not cross does not.

Law: says what people do and what must be seen; how it gets there is the deployed system's business.
A step raises `NotSeenError`.
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
LOOK_SECONDS = 0.5
QUEUES = ("ContactDeadLetters", "AccountDeadLetters", "OpportunityDeadLetters")


class NotSeenError(Exception):
    """What had to happen did not."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays: the cloud, the CRMs, who works there, the stack's outputs, and the
    operator, who gives commands.
    """

    cloud: MiniStack
    crms: Crms
    people: People
    outputs: Mapping[str, str]
    operate: Callable[..., None]


def play(stage: Stage, say: Callable[[str], None]) -> None:
    """Play all steps in order, saying each before it is played. Raises `NotSeenError`."""
    for step in STEPS:
        say(step.__doc__ or "")
        step(stage)


def born_in_hubspot(stage: Stage) -> None:
    """A contact made in HubSpot becomes a lead in Salesforce, by webhook."""
    stage.people.new_contact(
        email="ada@example.com", firstname="Ada", lastname="Lang", phone="555-0100"
    )
    _until_lead(
        stage, "ada@example.com", {"FirstName": "Ada", "LastName": "Lang", "Phone": "555-0100"}
    )


def edited_in_salesforce(stage: Stage) -> None:
    """The lead's phone is changed in Salesforce and arrives at the contact, by change event."""
    lead = _lead(stage, "ada@example.com") or {}
    stage.people.edit_record("Lead", lead["Id"], Phone="555-0199")
    _until_contact(stage, "ada@example.com", {"phone": "555-0199", "firstname": "Ada"})


def undone(stage: Stage) -> None:
    """The operator takes back what that edit overwrote, and the old number is on both sides."""
    since = datetime.now(UTC) - timedelta(hours=1)
    stage.operate("undo", "--since", since.isoformat(), "--object", "contacts", "--apply")
    _until_lead(stage, "ada@example.com", {"Phone": "555-0100"})
    _until_contact(stage, "ada@example.com", {"phone": "555-0100"})


def born_in_salesforce(stage: Stage) -> None:
    """A lead made in Salesforce becomes a contact in HubSpot."""
    stage.people.new_record(
        "Lead", Email="grace@example.com", FirstName="Grace", LastName="Moor", Company="Example"
    )
    _until_contact(stage, "grace@example.com", {"firstname": "Grace", "lastname": "Moor"})


def one_refused(stage: Stage) -> None:
    """Salesforce refuses one contact; the one beside it arrives all the same."""
    stage.people.new_contact(email="refused@example.com", lastname="Refused")
    stage.people.new_contact(email="alan@example.com", lastname="Tully")
    _until_lead(stage, "alan@example.com", {"LastName": "Tully"})
    if _lead(stage, "refused@example.com"):
        raise NotSeenError("the validation rule did not refuse the lead")


def forged(stage: Stage) -> None:
    """A webhook that nobody signed is turned away with 401."""
    status = post_webhook(
        stage.cloud, stage.outputs["WebhookUrl"], {"Content-Type": "application/json"}, b"[]"
    )
    if status != 401:
        raise NotSeenError(f"the forged webhook was answered with {status}")


def schedules_run(stage: Stage) -> None:
    """Poll and sweep run with the rights that the template gives them."""
    functions = stage.cloud.client("lambda")
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
        said = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        if "FunctionError" in said:
            raise NotSeenError(f"{name}: {said['Payload'].read().decode()}")


def nothing_left_behind(stage: Stage) -> None:
    """No dead letters, and no function was denied anything."""
    if denied := [line for line in function_log(stage.cloud) if "AccessDenied" in line]:
        raise NotSeenError("a policy lacks a right:\n" + "\n".join(denied))
    queues = stage.cloud.client("sqs")
    urls = queues.list_queues()["QueueUrls"]
    for name in QUEUES:
        (url,) = [url for url in urls if name in url]
        told = queues.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        if count := int(told["Attributes"]["ApproximateNumberOfMessages"]):
            raise NotSeenError(f"{count} messages lie in {name}")


STEPS = (
    born_in_hubspot,
    edited_in_salesforce,
    undone,
    born_in_salesforce,
    one_refused,
    forged,
    schedules_run,
    nothing_left_behind,
)


def function_log(cloud: MiniStack) -> list[str]:
    """Every line that the functions logged, group by group."""
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


def _until_lead(stage: Stage, email: str, wanted: Mapping[str, str]) -> None:
    _until(stage, lambda: _lead(stage, email), wanted, f"the lead {email}")


def _until_contact(stage: Stage, email: str, wanted: Mapping[str, str]) -> None:
    def look() -> dict[str, Any] | None:
        found = stage.people.contact_with(email)
        return stage.people.contact(found, *wanted) if found else None

    _until(stage, look, wanted, f"the contact {email}")


def _lead(stage: Stage, email: str) -> dict[str, Any] | None:
    """The lead with that address. The addresses are this story's own: they need no escaping."""
    found = stage.people.records(
        f"SELECT Id, FirstName, LastName, Phone FROM Lead WHERE Email = '{email}'"  # noqa: S608
    )
    if len(found) > 1:
        raise NotSeenError(f"{len(found)} leads have the address {email}")
    return found[0] if found else None


def _until(
    stage: Stage, look: Callable[[], dict[str, Any] | None], wanted: Mapping[str, str], what: str
) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        deliver(stage.cloud, stage.crms)
        seen = look()
        if seen and wanted.items() <= seen.items():
            return
        if time.monotonic() > until:
            raise NotSeenError(f"{what} should show {dict(wanted)} and is {seen}")
        time.sleep(LOOK_SECONDS)
