"""What the pages are made of: the operator's flows that the console uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.flows.operator.conflicts import ConflictReader
from crmsync.flows.operator.errors import ErrorAdmin
from crmsync.flows.operator.fields import FieldMapReader
from crmsync.flows.operator.health.comparisons import CompletenessReader
from crmsync.flows.operator.health.status import HealthCheck
from crmsync.flows.operator.health.throughput import ThroughputReader
from crmsync.flows.operator.over_limit import OverLimitAdmin
from crmsync.flows.operator.records import RecordAdmin
from crmsync.flows.operator.settings import SettingsAdmin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The flows behind the pages.

    Attributes:
        health: Reads the state of the deployment.
        throughput: Reads how many changes were carried over, and how long they took.
        errors: Lists and retries what does not sync.
        over_limit: Releases or drops what a limit holds back.
        completeness: Reads how complete each connection is.
        jobs: Starts comparisons, and watches and stops all jobs.
        settings: Shows settings; the console has no rights to push any.
        records: Finds and shows single records.
        fields: Reads the field maps; asks both CRMs only if a person asks.
        conflicts: Reads the log of conflicts.
    """

    health: HealthCheck
    throughput: ThroughputReader
    errors: ErrorAdmin
    over_limit: OverLimitAdmin
    completeness: CompletenessReader
    jobs: JobAdmin
    settings: SettingsAdmin
    records: RecordAdmin
    fields: FieldMapReader
    conflicts: ConflictReader

    def on_behalf_of(self, by: str) -> Reports:
        """The same flows, with this identity stored beside what they do."""
        jobs = replace(self.jobs, caller=lambda: by)
        decisions = replace(self.errors.decisions, caller=lambda: by)
        return replace(
            self,
            errors=replace(self.errors, decisions=decisions),
            over_limit=replace(self.over_limit, decisions=decisions),
            jobs=jobs,
            records=replace(self.records, jobs=jobs),
        )
