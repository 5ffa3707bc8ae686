"""Two workers at one pair in memory: the first is stopped before each of its calls to the outside,
and life goes on meanwhile.

A worker sees the outside through `Gated` ports, which count its calls. Before one of them its gate
opens: people edit, the second worker does its whole look, and then the first goes on, or has died
there. "Before the next call" is the same as "after this one was applied, before it has returned",
as nothing outside changes between two calls; so the points before each call and after the last are
all there are.

The judge knows nothing of plans, links or bases. It knows the order in which people edited, and
what both CRMs show in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.kinds.account import sync_accounts
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.flows.kinds.opportunity import sync_opportunities
from crmsync.model.changes import Change, redelivered
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref, Side
from tests.memory.world import MemoryWorld

FLOWS = {
    Kind.CONTACT: sync_contacts,
    Kind.ACCOUNT: sync_accounts,
    Kind.OPPORTUNITY: sync_opportunities,
}

HIDDEN_FOR = 12
"""Minutes after which SQS delivers the message of a worker that died once more (the queues'
VisibilityTimeout in template.yaml).
"""

_SIDES = {
    **dict.fromkeys(
        ("hubspot", "associations", "companies", "deals", "preferences", "lists", "deleter"),
        Side.HUBSPOT,
    ),
    **dict.fromkeys(("salesforce", "opportunities", "accounts"), Side.SALESFORCE),
}
_OWN = ("directory", "pipeline_maps", "links", "outbox", "inbox", "conflict_log")
"""Not the count of changes: it stands between no two calls that matter to each other, and is far
from its limit here.
"""
_PORTS = (*_SIDES, *_OWN)
READS = frozenset({"read", "find"})
"""The calls by which a record's fields are read."""


class KilledError(BaseException):
    """The process of a worker is gone: no `SyncError`, and no code of ours gets to see it."""


@dataclass
class Gate:
    """What a worker's calls pass. Before the call `at` (from 0), or after the last one, `meanwhile`
    happens; None: never.

    A worker that `kills` says of dies there; else it goes on, as far as the call `dies_at` if there
    is one. `seen` has the calls by name; `was_open` turns true with the gate. What the worker then
    reads and writes is told to `watch`.
    """

    at: int | None = None
    meanwhile: Callable[[], None] = lambda: None
    kills: bool = False
    dies_at: int | None = None
    seen: list[str] = field(default_factory=list)
    was_open: bool = False
    watch: Watch | None = None

    def reach(self, name: str) -> None:
        """The worker is about to do this call, or is done ("end")."""
        if len(self.seen) == self.at and not self.was_open:
            self.was_open = True
            self.meanwhile()
            if self.kills:
                raise KilledError(name)
        if len(self.seen) == self.dies_at:
            raise KilledError(name)
        self.seen.append(name)


@dataclass(frozen=True)
class Gated:
    """A port behind a gate; an iterable of records becomes a list, so that it can be looked at on
    the way.
    """

    port: Any
    name: str
    gate: Gate

    def __getattr__(self, verb: str) -> Any:
        """The port's method behind the gate, or its attribute."""
        real = getattr(self.port, verb)
        if not callable(real):
            return real

        def call(*args: Any, **more: Any) -> Any:
            args = tuple(
                list(one)
                if isinstance(one, Iterable) and not isinstance(one, str | Mapping)
                else one
                for one in args
            )
            self.gate.reach(f"{self.name}.{verb}")
            watch = self.gate.watch if self.gate.was_open else None
            if watch is None:
                return real(*args, **more)
            if self.name in _SIDES and args:
                watch.reads(_SIDES[self.name], verb, args[0])
            before = watch.shown()
            try:
                return real(*args, **more)
            finally:
                watch.wrote(before)

        return call


def gated(context: SyncContext, gate: Gate) -> SyncContext:
    """The world as a worker with this gate sees it."""
    assert {one.name for one in fields(context)} >= set(_PORTS)
    ports: dict[str, Any] = {name: Gated(getattr(context, name), name, gate) for name in _PORTS}
    return replace(context, **ports)


Put = Callable[["Scene", Any], Sequence[Change]]
Show = Callable[["Scene"], object]


@dataclass(frozen=True)
class Topic:
    """Something that both sides show and that a person may change on either: where it is, how to
    change it, how it shows.

    `values` are what both begin with, what people make of it first, and what they make of it then.
    `records` names the record, by its place in the scene, that a worker reads by one of the calls
    `reads` before it writes the topic on a side.
    """

    name: str
    values: tuple[Any, Any, Any]
    put: Mapping[Side, Put]
    show: Mapping[Side, Show]
    records: Mapping[Side, str]
    reads: frozenset[str] = READS


