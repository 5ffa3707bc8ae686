"""The steps of a set-up and of a check: one part of one side of a connection, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crmsync.errors import SyncError
from crmsync.model.records import Side


class StepState(StrEnum):
    """The state of one part of the set-up."""

    THERE = "there"
    MADE = "made"
    MISSING = "missing"
    WRONG = "wrong"
    FAILED = "failed"


GOOD = frozenset({StepState.THERE, StepState.MADE})
"""The states in which nothing is left to do."""


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One part of the set-up on one side of a connection.

    Attributes:
        connection: The name of the connection.
        side: The side that the part is on.
        what: The part, as operators read it.
        state: Its state.
        text: What is wrong with it, or why it could not be made; "" when neither.
    """

    connection: str
    side: Side
    what: str
    state: StepState
    text: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.state in GOOD


def text_of(error: SyncError) -> str:
    """An error with its hint, as one text; a vendor's sentence may lack its full stop."""
    if not error.hint:
        return error.text
    end = "" if error.text.endswith((".", "!", "?", ":")) else "."
    return f"{error.text}{end} {error.hint}"
