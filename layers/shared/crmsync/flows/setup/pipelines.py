"""Deal pipelines in set-up and check: two steps per pipeline, one for it and one for its stages
(OPP-6 to OPP-8, LIM-3).

Unlike properties and fields, our pipelines are corrected when a person has changed them: they
mirror the org and are not the account's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crmsync.errors import SyncError
from crmsync.flows.kinds.pipelines import StepResult, Survey, apply_steps, survey
from crmsync.flows.setup.steps import SetupStep, StepState, text_of
from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DeleteStage,
    RenamePipeline,
    UpdateStage,
)
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.ports.deals import Deals, Opportunities, PipelineMaps
from crmsync.rules.kinds.opportunity.pipelines import names


@dataclass(frozen=True, slots=True)
class PipelineSides:
    """What the pipelines of a connection are kept in step with.

    Attributes:
        deals: HubSpot's deals and their pipelines.
        opportunities: Salesforce's opportunities and their record types.
        maps: Stores which pipeline belongs to which record type.
    """

    deals: Deals
    opportunities: Opportunities
    maps: PipelineMaps


_UNASSIGNED = (
    "is not assigned to the integration user: assign it in a permission set, Object "
    "Settings, Opportunities, "
    "or Salesforce refuses every opportunity that is to have it"
)

_Result = tuple[str, StepState, str]
"""The part, state and text of a `SetupStep`."""


def set_up_pipelines(
    connection: Connection,
    sides_of: Callable[[Connection], PipelineSides],
    before: Sequence[SetupStep],
    *,
    apply: bool,
) -> list[SetupStep]:
    """Check the pipelines, and bring them into step with `apply`; otherwise say what would be done.

    Does nothing when deals do not sync (SET-5), or when the steps `before`, those of both sides,
    ended at the wrong account or org.
    """
    if Kind.OPPORTUNITY not in connection.kinds or not _are_right_sides(before):
        return []
    name = connection.name
    try:
        sides = sides_of(connection)
        found = survey(sides.deals, sides.opportunities, sides.maps, name)
        done = apply_steps(found, sides.deals, sides.maps, name)[1] if apply else None
    except SyncError as error:
        return [SetupStep(name, Side.HUBSPOT, "pipelines", StepState.FAILED, text_of(error))]
    unassigned = [
        SetupStep(name, Side.SALESFORCE, f"record type {one.label}", StepState.WRONG, _UNASSIGNED)
        for one in found.record_types
        if not one.is_available
    ]
    pipelines = [SetupStep(name, Side.HUBSPOT, *result) for result in _results(found, done)]
    return [*unassigned, *pipelines]


def _are_right_sides(before: Sequence[SetupStep]) -> bool:
    """Whether account and org are the right ones: the first step of each side says so."""
    first = {step.side: step.state for step in reversed(before)}
    return all(first.get(side) is StepState.THERE for side in Side)


def _results(found: Survey, done: Sequence[StepResult] | None) -> Iterator[_Result]:
    """Each pipeline that the org calls for, and its stages; `done` is None without `apply`."""
    tried = [StepResult(step) for step in found.steps] if done is None else done
    labels = {one.id: one.label for one in found.pipelines}
    labels |= {
        one.step.pipeline: one.step.label for one in tried if isinstance(one.step, RenamePipeline)
    }
    for label in dict.fromkeys(names(found.record_types).values()):
        whole = [
            one
            for one in tried
            if isinstance(one.step, CreatePipeline | RenamePipeline) and one.step.label == label
        ]
        stages = [one for one in tried if _pipeline_of(one, labels) == label]
        state, text = _pipeline_state(whole, found, is_done=done is not None)
        yield f"pipeline {label}", state, text
        if not any(isinstance(one.step, CreatePipeline) for one in whole):
            yield f"stages of {label}", *_stages_state(stages, found, is_done=done is not None)
        elif state is not StepState.FAILED:
            yield f"stages of {label}", state, ""


def _pipeline_of(one: StepResult, labels: Mapping[str, str]) -> str:
    """The label of the pipeline of a stage's step; "" for other steps."""
    if isinstance(one.step, CreateStage | UpdateStage | DeleteStage):
        return labels.get(one.step.pipeline, "")
    return ""


def _pipeline_state(
    tried: Sequence[StepResult], found: Survey, *, is_done: bool
) -> tuple[StepState, str]:
    if not tried:
        return StepState.THERE, ""
    (one,) = tried
    if is_done:
        return (StepState.FAILED, text_of(one.error)) if one.error else (StepState.MADE, "")
    if isinstance(one.step, RenamePipeline):
        called = next(other.label for other in found.pipelines if other.id == one.step.pipeline)
        return StepState.WRONG, f"is called {called}: crmsync setup --apply gives it its name"
    return StepState.MISSING, ""


def _stages_state(
    tried: Sequence[StepResult], found: Survey, *, is_done: bool
) -> tuple[StepState, str]:
    """A stage that the org no longer has is named but is no fault: deals may still be in it."""
    refused = next((one.error for one in tried if one.error and not one.keeps_stage), None)
    if refused:
        return StepState.FAILED, text_of(refused)
    drops = [
        one.step.stage.label
        for one in tried
        if isinstance(one.step, DeleteStage) and (one.error or not is_done)
    ]
    text = ""
    if drops:
        text = f"no longer a stage of the org, gone once no deal is in it: {', '.join(drops)}"
    changes = [one.step for one in tried if not isinstance(one.step, DeleteStage)]
    if is_done:
        return StepState.MADE if len(tried) > len(drops) else StepState.THERE, text
    if not changes:
        return StepState.THERE, text
    current = {stage.id: stage for pipeline in found.pipelines for stage in pipeline.stages}
    wanted = {
        step.stage.id or step.stage.label: step.stage
        for step in changes
        if isinstance(step, CreateStage | UpdateStage)
    }
    wrong = [stage.label for stage in wanted.values() if current.get(stage.id) != stage]
    return (
        StepState.WRONG,
        f"out of step: {', '.join(wrong) or 'their order'}; crmsync setup --apply puts them right",
    )
