"""What became of a plan that was applied."""

from __future__ import annotations

from dataclasses import dataclass, field

from crmsync.errors import SyncError
from crmsync.flows.engine.partial_writes import LeftOut
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side, Value


@dataclass(slots=True)
class Applied:
    """What became of a plan.

    Attributes:
        error: the error that stopped it, or None.
        made: the record that it created.
        saved: its link as it is stored now.
        shown: the fields of each side's responses to its writes.
        left_out: the fields that were left out of its writes.
    """

    error: SyncError | None = None
    made: Ref | None = None
    saved: Link | None = None
    shown: dict[Side, dict[str, Value]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)
