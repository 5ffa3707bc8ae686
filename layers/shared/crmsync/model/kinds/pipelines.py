"""Stages and pipelines of both sides, and which goes with which. Values only.

Salesforce's record types of opportunities, each with the stages of its sales process, go with
HubSpot's pipelines of deals (OPP-6).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class OrgStage:
    """A stage of the org.

    Attributes:
        name: The value of an opportunity's ``StageName``.
        label: What people read.
        probability: In percent.
        is_closed: Whether it closes an opportunity.
        is_won: Whether it wins one.
    """

    name: str
    label: str
    probability: float = 0
    is_closed: bool = False
    is_won: bool = False


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record type of opportunities with the stages of its sales process.

    Attributes:
        id: Its id; "" (the master type) for opportunities without a record type.
        label: What people read.
        stages: The active stages, in the org's order.
        is_default: A new opportunity gets this type unless it names another.
        others: Stages that the process does not have, or no longer has; an older opportunity may
            still be in one.
        is_available: Whether the integration user may give it to an opportunity.
    """

    id: str
    label: str
    stages: tuple[OrgStage, ...]
    is_default: bool = False
    others: tuple[OrgStage, ...] = ()
    is_available: bool = True


@dataclass(frozen=True, slots=True)
class DealStage:
    """A stage of a HubSpot pipeline.

    Attributes:
        id: Its id.
        label: What people read.
        probability: From 0 to 1 in tenths: 1 is won and 0 is lost.
    """

    id: str
    label: str
    probability: Decimal


@dataclass(frozen=True, slots=True)
class DealPipeline:
    """A HubSpot pipeline with its stages, in order."""

    id: str
    label: str
    stages: tuple[DealStage, ...]


@dataclass(frozen=True, slots=True)
class MappedPipeline:
    """A HubSpot pipeline, and what its stages are in Salesforce.

    Attributes:
        pipeline: The pipeline's id.
        label: What people read.
        record_types: The record types that it stands for; none for a pipeline that people made
            (Q-26), whose deals may have any.
        stages: Pairs of stage id and ``StageName``, in the pipeline's order.
        also: Where to show an opportunity whose stage the pipeline does not have: pairs of stage id
            and ``StageName``.
    """

    pipeline: str
    label: str
    record_types: tuple[str, ...]
    stages: tuple[tuple[str, str], ...]
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineMap:
    """Which pipeline goes with which record type, as last synced.

    Attributes:
        pipelines: The mapped pipelines.
        default_type: The record type that a new opportunity gets.
    """

    pipelines: tuple[MappedPipeline, ...] = ()
    default_type: str = ""

    def of_pipeline(self, pipeline: str) -> MappedPipeline | None:
        """The mapping of a HubSpot pipeline, None for an unknown one."""
        return next((one for one in self.pipelines if one.pipeline == pipeline), None)

    def of_record_type(self, record_type: str) -> MappedPipeline | None:
        """The mapping of a record type ("" = none), None where it has no pipeline yet."""
        return next((one for one in self.pipelines if record_type in one.record_types), None)


@dataclass(frozen=True, slots=True)
class CreatePipeline:
    """Make a pipeline with its stages, in this order; the stages have no ids yet."""

    label: str
    stages: tuple[DealStage, ...]


@dataclass(frozen=True, slots=True)
class RenamePipeline:
    """Give a pipeline another label."""

    pipeline: str
    label: str


@dataclass(frozen=True, slots=True)
class CreateStage:
    """Add a stage, which has no id yet, to a pipeline at a position in its order."""

    pipeline: str
    stage: DealStage
    order: int


@dataclass(frozen=True, slots=True)
class UpdateStage:
    """Give a stage this label, probability and position."""

    pipeline: str
    stage: DealStage
    order: int


@dataclass(frozen=True, slots=True)
class DeleteStage:
    """Remove a stage that no deal uses."""

    pipeline: str
    stage: DealStage


PipelineStep: TypeAlias = CreatePipeline | RenamePipeline | CreateStage | UpdateStage | DeleteStage
"""One step that adapts HubSpot's pipelines to the org."""
