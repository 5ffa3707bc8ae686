"""What keeps a connection from syncing: sides that are down, fields that a side lacks, and the
operator's pause. Values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.model.effects import NO_RECORD
from crmsync.model.records import Kind, Ref, Side


@dataclass(frozen=True, slots=True)
class Outage:
    """A side is down for a concern. Times are UTC.

    Attributes:
        side: The side; "" for our own stores.
        code: The code that the side answered.
        text: What it answered.
        hint: What to do about it.
        since: When it began.
        seen_at: When it was last seen.
        next_at: When one record is tried again before the others.
        fails: How many tries in a row have failed.
        is_whole: Nothing can be synced; otherwise only what some records need is refused.
        is_sure: False where a single record may have caused it.
        version: Counts saves.
    """

    side: str
    code: str
    text: str
    hint: str
    since: datetime
    seen_at: datetime
    next_at: datetime
    fails: int
    is_whole: bool
    is_sure: bool = True
    version: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """A side lacks a field, so its mapping rests.

    Attributes:
        side: The side.
        object: The object.
        field: The field.
        since: When it was first missed (UTC).
        is_needed: Nothing works without the field, so its concern waits.
        needs_edit: The field can be read but not written.
        is_over: The field is back, and the records that changed meanwhile are about to be synced.
    """

    side: Side
    object: str
    field: str
    since: datetime
    is_needed: bool = False
    needs_edit: bool = False
    is_over: bool = False

    @property
    def ref(self) -> Ref:
        """The name under which it is in the error inbox; no record has it."""
        return Ref(self.side, NO_RECORD, f"{self.object}.{self.field}")


@dataclass(frozen=True, slots=True)
class Pause:
    """The operator has paused the connection.

    Attributes:
        since: When (UTC).
        by: Who.
    """

    since: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Troubles:
    """All troubles of a connection.

    Attributes:
        outages: Concern -> its outage.
        rests: The fields that a side lacks.
        pause: The operator's pause, if there is one.
    """

    outages: Mapping[Kind, Outage] = field(default_factory=dict)
    rests: tuple[Rest, ...] = ()
    pause: Pause | None = None
