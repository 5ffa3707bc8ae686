"""What the flows ask of the queues in front of them.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crmsync.model.changes import Change
    from crmsync.model.operations.dead_letters import DeadLetter
    from crmsync.model.operations.jobs import JobMessage
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


class DeadLetterQueues(Protocol):
    """The dead-letter queues of a deployment, by their names in the template."""

    def counts(self) -> Mapping[str, int]:
        """How many messages are ready in each queue that has some. Raises `TryAgain`."""

    def receive(self, queue: str, most: int) -> Iterator[Sequence[DeadLetter]]:
        """Receive messages, a few at a time, until there are no more or `most` were received.

        Each is hidden from everybody for a while. Raises `TryAgain`.
        """

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """Show received messages again at once. Raises `TryAgain`; they then show by themselves
        after a while.
        """

    def move(self, letters: Sequence[tuple[DeadLetter, Sequence[str]]]) -> None:
        """Send messages of one queue back to the queue that they came from, and delete them. Each
        comes with the bodies to send in its place.

        Nothing is deleted before everything is sent. Raises `TryAgain`: some may then be sent and
        still be dead letters.
        """
