"""What the store of jobs does behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.errors import Conflict
from crmsync.model.jobs import JobState
from tests.builders import a_job, at
from tests.contracts.tables import jobs_on_dynamodb
from tests.memory import MemoryJobs


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryJobs()
    else:
        with jobs_on_dynamodb() as table:
            yield table


def test_a_job_comes_back_whole(jobs: Any) -> None:
    """Legs, times, place and all, under the next version."""
    job = a_job(after="003000000000001AAA", queued=7, listed_at=at(5), trouble="Waits.", limit=9)

    saved = jobs.save(job)

    assert saved == replace(job, version=1)
    assert jobs.load("acme", job.id) == saved
    assert jobs.load("beta", job.id) is None
    assert jobs.load("acme", "other") is None


def test_the_second_of_two_that_meet_is_told(jobs: Any) -> None:
    """Only who has seen the newest version may store the next one."""
    first = jobs.save(a_job())
    second = jobs.save(replace(first, queued=100))

    for late in (a_job(), first, replace(second, version=9)):
        with pytest.raises(Conflict):
            jobs.save(late)
    assert jobs.load("acme", first.id) == second


def test_jobs_are_listed_newest_first_and_by_connection(jobs: Any) -> None:
    """Those that are over stay to be looked at."""
    old = jobs.save(a_job(id="aaa", started_at=at(-5), state=JobState.DONE))
    new = jobs.save(a_job(id="bbb"))
    other = jobs.save(a_job(id="ccc", connection="beta"))

    assert (jobs.all("acme"), jobs.all("beta"), jobs.all("gamma")) == ([new, old], [other], [])


@pytest.mark.rule("ACC-4")
def test_a_finished_import_is_remembered_from_its_first_time(jobs: Any) -> None:
    """Per connection and object; a second import changes nothing."""
    assert jobs.imported("acme", "Account") is None

    jobs.mark_imported("acme", "Account", at(1))
    jobs.mark_imported("acme", "Account", at(9))

    assert jobs.imported("acme", "Account") == at(1)
    assert (jobs.imported("acme", "Lead"), jobs.imported("beta", "Account")) == (None, None)
