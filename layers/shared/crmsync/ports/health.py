"""What the operator's look at a deployment asks of the outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crmsync.rules.pace import Depth


class Waiting(Protocol):
    """The queues of a deployment."""

    def depths(self) -> Mapping[str, Depth]:
        """How many messages each queue has, dead letters among them, by the queue's name in the template; as far as the queues know."""
