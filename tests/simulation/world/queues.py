"""SQS queues on the virtual clock: hidden messages, redelivery, dead letters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.judges.waits import Waiting, Waits

HIDDEN = timedelta(seconds=720)
MAX_RECEIVES = 5
WINDOW = timedelta(seconds=2)
BATCH = 100
"""VisibilityTimeout, maxReceiveCount, MaximumBatchingWindowInSeconds and BatchSize in
template.yaml.
"""


@dataclass(slots=True)
class Message:
    """A message: when it may be received next, how often it was, and the changes in it, where these
    may not wait too long.
    """

    id: str
    body: str
    at: datetime
    receives: int = 0
    changes: tuple[Waiting, ...] = ()

    def record(self) -> dict[str, Any]:
        """As a Lambda receives it."""
        return {
            "messageId": self.id,
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.receives)},
        }


@dataclass
class Queue:
    """A standard queue and its dead letters. `sent` has every body that was ever put in."""

    name: str
    waits: Waits
    waiting: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def put(self, body: str, at: datetime, changes: tuple[Waiting, ...] = ()) -> None:
        """A message that may be received from `at` on."""
        self.sent.append(body)
        self.waits.come(changes)
        self.waiting.append(Message(f"{self.name}-{len(self.sent)}", body, at, changes=changes))

    def take(self, now: datetime, most: int = BATCH, pick: int = 0) -> list[Message]:
        """Receive messages, beginning with one of those that wait: no order is promised."""
        ready = [one for one in self.waiting if one.at <= now]
        for one in [one for one in ready if one.receives == MAX_RECEIVES]:
            self.waiting.remove(one)
            self.dead.append(one)
            ready.remove(one)
        if ready:
            first = pick % len(ready)
            ready = (ready[first:] + ready[:first])[:most]
        for one in ready:
            one.receives += 1
            one.at = now + HIDDEN
        return ready

    def settle(self, taken: Collection[Message], failed: Collection[str]) -> None:
        """A worker is done: all but the failed messages are deleted."""
        for one in taken:
            if one.id not in failed and one in self.waiting:
                self.waiting.remove(one)
                self.waits.go(one.changes)

    def move_back(self, now: datetime) -> int:
        """Make the dead letters messages again, as ``crmsync dead-letters`` does; returns how many
        there were.
        """
        for one in self.dead:
            self.put(one.body, now)
        moved, self.dead = len(self.dead), []
        return moved

    def next_at(self) -> datetime | None:
        """When the next message may be received."""
        return min([one.at for one in self.waiting]) if self.waiting else None
