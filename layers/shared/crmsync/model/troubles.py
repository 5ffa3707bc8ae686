"""What keeps a connection from syncing whole: sides that are down, as its concerns have found them. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.model.records import Kind


@dataclass(frozen=True, slots=True)
class Outage:
    """A side is down for a concern: since when, what it says, and when one record may look ahead of the others again (all UTC).

    `side` is "" where it is our own stores. `fails` counts the looks in a row that came to nothing. With `is_whole` nothing can be looked
    at; without, only what some records need is refused, and the others go on. Where it is not `is_sure`, one record may have brought it about.
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
class Troubles:
    """All of a connection's, by concern."""

    outages: Mapping[Kind, Outage] = field(default_factory=dict)
