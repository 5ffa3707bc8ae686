"""Plays a history, ends it, and judges the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.effects import Category
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.call_leases import PROBE_EVERY
from tests.simulation.histories.steps import (
    Crash,
    Fault,
    History,
    Operator,
    Outage,
    Person,
    Step,
    Wait,
    Work,
)
from tests.simulation.judges.invariants import INVARIANTS
from tests.simulation.judges.pairs import pairs, versions, without_new_mappings
from tests.simulation.judges.records import forgotten
from tests.simulation.judges.system import still_unavailable
from tests.simulation.judges.waits import RETRIED
from tests.simulation.operator import operate, release, resume
from tests.simulation.people.acts import ACTS
from tests.simulation.people.automations import automate
from tests.simulation.world.call_days import HALF_A_DAY
from tests.simulation.world.lists import is_outside
from tests.simulation.world.queues import MAX_RECEIVES
from tests.simulation.world.system import System

HOUR = 3_600
LONGEST = 30
"""Hours after which everything must have come to rest: a night's turn of what was parked is among
them.
"""


@dataclass
class Result:
    """What a history came to.

    Attributes:
        problems: Sentences, each beginning with the name of the invariant that does not hold.
        seen: What happened how often.
        seconds: The virtual seconds from begin to end.
        trace: The lines, where they were wanted.
    """

    problems: list[str]
    seen: Counter[str]
    seconds: float
    trace: list[str] = field(default_factory=list)
    digest: str = ""

    @property
    def names(self) -> set[str]:
        """The invariants that do not hold."""
        return {one.partition(":")[0] for one in self.problems}


def play(history: History, *, tracing: bool = False) -> Result:
    """Play a history to its end."""
    system = System(history.setting, tracing=tracing)
    automate(system)
    begin = system.now
    for step in history.steps:
        did = act(system, step)
        system.trace.note(f"{step!r}{'' if did else ' (nothing to do)'}")
        if did:
            system.seen[_name(step)] += 1
    finish(system)
    problems = system.problems
    if not problems:
        for invariant in INVARIANTS.values():
            problems += invariant(system)
    if not problems:
        problems += rests(system)
        problems += _replays(system)
        # Every record was read again: nobody may have come back by that.
        problems += forgotten(system)
    return Result(
        problems,
        system.seen,
        (system.now - begin).total_seconds(),
        system.trace.lines,
        system.trace.digest() if tracing else "",
    )


def _name(step: Step) -> str:
    if isinstance(step, Person):
        return f"act {step.does}"
    if isinstance(step, Operator):
        return f"operator {step.does}"
    return f"step {type(step).__name__.lower()}"


def act(system: System, step: Step) -> bool:
    """Do a step; whether there was anything to do."""
    match step:
        case Person():
            system.wait(0.3)
            return ACTS[step.does](system, step)
        case Work():
            return system.work(step.queue, step.calls, step.slot, step.most, step.pick)
        case Crash():
            return system.crash(step.queue, step.slot)
        case Fault():
            system.faults.setdefault(step.call, []).extend([step.how] * step.times)
        case Outage():
            length = timedelta(seconds=step.seconds)
            if length >= HALF_A_DAY and step.where in set(Side):
                system.call_days.use_up(step.where, length)
            else:
                system.outages[step.where] = system.now + length
        case Wait():
            system.wait(step.seconds)
        case Operator():
            return operate(system, step)
    return True


def finish(system: System) -> None:
    """Faults stop, every worker goes on, time passes, and the operator has the refused tried again
    and releases what limits hold back.
    """
    system.faults.clear()
    system.outages.clear()
    system.call_days.clear()
    system.waits.unblock(PROBE_EVERY)
    system.salesforce.missing_fields.clear()
    for portal in system.portals:
        resume(system, portal)
    for queue, slot in sorted(system.workers):
        system.work(queue, 0, slot)
    for hours in range(LONGEST):
        system.wait(HOUR)
        if timedelta(hours=hours + 1) == RETRIED:
            system.unavailable = still_unavailable(system)
        if hours >= 2 and system.is_idle() and not _waits_for_night(system):
            break
    _move_back(system)
    _read(system, _merged_and_forgotten(system))
    refused = [
        (portal.name, one.ref)
        for portal in system.portals
        for one in system.inbox.parked(portal.name)
        if one.category is Category.VALIDATION
    ]
    _read(system, refused)
    while release(system):
        _settle(system)


def _move_back(system: System) -> None:
    """The operator moves dead letters back, where our own queues have refused as many calls as a
    message is received. Other dead letters are a mistake.
    """
    refused = sum(count for name, count in system.seen.items() if name.startswith("fault outbox."))
    if refused < MAX_RECEIVES:
        return
    moved = sum(queue.move_back(system.now) for queue in system.queues.values())
    system.seen["excused: dead letters of messages that our own queues refused"] += moved
    while moved and not system.is_idle():
        system.wait(900)


def _merged_and_forgotten(system: System) -> list[tuple[str, Ref]]:
    """Connection and Salesforce record of the pairs whose contact was merged into one that was
    deleted for privacy before any worker had read it. HubSpot names nothing of that one any more,
    so the pair ends when its Salesforce record is read next.
    """
    found = []
    for portal in system.portals:
        for _, here, there in pairs(system, portal):
            survivor = here
            while survivor in system.merged:
                survivor = system.merged[survivor]
            if survivor != here and survivor in system.forgotten - system.ledger.seen_alive():
                found.append((portal.name, there))
    system.seen["excused: merged and forgotten before it was read"] += len(found)
    return found


def _waits_for_night(system: System) -> bool:
    """Whether only the first sweep of a day can end something: it tries what is unavailable, reads
    what is reported of contacts outside the inclusion list, and finds deletions in HubSpot that
    nothing has reported, be it of a record without a link.
    """
    return any(
        one.category is Category.UNAVAILABLE
        or (one.ref.object == "contact" and is_outside(system, portal, one.ref))
        or (one.ref in portal.hubspot._rows and not portal.hubspot.is_live(one.ref))
        for portal in system.portals
        for one in system.inbox.parked(portal.name)
    ) or any(
        not portal.hubspot.is_live(here)
        for portal in system.portals
        for _, here, _ in pairs(system, portal)
    )


def _read(system: System, refs: Iterable[tuple[str, Ref]]) -> None:
    """Sync these records, whatever they show, and let everything come to rest."""
    changes = [
        Change(name, KIND_OF[ref.side][ref.object], ref, Cause.AGAIN, system.now)
        for name, ref in refs
        if ref.object in KIND_OF[ref.side]
    ]
    if not changes:
        return
    system.outbox.publish(changes)
    _settle(system)


def _settle(system: System) -> None:
    """Let everything come to rest."""
    for _ in range(12):
        system.wait(900)
        if system.is_idle():
            return


@dataclass(frozen=True)
class State:
    """All writes so far, and what is told.

    Attributes:
        entries: How many entries the ledger has.
        links: How often links were written.
        told: Connection, record and category of each report.
    """

    entries: int
    links: int
    told: frozenset[tuple[str, str, str]]


def _state(system: System) -> State:
    told = frozenset(
        (portal.name, str(one.ref), str(one.category))
        for portal in system.portals
        for one in system.inbox.parked(portal.name)
    )
    return State(system.ledger.number, system.links.writes, told)


def rests(system: System) -> list[str]:
    """One more run plans nothing; what crmsync notes in its own fields may need one for itself."""
    everyone = [
        (portal.name, ref)
        for portal in system.portals
        for side, crm in ((Side.HUBSPOT, portal.hubspot), (Side.SALESFORCE, system.salesforce))
        for name in KIND_OF[side]
        for ref in crm.refs(name)
    ]
    before = _state(system)
    excuses = {
        "a new mapping was not read yet": without_new_mappings(system),
    }
    _read(system, everyone)
    after = _state(system)
    saved_once = {(name, ref, version - 1) for name, ref, version in versions(system)}
    for reason, unread in excuses.items():
        system.seen[f"excused: {reason}"] += len(unread & saved_once)
        before = replace(before, links=before.links + len(unread & saved_once))
    return [] if after == before else [f"one more run plans nothing: {before} became {after}"]


def _replays(system: System) -> list[str]:
    """Every message that was ever delivered, once more and backwards, changes nothing."""
    before = _state(system)
    for queue in system.queues.values():
        for body in reversed(list(queue.sent)):
            queue.put(body, system.now)
    _settle(system)
    after = _state(system)
    return [] if after == before else [f"a replay changes nothing: {before} became {after}"]
