"""What a history gets besides its first steps, each by dice of its own, so that the histories that do
not get it stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Fault,
    History,
    News,
    Operator,
    Outage,
    Person,
    Step,
    Wait,
)

SIDES = tuple(Side)
NEWS = (*[News.TOLD] * 7, News.LOST, News.TWICE, News.LATE)


def locked_for_hours(dice: random.Random, history: History) -> History:
    """In one of forty a record is locked for longer than any record is tried, and free again later."""
    if dice.random() >= 1 / 40:
        return history
    side = dice.choice(SIDES)
    edits = [
        Person("edit person", side.other, dice.randrange(4), what=name, value="7")
        for name in dice.sample(("phone", "jobtitle", "lastname"), dice.choice((1, 2)))
    ]
    locked = Fault(f"{side}.update", "locked rows", dice.randint(41, 90))
    return _with_steps(
        dice, history, [Wait(60), locked, *edits, Wait(dice.choice((34_000, 45_000)))]
    )


def writes_refused(dice: random.Random, history: History) -> History:
    """In one of eighty a side lets crmsync read and not write, for longer than any record is tried."""
    if dice.random() >= 1 / 80:
        return history
    side = dice.choice(SIDES)
    edits = [
        Person("edit person", side.other, dice.randrange(4), what=name, value="7")
        for name in ("phone", "jobtitle")
    ]
    outage = Outage(f"{side}.update", dice.choice((36_000, 40_000)))
    return _with_steps(dice, history, [Wait(60), outage, *edits, Wait(outage.seconds + 60)])


def owned_by_queues(dice: random.Random, history: History) -> History:
    """In one of twelve leads belong to queues: by the org's assignment rules, or because somebody
    puts them there, at times right before or after another owner is chosen.
    """
    if dice.random() >= 1 / 12:
        return history
    setting = replace(history.setting, assigns=dice.random() < 0.5, creates="lead")
    history = replace(history, setting=setting)
    for _ in range(dice.randint(1, 3)):
        who, portal = dice.randrange(4), dice.randrange(setting.portals)
        queued = Person("give lead to queue", Side.SALESFORCE, who, news=dice.choice(NEWS))
        given = Person(
            "give person", dice.choice(SIDES), who, value=dice.choice("1124"), portal=portal
        )
        some = dice.choice(([queued], [queued, Wait(1), given], [given, Wait(2), queued]))
        history = _with_steps(dice, history, [*some, Wait(dice.choice((1, 5, 60)))])
    return history


def dropped(dice: random.Random, history: History) -> History:
    """In half of the histories with limits the operator drops what they hold back."""
    if not history.setting.limit or dice.random() >= 1 / 2:
        return history
    for _ in range(dice.randint(1, 2)):
        later = dice.randint(len(history.steps) // 2, len(history.steps))
        steps = [Wait(dice.choice((1, 5, 200))), Operator("drop"), Wait(dice.choice((1, 5, 60)))]
        history = replace(history, steps=(*history.steps[:later], *steps, *history.steps[later:]))
    return history


def undone(dice: random.Random, history: History) -> History:
    """In one of ten what is overwritten is kept, and the operator undoes the last seconds, minutes or
    hours once or twice, at times just when somebody edits a record again.
    """
    if dice.random() >= 1 / 10:
        return history
    history = replace(history, setting=replace(history.setting, undo=True))
    for _ in range(dice.randint(1, 2)):
        who, portal = dice.randrange(4), dice.randrange(history.setting.portals)
        mistake, edit = (
            Person(
                "edit person",
                dice.choice(SIDES),
                who,
                what=dice.choice(("phone", "jobtitle", "fax", "lastname")),
                value=dice.choice(("5", "6", "")),
                portal=portal,
            )
            for _ in range(2)
        )
        back = Operator("undo", value=dice.choice(("30", "600", "20000")), portal=portal)
        some = [Wait(60), mistake, Wait(dice.choice((5, 200))), back]
        if dice.random() < 0.5:
            some.insert(dice.choice((3, 4)), edit)
        history = _with_steps(dice, history, [*some, Wait(dice.choice((1, 5, 60)))])
    return history


def listed(dice: random.Random, history: History) -> History:
    """In one of eight there is an inclusion list: most contacts join it when they are made, and some
    join or leave it later, at times just when somebody edits or unsubscribes them.
    """
    if dice.random() >= 1 / 8 or history.setting.portals > 1:
        return history
    outside = dice.choice(("freeze", "freeze", "sync", "ignore"))
    steps: list[Step] = []
    for one in history.steps:
        steps.append(one)
        is_new = isinstance(one, Person) and (one.does, one.side) == ("new person", Side.HUBSPOT)
        if is_new and dice.random() < 0.7:
            steps.append(Person("join list", who=-1))
    history = History(replace(history.setting, outside=outside), tuple(steps))
    for _ in range(dice.randint(1, 4)):
        who = dice.randrange(4)
        move = Person(dice.choice(("join list", "leave list")), who=who)
        act = dice.choice(
            (
                Person("opt out", dice.choice(SIDES), who),
                Person("edit person", dice.choice(SIDES), who, what="phone", value="7"),
                Person("give person", dice.choice(SIDES), who, value="2"),
            )
        )
        some = dice.choice(([move], [move, act], [act, move], [act, Wait(2), move]))
        history = _with_steps(dice, history, [*some, Wait(dice.choice((1, 60, 1_000)))])
    return history


CREATED = (
    *(("", "never"), ("", "leads_only"), ("", "contacts_only")),
    *(("never", "leads_and_contacts"), ("contact_if_account", "leads_and_contacts")),
    *(("never", "never"), ("never", "leads_only"), ("never", "contacts_only")),
    *(("contact_if_account", "leads_only"), ("contact_if_account", "contacts_only")),
)
"""What is created in Salesforce, "" for a lead or a contact as before, and in HubSpot."""


def created_by_settings(dice: random.Random, history: History) -> History:
    """In one of twelve not every contact of HubSpot makes a lead or contact, or not every lead or
    contact makes one in HubSpot (SET-1, SET-2, CH-12).
    """
    return history if dice.random() >= 1 / 12 else with_creation(dice, history)


def with_creation(dice: random.Random, history: History) -> History:
    """The history with other settings of creation."""
    creates, makes = dice.choice(CREATED)
    setting = history.setting
    return replace(
        history, setting=replace(setting, creates=creates or setting.creates, makes=makes)
    )


def _with_steps(dice: random.Random, history: History, steps: list[Step]) -> History:
    """The history with steps somewhere after its first one."""
    at = dice.randint(1, len(history.steps))
    return replace(history, steps=(*history.steps[:at], *steps, *history.steps[at:]))


Situation: TypeAlias = Callable[[random.Random, History], History]

MORE: tuple[Situation, ...] = (
    locked_for_hours,
    writes_refused,
    owned_by_queues,
    dropped,
    undone,
    listed,
    created_by_settings,
)


def with_situations(seed: int, history: History) -> History:
    """The history with what its seed gives it."""
    for situation in MORE:
        history = situation(random.Random(f"crmsync {situation.__name__} {seed}"), history)
    return history
