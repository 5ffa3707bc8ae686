"""What the brakes count, and what they hold back of a pair. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crmsync.model.records import Side


class Counted(StrEnum):
    """What is counted per hour: records whose values are overwritten, records that lose a value,
    and deletions (Q-30).

    Records that an undo writes back are counted apart from the changes that it takes back.
    """

    CHANGES = "changes"
    BLANKS = "blanks"
    DELETES = "deletes"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """On `side`, what is `counted` so waits for the operator: all that would be written there, or
    only the blanks.
    """

    side: Side
    counted: Counted
