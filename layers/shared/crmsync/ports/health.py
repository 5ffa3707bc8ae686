"""What is asked of the outside about how it is: by the operator's look at a deployment, and by
flows that spare calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crmsync.rules.backfill.pacing import Depth, KnownCalls


class Waiting(Protocol):
    """The queues of a deployment."""

    def depths(self) -> Mapping[str, Depth]:
        """How many messages each queue has, dead letters among them, by the queue's name in the
        template; as far as the queues know.
        """


class Meter(Protocol):
    """What Salesforce's answers tell of the day's calls by the way."""

    def known(self) -> KnownCalls | None:
        """The calls of the last 24 hours, everybody's, as the newest answer in this process told
        them; None before. Costs no call.
        """
