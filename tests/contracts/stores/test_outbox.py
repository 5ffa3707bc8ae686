"""The outbox behind the port: EventBridge and SQS in moto, and in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from crmsync.gateways.aws.bus import EventOutbox
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.queue_messages import load_changes
from tests import aws
from tests.contracts.stores.tables import NO_WAIT
from tests.memory import MemoryOutbox

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sent:
    """An outbox, and what it delivered."""

    port: Any
    published: Callable[[], list[Change]]
    delayed: Callable[[], list[Change]]


@pytest.fixture(params=["memory", "aws"])
def outbox(request: pytest.FixtureRequest) -> Iterator[Sent]:
    """Each outbox in turn."""
    if request.param == "memory":
        memory = MemoryOutbox()
        yield Sent(
            memory, lambda: memory.published, lambda: [change for change, _ in memory.delayed]
        )
    else:
        with aws.mock_aws():
            yield _on_aws()


def _on_aws() -> Sent:
    events, sqs = aws.client("events"), aws.client("sqs")
    events.create_event_bus(Name="bus")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("bus", "contacts")}
    pattern = json.dumps({"source": [{"prefix": "crmsync."}], "detail-type": ["contact.changed"]})
    events.put_rule(Name="rule", EventBusName="bus", EventPattern=pattern)
    arn = sqs.get_queue_attributes(QueueUrl=urls["bus"], AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    events.put_targets(Rule="rule", EventBusName="bus", Targets=[{"Id": "q", "Arn": arn}])
    queues = {Kind.CONTACT: urls["contacts"]}
    outbox = EventOutbox(events, lambda: sqs, "bus", queues, retry_policy=NO_WAIT)
    return Sent(
        outbox, lambda: _received(sqs, urls["bus"]), lambda: _received(sqs, urls["contacts"])
    )


def _received(sqs: Any, url: str) -> list[Change]:
    changes: list[Change] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            changes.extend(load_changes(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return changes


def a_change(number: int, side: Side = Side.HUBSPOT, connection: str = "acme") -> Change:
    """A change of record `number`."""
    name = "contact" if side is Side.HUBSPOT else "Lead"
    return Change(
        connection, Kind.CONTACT, Ref(side, name, str(number)), Cause.EDITED, NOON, tries=number % 3
    )


def test_published_changes_are_delivered(outbox: Sent) -> None:
    """Many changes of both sides and two connections are delivered once."""
    changes = [a_change(number) for number in range(1150)]
    changes += [a_change(number, Side.SALESFORCE) for number in range(30)]
    changes += [a_change(number, connection="other") for number in range(30)]

    outbox.port.publish(changes)

    assert sorted(outbox.published(), key=_order) == sorted(changes, key=_order)


def test_delayed_changes_are_sent_to_the_queue_of_their_kind(outbox: Sent) -> None:
    """They are not published on the bus."""
    changes = [(a_change(number), 0) for number in range(250)]

    outbox.port.again(changes)

    assert sorted(outbox.delayed(), key=_order) == sorted(
        (change for change, _ in changes), key=_order
    )
    assert outbox.published() == []


def test_nothing_to_send_is_fine(outbox: Sent) -> None:
    """An empty batch costs nothing."""
    outbox.port.publish([])
    outbox.port.again([])

    assert (outbox.published(), outbox.delayed()) == ([], [])


def _order(change: Change) -> tuple[str, str, int]:
    return (change.connection, str(change.ref.side), int(change.ref.id))
