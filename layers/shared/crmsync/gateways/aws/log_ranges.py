"""The e-mail tasks' queue: ranges of the event log to read. A call returns only when SQS has
accepted all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmsync.gateways.aws.bus import LONGEST_DELAY, send
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.mail import LogRange
from crmsync.wire.range_messages import dump_range


class RangeSender:
    """Implements `RangeQueue` on SQS."""

    def __init__(self, sqs: Any, queue: str, *, retry_policy: RetryPolicy | None = None) -> None:
        """Send with the boto3 client `sqs` to the URL `queue`."""
        self._sqs = sqs
        self._queue = queue
        self._retry_policy = retry_policy or RetryPolicy()

    def queue(self, windows: Sequence[tuple[LogRange, int]]) -> None:
        """Queue ranges, each with a delay in seconds. Raises `TryAgain` unless all were
        accepted.
        """
        messages = [
            {"MessageBody": dump_range(window), "DelaySeconds": min(max(after, 0), LONGEST_DELAY)}
            for window, after in windows
        ]
        send(self._sqs, self._queue, messages, self._retry_policy)