@dataclass
class Scene:
    """A pair in step, what people have done to it since, and what nobody has been told yet."""

    world: MemoryWorld
    refs: Mapping[str, Ref | Callable[[Scene], Ref | None]]
    topics: tuple[Topic, ...]
    also: Callable[[Scene], list[str]] = lambda _scene: []
    """What else must hold in the end: sentences about what does not."""
    told: list[Change] = field(default_factory=list)
    worth: dict[str, Any] = field(default_factory=dict)
    """Topic -> what a person gave it last."""
    past: dict[str, list[Any]] = field(default_factory=dict)
    lost: list[Any] = field(default_factory=list)
    """What people edited and a worker overwrote with an excuse; others may have seen it before."""
    expected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Everything is as it shall be now; nothing is queued."""
        for topic in self.topics:
            self.worth.setdefault(topic.name, topic.values[0])
            self.past[topic.name] = [self.worth[topic.name]]
        self.expected = self.expected or self.records()

    def ref(self, name: str) -> Ref | None:
        """The record at a place of the scene, or None as long as there is none."""
        found = self.refs[name]
        return found if isinstance(found, Ref) else found(self)

    def topic(self, name: str) -> Topic:
        """The topic of that name."""
        return next(one for one in self.topics if one.name == name)

    def edit(self, topic: Topic, side: Side, value: Any) -> bool:
        """A person changes a topic, and a message is on its way; False where it shows that already,
        or cannot be: no edit then.
        """
        if topic.show[side](self) == value or self.ref(topic.records[side]) is None:
            return False
        self.told += topic.put[side](self, value)
        self.worth[topic.name] = value
        self.past[topic.name].append(value)
        return True

    def look(self, side: Side | None = None) -> list[Change]:
        """A look at every record of the scene on a side, or on both."""
        refs = [ref for name in self.refs if (ref := self.ref(name)) and side in {None, ref.side}]
        return [self.world.change(ref) for ref in dict.fromkeys(refs)]

    def take(self, side: Side | None = None) -> list[Change]:
        """What has been told of a side, taken out of the queue; where nothing has, a look at the
        side's records.
        """
        mine = [one for one in self.told if side in {None, one.ref.side}]
        self.told = [one for one in self.told if one not in mine]
        return mine or self.look(side)

    def work(self, changes: Sequence[Change], gate: Gate | None = None) -> None:
        """A worker's whole run. Raises `KilledError` where its gate kills."""
        gate = gate or Gate()
        for kind, sync in FLOWS.items():
            if mine := [change for change in changes if change.kind is kind]:
                sync(mine, gated(self.world.context, gate))
        gate.reach("end")

    def finish(self, died_with: Sequence[Change] = ()) -> bool:
        """Deliver all that is left: what a dead worker had in hand, what nobody was told, what was
        queued; then look once more.

        Answers whether both sides showed what people edited last before that look, so that it was
        for nothing.
        """
        if died_with:
            self.world.wait(HIDDEN_FOR)
            self.work([redelivered(change) for change in died_with])
        self.world.wait()
        left, self.told = self.told, []
        self.work(left)
        self.world.drain()
        was_right = not self.also(self) and all(
            pair == (self.worth[name],) * 2 for name, pair in self.shown().items()
        )
        self.world.wait()
        self.work(self.look())
        self.world.drain()
        return was_right

    def records(self) -> Counter[str]:
        """How many records there are, by side and object, and how many links stand."""
        world = self.world
        names = {
            Side.HUBSPOT: ("contact", "company", "deal"),
            Side.SALESFORCE: ("Lead", "Contact", "Account", "Opportunity"),
        }
        found = Counter(
            {
                f"{side} {name}": len(world.crm(side).refs(name))
                for side in Side
                for name in names[side]
            }
        )
        found["links"] = sum(link.state is LinkState.ACTIVE for link in world.links.all)
        return found

    def shown(self) -> dict[str, tuple[object, object]]:
        """What both sides show of each topic: HubSpot, Salesforce."""
        return {
            one.name: (one.show[Side.HUBSPOT](self), one.show[Side.SALESFORCE](self))
            for one in self.topics
        }


@dataclass
class Watch:
    """Finds the one exception that no order of calls can rule out, as neither CRM takes conditional
    writes.

    That is: a person edits a topic on a side while a worker has read it there and not written it
    yet, and the worker then writes it there without another look at the record. Nothing else is
    excused.
    """

    scene: Scene
    edited: dict[str, Side] = field(default_factory=dict)
    """Topic -> the side on which a person edited it while the gate was open, as long as the worker
    has not read it there again.
    """
    overwrote: set[str] = field(default_factory=set)

    def reads(self, side: Side, verb: str, asked: object) -> None:
        """The worker reads records by their ids or addresses, so what it writes from now on is no
        blind write.
        """
        for name in [name for name, at in self.edited.items() if at is side]:
            topic, told = self.scene.topic(name), list(asked) if isinstance(asked, list) else []
            by_id = any(isinstance(one, Ref) for one in told)
            if verb in topic.reads and (not by_id or self.scene.ref(topic.records[side]) in told):
                del self.edited[name]

    def shown(self) -> dict[str, object]:
        """What the edited topics show where they were edited."""
        return {
            name: self.scene.topic(name).show[side](self.scene)
            for name, side in self.edited.items()
        }

    def wrote(self, before: Mapping[str, object]) -> None:
        """The worker's call is over."""
        now = self.shown()
        self.overwrote |= {
            name for name, value in before.items() if name in now and now[name] != value
        }


