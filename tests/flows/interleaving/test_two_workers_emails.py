"""Two workers at the e-mail events of one person, one of them stopped or killed at every call: each
event counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.email.make_tasks import make_tasks
from crmsync.flows.email.scan import queue_events
from crmsync.flows.email.task_run import TaskContext
from crmsync.model.mail import LogRange
from crmsync.model.settings import EmailTaskSettings, Repeat
from tests.flows.interleaving.gate import VISIBILITY_MINUTES, Gate, GatedPort, KilledError
from tests.memory.email_world import MemoryEmailWorld, opened

MINUTE = 60_000
ADA, EVA = "ada@example.com", "eva@example.com"
PORTS = ("log", "hubspot", "links", "lists", "tasks", "task_states", "queue", "inbox")
LOST = TryAgain("Salesforce did not answer.")
MODES = (Repeat.EVERY_EVENT, Repeat.ONCE_PER_EMAIL)


@dataclass(frozen=True)
class Overlap:
    """What happens while worker 1 is stopped at its range of the log.

    Attributes:
        ranges: The ranges that worker 2 gets.
        kills: Whether worker 1 dies.
        late: Whether one more event appears in worker 1's range, with a message of its own.
        fault: Whether worker 1's first call to Salesforce loses its answer, and was applied before
            (True), never (False), or after that time.
        links: Whether Ada is linked only now.
    """

    ranges: tuple[int, ...] = (0,)
    kills: bool = False
    late: bool = False
    fault: bool | timedelta | None = None
    links: bool = False


def scenario(repeat: Repeat, overlap: Overlap) -> tuple[MemoryEmailWorld, list[LogRange]]:
    """Two opens by Ada, minutes apart, and one by Eva at the time of the first; a range of the log
    for each minute.
    """
    world = MemoryEmailWorld(
        settings=EmailTaskSettings(repeat=repeat, wait_minutes=0 if overlap.links else 30)
    )
    world.add_contact(ADA, linked=not overlap.links)
    world.add_contact(EVA)
    first, second = world.ms - 10 * MINUTE, world.ms - 5 * MINUTE
    world.log.rows = [opened(1, first, ADA), opened(2, second, ADA), opened(3, first, EVA)]
    return world, [
        LogRange("acme", "OPEN", at, at + MINUTE - 1, world.ms) for at in (first, second)
    ]


def with_gate(context: TaskContext, gate: Gate) -> TaskContext:
    """The context with every port behind the gate."""
    ports = {name: GatedPort(getattr(context, name), name, gate) for name in PORTS}
    return replace(context, **ports)


def run_worker(
    world: MemoryEmailWorld, ranges: Sequence[LogRange], gate: Gate | None = None
) -> None:
    """Run a worker; what it puts back waits in the queue. Raises `KilledError` if its gate kills
    it.
    """
    gate = gate or Gate()
    try:
        make_tasks(ranges, with_gate(world.context(), gate))
        gate.reach("end")
    finally:
        world.collect()


def run_interleaving(repeat: Repeat, point: int | None, overlap: Overlap) -> tuple[Gate, list[str]]:
    """Stop worker 1 at a point; its gate and what is wrong in the end."""
    world, ranges = scenario(repeat, overlap)

    def happens() -> None:
        world.now += timedelta(seconds=20)
        more = list(overlap.ranges)
        if overlap.links:
            (ada,) = world.crm.find([ADA], {"contact": ["email"]})
            world.link(ada.ref)
        if overlap.late:
            world.log.rows.append(opened(4, ranges[0].start + 1, ADA))
            ranges.append(ranges[0])
        run_worker(world, [ranges[at] for at in more])

    if overlap.fault is not None:
        world.tasks.faults = [(LOST, overlap.fault)]
    gate = Gate(point, happens, kills=overlap.kills)
    died = False
    try:
        run_worker(world, ranges[:1], gate)
    except KilledError:
        died = True
    if died:
        # What both put back and the other ranges are delivered meanwhile, then the dead worker's
        # message again.
        world.now += timedelta(minutes=VISIBILITY_MINUTES)
        run_worker(world, ranges[:1])
    run_worker(world, ranges[1:])
    world.run_until_idle()
    return gate, find_problems(world, repeat)


def find_problems(world: MemoryEmailWorld, repeat: Repeat) -> list[str]:
    """The problems: a task too many or too few, or with a wrong count of events."""
    wanted = Counter(
        (row.id if repeat is Repeat.EVERY_EVENT else row.recipient) for row in world.log.rows
    )
    problems = []
    if world.counts() != sorted(wanted.values()):
        problems.append(
            f"tasks stand for {world.counts()} events, not for {sorted(wanted.values())}"
        )
    before = (world.tasks.calls, dict(world.task_states.writes))
    minutes = sorted({row.created // MINUTE * MINUTE for row in world.log.rows})
    run_worker(world, [LogRange("acme", "OPEN", at, at + MINUTE - 1, world.ms) for at in minutes])
    world.run_until_idle()
    if (world.tasks.calls, dict(world.task_states.writes)) != before:
        problems.append("a further sync still writes")
    return problems


def report(repeat: Repeat, overlap: Overlap) -> str:
    """What went wrong at each point, or ""."""
    gate, problems = run_interleaving(repeat, None, replace(overlap, late=False, links=False))
    points = len(gate.calls)
    lines = [f"alone: {problems}"] if problems else []
    for point in range(points):
        gate, problems = run_interleaving(repeat, point, overlap)
        lines += [f"{point} (before {(*gate.calls, 'end')[point]}): {problems}"] if problems else []
    print(f"e-mail, {repeat}, {overlap}: {points} interleavings, {len(lines)} wrong")  # noqa: T201 - for -s
    return "\n".join(lines)


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("ranges", [(0,), (1,), (0, 1), (1, 0)])
@pytest.mark.parametrize("repeat", MODES)
def test_every_event_counts_once_whichever_worker_is_late(
    repeat: Repeat, ranges: tuple[int, ...], *, kills: bool
) -> None:
    """Worker 2 has the same range of the log, another one with the same person, or both in either
    order.
    """
    assert report(repeat, Overlap(ranges, kills=kills)) == ""


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("ranges", [(0,), (1,), ()])
@pytest.mark.parametrize("repeat", MODES)
def test_an_event_that_the_log_shows_late_is_counted(
    repeat: Repeat, ranges: tuple[int, ...], *, kills: bool
) -> None:
    """The event appears in the range that worker 1 is processing, and its own message follows."""
    assert report(repeat, Overlap(ranges, kills=kills, late=True)) == ""


@pytest.mark.parametrize("fault", [True, False, timedelta(minutes=10)])
@pytest.mark.parametrize("ranges", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("repeat", MODES)
def test_a_lost_answer_duplicates_no_task(
    repeat: Repeat,
    ranges: tuple[int, ...],
    fault: bool | timedelta,  # noqa: FBT001 - as `MemoryTasks` has it
) -> None:
    """The first call to Salesforce, whichever worker makes it, loses its answer and was applied
    before, never, or after ten minutes.
    """
    assert report(repeat, Overlap(ranges, fault=fault)) == ""


@pytest.mark.parametrize("ranges", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("repeat", MODES)
def test_no_event_stays_undecided_if_its_recipient_is_linked_meanwhile(
    repeat: Repeat, ranges: tuple[int, ...]
) -> None:
    """Worker 1 drops events without a link, and if worker 2 has created the task meanwhile they are
    counted on it.
    """
    lines = []
    for point in range(len(run_interleaving(repeat, None, Overlap(ranges))[0].calls)):
        gate, problems = run_interleaving(repeat, point, Overlap(ranges, links=True))
        left = [one for one in problems if "still writes" in one]
        lines += [f"{point} (before {(*gate.calls, 'end')[point]}): {problems}"] if left else []
    assert lines == []


def scan_twice(point: int | None, *, kills: bool) -> tuple[int, list[int]]:
    """Scan the log twice at the same time, with an event in between; the number of points and the
    tasks' counts.
    """
    world, _ = scenario(Repeat.ONCE_PER_EMAIL, Overlap())

    def happens() -> None:
        world.now += timedelta(seconds=20)
        world.log.rows.append(opened(4, world.ms - 10 * MINUTE, ADA))
        world.scan("OPEN")

    gate = Gate(point, happens, kills=kills)
    ports = [GatedPort(getattr(world, name), name, gate) for name in ("log", "cursors", "queue")]
    with suppress(KilledError):
        queue_events(world.connection, "OPEN", *ports, world.now)
        gate.reach("end")
    world.collect()
    for _ in range(2):
        world.now += timedelta(minutes=5)
        world.scan("OPEN")
        world.run_until_idle()
    return len(gate.calls), world.counts()


@pytest.mark.parametrize("kills", [False, True])
def test_two_scans_of_the_log_lose_and_duplicate_no_event(*, kills: bool) -> None:
    """The schedule may run twice at the same time, and one of the runs may die at any call."""
    points, _ = scan_twice(None, kills=False)

    assert {scan_twice(point, kills=kills)[1] == [1, 3] for point in range(points)} == {True}
