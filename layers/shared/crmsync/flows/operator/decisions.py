"""What an operator has decided about records, kept as jobs that are over: how many, and who."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crmsync.model.operations.jobs import Job, JobState, JobStep, JobType
from crmsync.model.records import Side
from crmsync.ports.stores import Jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLog:
    """Where decisions are kept.

    Attributes:
        jobs: The stored jobs.
        new_id: Makes the id of a job.
        now: The clock (UTC).
        caller: The identity that a decision is kept with.
    """

    jobs: Jobs
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    caller: Callable[[], str] = lambda: ""

    def add(
        self, connection: str, decision: JobType, counts: Mapping[tuple[Side, str], int]
    ) -> None:
        """Keep a decision about so many records of these sides and objects. Raises `TryAgain`."""
        now = self.now()
        steps = tuple(
            JobStep(side, name, total=number) for (side, name), number in sorted(counts.items())
        )
        self.jobs.save(
            Job(
                connection,
                self.new_id(),
                decision,
                steps,
                started_at=now,
                moved_at=now,
                state=JobState.DONE,
                at=len(steps),
                queued=sum(counts.values()),
                by=self.caller(),
            )
        )