@dataclass(frozen=True)
class Verdict:
    """What one interleaving came to: what is wrong; whether it counts at all, was excused, or was
    right by a further look alone.
    """

    problems: tuple[str, ...] = ()
    tried: bool = True
    excused: bool = False
    late: bool = False
    point: str = ""


def judge(scene: Scene, excused: Iterable[str] = ()) -> list[str]:
    """What is wrong when everything is over: sentences. Of an excused topic both sides must agree,
    whatever on.
    """
    world, excused = scene.world, set(excused)
    problems = []
    for name, (here, there) in scene.shown().items():
        if name in excused and scene.worth[name] not in {here, there}:
            scene.lost.append(scene.worth[name])
        if here != there:
            problems.append(
                f"{name}: HubSpot {here!r}, Salesforce {there!r}, edited last {scene.worth[name]!r}"
            )
        elif here != scene.worth[name] and name not in excused:
            problems.append(f"{name}: both {here!r}, edited last {scene.worth[name]!r}")
    if (records := scene.records()) != scene.expected:
        wrong = {
            one: (scene.expected[one], records[one])
            for one in records
            if records[one] != scene.expected[one]
        }
        problems.append(f"wanted and there: {wrong}")
    problems += [f"parked: {one.ref} {one.text}" for one in world.inbox.parked("acme")]
    problems += scene.also(scene)
    before = world.writes()
    world.wait()
    scene.work(scene.look())
    if world.writes() != before or world.outbox.delayed or world.outbox.published:
        problems.append("one more look does not rest")
    return problems


@dataclass(frozen=True)
class Meanwhile:
    """What happens at the point where worker 1 stands: who edits what, and from which side worker 2
    looks (None: it does not).

    `topic` is the number of the topic; `value` that of its values, so 0 sets it back to how it was.
    """

    side: Side | None = None
    topic: int = 0
    value: int = 2
    via: Side | None = None
    kills: bool = False

    def __str__(self) -> str:
        """In words."""
        edit = f"{self.side} edits {self.topic} to {self.value}" if self.side else "nobody edits"
        return (
            f"{edit}, worker 2 via {self.via or 'nothing'}{', worker 1 dies' if self.kills else ''}"
        )


def count_points(make: Callable[[], Scene], first: Side | None) -> int:
    """How many points worker 1 can be stopped at."""
    scene, gate = begin(make, first), Gate()
    scene.work(scene.take(), gate)
    return len(gate.seen)


def begin(make: Callable[[], Scene], first: Side | None) -> Scene:
    """A scene in which a person has just edited the first topic on a side (None: whose news is told
    already).
    """
    scene = make()
    scene.world.wait()
    if first is not None:
        assert scene.edit(scene.topics[0], first, scene.topics[0].values[1])
    return scene


def play(
    make: Callable[[], Scene],
    first: Side | None,
    point: int,
    meanwhile: Meanwhile,
    dies_at: int | None = None,
) -> Verdict:
    """Stop worker 1 at a point, let something happen, let it go on (or die, there or later),
    finish, and judge.
    """
    scene = begin(make, first)
    mine = scene.take()
    watch = Watch(scene)
    tried = True

    def happens() -> None:
        nonlocal tried
        scene.world.wait()
        if meanwhile.side is not None:
            topic = scene.topics[meanwhile.topic]
            tried = scene.edit(topic, meanwhile.side, topic.values[meanwhile.value])
            watch.edited[topic.name] = meanwhile.side
        if meanwhile.via is not None:
            scene.world.wait()
            scene.work(scene.take(meanwhile.via))

    gate = Gate(point, happens, kills=meanwhile.kills, dies_at=dies_at, watch=watch)
    died = False
    try:
        scene.work(mine, gate)
    except KilledError:
        died = True
    if not tried:
        return Verdict(tried=False)
    was_right = scene.finish(mine if died else ())
    stood = "end" if point >= len(gate.seen) else gate.seen[point]
    stood = f"{gate.seen[point - 1] if point else 'start'} > {stood}"
    problems, excused = tuple(judge(scene, watch.overwrote)), bool(watch.overwrote)
    return Verdict(
        problems, excused=excused, late=not (was_right or problems or excused), point=stood
    )
