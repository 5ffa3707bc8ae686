"""Two interleaved workers at one pair in memory: the first is stopped before one of its calls,
people edit and the second runs, and then the first continues or dies.

The check knows nothing of plans, links or baselines. It knows the order of the edits and what both
CRMs show in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from crmsync.model.records import Ref, Side
from tests.flows.interleaving.gate import Gate, KilledError
from tests.flows.interleaving.scenario import Scenario


@dataclass
class OverwriteDetector:
    """Finds the only lost edits that are excused: no order of calls prevents them, as neither CRM
    has conditional writes.

    A person edits an attribute on a side after a worker has read it there, and the worker then
    writes it there without reading the record again.
    """

    scenario: Scenario
    edited: dict[str, Side] = field(default_factory=dict)
    """Attribute -> the side on which a person edited it since the gate opened, until the worker
    reads it there again.
    """
    overwrote: set[str] = field(default_factory=set)

    def reads(self, side: Side, verb: str, asked: object) -> None:
        """The worker reads records by ids or addresses, so that it does not overwrite them unseen
        from now on.
        """
        for name in [name for name, at in self.edited.items() if at is side]:
            attribute, refs = (
                self.scenario.attribute(name),
                list(asked) if isinstance(asked, list) else [],
            )
            by_id = any(isinstance(one, Ref) for one in refs)
            if verb in attribute.reads and (
                not by_id or self.scenario.ref(attribute.records[side]) in refs
            ):
                del self.edited[name]

    def shown(self) -> dict[str, object]:
        """The values of the edited attributes on the sides where they were edited."""
        return {
            name: self.scenario.attribute(name).shown_on[side](self.scenario)
            for name, side in self.edited.items()
        }

    def wrote(self, before: Mapping[str, object]) -> None:
        """The worker's call has returned."""
        now = self.shown()
        self.overwrote |= {
            name for name, value in before.items() if name in now and now[name] != value
        }


@dataclass(frozen=True)
class Result:
    """The result of one interleaving.

    Attributes:
        problems: What is wrong, as sentences.
        tried: Whether the interruption changed anything.
        excused: Whether a lost edit was excused.
        needs_resync: Whether both sides agreed only after a further sync.
        point: The calls before and after the point.
    """

    problems: tuple[str, ...] = ()
    tried: bool = True
    excused: bool = False
    needs_resync: bool = False
    point: str = ""


def find_problems(scenario: Scenario, excused: Iterable[str] = ()) -> list[str]:
    """What is wrong after everything was delivered, as sentences; an excused attribute may have an
    older value, but the same on both sides.
    """
    world, excused = scenario.world, set(excused)
    problems = []
    for name, (here, there) in scenario.shown().items():
        if name in excused and scenario.last_edits[name] not in {here, there}:
            scenario.overwritten.append(scenario.last_edits[name])
        if here != there:
            problems.append(
                f"{name}: HubSpot {here!r}, Salesforce {there!r}, edited last {scenario.last_edits[name]!r}"
            )
        elif here != scenario.last_edits[name] and name not in excused:
            problems.append(f"{name}: both {here!r}, edited last {scenario.last_edits[name]!r}")
    if (records := scenario.records()) != scenario.expected:
        wrong = {
            one: (scenario.expected[one], records[one])
            for one in records
            if records[one] != scenario.expected[one]
        }
        problems.append(f"expected and found: {wrong}")
    problems += [f"parked: {one.ref} {one.text}" for one in world.inbox.parked("acme")]
    problems += scenario.more_problems(scenario)
    before = world.writes()
    world.wait()
    scenario.run_worker(scenario.changes_of_all())
    if world.writes() != before or world.outbox.delayed or world.outbox.published:
        problems.append("a further sync still writes")
    return problems


@dataclass(frozen=True)
class Interruption:
    """What happens while worker 1 is stopped: an edit, and a run of worker 2.

    Attributes:
        side: Where a person edits; None: no edit.
        attribute: The index of the attribute.
        value: The index of its new value; 0 sets it back.
        via: The side whose changes worker 2 gets; None: worker 2 does not run.
        kills: Whether worker 1 dies.
    """

    side: Side | None = None
    attribute: int = 0
    value: int = 2
    via: Side | None = None
    kills: bool = False

    def __str__(self) -> str:
        """The interruption in words."""
        edit = f"{self.side} edits {self.attribute} to {self.value}" if self.side else "no edit"
        return (
            f"{edit}, worker 2 via {self.via or 'nothing'}{', worker 1 dies' if self.kills else ''}"
        )


def count_points(make: Callable[[], Scenario], first: Side | None) -> int:
    """The number of points at which worker 1 can be stopped."""
    scenario, gate = start(make, first), Gate()
    scenario.run_worker(scenario.take_pending(), gate)
    return len(gate.calls)


def start(make: Callable[[], Scenario], first: Side | None) -> Scenario:
    """A scenario in which a person has just edited the first attribute on a side; with None, its
    change is pending already.
    """
    scenario = make()
    scenario.world.wait()
    if first is not None:
        assert scenario.edit(scenario.attributes[0], first, scenario.attributes[0].values[1])
    return scenario


def run_interleaving(
    make: Callable[[], Scenario],
    first: Side | None,
    point: int,
    meanwhile: Interruption,
    dies_at: int | None = None,
) -> Result:
    """Stop worker 1 at a point, apply the interruption, let it continue or die, deliver the rest,
    and check.
    """
    scenario = start(make, first)
    mine = scenario.take_pending()
    detector = OverwriteDetector(scenario)
    tried = True

    def happens() -> None:
        nonlocal tried
        scenario.world.wait()
        if meanwhile.side is not None:
            attribute = scenario.attributes[meanwhile.attribute]
            tried = scenario.edit(attribute, meanwhile.side, attribute.values[meanwhile.value])
            detector.edited[attribute.name] = meanwhile.side
        if meanwhile.via is not None:
            scenario.world.wait()
            scenario.run_worker(scenario.take_pending(meanwhile.via))

    gate = Gate(point, happens, kills=meanwhile.kills, dies_at=dies_at, observer=detector)
    died = False
    try:
        scenario.run_worker(mine, gate)
    except KilledError:
        died = True
    if not tried:
        return Result(tried=False)
    was_in_sync = scenario.deliver_rest(mine if died else ())
    point_name = "end" if point >= len(gate.calls) else gate.calls[point]
    point_name = f"{gate.calls[point - 1] if point else 'start'} > {point_name}"
    problems, excused = tuple(find_problems(scenario, detector.overwrote)), bool(detector.overwrote)
    return Result(
        problems,
        excused=excused,
        needs_resync=not (was_in_sync or problems or excused),
        point=point_name,
    )
