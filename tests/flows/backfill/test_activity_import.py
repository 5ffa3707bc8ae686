"""Imports of activities with the real gateways: each one once, whatever ends a worker, and what
they cost.
"""

from __future__ import annotations

import tracemalloc

import pytest

from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.operations.jobs import JobState
from crmsync.model.records import Side
from tests.flows.backfill.activity_imports import WORDS, Imports, imports

MOST_CALLS = {Side.HUBSPOT: 25, Side.SALESFORCE: 6}
"""The most calls for a thousand activities, all that an import needs included."""

PEOPLE = 20

EACH_HAS = 20
"""How many activities of a kind a person has in a large import."""


def import_all(world: Imports, each: int) -> dict[str, JobState]:
    """Import so many activities of each kind; the states of the jobs by kind."""
    people = world.linked_people(max(PEOPLE, each // EACH_HAS))
    for name in WORDS.values():
        world.add(name, each, people)
    world.update_index()
    return {word: job.state for word in WORDS for job in world.run(word)[1]}


def expected(each: int) -> dict[str, list[tuple[str, bool]]]:
    """Every task and event of an import, by its subject, about somebody."""
    subjects = {
        name: [
            f"{name} {at:05d}" if name != "note" else f"Note: note {at:05d}" for at in range(each)
        ]
        for name in WORDS.values()
    }
    events = subjects.pop("meeting")
    return {
        "Task": sorted((one, True) for some in subjects.values() for one in some),
        "Event": [(one, True) for one in events],
    }


@pytest.mark.rule("IMP-1")
@pytest.mark.parametrize("unique", [True, False], ids=["unique", "plain"])
@pytest.mark.parametrize("each", [250, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_activity_is_imported_once_though_workers_are_killed(
    each: int, *, unique: bool
) -> None:
    """Of five kinds, with workers that end at any of their calls, in orgs that keep the key unique
    and in others: one task or event for each, about the person that it was about, and nothing is
    parked.
    """
    with imports(often=0.02, unique=unique) as world:
        states = import_all(world, each)

        assert world.fate.kills
        assert states == dict.fromkeys(WORDS, JobState.DONE)
        assert {name: world.shown(name) for name in ("Task", "Event")} == expected(each)
        assert world.inbox.parked("acme") == []


@pytest.mark.rule("IMP-1")
def test_salesforce_s_tasks_are_imported_kind_by_kind_and_once() -> None:
    """Calls become calls about their person, though workers are killed; tasks that are no calls
    stay where they are, though they sync as well.
    """
    with imports(often=0.05) as world:
        to_hubspot = ActivityKindSettings(sync=ActivitySync.TO_HUBSPOT)
        world.activities = ActivitySettings(calls=to_hubspot, tasks=to_hubspot)
        people = world.linked_people(PEOPLE)
        world.add_tasks(300, people, "Call")
        world.add_tasks(20, people, "Task")
        planned, jobs = world.run("calls")

        assert [job.state for job in jobs] == [JobState.DONE]
        assert planned.estimate.records == 300
        assert world.shown_in_hubspot("call") == [(f"Call {at:05d}", 1) for at in range(300)]
        assert world.shown_in_hubspot("task") == []
        assert world.inbox.parked("acme") == []


@pytest.mark.rule("CH-20")
@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_an_import_takes_few_calls_and_no_more_memory_for_more_calls(count: int) -> None:
    """For a thousand at most 25 calls to HubSpot and six to Salesforce, the count, the owners and
    batches that are not full included; and no batch takes much more memory than the first.
    """
    with imports() as world:
        world.add("call", count, world.linked_people(max(PEOPLE, count // EACH_HAS)))
        world.update_index()
        tracemalloc.start()
        try:
            before = world.calls()
            planned, _ = world.run("calls")
            spent = {side: calls - before[side] for side, calls in world.calls().items()}
        finally:
            tracemalloc.stop()

        per_thousand = {side: calls * 1_000 / count for side, calls in spent.items()}
        assert planned.estimate.records == len(world.shown("Task")) == count
        assert {side: n for side, n in per_thousand.items() if n > MOST_CALLS[side]} == {}
        assert max(world.peaks) <= 1.5 * world.peaks[0]


@pytest.mark.rule("CH-20")
@pytest.mark.parametrize("each", [300, pytest.param(2_000, marks=pytest.mark.long)])
def test_an_import_of_all_kinds_takes_few_calls(each: int) -> None:
    """Five imports, each with its own count, owners and last batch, take for a thousand activities
    at most 25 calls to HubSpot and six to Salesforce once they have thousands.
    """
    with imports() as world:
        people = world.linked_people(PEOPLE)
        for name in WORDS.values():
            world.add(name, each, people)
        world.update_index()
        before = world.calls()
        for word in WORDS:
            world.run(word)
        spent = {side: calls - before[side] for side, calls in world.calls().items()}
        batches = sum(-(-each // 1_000) for _ in WORDS)

        assert sum(len(world.shown(name)) for name in ("Task", "Event")) == each * len(WORDS)
        most = max(each * len(WORDS) / 1_000, batches)
        assert {side: n for side, n in spent.items() if n > MOST_CALLS[side] * most} == {}


@pytest.mark.rule("CH-20")
def test_the_plan_of_an_import_says_how_many_tasks_and_how_much_storage() -> None:
    """Before anything is written; the storage is that of a task in Salesforce, two kilobytes."""
    with imports() as world:
        world.add("meeting", 512, world.linked_people(PEOPLE))
        world.update_index()
        planned = world.admin().plan_import("meetings")

        (remark,) = planned.remarks
        assert remark == (
            "acme: up to 512 tasks and events take up to 1.0 MB of Salesforce's data storage, "
            "2 KB each."
        )
        assert planned.estimate.records == 512
        assert world.shown("Event") == []
