"""The nightly comparison: one job for each connection, whatever became of the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.flows.comparison.start import STILL, start_comparisons
from crmsync.model.operations.comparison import Comparison
from crmsync.model.operations.jobs import LINKS, Job, JobMessage, JobState, JobStep, JobType
from crmsync.model.records import Side
from crmsync.model.settings import Settings
from tests.builders import NOON, a_connection, a_job
from tests.memory import MemoryInbox, MemoryJobMessages, MemoryJobs


class Night:
    """Stored jobs of the connection acme, and who starts the next comparison."""

    def __init__(self, *jobs: Job) -> None:
        """Store these jobs."""
        self.jobs, self.job_messages = MemoryJobs(), MemoryJobMessages()
        for job in jobs:
            self.jobs.save(job)
        self.admin = JobAdmin(
            settings=lambda: Settings((a_connection(),)),
            jobs=self.jobs,
            job_messages=self.job_messages,
            lister=lambda _connection, _side: pytest.fail("no CRM is asked"),
            new_id=iter(("v9", "t1")).__next__,
            now=lambda: NOON,
            sleep=lambda _seconds: None,
            inbox=MemoryInbox(),
            reader=lambda _connection, _side: pytest.fail("no CRM is asked"),
            caller=lambda: "schedule",
        )

    def start(self, *, repairs: bool = False) -> list[str]:
        """Start the comparison; the ids of the jobs that began."""
        return [job.id for job in start_comparisons(self.admin, ["acme"], repairs=repairs)]

    def states(self) -> dict[str, JobState]:
        """The states of all jobs."""
        return {job.id: job.state for job in self.jobs.all("acme")}


def earlier(state: JobState, moved: object = NOON) -> Job:
    """A comparison that began before."""
    return a_job(id="v1", type=JobType.VERIFY, state=state, moved_at=moved)


@pytest.mark.rule("CH-31")
def test_a_comparison_begins_without_a_call() -> None:
    """It walks through the links and then through the objects that are switched on."""
    night = Night()

    assert night.start(repairs=True) == ["v9"]

    (job,) = night.jobs.all("acme")
    assert (job.type, job.by, job.comparison) == (JobType.VERIFY, "schedule", Comparison(True))
    assert job.steps == (
        JobStep(Side.HUBSPOT, LINKS),
        JobStep(Side.SALESFORCE, "Account"),
        JobStep(Side.HUBSPOT, "company"),
        JobStep(Side.SALESFORCE, "Contact"),
        JobStep(Side.SALESFORCE, "Lead"),
        JobStep(Side.HUBSPOT, "contact"),
    )
    assert (job.turn, job.turn_token) == (1, "t1")
    assert [one for one, _ in night.job_messages.sent] == [JobMessage("acme", "v9", 1, "t1")]


@pytest.mark.rule("CH-31")
@pytest.mark.parametrize(
    ("before", "began", "states"),
    [
        pytest.param(earlier(JobState.RUNNING), [], {"v1": "running"}, id="running"),
        pytest.param(
            earlier(JobState.RUNNING, NOON - STILL),
            ["v9"],
            {"v1": "cancelled", "v9": "running"},
            id="stuck",
        ),
        pytest.param(
            earlier(JobState.PAUSED), ["v9"], {"v1": "cancelled", "v9": "running"}, id="stopped"
        ),
        pytest.param(earlier(JobState.DONE), ["v9"], {"v1": "done", "v9": "running"}, id="done"),
        pytest.param(
            replace(earlier(JobState.RUNNING), type=JobType.RESYNC),
            ["v9"],
            {"v1": "running", "v9": "running"},
            id="a resync",
        ),
    ],
)
def test_one_comparison_runs_at_a_time(
    before: Job, began: list[str], states: dict[str, str]
) -> None:
    """One that runs goes on; one that has stopped or does not move makes room for the next."""
    night = Night(before)
    assert (night.start(), night.states()) == (began, states)


def test_a_connection_with_nothing_switched_on_is_left_out() -> None:
    """There is nothing to compare, and nobody has to be told every night."""
    night = Night()
    off = a_connection(sync=False)
    quiet = replace(off, companies=replace(off.companies, sync=False))
    night.admin = replace(night.admin, settings=lambda: Settings((quiet,)))
    assert (night.start(), night.states()) == ([], {})
