"""Runs a scenario with interruptions at every point, and reports the counts and, per kind of
interruption, where it went wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from crmsync.model.records import Side
from tests.flows.interleaving.gate import Gate
from tests.flows.interleaving.interleave import (
    Interruption,
    OverwriteDetector,
    Result,
    count_points,
    find_problems,
    run_interleaving,
    start,
)
from tests.flows.interleaving.scenario import Scenario

Make = Callable[[], Scenario]
SECOND_WORKERS = (None, *Side)
MAX_PLACES = 20
"""The number of points that a report lists."""


@dataclass
class Report:
    """The results of a series of interleavings."""

    scenario: str
    tried: int = 0
    killed: int = 0
    excused: int = 0
    needs_resync: int = 0
    wrong: dict[str, list[tuple[str, Result]]] = field(default_factory=dict)

    def add(self, kind: str, at: str, result: Result, *, killed: bool = False) -> None:
        """Count an interleaving, unless its edit changed nothing."""
        if not result.tried:
            return
        self.tried += 1
        self.killed += killed
        self.excused += result.excused
        self.needs_resync += result.needs_resync
        if result.problems:
            self.wrong.setdefault(kind, []).append((at, result))

    @property
    def failed(self) -> int:
        """The number of interleavings with a problem."""
        return sum(map(len, self.wrong.values()))

    def __str__(self) -> str:
        """The counts, and per kind of interruption the points with a problem and the first problem
        in full.
        """
        counts = f"{self.tried} interleavings, {self.killed} of them with a killed worker, {self.excused} excused, {self.failed} wrong"
        lines = [f"{self.scenario}: {counts}, {self.needs_resync} right only after a further sync"]
        for kind, rows in self.wrong.items():
            at, first = rows[0]
            places = [place for place, _ in rows]
            more = ", ..." if len(places) > MAX_PLACES else ""
            lines.append(
                f"  {kind}: {len(rows)} of them, at {', '.join(places[:MAX_PLACES])}{more}"
            )
            lines.append(f"    at {at} ({first.point}): {'; '.join(first.problems)}")
        return "\n".join(lines)


def all_interruptions(
    *, irreversible: bool = False, creations: bool = False
) -> Iterator[Interruption]:
    """Every kind of interruption; where attributes are irreversible or records new, none sets a
    value back.
    """
    for kills in (False, True):
        for via in SECOND_WORKERS:
            if kills or via:
                yield Interruption(via=via, kills=kills)
            for side in Side:
                yield Interruption(side, 0, 2, via, kills)
                yield Interruption(side, 1, 2, via, kills)
                if not (irreversible or creations):
                    yield Interruption(side, 0, 0, via, kills)


def run_interrupted(
    name: str, make: Make, first: Side | None, kinds: Iterable[Interruption]
) -> Report:
    """Stop worker 1 at every point, for every kind of interruption."""
    report = Report(f"{name}, {first or 'new'} first")
    points = range(count_points(make, first))
    for kind in kinds:
        for point in points:
            report.add(
                str(kind), str(point), run_interleaving(make, first, point, kind), killed=kind.kills
            )
    return report


def run_with_late_death(name: str, make: Make, first: Side, meanwhile: Interruption) -> Report:
    """Stop worker 1 at every point, let it continue with its older reads, and kill it at every
    later point.
    """
    report = Report(f"{name}, {first} first, is killed later")
    points = count_points(make, first)
    for point in range(points):
        for later in range(point + 1, points):
            result = run_interleaving(make, first, point, meanwhile, later)
            report.add(
                f"{meanwhile}, worker 1 is killed later", f"{point}/{later}", result, killed=True
            )
    return report


def run_overlapping(name: str, make: Make, first: Side, meanwhile: Interruption) -> Report:
    """Stop worker 1 at every point and worker 2, which starts then, at every point of its own:
    worker 1 finishes while worker 2 is stopped.
    """
    report = Report(f"{name}, {first} first, both stopped")
    points = count_points(make, first)
    for one in range(points):
        for two in range(points):
            result = _run_both(make, first, one, two, meanwhile)
            report.add(str(meanwhile), f"{one}/{two}", result)
    return report


class _StoppedWorker(threading.Thread):
    """A worker in a thread that stops at a point until it is released; only one of the two workers
    runs at a time.
    """

    def __init__(self, run_worker: Callable[[Gate], None], point: int) -> None:
        super().__init__(daemon=True)
        self._work, self._gate = run_worker, Gate(point, self._stop_here)
        self._stopped, self._continues = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run the worker; its error is raised in the other thread."""
        try:
            self._work(self._gate)
        except BaseException as error:  # noqa: BLE001 - handed over
            self.error = error
        self._stopped.set()

    def run_to_point(self) -> None:
        """Run until the point, or to the end."""
        self.start()
        assert self._stopped.wait(30)

    def run_to_end(self) -> None:
        """Continue to the end. Raises the worker's error."""
        self._continues.set()
        self.join(30)
        if self.error is not None:
            raise self.error

    def _stop_here(self) -> None:
        self._stopped.set()
        assert self._continues.wait(30)


def _run_both(make: Make, first: Side, one: int, two: int, meanwhile: Interruption) -> Result:
    scenario = start(make, first)
    mine, detector = scenario.take_pending(), OverwriteDetector(scenario)
    second_workers: list[_StoppedWorker] = []
    edited = True

    def happens() -> None:
        nonlocal edited
        scenario.world.wait()
        if meanwhile.side is not None:
            attribute = scenario.attributes[meanwhile.attribute]
            edited = scenario.edit(attribute, meanwhile.side, attribute.values[meanwhile.value])
            detector.edited[attribute.name] = meanwhile.side
        pending = scenario.take_pending(meanwhile.via)
        second = _StoppedWorker(lambda gate: scenario.run_worker(pending, gate), two)
        second_workers.append(second)
        second.run_to_point()

    scenario.run_worker(mine, Gate(one, happens, observer=detector))
    for second in second_workers:
        second.run_to_end()
    if not edited:
        return Result(tried=False)
    was_in_sync = scenario.deliver_rest()
    problems, excused = tuple(find_problems(scenario, detector.overwrote)), bool(detector.overwrote)
    return Result(problems, excused=excused, needs_resync=not (was_in_sync or problems or excused))
