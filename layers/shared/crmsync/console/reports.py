"""What the pages are made of: the operator's flows that the console uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.flows.operator.comparisons import CompletenessReader
from crmsync.flows.operator.errors import ErrorAdmin
from crmsync.flows.operator.status import HealthCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The flows behind the pages.

    Attributes:
        health: Reads the state of the deployment.
        errors: Lists and retries what does not sync.
        completeness: Reads how complete each connection is.
        jobs: Starts comparisons, and watches and stops all jobs.
    """

    health: HealthCheck
    errors: ErrorAdmin
    completeness: CompletenessReader
    jobs: JobAdmin

    def on_behalf_of(self, by: str) -> Reports:
        """The same flows, with this identity stored beside what they do."""
        return replace(self, jobs=replace(self.jobs, caller=lambda: by))
