"""Dead letters on SQS: what fails on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.gateways.aws.dead_letters import SqsDeadLetters
from crmsync.gateways.aws.queues import queue_urls
from crmsync.model.operations.dead_letters import DeadLetter
from tests import aws
from tests.builders import NOON
from tests.contracts.stores.tables import NO_WAIT
from tests.gateways.scripted import Response, aws_client, script


@pytest.fixture
def sqs() -> Iterator[Any]:
    """A stack with one dead letter of contacts, whose own queue is not there."""
    with aws.mock_aws():
        client = aws.client("sqs")
        url = client.create_queue(QueueName="crmsync-ContactDeadLetters-Ab12")["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody="body")
        yield client


def left(sqs: Any) -> list[str]:
    """The bodies of the dead letters after everything received was released."""
    url = queue_urls(sqs, "crmsync")["ContactDeadLetters"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
    return [one["Body"] for one in found]


def test_a_message_stays_if_its_queue_is_not_there(sqs: Any) -> None:
    """The error names the queue."""
    letters = SqsDeadLetters(sqs, "crmsync")
    (received,) = letters.receive("ContactDeadLetters", 1)

    with pytest.raises(Refused, match="The stack crmsync has no queue ContactQueue"):
        letters.move([(received[0], ["body"])])

    letters.release(received)
    assert left(sqs) == ["body"]


@pytest.mark.parametrize(
    "refusal",
    [
        Response({"__type": "ServiceUnavailable"}, status=400),
        Response({"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError"}]}),
    ],
    ids=["call", "row"],
)
def test_a_message_stays_if_it_cannot_be_sent(refusal: Response) -> None:
    """Whether SQS refuses the call or the message, nothing is deleted."""
    letter = DeadLetter("ContactDeadLetters", "m1", "body", 5, NOON, handle="h1")
    names = ("crmsync-ContactDeadLetters-Ab12", "crmsync-ContactQueue-Ab12")
    queues = Response({"QueueUrls": [f"https://sqs.example.com/1/{name}" for name in names]})
    with script(queues, refusal) as server:
        sqs = aws_client(server.url, "sqs")
        letters = SqsDeadLetters(sqs, "crmsync", retry_policy=NO_WAIT)
        with pytest.raises(TryAgain):
            letters.move([(letter, ["body"])])

    asked = [one.headers["X-Amz-Target"].rpartition(".")[2] for one in server.requests]
    assert set(asked) == {"ListQueues", "SendMessageBatch"}
