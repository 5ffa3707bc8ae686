"""What the limits on changes count, and what they hold back of a pair. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crmsync.model.records import Side


class ChangeLimit(StrEnum):
    """What is counted per hour (Q-30).

    Records whose values are overwritten, records that lose a value, deletions, and, separately,
    records that an undo writes back.
    """

    CHANGES = "changes"
    BLANKS = "blanks"
    DELETES = "deletes"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """What waits for the operator on one side.

    Attributes:
        side: Where nothing is written meanwhile.
        counted: The limit that was reached: all that would be written waits, or only the blanks.
    """

    side: Side
    counted: ChangeLimit
