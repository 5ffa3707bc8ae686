"""Two workers at the e-mail events of one person, one of them stopped at every call or killed
there: each event counts once.
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
from tests.flows.convergence.interleave import HIDDEN_FOR, Gate, Gated, KilledError
from tests.memory.email_world import MemoryEmailWorld, opened

MINUTE = 60_000
ADA, EVA = "ada@example.com", "eva@example.com"
PORTS = ("log", "hubspot", "links", "lists", "tasks", "task_states", "queue", "inbox")
LOST = TryAgain("Salesforce did not answer.")
MODES = (Repeat.EVERY_EVENT, Repeat.ONCE_PER_EMAIL)


@dataclass(frozen=True)
class Overlap:
    """What happens while worker 1 stands at its window: which windows worker 2 has, and whether
    worker 1 dies.

    `late` puts one more event into worker 1's window, told by a window of its own; `fault` is what
    becomes of worker 1's first call to Salesforce: lost, and applied before, never, or after ten
    minutes. With `links` Ada gets her link only now.
    """

    windows: tuple[int, ...] = (0,)
    kills: bool = False
    late: bool = False
    fault: bool | timedelta | None = None
    links: bool = False


def a_world(repeat: Repeat, overlap: Overlap) -> tuple[MemoryEmailWorld, list[LogRange]]:
    """Two opens of Ada's, minutes apart, and one of Eva's beside the first; a window for each
    minute.
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


def gated(context: TaskContext, gate: Gate) -> TaskContext:
    """The context as a worker with this gate sees it."""
    ports = {name: Gated(getattr(context, name), name, gate) for name in PORTS}
    return replace(context, **ports)


def work(world: MemoryEmailWorld, windows: Sequence[LogRange], gate: Gate | None = None) -> None:
    """A worker's whole run; what it put back waits in the queue. Raises `KilledError` where its
    gate kills.
    """
    gate = gate or Gate()
    try:
        make_tasks(windows, gated(world.context(), gate))
        gate.reach("end")
    finally:
        world.collect()


def play(repeat: Repeat, point: int | None, overlap: Overlap) -> tuple[Gate, list[str]]:
    """Stop worker 1 at a point; answers its gate and what is wrong in the end."""
    world, windows = a_world(repeat, overlap)

    def happens() -> None:
        world.now += timedelta(seconds=20)
        more = list(overlap.windows)
        if overlap.links:
            (ada,) = world.crm.find([ADA], {"contact": ["email"]})
            world.link(ada.ref)
        if overlap.late:
            world.log.rows.append(opened(4, windows[0].start + 1, ADA))
            windows.append(windows[0])
        work(world, [windows[at] for at in more])

    if overlap.fault is not None:
        world.tasks.faults = [(LOST, overlap.fault)]
    gate = Gate(point, happens, kills=overlap.kills)
    died = False
    try:
        work(world, windows[:1], gate)
    except KilledError:
        died = True
    if died:
        # What both put back and the rest of the windows are delivered meanwhile, then the dead
        # worker's message once more.
        world.now += timedelta(minutes=HIDDEN_FOR)
        work(world, windows[:1])
    work(world, windows[1:])
    world.run_until_idle()
    return gate, judge(world, repeat)


