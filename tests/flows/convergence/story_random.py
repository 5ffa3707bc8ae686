"""What the random stories on the laptop stack share: what goes wrong on the way, and how changes
that have piled up are delivered.
"""

from __future__ import annotations

import random
from typing import Any

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import SWEEP

STEPS = 12
BURSTS, EDITS = 5, 3


def faults_of(function: str) -> tuple[dict[str, Any], ...]:
    """What may go wrong before a function hears of a change, and while it works."""
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
    """What people do in both CRMs, chosen by a seed; a subclass says what that may be, and which
    `faults` there are.
    """

    faults: tuple[dict[str, Any], ...]

    def __init__(self, stack: Stack, people: People, seed: int) -> None:
        """Choose everything by the seed."""
        self.stack, self.people = stack, people
        self.dice = random.Random(seed)

    def _edit(self) -> None:
        """Somebody edits something."""
        raise NotImplementedError

    def _deliver(self) -> None:
        self.stack.faults(self.dice.sample(self.faults, 3))
        self.stack.advance(self.dice.choice([0, 60, SWEEP]))


class Busy(RandomStory):
    """Put before a story's class: several edits wait whenever something is delivered, which is work
    for several workers at once.
    """

    def _edit(self) -> None:
        super()._edit()
        # Salesforce stamps whole seconds: told again, the same edit is the later one.
        self.stack.advance(1, settle=False)

    def _deliver(self) -> None:
        super()._deliver()
        for _ in range(BURSTS):
            for _ in range(EDITS):
                self._edit()
            self.stack.settle()
