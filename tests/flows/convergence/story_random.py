"""Helpers of the random stories on the laptop stack: faults, and several edits delivered at
once.
"""

from __future__ import annotations

import random
from typing import Any

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import SWEEP

STEPS = 12
BURSTS, EDITS = 5, 3
HOUR = 3600


def faults_of(function: str) -> tuple[dict[str, Any], ...]:
    """Faults on the way to a function and while it runs."""
    return (
        {"at": "webhook", "kind": "duplicate", "times": 3},
        {"at": "webhook", "kind": "drop", "times": 2},
        {"at": "webhook", "kind": "reorder", "times": 3},
        {"at": "queue", "kind": "duplicate", "times": 3},
        {"at": "queue", "kind": "reorder", "times": 3},
        {"at": "hubspot", "kind": "timeout_after_write"},
        {"at": "salesforce", "kind": "timeout_after_write"},
        {"at": "salesforce", "kind": "drop_change_event", "times": 2},
        {"at": "dynamodb", "kind": "throttle", "times": 2},
        {"at": "lambda", "kind": "kill", "function": function, "after": "salesforce_write"},
        {"at": "lambda", "kind": "kill", "function": function, "after": "hubspot_write"},
        {"at": "lambda", "kind": "kill", "function": function, "after": "dynamodb_write"},
    )


class RandomStory:
    """Actions of people in both CRMs, chosen by a seed; a subclass defines the actions and
    `faults`.
    """

    faults: tuple[dict[str, Any], ...]

    def __init__(self, stack: Stack, people: People, seed: int) -> None:
        """Seed every choice."""
        self.stack, self.people = stack, people
        self.random = random.Random(seed)

    def _edit(self) -> None:
        """A person edits something."""
        raise NotImplementedError

    def _deliver(self) -> None:
        self.stack.faults(self.random.sample(self.faults, 3))
        self.stack.advance(self.random.choice([0, 60, SWEEP]))


class Busy(RandomStory):
    """A mix-in, put before a story's class: several edits wait at each delivery, so that several
    workers run at once.
    """

    def _edit(self) -> None:
        super()._edit()
        # Salesforce's timestamps are whole seconds, so that the next edit must be in the next one.
        self.stack.advance(1, settle=False)

    def _deliver(self) -> None:
        super()._deliver()
        for _ in range(BURSTS):
            for _ in range(EDITS):
                self._edit()
            self.stack.settle()


def rest(stack: Stack) -> dict[str, Any]:
    """People rest, sweeps run, and the operator retries the fields that people wrote over each
    other so often that the loop breaker stopped them (CH-5); returns what the stack then tells.
    """
    stack.faults([])
    for _ in range(3):
        told = stack.advance(SWEEP)
    if stack.command(["errors", "list", "--json", "--code", "FIELD_LOOP"])["document"]:
        stack.advance(HOUR)
        stack.command(["errors", "retry", "--code", "FIELD_LOOP", "--apply"])
        for _ in range(2):
            told = stack.advance(SWEEP)
    return told
