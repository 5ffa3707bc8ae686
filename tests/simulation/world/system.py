"""The deployed system in memory: queues, workers, schedules and stores around the real flows, on a
clock that moves only when it is told to.

Every call of a flow to the outside passes `System.call`. There a worker may stand still while
others go on, die, or meet a fault.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from crmsync.errors import Down
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import INDIRECT_OBJECTS, KIND_OF
from crmsync.model.records import Ref, Side
from crmsync.wire.queue_messages import dump_changes
from tests.simulation.histories.steps import News, Setting
from tests.simulation.judges.waits import waiting
from tests.simulation.world.call_days import CallDays
from tests.simulation.world.deployment import BEGIN, Deployment, Portal
from tests.simulation.world.faults import HOW, SIDE_OF, down, forbidden
from tests.simulation.world.lambdas import task
from tests.simulation.world.pausable_threads import PausableThread, idle_thread
from tests.simulation.world.queues import WINDOW, Message
from tests.simulation.world.trace import Trace

A_CALL = timedelta(milliseconds=20)
A_LAMBDA = timedelta(seconds=120)
"""The functions' Timeout in template.yaml."""

ARRIVES = {
    News.TOLD: (1.0,),
    News.LOST: (),
    News.TWICE: (1.0, 45.0),
    News.LATE: (1_500.0,),
}
"""Seconds after which the messages about an act arrive."""

AT_ONCE = {
    "contact": 5,
    "account": 3,
    "opportunity": 3,
    "email": 2,
    "job": 2,
    "poll": 2,
    "sweep": 2,
    "mail": 2,
}
"""MaximumConcurrency in template.yaml; schedules that are late may overlap."""

A_WHILE = 6
"""Runs of a schedule that find nothing new, after which it runs rarely."""

RARELY = timedelta(minutes=15)

_MANY = frozenset({list, tuple, set, frozenset, dict})
_NEVER = datetime.max.replace(tzinfo=UTC)


@cache
def _side_of(call: str) -> str:
    """The side that a call goes to, or its port where that is ours."""
    port = call.partition(".")[0]
    return SIDE_OF.get(port, port)


