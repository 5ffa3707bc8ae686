"""Where changes are sent: to the event bus, whose rules route them to the queue of their kind, or
straight to that queue with a delay.

A call returns only when AWS has accepted everything. Sending a change twice is harmless, as it only
names a record to sync.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.model.changes import Change
from crmsync.model.records import Kind, Side
from crmsync.wire.queue_messages import dump_changes

BATCH = 10
"""Entries per PutEvents call, and messages per SendMessageBatch call."""

LONGEST_DELAY = 900
"""Seconds for which SQS can delay a message."""


class EventOutbox:
    """Implements `Outbox` on EventBridge and SQS.

    Attributes:
        accepted: The ids of the events that the last `publish` has put on the bus. The messages
            that their rules queue have the same ids, so log lines can be matched by them.
    """

    def __init__(
        self,
        events: Any,
        sqs: Callable[[], Any],
        bus: str,
        queues: Mapping[Kind, str],
        *,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """Publish with the boto3 client `events` on the bus named `bus`; send with the client that
        `sqs` returns to the queue URL of each kind. A function that only publishes makes none.
        """
        self._events = events
        self._sqs = sqs
        self._bus = bus
        self._queues = queues
        self._retry_policy = retry_policy or RetryPolicy()
        self.accepted: list[str] = []

    def publish(self, changes: Sequence[Change]) -> None:
        """Publish changes on the bus. Raises `TryAgain` unless all were accepted."""
        ordered = sorted(changes, key=lambda change: (change.kind, change.ref.side))
        entries = [
            self._entry(kind, side, text)
            for (kind, side), group in groupby(
                ordered, key=lambda change: (change.kind, change.ref.side)
            )
            for text in dump_changes(list(group))
        ]
        self.accepted = []
        for part in chunks(entries, BATCH):
            self._put(part)

    def again(self, changes: Sequence[tuple[Change, int]]) -> None:
        """Send changes to the queue of their kind, each with a delay in seconds. Raises `TryAgain`
        unless all were accepted.
        """
        ordered = sorted(changes, key=lambda row: (row[0].kind, row[1]))
        for kind, of_kind in groupby(ordered, key=lambda row: row[0].kind):
            messages = [
                {"MessageBody": text, "DelaySeconds": min(max(after, 0), LONGEST_DELAY)}
                for after, group in groupby(of_kind, key=lambda row: row[1])
                for text in dump_changes([change for change, _ in group])
            ]
            send(self._sqs(), self._queues[kind], messages, self._retry_policy)

    def _entry(self, kind: Kind, side: Side, text: str) -> dict[str, str]:
        return {
            "EventBusName": self._bus,
            "Source": f"crmsync.{side}",
            "DetailType": f"{kind}.changed",
            "Detail": text,
        }

    def _put(self, entries: list[dict[str, str]]) -> None:
        attempt = 1
        while True:
            try:
                answer = self._events.put_events(Entries=entries)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, "The event bus") from None
            results = answer.get("Entries") or ()
            self.accepted += [one["EventId"] for one in results if one.get("EventId")]
            entries = [
                entry
                for entry, result in zip(entries, results, strict=True)
                if not result.get("EventId")
            ]
            if not entries:
                return
            if not self._retry_policy.sleep_after(attempt):
                raise TryAgain(
                    "The event bus did not accept all changes.", after=30, code="FailedEntryCount"
                )
            attempt += 1


def send(
    sqs: Any, queue: str, messages: Sequence[Mapping[str, Any]], retry_policy: RetryPolicy
) -> None:
    """Send messages (as SendMessageBatch takes them, without ids) to a queue. Raises `TryAgain`
    unless all were accepted.
    """
    for part in chunks(list(messages), BATCH):
        _send(sqs, queue, part, retry_policy)


def _send(
    sqs: Any, queue: str, messages: list[Mapping[str, Any]], retry_policy: RetryPolicy
) -> None:
    attempt = 1
    while True:
        entries = [{"Id": str(at), **message} for at, message in enumerate(messages)]
        try:
            answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The queue") from None
        messages = [messages[int(failed["Id"])] for failed in answer.get("Failed") or ()]
        if not messages:
            return
        if not retry_policy.sleep_after(attempt):
            raise TryAgain(
                "The queue did not accept all changes.", after=30, code="BatchRequestFailed"
            )
        attempt += 1
