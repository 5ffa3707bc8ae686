"""The e-mail tasks' queue: windows of the event log that wait to be worked through. Nothing is
dropped: a call returns when SQS has all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmsync.gateways.aws.bus import LONGEST_DELAY, send
from crmsync.gateways.retry import Patience
from crmsync.model.mail import Window
from crmsync.wire.mail_window import dump


class WindowSender:
    """Implements `WindowQueue` on SQS."""

    def __init__(self, sqs: Any, queue: str, *, patience: Patience | None = None) -> None:
        """Send with the boto3 client `sqs` to the URL `queue`."""
        self._sqs = sqs
        self._queue = queue
        self._patience = patience or Patience()

    def queue(self, windows: Sequence[tuple[Window, int]]) -> None:
        """Put windows there, each to be worked on after so many seconds. Raises `TryAgain` unless
        all were accepted.
        """
        messages = [
            {"MessageBody": dump(window), "DelaySeconds": min(max(after, 0), LONGEST_DELAY)}
            for window, after in windows
        ]
        send(self._sqs, self._queue, messages, self._patience)
