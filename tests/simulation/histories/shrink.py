"""Makes a failing history small: it drops steps, and simplifies those that are left, as long as the
same invariant fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from tests.simulation.histories.steps import (
    History,
    Operator,
    Outage,
    Person,
    Setting,
    Step,
    Wait,
    Work,
)

Fails = Callable[[History], bool]


def shrink(history: History, fails: Fails, most: int = 2_000) -> History:
    """The smallest history that still fails; `fails` is asked at most so often."""
    tries = 0

    def still(one: History) -> bool:
        nonlocal tries
        tries += 1
        return tries <= most and fails(one)

    before = None
    while before != history:
        before = history
        history = _fewer(history, still)
        history = _simpler(history, still)
    return history


def _fewer(history: History, fails: Fails) -> History:
    """Without each run of steps that the failure does not need, the longest first."""
    size = len(history.steps) // 2
    while size:
        at = 0
        while at < len(history.steps):
            tried = replace(history, steps=history.steps[:at] + history.steps[at + size :])
            if fails(tried):
                history = tried
            else:
                at += size
        size //= 2
    return history


def _simpler(history: History, fails: Fails) -> History:
    """With defaults, or smaller numbers, wherever the failure allows it."""
    for setting in _plainer(history.setting):
        if fails(tried := replace(history, setting=setting)):
            history = tried
            break
    for at in range(len(history.steps)):
        for step in _plainer(history.steps[at]):
            tried = replace(history, steps=(*history.steps[:at], step, *history.steps[at + 1 :]))
            if fails(tried):
                history = tried
                break
    return history


def _plainer(one: Step | Setting) -> Iterator[Step | Setting]:
    """The step or setting with one of its parts plainer."""
    for part in fields(one):
        value = getattr(one, part.name)
        if part.name in {"does", "queue", "call", "how", "where", "side"}:
            continue
        if isinstance(one, Operator) and one.what and part.name in {"what", "value"}:
            continue  # A push is of a property and a policy, and a property is hidden and shown.
        if isinstance(part.default, str | int | tuple) and value != part.default:
            yield replace(one, **{part.name: part.default})
        if isinstance(value, tuple):
            yield from (
                replace(one, **{part.name: value[:at] + value[at + 1 :]})
                for at in range(len(value))
            )
        if type(value) is int and isinstance(one, Person | Work | Wait | Outage):
            smaller = {value // 2, value - 1} - {part.default, -1, value}
            yield from (replace(one, **{part.name: less}) for less in sorted(smaller))
