"""A random history of a seed, made without knowing what its steps will find."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from crmsync.model.fields import Update
from crmsync.model.records import Side
from tests.simulation.histories.situations import with_situations
from tests.simulation.histories.steps import (
    Crash,
    Fault,
    History,
    News,
    Operator,
    Outage,
    Person,
    Setting,
    Step,
    Wait,
    Work,
)
from tests.simulation.people.acts import QUEUE_OF
from tests.simulation.world.deployment import FIELDS
from tests.simulation.world.faults import CALLS

FEWEST, MAX = 10, 25
T = TypeVar("T")

NEWS = (*[News.TOLD] * 7, News.LOST, News.TWICE, News.LATE)
SIDES = tuple(Side)
VALUES = ("1", "2", "3", "")


def generate(seed: int) -> History:
    """The history of a seed."""
    dice = random.Random(f"crmsync {seed}")
    setting = replace(
        _setting(dice), automations=_automations(random.Random(f"crmsync automations {seed}"))
    )
    steps = [_birth(dice, setting)]
    while len(steps) < dice.randint(FEWEST, MAX):
        steps += _some(dice, setting)
    own = random.Random(f"crmsync situations {seed}")
    if own.random() < 1 / 3:
        at = own.randint(1, len(steps))
        steps[at:at] = own.choice(SITUATIONS)(own, setting)
    fields = random.Random(f"crmsync fields {seed}")
    if fields.random() < 1 / 15:
        at = fields.randint(1, len(steps))
        steps[at:at] = _hidden_field(fields, setting)
    owners = random.Random(f"crmsync owners {seed}")
    if owners.random() < 1 / 4:
        for _ in range(owners.randint(1, 4)):
            at = owners.randint(1, len(steps))
            steps[at:at] = _given(owners, setting)
    pauses = random.Random(f"crmsync paused {seed}")
    if pauses.random() < 1 / 60:
        steps[:0] = _paused_at_first(pauses, setting)
    limits = random.Random(f"crmsync limits {seed}")
    if limits.random() < 1 / 8 and setting.portals == 1 and not setting.automations:
        setting = replace(setting, limit=limits.choice((1, 1, 2)))
        for _ in range(limits.randrange(3)):
            steps.insert(limits.randint(1, len(steps)), Operator("release"))
    outages = random.Random(f"crmsync outages {seed}")
    if outages.random() < 1 / 60:
        at = outages.randint(1, len(steps))
        steps[at:at] = _a_day_down(outages, setting)
    return with_situations(seed, History(setting, tuple(steps)))


def _setting(dice: random.Random) -> Setting:
    portals = 1 + (dice.random() < 0.15)
    policies = [
        (name, str(dice.choice(list(Update))))
        for name in FIELDS
        if name != "firstname" and dice.random() < 0.4
    ]
    return Setting(
        creates=dice.choice(("lead", "contact")),
        policies=tuple((name, policy) for name, policy in policies if policy != "two_way"),
        removes=dice.random() < 0.3,
        deletes=dice.random() < 0.2,
        topic=dice.choice(("people", "people", "people", "companies", "deals", "deals", "mail")),
        portals=portals,
    )


def _automations(dice: random.Random) -> tuple[tuple[Side, str, str], ...]:
    """In one history of ten a workflow or a flow, or one of each for the same field."""
    if dice.random() >= 0.1:
        return ()
    name = dice.choice([one for one in FIELDS if one != "firstname"])
    rivals = ((Side.HUBSPOT, name, "8"), (Side.SALESFORCE, name, "9"))
    return rivals if dice.random() < 0.4 else (dice.choice(rivals),)


def _birth(dice: random.Random, setting: Setting) -> Person:
    return Person(
        "new person",
        dice.choice(SIDES),
        dice.randrange(4),
        dice.randrange(3),
        dice.choice(("Lead", "Contact")),
        dice.choice(VALUES),
        dice.randrange(setting.portals),
        dice.choice(NEWS),
    )


TOPICS: dict[str, dict[str, int]] = {
    "people": {
        "new person": 10,
        "edit person": 40,
        "new address": 6,
        "opt out": 4,
        "untick": 2,
        "delete person": 5,
        "undelete": 3,
        "merge people": 4,
        "convert": 4,
    },
    "companies": {
        "new person": 6,
        "edit person": 10,
        "convert": 2,
        "merge people": 2,
        "delete person": 2,
        "new company": 10,
        "edit company": 20,
        "join company": 12,
        "leave company": 6,
        "delete company": 3,
        "merge companies": 4,
        "undelete": 2,
    },
    "deals": {
        "new person": 6,
        "new company": 2,
        "join company": 3,
        "convert": 2,
        "merge people": 2,
        "delete person": 1,
        "new deal": 12,
        "edit deal": 15,
        "move deal": 10,
        "tie": 12,
        "untie": 8,
        "delete deal": 3,
        "undelete": 2,
    },
    "mail": {
        "new person": 10,
        "open mail": 30,
        "edit person": 3,
        "new address": 3,
        "delete person": 1,
        "merge people": 2,
        "convert": 2,
    },
}
"""Acts with their weights: a history is mostly about one topic."""


def _act(dice: random.Random, setting: Setting) -> Person:
    topic = setting.topic if dice.random() < 0.9 else dice.choice(sorted(TOPICS))
    does = _weighted(dice, TOPICS[topic])
    if does == "new person":
        return _birth(dice, setting)
    what = {
        "edit person": (*FIELDS, "lastname"),
        "edit company": ("name", "phone", "city", "description"),
        "edit deal": ("dealname", "amount", "description"),
        "new deal": ("tied", "tied", ""),
        "delete person": ("", "", "forget"),
    }
    return Person(
        does,
        dice.choice(SIDES),
        dice.randrange(4),
        dice.randrange(4),
        dice.choice(what.get(does, ("",))),
        dice.choice(VALUES),
        dice.randrange(setting.portals),
        dice.choice(NEWS),
    )


def _some(dice: random.Random, setting: Setting) -> list[Step]:
    """One step, or a few that belong together."""
    return _weighted(
        dice,
        {
            (lambda: [_act(dice, setting)]): 40,
            (lambda: [_act(dice, setting), Wait(dice.choice((1, 5, 5, 60)))]): 30,
            (lambda: _between(dice, setting)): 40,
            (lambda: [Wait(dice.choice((3, 30, 200, 900, 4_000)))]): 10,
            (lambda: [_fault(dice), _act(dice, setting), Wait(dice.choice((1, 5, 40)))]): 30,
            (
                lambda: [
                    Outage(
                        dice.choice(("hubspot", "salesforce")), dice.choice((60, 1_800, 40_000))
                    ),
                    _act(dice, setting),
                    Wait(5),
                ]
            ): 3,
            (lambda: [Operator("pause"), _act(dice, setting), Wait(1_000), Operator("resume")]): 1,
            (lambda: [_push(dice, setting)]): 1,
            (lambda: [Operator("resync", portal=dice.randrange(setting.portals))]): 2,
        },
    )()


def _push(dice: random.Random, setting: Setting) -> Operator:
    return Operator(
        "push",
        dice.choice([one for one in FIELDS if one != "firstname"]),
        str(dice.choice(list(Update))),
        dice.randrange(setting.portals),
    )


def _between(dice: random.Random, setting: Setting) -> list[Step]:
    """A worker stands still, something happens, and it goes on, or dies."""
    act, slot = _act(dice, setting), dice.randrange(2)
    queue = QUEUE_OF[act.does] if dice.random() < 0.9 else dice.choice(("poll", "sweep", "mail"))
    steps: list[Step] = [act, Wait(2), Work(queue, dice.randint(2, 24), slot)]
    steps += [_act(dice, setting) for _ in range(dice.choice((1, 1, 2)))]
    if dice.random() < 0.5:
        other = QUEUE_OF[steps[-1].does] if isinstance(steps[-1], Person) else queue
        steps += [Wait(2), Work(other, dice.choice((0, 0, dice.randint(2, 24))), 1 - slot)]
    if dice.random() < 0.3:
        steps.append(Crash(queue, slot))
    else:
        steps.append(Work(queue, dice.choice((0, dice.randint(1, 10))), slot))
    return steps


def _made_anew(dice: random.Random, setting: Setting) -> list[Step]:
    """A contact is deleted, which no webhook reports, and its address gets a new contact."""
    portal = dice.randrange(setting.portals)
    deleted = Person(
        "delete person", Side.HUBSPOT, dice.randrange(4), portal=portal, news=News.LOST
    )
    addresses = dice.sample(range(3), 3)
    return [
        deleted,
        Wait(dice.choice((2, 60, 900))),
        *(
            Person(
                "new person", Side.HUBSPOT, who, value="5", portal=portal, news=dice.choice(NEWS)
            )
            for who in addresses
        ),
        Wait(5),
    ]


def _twice_in_a_second(dice: random.Random, setting: Setting) -> list[Step]:
    """Salesforce is polled and the record is synced between two edits that no change event reports,
    at times all within one second.
    """
    does, name = dice.choice((("edit person", "phone"), ("edit company", "phone")))
    edit = Person(
        does,
        Side.SALESFORCE,
        dice.randrange(4),
        what=name,
        portal=dice.randrange(setting.portals),
        news=News.LOST,
    )
    return [
        Wait(60),
        replace(edit, value="6"),
        Work("poll", slot=1),
        Work(QUEUE_OF[does], slot=1),
        replace(edit, value="7"),
    ]


def _two_workers(dice: random.Random, setting: Setting) -> list[Step]:
    """Two workers at one contact: the second comes between two calls of the first."""
    who, portal = dice.randrange(4), dice.randrange(setting.portals)
    first, second = (
        Person(
            "edit person",
            dice.choice(SIDES),
            who,
            what=dice.choice(sorted(FIELDS)),
            value=value,
            portal=portal,
        )
        for value in ("5", "6")
    )
    return [Wait(60), *_overlapping("contact", dice.randint(2, 24), first, second)]


def _two_sums(dice: random.Random, setting: Setting) -> list[Step]:
    """Two workers add up one contact, each after the amount of another of its deals has changed."""
    side, who, portal = dice.choice(SIDES), dice.randrange(4), dice.randrange(setting.portals)
    person = Person("new person", Side.SALESFORCE, dice.randrange(3), what="Contact", value="1")
    deals = [
        Person("new deal", Side.HUBSPOT, who, what="tied", value=value, portal=portal)
        for value in ("1", "2")
    ]
    first, second = (
        Person("edit deal", side, deal, what="amount", value=value, portal=portal)
        for deal, value in ((0, "3"), (1, "1"))
    )
    return [
        person,
        Wait(60),
        *deals,
        Wait(200),
        *_overlapping("opportunity", dice.randint(10, 24), first, second),
    ]


def _overlapping(queue: str, calls: int, first: Person, second: Person) -> list[Step]:
    """One worker stands still after some calls while the second act is synced by another."""
    return [
        first,
        Wait(2),
        Work(queue, calls),
        second,
        Wait(2),
        Work(queue, slot=1),
        Work(queue),
        Wait(5),
    ]


def _hidden_field(dice: random.Random, setting: Setting) -> list[Step]:
    """Salesforce hides a field from crmsync while people edit it, and other fields, on both sides."""
    name, who, portal = (
        dice.choice([one for one in FIELDS if one != "firstname"]),
        dice.randrange(4),
        dice.randrange(setting.portals),
    )
    edits = [
        Person("edit person", side, who, what=what, value=value, portal=portal)
        for side, what, value in (
            (dice.choice(SIDES), name, "5"),
            (dice.choice(SIDES), dice.choice(sorted(FIELDS)), "6"),
            (dice.choice(SIDES), name, "7"),
        )
    ]
    meanwhile: list[Step] = [Wait(60), Operator("hide", name)]
    for edit in edits[: dice.randint(1, 3)]:
        meanwhile += [edit, Wait(dice.choice((2, 60, 1_200, 9_000)))]
    shown: list[Step] = [Operator("show", name), Wait(dice.choice((5, 1_200)))]
    return meanwhile + (shown if dice.random() < 0.8 else [])


def _given(dice: random.Random, setting: Setting) -> list[Step]:
    """A record gets another owner, at times while a worker is at it or on both sides."""
    kinds = {"companies": ("give company", "give person"), "deals": ("give deal", "give person")}
    does, who, portal = (
        dice.choice(kinds.get(setting.topic, ("give person",))),
        dice.randrange(4),
        dice.randrange(setting.portals),
    )
    first, second = (
        Person(
            does,
            dice.choice(SIDES),
            who,
            value=dice.choice(("1", "1", "2", "2", "3", "4", "")),
            portal=portal,
            news=dice.choice(NEWS),
        )
        for _ in range(2)
    )
    return dice.choice(
        (
            [first, Wait(dice.choice((1, 5, 60)))],
            [first, Wait(1), replace(second, side=first.side.other), Wait(60)],
            [Wait(60), *_overlapping(QUEUE_OF[does], dice.randint(2, 24), first, second)],
        )
    )


def _paused_at_first(dice: random.Random, setting: Setting) -> list[Step]:
    """The connection is paused before its first sweep, for longer than any sweep goes back, and
    nothing reports whom people enter meanwhile.
    """
    portals = range(setting.portals)
    births = [replace(_birth(dice, setting), news=News.LOST) for _ in range(dice.randint(1, 2))]
    return [
        *(Operator("pause", portal=portal) for portal in portals),
        *births,
        Wait(dice.choice((2_400, 15_000))),
        *(Operator("resume", portal=portal) for portal in portals),
    ]


def _a_day_down(dice: random.Random, setting: Setting) -> list[Step]:
    """A side is down, or its calls are used up, for longer than any record is tried again."""
    side, who, portal = dice.choice(SIDES), dice.randrange(4), dice.randrange(setting.portals)
    edits = [
        Person("edit person", one, who, what="phone", value=value, portal=portal, news=news)
        for one, value, news in zip(
            SIDES, ("5", "6"), dice.choices((News.TOLD, News.LOST), k=2), strict=True
        )
    ]
    if dice.random() < 0.5:
        used_up = Outage(str(side), dice.choice((60_000, 90_000)))
        return [Wait(60), used_up, *edits, Wait(used_up.seconds + dice.choice((60, 4_000)))]
    part = Outage(str(side), 30_000)
    return [Wait(60), part, *edits, *(Wait(29_900), part) * dice.randint(1, 2), Wait(34_000)]


Situation = Callable[[random.Random, Setting], list[Step]]

SITUATIONS: tuple[Situation, ...] = (
    _made_anew,
    _twice_in_a_second,
    _two_workers,
    _two_sums,
)
"""What chance alone brings together too rarely. One history in three has one of them."""


def _fault(dice: random.Random) -> Fault:
    call = dice.choice(sorted(CALLS))
    return Fault(call, dice.choice(CALLS[call]), dice.choice((1, 1, 1, 2, 5)))


def _weighted(dice: random.Random, table: dict[T, int]) -> T:
    return dice.choices(list(table), list(table.values()))[0]


Some = Callable[[], list[Step]]
