"""Stages and pipelines of both sides, and which goes with which: nouns only.

Salesforce's record types of opportunities, each with the stages of its sales process, go with
HubSpot's pipelines of deals (OPP-6).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class OrgStage:
    """A stage of the org. `name` is what an opportunity's ``StageName`` holds, `label` what people
    read, `probability` in percent.
    """

    name: str
    label: str
    probability: float = 0
    is_closed: bool = False
    is_won: bool = False


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record type of opportunities with the active stages of its sales process, in the org's
    order.

    The id "" (the master type) stands for opportunities without a record type; `is_default` is what
    a new one gets unless told otherwise. `others` are stages that its process does not have, or no
    longer: an older opportunity may still be in one. One that is not `is_available` is not assigned
    to the integration user, who can then give it to no opportunity.
    """

    id: str
    label: str
    stages: tuple[OrgStage, ...]
    is_default: bool = False
    others: tuple[OrgStage, ...] = ()
    is_available: bool = True


@dataclass(frozen=True, slots=True)
class DealStage:
    """A stage of a HubSpot pipeline; `probability` from 0 to 1 in tenths, where 1 is won and 0 is
    lost.
    """

    id: str
    label: str
    probability: Decimal


@dataclass(frozen=True, slots=True)
class DealPipeline:
    """A HubSpot pipeline with its stages in their order."""

    id: str
    label: str
    stages: tuple[DealStage, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One HubSpot pipeline as opportunities see it: the record types that it stands for, and stage
    id -> ``StageName``, in its order.

    A pipeline of people's own stands for no record type (Q-26): its deals may have any. `also` says
    where an opportunity is shown that is in a stage which the pipeline does not have: stage id,
    ``StageName``.
    """

    pipeline: str
    label: str
    record_types: tuple[str, ...]
    stages: tuple[tuple[str, str], ...]
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineMap:
    """Which pipeline goes with which record type, as last put in step; `default_type` is the record
    type that a new opportunity gets.
    """

    tracks: tuple[Track, ...] = ()
    default_type: str = ""

    def track(self, pipeline: str) -> Track | None:
        """The track of a HubSpot pipeline, or None where it was never seen."""
        return next((one for one in self.tracks if one.pipeline == pipeline), None)

    def track_of_type(self, record_type: str) -> Track | None:
        """The track of a record type ("" = none), or None where it has no pipeline yet."""
        return next((one for one in self.tracks if record_type in one.record_types), None)


@dataclass(frozen=True, slots=True)
class MakePipeline:
    """Make a pipeline with its stages, in this order; the stages have no ids yet."""

    label: str
    stages: tuple[DealStage, ...]


@dataclass(frozen=True, slots=True)
class RenamePipeline:
    """Give a pipeline another label."""

    pipeline: str
    label: str


@dataclass(frozen=True, slots=True)
class MakeStage:
    """Add a stage to a pipeline at a place in its order; it has no id yet."""

    pipeline: str
    stage: DealStage
    order: int


@dataclass(frozen=True, slots=True)
class ChangeStage:
    """Give a stage this label, probability and place in the order."""

    pipeline: str
    stage: DealStage
    order: int


@dataclass(frozen=True, slots=True)
class DropStage:
    """Take away a stage that no deal uses."""

    pipeline: str
    stage: DealStage


PipelineStep: TypeAlias = MakePipeline | RenamePipeline | MakeStage | ChangeStage | DropStage
"""One thing that puts HubSpot's pipelines in step with the org."""
