"""What a history gets besides its first steps, each by dice of its own, so that the histories that do
not get it stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from crmsync.model.records import Side
from tests.simulation.steps import Fault, History, Person, Step, Wait

SIDES = tuple(Side)


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


def _with_steps(dice: random.Random, history: History, steps: list[Step]) -> History:
    """The history with steps somewhere after its first one."""
    at = dice.randint(1, len(history.steps))
    return replace(history, steps=(*history.steps[:at], *steps, *history.steps[at:]))


Situation: TypeAlias = Callable[[random.Random, History], History]

MORE: tuple[Situation, ...] = (locked_for_hours,)


def with_situations(seed: int, history: History) -> History:
    """The history with what its seed gives it."""
    for situation in MORE:
        history = situation(random.Random(f"crmsync {situation.__name__} {seed}"), history)
    return history
