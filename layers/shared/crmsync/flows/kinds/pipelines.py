"""HubSpot's pipelines brought in step with the org: looked at whole, done step by step, and what
stands then is kept (OPP-6).

What is to be done, and what each stage means, is said by
`crmsync.rules.kinds.opportunity.pipelines`. Asking again costs three calls and does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmsync.errors import Conflict, Gone, Refused, SyncError
from crmsync.model.pipelines import DealPipeline, PipelineMap, PipelineStep, RecordType
from crmsync.ports.deals import Deals, Opportunities, PipelineMaps
from crmsync.rules.kinds.opportunity.pipelines import STAGE_IN_USE, in_step, read_map


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands on both sides, the map as last kept, and what is still to be done."""

    record_types: Sequence[RecordType]
    pipelines: Sequence[DealPipeline]
    known: PipelineMap | None
    steps: tuple[PipelineStep, ...]


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that was tried, and why HubSpot would not have it, if it would not."""

    step: PipelineStep
    error: SyncError | None = None

    @property
    def keeps_stage(self) -> bool:
        """Whether this is a stage that the org no longer has, and that stays only because deals are
        in it.
        """
        return self.error is not None and self.error.code == STAGE_IN_USE


def survey(
    deals: Deals, opportunities: Opportunities, maps: PipelineMaps, connection: str
) -> Survey:
    """Look at both sides and the map; writes nothing. Raises `SyncError`."""
    known = maps.load(connection)
    record_types, pipelines = opportunities.record_types(), deals.pipelines()
    return Survey(record_types, pipelines, known, in_step(record_types, pipelines, known))


def apply_steps(
    found: Survey, deals: Deals, maps: PipelineMaps, connection: str
) -> tuple[PipelineMap, tuple[StepResult, ...]]:
    """Do all steps, and keep the map of what stands afterwards; one that HubSpot refuses does not
    keep the others from being done.

    Raises `TryAgain` where a side cannot answer at all: what was done until then is found by the
    next look.
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
    """Bring a connection's pipelines in step, and say which goes with which record type.

    Raises what HubSpot refused first, after all else was done and the map was kept: no further
    pipeline, for one (LIM-3). A stage that the org no longer has is left while deals are in it.
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
        deals.put_in_step(step)
    except (Refused, Gone, Conflict) as error:
        return StepResult(step, error)
    return StepResult(step)


def current_map(deals: Deals, opportunities: Opportunities) -> PipelineMap:
    """Which pipeline goes with which record type by what both sides show; writes nothing. Raises
    `SyncError`.
    """
    return read_map(opportunities.record_types(), deals.pipelines(), None)
