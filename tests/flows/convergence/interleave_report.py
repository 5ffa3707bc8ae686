"""Every point of a scene under several kinds of interruption: counts, and a report that says what
went wrong where, one line per kind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from crmsync.model.records import Side
from tests.flows.convergence.interleave import (
    Gate,
    Meanwhile,
    Scene,
    Verdict,
    Watch,
    begin,
    count_points,
    judge,
    play,
)

Make = Callable[[], Scene]
VIAS = (None, *Side)
MOST = 20
"""Places that a report names one by one."""


@dataclass
class Report:
    """What a series of interleavings came to."""

    scene: str
    tried: int = 0
    killed: int = 0
    excused: int = 0
    late: int = 0
    wrong: dict[str, list[tuple[str, Verdict]]] = field(default_factory=dict)

    def add(self, kind: str, at: str, verdict: Verdict, *, killed: bool = False) -> None:
        """One more interleaving; one in which the edit was none does not count."""
        if not verdict.tried:
            return
        self.tried += 1
        self.killed += killed
        self.excused += verdict.excused
        self.late += verdict.late
        if verdict.problems:
            self.wrong.setdefault(kind, []).append((at, verdict))

    @property
    def failed(self) -> int:
        """How many came to a wrong end."""
        return sum(map(len, self.wrong.values()))

    def __str__(self) -> str:
        """The counts, and per kind where it went wrong, with the first place told in full."""
        told = f"{self.tried} interleavings, {self.killed} of them with a death, {self.excused} excused, {self.failed} wrong"
        lines = [f"{self.scene}: {told}, {self.late} right by a further look alone"]
        for kind, rows in self.wrong.items():
            at, first = rows[0]
            places = [place for place, _ in rows]
            more = ", ..." if len(places) > MOST else ""
            lines.append(f"  {kind}: {len(rows)} of them, at {', '.join(places[:MOST])}{more}")
            lines.append(f"    at {at} ({first.point}): {'; '.join(first.problems)}")
        return "\n".join(lines)


def everything(*, sticky: bool = False, births: bool = False) -> Iterator[Meanwhile]:
    """All kinds of interruption; where topics are sticky, or births have had no edit before,
    nothing is set back.
    """
    for kills in (False, True):
        for via in VIAS:
            if kills or via:
                yield Meanwhile(via=via, kills=kills)
            for side in Side:
                yield Meanwhile(side, 0, 2, via, kills)
                yield Meanwhile(side, 1, 2, via, kills)
                if not (sticky or births):
                    yield Meanwhile(side, 0, 0, via, kills)


def interrupted(name: str, make: Make, first: Side | None, kinds: Iterable[Meanwhile]) -> Report:
    """Stop worker 1 at every point, for every kind of interruption."""
    report = Report(f"{name}, {first or 'new'} first")
    points = range(count_points(make, first))
    for kind in kinds:
        for point in points:
            report.add(str(kind), str(point), play(make, first, point, kind), killed=kind.kills)
    return report


def dying_late(name: str, make: Make, first: Side, meanwhile: Meanwhile) -> Report:
    """Stop worker 1 at every point, let it go on with its older picture, and kill it at every later
    point.
    """
    report = Report(f"{name}, {first} first, dies later")
    points = count_points(make, first)
    for point in range(points):
        for later in range(point + 1, points):
            verdict = play(make, first, point, meanwhile, later)
            report.add(
                f"{meanwhile}, worker 1 dies later", f"{point}/{later}", verdict, killed=True
            )
    return report


def overlapping(name: str, make: Make, first: Side, meanwhile: Meanwhile) -> Report:
    """Stop worker 1 at every point, and worker 2, which begins then, at every point of its own:
    worker 1 goes on while worker 2 stands.
    """
    report = Report(f"{name}, {first} first, both stand")
    points = count_points(make, first)
    for one in range(points):
        for two in range(points):
            verdict = _play_both(make, first, one, two, meanwhile)
            report.add(str(meanwhile), f"{one}/{two}", verdict)
    return report


class _Second(threading.Thread):
    """A worker that stops at a point of its own until it is told to go on. Only one of the two ever
    runs.
    """

    def __init__(self, work: Callable[[Gate], None], point: int) -> None:
        super().__init__(daemon=True)
        self._work, self._gate = work, Gate(point, self._stand)
        self._stands, self._goes_on = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work; an error is the other thread's to raise."""
        try:
            self._work(self._gate)
        except BaseException as error:  # noqa: BLE001 - handed over
            self.error = error
        self._stands.set()

    def begin(self) -> None:
        """Work until the point, or to the end."""
        self.start()
        assert self._stands.wait(30)

    def end(self) -> None:
        """Go on to the end. Raises what the worker raised."""
        self._goes_on.set()
        self.join(30)
        if self.error is not None:
            raise self.error

    def _stand(self) -> None:
        self._stands.set()
        assert self._goes_on.wait(30)


def _play_both(make: Make, first: Side, one: int, two: int, meanwhile: Meanwhile) -> Verdict:
    scene = begin(make, first)
    mine, watch = scene.take(), Watch(scene)
    seconds: list[_Second] = []
    edited = True

    def happens() -> None:
        nonlocal edited
        scene.world.wait()
        if meanwhile.side is not None:
            topic = scene.topics[meanwhile.topic]
            edited = scene.edit(topic, meanwhile.side, topic.values[meanwhile.value])
            watch.edited[topic.name] = meanwhile.side
        told = scene.take(meanwhile.via)
        second = _Second(lambda gate: scene.work(told, gate), two)
        seconds.append(second)
        second.begin()

    scene.work(mine, Gate(one, happens, watch=watch))
    for second in seconds:
        second.end()
    if not edited:
        return Verdict(tried=False)
    was_right = scene.finish()
    problems, excused = tuple(judge(scene, watch.overwrote)), bool(watch.overwrote)
    return Verdict(problems, excused=excused, late=not (was_right or problems or excused))