def _listed(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with lists in place of iterators, which can be read only once."""
    for one in args:
        if hasattr(one, "__next__"):
            return tuple(list(one) if hasattr(one, "__next__") else one for one in args)
    return args


class KilledError(BaseException):
    """The process of a worker is gone: no `SyncError`, and no code of ours gets to see it."""


@dataclass
class Worker:
    """An invocation of a Lambda."""

    name: str
    queue: str
    messages: list[Message]
    began: datetime
    reads: dict[Ref, int] = field(default_factory=dict)
    held: set[Ref] = field(default_factory=set)
    """The records that it has read since it began to gather facts."""
    thread: PausableThread | None = None
    left: int = 0
    """Calls until it stands still; 0 for never."""
    dies: bool = False
    connection: str = ""
    resting: set[str] = field(default_factory=set)
    """The Salesforce fields whose mappings rest for it."""
    first: int = 0
    """The number of the newest entry of the ledger when it began."""


@dataclass
class Schedule:
    """A Lambda that runs every so often. While nothing changes in any CRM it runs rarely, as late as
    a schedule may be, since each run would find the same.
    """

    name: str
    every: timedelta
    at: datetime
    seen: int = -1
    quiet: int = 0


class System(Deployment):
    """Everything between two people who edit records."""

    def __init__(self, setting: Setting, *, tracing: bool = False) -> None:
        """Two or three empty CRMs, connected."""
        super().__init__(setting)
        self.trace = Trace(self, is_on=tracing)
        self.seen: Counter[str] = Counter()
        """What happened, for the coverage."""
        self.problems: list[str] = []
        self.logs: list[str] = []
        self.merged: dict[Ref, Ref] = {}
        """What people merged or converted -> what it lives on in."""
        self.to_undo: tuple[Portal, float] = (self.portals[0], 0)
        """The HubSpot account whose writes the next undo puts back, and how many seconds it goes
        back.
        """
        self.undone: dict[str, datetime] = {}
        """Worker of an undo -> since when it puts back what was overwritten."""
        self.unavailable: list[Ref] = []
        """Records that are unavailable two hours after everything has stopped to be in the way."""
        self.forgotten: set[Ref] = set()
        """Contacts that were deleted for privacy."""
        self.pushed: dict[tuple[str, str], datetime] = {}
        """Connection and property -> when another policy was pushed for it."""
        self.parted: set[Ref] = set()
        """Whom people took out of a company or an account."""
        self.without_company: set[Ref] = set()
        """Contacts whose company people deleted."""
        self.untied: set[Ref] = set()
        """Deals and opportunities of which people took somebody away."""
        self.workers: dict[tuple[str, int], Worker] = {}
        self.faults: dict[str, list[str]] = {}
        self.outages: dict[str, datetime] = {}
        self.call_days = CallDays(self.clock)
        self._worker: Worker | None = None
        self._begun = 0
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._schedules = [
            Schedule(name, every, BEGIN + every)
            for name, every in (
                ("poll", timedelta(seconds=setting.poll)),
                ("sweep", timedelta(minutes=15)),
                ("mail", timedelta(minutes=5)),
            )
        ]

    # -- calls to the outside --

    def call(
        self, name: str, real: Callable[..., Any], args: tuple[Any, ...], more: Mapping[str, Any]
    ) -> Any:
        """A call of a flow to a port."""
        worker = self._worker
        args = _listed(args)
        for one in args:
            if not one and type(one) in _MANY:
                # About nothing: no gateway makes a call for it.
                return self._do(real, args, more)
        if worker is not None and worker.left:
            worker.left -= 1
            if not worker.left:
                self._stand(worker, name)
        self.now += A_CALL
        self.ledger.begin_call(name)
        side = _side_of(name)
        if self.outages:
            for where in (side, name):
                self._refuse_in_outage(where, side, name, args)
        if side in self.call_days.refused:
            self._take_call(side, name, args)
        how = self.faults.get(name)
        if how:
            fault = how.pop(0)
            self.waits.block()
            self.seen[f"fault {name}: {fault}"] += 1
            self.trace.call(worker, name, args, fault)
            rows = len(args[0]) if args and isinstance(args[0], list | tuple) else 1
            return HOW[fault](side, lambda: self._do(real, args, more), rows)
        if self.trace.is_on:
            self.trace.call(worker, name, args, "")
        return self._do(real, args, more)

    def _refuse_in_outage(self, where: str, side: str, name: str, args: tuple[Any, ...]) -> None:
        """Raise what a call ends with while its side is down, or refuses calls of its name."""
        until = self.outages.get(where)
        if until is None:
            return
        if self.now >= until:
            del self.outages[where]
            return
        self.waits.block(until)
        self.trace.call(self._worker, name, args, "outage")
        raise down(side) if where == side else forbidden(side)

    def _take_call(self, side: str, name: str, args: tuple[Any, ...]) -> None:
        """A call that is made under the leases, and refused while the side's day is used up."""
        days = self.call_days
        before = days.refused.get(side, 0)
        try:
            days.take(side, self._worker.queue if self._worker else "")
        except Down:
            is_refused = days.refused[side] > before
            self.waits.block(days.found_free_at(side))
            self.trace.call(self._worker, name, args, "used up" if is_refused else "no lease")
            self.seen[f"used-up day: {'a call' if is_refused else 'no lease'}"] += 1
            if days.refused[side] > days.most(side):
                self.problems.append(f"{days.refused[side]} calls to {side} in its used-up day")
            raise

    @staticmethod
    def _do(real: Callable[..., Any], args: tuple[Any, ...], more: Mapping[str, Any]) -> Any:
        result = real(*args, **more)
        return list(result) if hasattr(result, "__next__") else result

    # -- workers --

    def work(
        self, queue: str, calls: int = 0, slot: int = 0, most: int = 10, pick: int = 0
    ) -> bool:
        """Let the worker of a slot go on, or begin with a new batch; whether there was anything."""
        worker = self.workers.get((queue, slot))
        if worker is not None:
            worker.left = calls
            self._run(worker, worker.thread.go_on)  # type: ignore[union-attr]
        else:
            messages = self.queues[queue].take(self.now, most, pick) if queue in self.queues else []
            if queue in self.queues and not messages:
                return False
            self._begun += 1
            worker = Worker(f"{queue}#{self._begun}", queue, messages, self.now, left=calls)
            worker.first = self.ledger.number
            work = task(self, worker)
            if calls:
                worker.thread = idle_thread()
                self._run(worker, lambda: worker.thread.begin(work))  # type: ignore[union-attr]
            else:
                self._run(worker, work)
        if worker.thread is None or worker.thread.is_done:
            self.workers.pop((queue, slot), None)
        else:
            self.workers[queue, slot] = worker
        return True

    def crash(self, queue: str, slot: int = 0) -> bool:
        """A worker that stands still dies; whether there was one."""
        worker = self.workers.pop((queue, slot), None)
        if worker is None or worker.thread is None:
            return False
        worker.dies = True
        self._run(worker, worker.thread.go_on)
        return True

    def _run(self, worker: Worker, go: Callable[[], None]) -> None:
        before = self._worker
        self._take(worker)
        try:
            go()
        except KilledError:
            self.seen["crash"] += 1
            self.trace.note(f"{worker.name} died")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.problems.append(f"raised: {worker.queue} {type(error).__name__}: {error}")
        finally:
            self._take(before)

    def _take(self, worker: Worker | None) -> None:
        """This worker runs now, or nobody."""
        self._worker, ledger = worker, self.ledger
        ledger.reads, ledger.held = (worker.reads, worker.held) if worker else ({}, set())
        ledger.worker, ledger.connection = (worker.name, worker.connection) if worker else ("", "")
        ledger.resting = worker.resting if worker else set()
        ledger.began = worker.first if worker else -1

    def serve(self, connection: str) -> None:
        """What the worker writes from now on, it writes for this connection."""
        assert self._worker is not None
        self._worker.connection = self.ledger.connection = connection
        rests = self.troubles.load(connection).rests
        self._worker.resting = {one.field for one in rests if not one.is_over}
        self.ledger.resting = self._worker.resting

    def _stand(self, worker: Worker, name: str) -> None:
        """Stop here until somebody lets this worker go on, or it dies."""
        self.waits.block(self.now + A_LAMBDA)
        self.trace.note(f"{worker.name} stands before {name}")
        assert worker.thread is not None
        worker.thread.pause()
        if worker.dies:
            self.seen[f"died before {name}"] += 1
            raise KilledError(name)

    # -- time and messages --

    def tell(
        self, ref: Ref, cause: Cause = Cause.EDITED, news: News = News.TOLD, **more: Any
    ) -> None:
        """A webhook or change event about a record is on its way to whoever listens to its CRM."""
        kind = KIND_OF[ref.side].get(ref.object) or INDIRECT_OBJECTS.get(ref.object)
        if kind is None:
            return
        if news is not News.TOLD:
            self.seen[f"news {news}"] += 1
        for portal in self.portals:
            if ref.side is Side.HUBSPOT and not portal.hubspot.knows(ref):
                continue
            change = Change(portal.name, kind, ref, cause, self.now, **more)
            for after in ARRIVES[news]:
                self.at(
                    self.now + timedelta(seconds=after), lambda change=change: self._arrives(change)
                )

    def _arrives(self, change: Change) -> None:
        for body in dump_changes([change]):
            self.queues[change.kind].put(body, self.now, waiting([change]))

    def at(self, moment: datetime, do: Callable[[], None]) -> None:
        """Something happens at a moment."""
        self._begun += 1
        heapq.heappush(self._events, (moment, self._begun, do))

    def wait(self, seconds: float) -> None:
        """Time passes; everything that falls due happens."""
        end = self.now + timedelta(seconds=seconds)
        while self._next(end):
            pass
        self.now = max(self.now, end)

    def is_idle(self) -> bool:
        """Whether nothing is queued, on its way, or under way."""
        return not (
            self._events or self.workers or any(queue.waiting for queue in self.queues.values())
        )

    def _next(self, end: datetime) -> bool:
        """Do what falls due first, if that is before the end."""
        at = _NEVER
        do: Callable[[], object] | None = None
        if self._events:
            at, do = self._events[0][0], self._event
        for place, worker in self.workers.items():
            if worker.began + A_LAMBDA < at:
                at, do = worker.began + A_LAMBDA, partial(self.crash, *place)
        for name, queue in self.queues.items():
            ready = queue.next_at()
            if ready is not None and ready + WINDOW < at:
                standing = [slot for kind, slot in self.workers if kind == name]
                if len(standing) < AT_ONCE[name]:
                    free = next(slot for slot in range(9) if slot not in standing)
                    at, do = ready + WINDOW, partial(self.work, name, slot=free, most=100)
        for schedule in self._schedules:
            if schedule.at < at:
                at, do = schedule.at, partial(self._scheduled_run, schedule)
        if at > end or do is None:
            return False
        self.now = max(self.now, at)
        do()
        return True

    def _event(self) -> None:
        heapq.heappop(self._events)[2]()

    def _scheduled_run(self, schedule: Schedule) -> None:
        is_quiet = schedule.seen == self.ledger.number
        schedule.seen = self.ledger.number
        schedule.quiet = schedule.quiet + 1 if is_quiet else 0
        rests = schedule.quiet > A_WHILE and not self._awaits_fields()
        schedule.at = self.now + (max(RARELY, schedule.every) if rests else schedule.every)
        self.work(schedule.name, slot=9)

    def _awaits_fields(self) -> bool:
        """Whether a mapping rests. Only the polls of some minutes look for its field, so they must
        run every minute.
        """
        return bool(self.troubles.rests)
