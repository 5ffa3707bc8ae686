"""The store of jobs behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.errors import Conflict
from crmsync.model.operations.comparison import Comparison, Discrepancy, Standing
from crmsync.model.operations.jobs import Job, JobCounts, JobState, JobType, without_findings
from crmsync.model.records import Ref, Side
from tests.builders import a_job, at
from tests.contracts.stores.tables import jobs_on_dynamodb
from tests.memory import MemoryJobs


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryJobs()
    else:
        with jobs_on_dynamodb() as table:
            yield table


def test_a_job_is_read_back_completely(jobs: Any) -> None:
    """Steps, times and position are read back, under the next version."""
    job = a_job(after="003000000000001AAA", queued=7, listed_at=at(5), trouble="Waits.", limit=9)

    saved = jobs.save(job)

    assert saved == replace(job, version=1)
    assert jobs.load("acme", job.id) == saved
    assert jobs.load("beta", job.id) is None
    assert jobs.load("acme", "other") is None


def test_of_two_concurrent_saves_the_second_is_a_conflict(jobs: Any) -> None:
    """Only the newest version can be replaced."""
    first = jobs.save(a_job())
    second = jobs.save(replace(first, queued=100))

    for late in (a_job(), first, replace(second, version=9)):
        with pytest.raises(Conflict):
            jobs.save(late)
    assert jobs.load("acme", first.id) == second


def test_jobs_are_listed_newest_first_and_by_connection(jobs: Any) -> None:
    """Jobs that are over are listed, too."""
    old = jobs.save(a_job(id="aaa", started_at=at(-5), state=JobState.DONE))
    new = jobs.save(a_job(id="bbb"))
    other = jobs.save(a_job(id="ccc", connection="beta"))

    assert (jobs.all("acme"), jobs.all("beta"), jobs.all("gamma")) == ([new, old], [other], [])


def test_jobs_that_are_over_are_left_out_where_only_the_others_count(jobs: Any) -> None:
    """Paused ones can still go on; the newest comes first."""
    old = jobs.save(a_job(id="aaa", started_at=at(-5), state=JobState.PAUSED))
    ended = jobs.save(a_job(id="bbb"))
    new = jobs.save(a_job(id="ddd", started_at=at(5)))
    jobs.save(replace(ended, state=JobState.CANCELLED))
    jobs.save(a_job(id="ccc", state=JobState.DONE))
    jobs.save(a_job(id="eee", connection="beta"))

    assert jobs.not_over("acme") == [new, old]


def a_comparison(**more: Any) -> Job:
    """A comparison that has found a contact without a counterpart."""
    found = Discrepancy(Ref(Side.HUBSPOT, "contact", "81"), Standing.MISSING, "would create a lead")
    comparison = Comparison().counting(found.ref, found.standing).finding(found, is_repaired=False)
    return a_job(type=JobType.VERIFY, comparison=comparison, **more)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.CANCELLED])
@pytest.mark.rule("CH-31")
def test_a_comparison_that_is_over_is_listed_without_its_findings(
    jobs: Any, state: JobState
) -> None:
    """Its counts are there; by itself it is read back completely."""
    running = jobs.save(a_comparison())
    assert jobs.all("acme") == jobs.not_over("acme") == [running]

    over = jobs.save(replace(running, state=state))

    assert jobs.all("acme") == [without_findings(over)]
    assert jobs.all("acme")[0].comparison.objects[0].found == 1
    assert jobs.load("acme", over.id) == over
    assert over.comparison.objects[0].findings


def test_what_a_late_worker_has_found_is_not_kept(jobs: Any) -> None:
    """Of two that end the same comparison the first counts, with what it has found."""
    running = jobs.save(a_comparison())
    first = jobs.save(replace(running, state=JobState.CANCELLED))
    more = Discrepancy(Ref(Side.HUBSPOT, "contact", "82"), Standing.DIFFERENT, "would write phone")
    late = replace(
        running,
        state=JobState.DONE,
        comparison=running.comparison.finding(more, is_repaired=False),
    )

    with pytest.raises(Conflict):
        jobs.save(late)

    assert jobs.load("acme", first.id) == first


@pytest.mark.rule("ACC-4")
def test_the_first_time_an_import_finished_is_kept(jobs: Any) -> None:
    """Per connection and object; a second import does not change it."""
    assert jobs.imported("acme", "Account") is None

    jobs.mark_imported("acme", "Account", at(1))
    jobs.mark_imported("acme", "Account", at(9))

    assert jobs.imported("acme", "Account") == at(1)
    assert (jobs.imported("acme", "Lead"), jobs.imported("beta", "Account")) == (None, None)


def test_all_finished_imports_of_a_connection_are_known(jobs: Any) -> None:
    """By object; those of another connection are not among them."""
    jobs.mark_imported("acme", "Account", at(1))
    jobs.mark_imported("acme", "Lead", at(2))
    jobs.mark_imported("beta", "Contact", at(3))

    assert jobs.imports("acme") == {"Account": at(1), "Lead": at(2)}
    assert jobs.imports("gamma") == {}


def test_what_became_of_records_is_added_up(jobs: Any) -> None:
    """By connection and job, whether the job is known or not."""
    jobs.count("acme", "aaa", JobCounts(made=2, refused=1), at(0))
    jobs.count("acme", "aaa", JobCounts(made=1, linked=4), at(1))
    jobs.count("acme", "bbb", JobCounts(linked=1), at(1))
    jobs.count("beta", "aaa", JobCounts(made=9), at(1))

    assert [jobs.counts(name) for name in ("acme", "beta", "gamma")] == [
        {"aaa": JobCounts(3, 4, 1), "bbb": JobCounts(linked=1)},
        {"aaa": JobCounts(made=9)},
        {},
    ]
