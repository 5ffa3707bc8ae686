"""What was gathered for a batch, before it is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from crmsync.model.changes import Change
from crmsync.model.facts import AnyFacts
from crmsync.model.records import Ref
from crmsync.rules.merge.baseline import SideView


@dataclass(frozen=True, slots=True)
class Gathered(Generic[AnyFacts]):
    """What was gathered for a batch.

    Attributes:
        facts: one entry per record to plan.
        not_yet: changes that must wait until another record of the batch is planned.
        unchanged: how many records show nothing new.
        views: the records that were compared with their links' bases to find that out.
    """

    facts: list[AnyFacts]
    not_yet: list[Change]
    unchanged: int
    views: Mapping[Ref, SideView]
