"""SQS to Lambda: what AWS's event source mapping does between a queue and a function.

Law: polls for one mapping. Messages, visibility, receive counts and dead letters are moto's; which
message is done is decided here, by the documented rules ("Using Lambda with Amazon SQS" [D]).
Without ReportBatchItemFailures a batch is done or failed as a whole. With it, the listed messages
come back after the queue's visibility timeout. An unreadable answer or a failed call fails the
whole batch. The batching window is not waited out: all messages that are ready are offered at once,
up to the batch size and the payload limit. With several workers the messages are dealt out one by
one among as many workers as the mapping allows, and their batches run side by side, as AWS's
pollers share a queue.

Fault kinds (``at`` "queue"): ``duplicate`` delivers one message a second time, after its batch;
``reorder`` hands out everything that is ready newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from local.stack.aws import Aws
from local.stack.lambdas.lambdas import Lambdas, Outcome
from local.stack.template.template import REGION, QueueMapping
from simulators.clock import Clock
from simulators.faults import Faults

MAX_PER_RECEIVE = 10
PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of messages that one call may carry [D]."""

Message = dict[str, Any]


class QueuePoller:
    """A `Mover` that offers a queue's messages to its function."""

    def __init__(
        self,
        mapping: QueueMapping,
        aws: Aws,
        lambdas: Lambdas,
        faults: Faults,
        clock: Clock,
        *,
        workers: int = 1,
    ) -> None:
        """Poll nothing yet."""
        self._mapping = mapping
        self._at_once = mapping.side_by_side(workers)
        self._aws = aws
        self._lambdas = lambdas
        self._faults = faults
        self._clock = clock
        self._name = mapping.queue_arn.rpartition(":")[2]
        self._url = f"https://sqs.{REGION}.amazonaws.com/{aws.account}/{self._name}"

    def move(self) -> bool:
        """Offer everything that is ready, batch by batch; return whether there was anything."""
        self._forget_expired()
        if not self._ready():
            return False
        newest_first = self._faults.take("queue", "reorder") is not None
        messages = self._receive(None if newest_first else self._mapping.batch_size * self._at_once)
        if newest_first:
            messages.reverse()
        hands = [messages[first :: self._at_once] for first in range(self._at_once)]
        for batches in zip_longest(*(_batches(hand, self._mapping.batch_size) for hand in hands)):
            self._offer([batch for batch in batches if batch])
        return True

    def next_ms(self) -> int | None:
        """Return when the next hidden message becomes visible, None when the queue is empty."""
        return min((_visible_ms(message) for message in self._queue()._messages), default=None)  # noqa: SLF001

    def _queue(self) -> Any:
        return self._aws.backend("sqs").queues[self._name]

    def _forget_expired(self) -> None:
        """Drop the messages that are older than the queue's retention.

        moto keeps them, and then hands out nothing that lies behind them.
        """
        queue = self._queue()
        oldest = self._clock.now_ms() - int(queue.message_retention_period) * 1000
        messages = queue._messages  # noqa: SLF001
        if any(message.sent_timestamp < oldest for message in messages):
            young = [message for message in messages if message.sent_timestamp >= oldest]
            queue._messages = young  # noqa: SLF001

    def _ready(self) -> bool:
        now = self._clock.now_ms()
        return any(_visible_ms(message) <= now for message in self._queue()._messages)  # noqa: SLF001

    def _receive(self, most: int | None) -> list[Message]:
        messages: list[Message] = []
        while self._ready() and (most is None or len(messages) < most):
            count = MAX_PER_RECEIVE if most is None else min(MAX_PER_RECEIVE, most - len(messages))
            answer = self._aws.queues.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=count,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            if "Messages" not in answer:
                break
            messages += answer["Messages"]
        return messages

    def _offer(self, batches: Sequence[Sequence[Message]]) -> None:
        """Call the function with `batches` side by side, then with what a fault delivers a second
        time.
        """
        again = [
            [message for message in batch if self._faults.take("queue", "duplicate")]
            for batch in batches
        ]
        for batch, outcome in zip(batches, self._call(batches), strict=True):
            self._finish(batch, outcome)
        repeated = [batch for batch in again if batch]
        if repeated:
            self._call(repeated)

    def _finish(self, batch: Sequence[Message], outcome: Outcome) -> None:
        failed = self._failed(outcome, batch)
        done = [message for message in batch if message["MessageId"] not in failed]
        for start in range(0, len(done), MAX_PER_RECEIVE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(done[start : start + MAX_PER_RECEIVE])
            ]
            self._aws.queues.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _call(self, batches: Sequence[Sequence[Message]]) -> list[Outcome]:
        events = [
            {"Records": [_record(message, self._mapping.queue_arn) for message in batch]}
            for batch in batches
        ]
        return self._lambdas.invoke_side_by_side(self._mapping.function, events)

    def _failed(self, outcome: Outcome, batch: Sequence[Message]) -> set[str]:
        everything = {message["MessageId"] for message in batch}
        if not outcome.ok:
            return everything
        if not self._mapping.partial_failures or not outcome.answer:
            return set()
        try:
            listed = {
                item["itemIdentifier"] for item in outcome.answer.get("batchItemFailures") or []
            }
        except (AttributeError, KeyError, TypeError):
            return everything
        return listed if listed.issubset(everything) else everything


def _visible_ms(message: Any) -> int:
    return int(max(message.visible_at, message.delayed_until)) + 1


def _batches(messages: Sequence[Message], size: int) -> list[list[Message]]:
    batches: list[list[Message]] = []
    room = 0
    for message in messages:
        length = len(message["Body"].encode())
        if not batches or len(batches[-1]) >= size or length > room:
            batches.append([])
            room = PAYLOAD_LIMIT
        batches[-1].append(message)
        room -= length
    return batches


def _record(message: Message, queue_arn: str) -> dict[str, Any]:
    attributes = {
        name: {f"{key[0].lower()}{key[1:]}": value for key, value in attribute.items()}
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }
