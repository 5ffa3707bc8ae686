"""What keeps a connection from syncing whole: sides that are down, fields that a side lacks, and
the operator's pause. Values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.model.effects import NO_RECORD
from crmsync.model.records import Kind, Ref, Side


@dataclass(frozen=True, slots=True)
class Outage:
    """A side is down for a concern: since when, what it says, and when one record may look ahead of
    the others again (all UTC).

    `side` is "" where it is our own stores. `fails` counts the looks in a row that came to nothing.
    With `is_whole` nothing can be looked at; without, only what some records need is refused, and
    the others go on. Where not `is_sure`, one record may have brought it about.
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
    """A side lacks a field since `since` (UTC): its mapping rests; where nothing works without the
    field (`is_needed`) its concern waits.

    With `needs_edit` the field can be seen and not be written. `is_over`: it is back, and what
    changed meanwhile is about to be looked at.
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
        """Under which name it stands in the error inbox; no record has it."""
        return Ref(self.side, NO_RECORD, f"{self.object}.{self.field}")


@dataclass(frozen=True, slots=True)
class Pause:
    """The operator has paused the connection, since when (UTC), and who it was."""

    since: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Troubles:
    """All of a connection's: outages by concern, the fields that are lacking, and whether it is
    paused.
    """

    outages: Mapping[Kind, Outage] = field(default_factory=dict)
    rests: tuple[Rest, ...] = ()
    pause: Pause | None = None
