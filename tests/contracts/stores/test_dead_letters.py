"""The dead-letter queues behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.gateways.aws.dead_letters import SqsDeadLetters
from crmsync.gateways.aws.queues import queue_urls
from crmsync.model.operations.dead_letters import DeadLetter
from crmsync.ports.queues import DeadLetterQueues
from tests import aws
from tests.builders import NOON
from tests.memory import MemoryDeadLetters

QUEUES = ("ContactQueue", "ContactDeadLetters", "AccountQueue", "AccountDeadLetters")
ERROR = {"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}}


class Dead:
    """Dead-letter queues with twelve messages of contacts, and how to see what is in a queue."""

    def __init__(self, queues: DeadLetterQueues, sqs: Any = None) -> None:
        """Look into SQS, or into the memory version."""
        self.queues = queues
        self._sqs = sqs

    def moved(self) -> list[str]:
        """The bodies that are in the queue of contacts again."""
        if self._sqs is None:
            return sorted(body for name, body in self.queues.sent if name == "ContactQueue")
        url = queue_urls(self._sqs, "crmsync")["ContactQueue"]
        found = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return sorted(one["Body"] for one in found.get("Messages", ()))


@pytest.fixture(params=["memory", "sqs"])
def dead(request: pytest.FixtureRequest) -> Iterator[Dead]:
    """Each implementation in turn."""
    if request.param == "memory":
        letters = [
            DeadLetter("ContactDeadLetters", str(number), f"body {number}", 0, NOON)
            for number in range(12)
        ]
        yield Dead(
            MemoryDeadLetters(replace(letters[0], undelivered="NO_PERMISSIONS"), *letters[1:])
        )
        return
    with aws.mock_aws():
        sqs = aws.client("sqs")
        for name in QUEUES:
            sqs.create_queue(QueueName=f"crmsync-{name}-Ab12")
        url = queue_urls(sqs, "crmsync")["ContactDeadLetters"]
        for number in range(12):
            attributes = {} if number else ERROR
            sqs.send_message(
                QueueUrl=url, MessageBody=f"body {number}", MessageAttributes=attributes
            )
        yield Dead(SqsDeadLetters(sqs, "crmsync"), sqs)


def test_only_queues_with_dead_letters_are_counted(dead: Dead) -> None:
    """Ordinary queues and empty ones are left out."""
    assert dead.queues.counts() == {"ContactDeadLetters": 12}


def test_each_message_is_received_once_and_then_hidden(dead: Dead) -> None:
    """A few come at a time, no more than are wanted, and none twice."""
    first = [one for part in dead.queues.receive("ContactDeadLetters", 11) for one in part]
    rest = [one for part in dead.queues.receive("ContactDeadLetters", 1) for one in part]

    assert (len(first), len(rest)) == (11, 1)
    assert {one.body for one in (*first, *rest)} == {f"body {number}" for number in range(12)}
    assert {one.undelivered for one in (*first, *rest) if one.body == "body 0"} == {
        "NO_PERMISSIONS"
    }
    assert {one.undelivered for one in (*first, *rest) if one.body != "body 0"} == {""}
    assert dead.queues.counts() == {}


def test_released_messages_show_at_once(dead: Dead) -> None:
    """All of them, however many calls that takes."""
    received = [one for part in dead.queues.receive("ContactDeadLetters", 12) for one in part]
    dead.queues.release(received)

    assert dead.queues.counts() == {"ContactDeadLetters": 12}


def test_moved_messages_are_in_their_queue_and_no_dead_letters_any_more(dead: Dead) -> None:
    """Each is sent with the bodies that are given; the others stay."""
    (letters,) = dead.queues.receive("ContactDeadLetters", 3)
    dead.queues.move([(letters[0], ["a", "b"]), (letters[1], ["c"])])
    dead.queues.move([])
    dead.queues.release([letters[2]])

    assert dead.moved() == ["a", "b", "c"]
    assert dead.queues.counts() == {"ContactDeadLetters": 10}