def judge(world: MemoryEmailWorld, repeat: Repeat) -> list[str]:
    """What is wrong: a task too many or too few, or one that stands for another number of
    events.
    """
    wanted = Counter(
        (row.id if repeat is Repeat.EVERY_EVENT else row.recipient) for row in world.log.rows
    )
    problems = []
    if world.counts() != sorted(wanted.values()):
        problems.append(
            f"tasks stand for {world.counts()} events, not for {sorted(wanted.values())}"
        )
    before = (world.tasks.calls, dict(world.task_states.writes))
    starts = sorted({row.created // MINUTE * MINUTE for row in world.log.rows})
    work(world, [LogRange("acme", "OPEN", at, at + MINUTE - 1, world.ms) for at in starts])
    world.run_until_idle()
    if (world.tasks.calls, dict(world.task_states.writes)) != before:
        problems.append("one more look does not rest")
    return problems


def report(repeat: Repeat, overlap: Overlap) -> str:
    """Every point; where something went wrong, or ""."""
    gate, problems = play(repeat, None, replace(overlap, late=False, links=False))
    points = len(gate.seen)
    lines = [f"alone: {problems}"] if problems else []
    for point in range(points):
        gate, problems = play(repeat, point, overlap)
        lines += [f"{point} (before {(*gate.seen, 'end')[point]}): {problems}"] if problems else []
    print(f"e-mail, {repeat}, {overlap}: {points} interleavings, {len(lines)} wrong")  # noqa: T201 - for -s
    return "\n".join(lines)


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("windows", [(0,), (1,), (0, 1), (1, 0)])
@pytest.mark.parametrize("repeat", MODES)
def test_every_event_counts_once_whoever_is_late(
    repeat: Repeat, windows: tuple[int, ...], *, kills: bool
) -> None:
    """Worker 2 has the same window, another one of the same person, or both, in either order."""
    assert report(repeat, Overlap(windows, kills=kills)) == ""


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("windows", [(0,), (1,), ()])
@pytest.mark.parametrize("repeat", MODES)
def test_an_event_that_the_log_shows_late_is_counted(
    repeat: Repeat, windows: tuple[int, ...], *, kills: bool
) -> None:
    """It comes into the window that worker 1 is at, and its own message comes soon."""
    assert report(repeat, Overlap(windows, kills=kills, late=True)) == ""


@pytest.mark.parametrize("fault", [True, False, timedelta(minutes=10)])
@pytest.mark.parametrize("windows", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("repeat", MODES)
def test_a_lost_answer_beside_another_worker_doubles_nothing(
    repeat: Repeat,
    windows: tuple[int, ...],
    fault: bool | timedelta,  # noqa: FBT001 - as `MemoryTasks` has it
) -> None:
    """Whoever of the two makes the first call to Salesforce gets no answer; it was applied, never,
    or is after ten minutes.
    """
    assert report(repeat, Overlap(windows, fault=fault)) == ""


@pytest.mark.parametrize("windows", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("repeat", MODES)
def test_no_event_is_left_undecided_when_its_recipient_is_linked_in_the_middle(
    repeat: Repeat, windows: tuple[int, ...]
) -> None:
    """Worker 1 lets events go for want of a link; where worker 2 has made the task meanwhile, they
    are counted on it.
    """
    lines = []
    for point in range(len(play(repeat, None, Overlap(windows))[0].seen)):
        gate, problems = play(repeat, point, Overlap(windows, links=True))
        left = [one for one in problems if "does not rest" in one]
        lines += [f"{point} (before {(*gate.seen, 'end')[point]}): {problems}"] if left else []
    assert lines == []


def looks(point: int | None, *, kills: bool) -> tuple[int, list[int]]:
    """Two looks at the log at the same time, an event between them; answers how many points there
    are, and what the tasks stand for.
    """
    world, _ = a_world(Repeat.ONCE_PER_EMAIL, Overlap())

    def happens() -> None:
        world.now += timedelta(seconds=20)
        world.log.rows.append(opened(4, world.ms - 10 * MINUTE, ADA))
        world.scan("OPEN")

    gate = Gate(point, happens, kills=kills)
    ports = [Gated(getattr(world, name), name, gate) for name in ("log", "cursors", "queue")]
    with suppress(KilledError):
        queue_events(world.connection, "OPEN", *ports, world.now)
        gate.reach("end")
    world.collect()
    for _ in range(2):
        world.now += timedelta(minutes=5)
        world.scan("OPEN")
        world.run_until_idle()
    return len(gate.seen), world.counts()


@pytest.mark.parametrize("kills", [False, True])
def test_two_looks_at_the_log_lose_no_event_and_double_none(*, kills: bool) -> None:
    """The schedule may run twice at a time, and one of the runs may die anywhere."""
    points, _ = looks(None, kills=False)

    assert {looks(point, kills=kills)[1] == [1, 3] for point in range(points)} == {True}
