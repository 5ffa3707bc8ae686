"""What the flows ask of the queues in front of them.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crmsync.model.changes import Change
from crmsync.model.jobs import JobMessage
from crmsync.model.records import Kind
from crmsync.rules.backfill.pacing import Depth


class Outbox(Protocol):
    """Where changes go: to the queue of their concern."""

    def publish(self, changes: Sequence[Change]) -> None:
        """Put changes on the bus, at most 100 per entry.

        Returns only when all are durably accepted; raises `TryAgain` otherwise.
        """

    def again(self, changes: Sequence[tuple[Change, int]]) -> None:
        """Put changes straight into the queue of their concern, each with its delay in seconds.

        A delay is at most 900 seconds. Raises `TryAgain`.
        """


class JobMessages(Protocol):
    """The messages that make jobs go on."""

    def send(self, job_message: JobMessage, *, after: int = 0) -> None:
        """Have a job go on after so many seconds (at most 900).

        Returns only when the message is durably accepted; raises `TryAgain` otherwise.
        """


class Backlog(Protocol):
    """The queues in front of the concerns."""

    def depth(self, kind: Kind) -> Depth:
        """How many messages wait for the concern, as far as the queue knows."""
