"""The dead-letter queues of a stack, read and emptied one message at a time.

SQS's own StartMessageMoveTask moves all messages of a queue or none, only those that came from
another queue (docs/vendors.md#dead-letters), and knows nothing of the records that they name. So
messages are received, sent and deleted here. A crash between sending and deleting leaves a message
in both queues, which is harmless: a message only names a record to sync.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused
from crmsync.gateways.aws.bus import BATCH, send
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.aws.queues import QueueDepths, queue_urls
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.model.operations.dead_letters import DeadLetter

HIDDEN = 900
"""Seconds for which a received message is hidden, so that no message is received twice by one
command.
"""

WAIT = 1
"""Seconds that a call waits for messages. With any wait SQS asks all its servers, so that an empty
answer means an empty queue.
"""

_DEAD, _ALIVE = "DeadLetters", "Queue"


class SqsDeadLetters:
    """Implements `DeadLetterQueues` on SQS."""

    def __init__(self, sqs: Any, stack: str, *, retry_policy: RetryPolicy | None = None) -> None:
        """Use the boto3 client `sqs` and the queues of the stack of that name."""
        self._sqs = sqs
        self._stack = stack
        self._retry_policy = retry_policy or RetryPolicy()
        self._found: Mapping[str, str] | None = None

    def counts(self) -> Mapping[str, int]:
        """How many messages are ready in each queue that has some. Raises `TryAgain`."""
        depths = QueueDepths(self._sqs, self._stack).depths()
        return {
            name: depth.ready
            for name, depth in depths.items()
            if name.endswith(_DEAD) and depth.ready
        }

    def receive(self, queue: str, most: int) -> Iterator[Sequence[DeadLetter]]:
        """Receive up to `most` messages, at most ten at a time. Raises `TryAgain`."""
        left = most
        while left > 0:
            with _aws_errors():
                answer = self._sqs.receive_message(
                    QueueUrl=self._url(queue),
                    MaxNumberOfMessages=min(BATCH, left),
                    VisibilityTimeout=HIDDEN,
                    WaitTimeSeconds=WAIT,
                    MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                    MessageAttributeNames=["ERROR_CODE"],
                )
            letters = [_letter(queue, row) for row in answer.get("Messages") or ()]
            if not letters:
                return
            left -= len(letters)
            yield letters

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """Show received messages again at once. Raises `TryAgain`."""
        for part in chunks(list(letters), BATCH):
            entries = [{**entry, "VisibilityTimeout": 0} for entry in _entries(part)]
            with _aws_errors():
                self._sqs.change_message_visibility_batch(
                    QueueUrl=self._url(part[0].queue), Entries=entries
                )

    def move(self, letters: Sequence[tuple[DeadLetter, Sequence[str]]]) -> None:
        """Send messages back to the queue that they came from, then delete them. Raises `TryAgain`,
        and `Refused` if the stack does not have that queue.
        """
        if not letters:
            return
        queue = letters[0][0].queue
        messages = [{"MessageBody": body} for _, bodies in letters for body in bodies]
        with _aws_errors():
            target = self._url(queue.removesuffix(_DEAD) + _ALIVE)
        send(self._sqs, target, messages, self._retry_policy)
        for part in chunks([letter for letter, _ in letters], BATCH):
            with _aws_errors():
                self._sqs.delete_message_batch(QueueUrl=self._url(queue), Entries=_entries(part))

    def _url(self, queue: str) -> str:
        if self._found is None:
            self._found = queue_urls(self._sqs, self._stack)
        if queue not in self._found:
            raise Refused(f"The stack {self._stack} has no queue {queue}.", code="QUEUE")
        return self._found[queue]


@contextmanager
def _aws_errors() -> Iterator[None]:
    """Raise AWS's errors as ours."""
    try:
        yield
    except (BotoCoreError, ClientError) as problem:
        raise aws_error(problem, "The queue") from None


def _entries(letters: Sequence[DeadLetter]) -> list[dict[str, Any]]:
    return [{"Id": str(at), "ReceiptHandle": one.handle} for at, one in enumerate(letters)]


def _letter(queue: str, row: Mapping[str, Any]) -> DeadLetter:
    attributes = row["Attributes"]
    undelivered = (row.get("MessageAttributes") or {}).get("ERROR_CODE") or {}
    return DeadLetter(
        queue,
        row["MessageId"],
        row["Body"],
        int(attributes["ApproximateReceiveCount"]),
        datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
        str(undelivered.get("StringValue") or ""),
        row["ReceiptHandle"],
    )
