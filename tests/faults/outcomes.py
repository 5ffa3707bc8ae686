"""What the fault tests look at after a fault: writes, queues, errors, and the values on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import SWEEP, lead

_COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def queued(stack: Stack) -> dict[str, int]:
    """The queues, dead letters included, that hold messages now: queue name -> messages."""
    sqs = stack.cloud.aws.client("sqs")
    found = {}
    for url in sqs.list_queues()["QueueUrls"]:
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTED))
        found[url.rpartition("/")[2]] = sum(int(counts["Attributes"][name]) for name in _COUNTED)
    assert found, "the stack has queues"
    return {name: count for name, count in found.items() if count}


def inbox(stack: Stack) -> dict[str, dict[str, str]]:
    """The error inbox: record id -> the attributes of its entry that are texts."""
    rows = stack.cloud.aws.client("dynamodb").query(
        TableName="crmsync-state",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "inbox#acme"}},
    )["Items"]
    return {
        row["sk"]["S"].rpartition(":")[2]: {
            name: value["S"] for name, value in row.items() if "S" in value
        }
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Written:
    """How often the product wrote.

    Attributes:
        hubspot: Calls that write to HubSpot.
        salesforce: Calls that write to Salesforce.
        dynamodb: Units of writes to our own tables, without leases of calls: a process makes them
            whatever it finds.
    """

    hubspot: int
    salesforce: int
    dynamodb: int


def writes_of(stack: Stack, act: Callable[[], object]) -> Written:
    """What the product writes while `act` runs."""
    before, leases = stack.stats(), _leases(stack)
    act()
    after = stack.stats()
    return Written(
        *(after[name]["writes"] - before[name]["writes"] for name in ("hubspot", "salesforce")),
        dynamodb=after["dynamodb"]["writes"]
        - before["dynamodb"]["writes"]
        - (_leases(stack) - leases),
    )


def _leases(stack: Stack) -> int:
    """How often calls were leased, of both sides together."""
    rows = stack.cloud.aws.client("dynamodb").query(
        TableName="crmsync-state",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "calls#acme"}},
    )["Items"]
    return sum(int(row["version"]["N"]) for row in rows)


def calls_of(stack: Stack, act: Callable[[], object]) -> dict[str, int]:
    """How often the product calls each side while `act` runs."""
    before = stack.stats()
    act()
    after = stack.stats()
    return {
        name: after[name]["calls"] - before[name]["calls"] for name in ("hubspot", "salesforce")
    }


def endpoints_of(stack: Stack, side: str, act: Callable[[], object]) -> dict[str, int]:
    """How often the product calls each endpoint of a side while `act` runs."""
    before = stack.stats()[side]["by_endpoint"]
    act()
    after = stack.stats()[side]["by_endpoint"]
    grown = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in grown.items() if count}


def later(stack: Stack, seconds: float = SWEEP) -> dict[str, Any]:
    """Let time pass in one step, so that every schedule runs at most once, then settle."""
    stack.advance(seconds, settle=False)
    return stack.settle()


def both(
    people: People, contact: str, address: str, fields: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A contact's properties and its one lead's fields, both by HubSpot's names; `fields` maps
    property -> field.
    """
    there = lead(people, address, *fields.values())
    return people.contact(contact, *fields), {name: there[field] for name, field in fields.items()}
