"""What is asked of the outside about its own state: queue depths and Salesforce's calls of the day.

The operator's status asks, and so do flows that have to spare calls. The law of `crmsync.ports`
holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crmsync.model.operations.calls import DailyCalls
from crmsync.rules.backfill.pacing import Depth


class QueueMonitor(Protocol):
    """The queues of a deployment."""

    def depths(self) -> Mapping[str, Depth]:
        """Queue name in the template -> how many messages it has, as far as the queue knows.

        Dead letter queues are included.
        """


class Quota(Protocol):
    """Salesforce's daily limit of calls."""

    def calls(self) -> DailyCalls:
        """The calls of the last 24 hours, of all clients. One call."""
