"""Syncs HubSpot's pipelines with the sales processes of the org (OPP-6): read both sides whole,
apply the missing steps, and keep the map of the result.

Which steps are missing, and what each stage means, is decided in
`crmsync.rules.kinds.opportunity.pipelines`. A repetition costs three calls and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmsync.errors import Conflict, Gone, Refused, SyncError
from crmsync.model.kinds.pipelines import DealPipeline, PipelineMap, PipelineStep, RecordType
from crmsync.ports.deals import Deals, Opportunities, PipelineMaps
from crmsync.rules.kinds.opportunity.pipelines import STAGE_IN_USE, pipeline_steps, read_map


@dataclass(frozen=True, slots=True)
class Survey:
    """The pipelines before a sync.

    Attributes:
        record_types: the org's record types with their stages.
        pipelines: HubSpot's deal pipelines.
        known: the map as it was last kept.
        steps: what is missing in HubSpot.
    """

    record_types: Sequence[RecordType]
    pipelines: Sequence[DealPipeline]
    known: PipelineMap | None
    steps: tuple[PipelineStep, ...]


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that was applied, with HubSpot's error if it was refused."""

    step: PipelineStep
    error: SyncError | None = None

    @property
    def keeps_stage(self) -> bool:
        """Whether this is a stage that the org no longer has and that stays because deals are in
        it.
        """
        return self.error is not None and self.error.code == STAGE_IN_USE


def survey(
    deals: Deals, opportunities: Opportunities, maps: PipelineMaps, connection: str
) -> Survey:
    """Read both sides and the map; writes nothing. Raises `SyncError`."""
    known = maps.load(connection)
    record_types, pipelines = opportunities.record_types(), deals.pipelines()
    return Survey(record_types, pipelines, known, pipeline_steps(record_types, pipelines, known))


def apply_steps(
    found: Survey, deals: Deals, maps: PipelineMaps, connection: str
) -> tuple[PipelineMap, tuple[StepResult, ...]]:
    """Apply all steps, whether or not HubSpot refuses some, and keep the map of the result.

    Raises `TryAgain` if a side does not answer: the next survey finds what was done until then.
    """
    tried = tuple(_try(deals, step) for step in found.steps)
    pipelines = deals.pipelines() if tried else found.pipelines
    now = read_map(found.record_types, pipelines, found.known)
    if now != found.known:
        maps.save(connection, now)
    return now, tried


def sync_pipelines(
    deals: Deals, opportunities: Opportunities, maps: PipelineMaps, connection: str
) -> PipelineMap:
    """Sync a connection's pipelines, and return which one belongs to which record type.

    A stage that the org no longer has stays while deals are in it. After all steps were tried and
    the map was kept, raises the first error of a refused step: HubSpot may allow no further
    pipeline, for example (LIM-3).
    """
    now, tried = apply_steps(
        survey(deals, opportunities, maps, connection), deals, maps, connection
    )
    for one in tried:
        if one.error and not one.keeps_stage:
            raise one.error
    return now


def _try(deals: Deals, step: PipelineStep) -> StepResult:
    try:
        deals.apply_step(step)
    except (Refused, Gone, Conflict) as error:
        return StepResult(step, error)
    return StepResult(step)


def current_map(deals: Deals, opportunities: Opportunities) -> PipelineMap:
    """Which pipeline belongs to which record type now, by what both sides show; writes nothing.
    Raises `SyncError`.
    """
    return read_map(opportunities.record_types(), deals.pipelines(), None)
