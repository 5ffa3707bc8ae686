"""The pipelines of deals as a part of set-up and check (OPP-6 to OPP-8, LIM-3): two lines for each,
one of them for its stages.

Unlike properties and fields, pipelines of ours that a person changed are put right: they are the
org's, not the account's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crmsync.errors import SyncError
from crmsync.flows.kinds.pipelines import StepResult, Survey, apply_steps, survey
from crmsync.flows.setup.connection import SetupStep, StepState
from crmsync.model.concerns import kinds_of
from crmsync.model.pipelines import ChangeStage, DropStage, MakePipeline, MakeStage, RenamePipeline
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.ports.deals import Deals, Opportunities, PipelineMaps
from crmsync.rules.kinds.opportunity.pipelines import names


@dataclass(frozen=True, slots=True)
class PipelineSides:
    """What the pipelines of a connection are put in step by."""

    deals: Deals
    opportunities: Opportunities
    maps: PipelineMaps


_UNASSIGNED = (
    "is not assigned to the integration user: assign it in a permission set, Object Settings, Opportunities, "
    "or Salesforce refuses every opportunity that is to have it"
)

_Line = tuple[str, StepState, str]


def set_up_pipelines(
    connection: Connection,
    sides_of: Callable[[Connection], PipelineSides],
    before: Sequence[SetupStep],
    *,
    apply: bool,
) -> list[SetupStep]:
    """Look at the pipelines and, with `apply`, bring them in step; without, say what would be done.

    Nothing where deals do not sync (SET-5), nor where `before`, the steps of both sides, ended at
    an account or org that is not meant.
    """
    if Kind.OPPORTUNITY not in kinds_of(connection) or not _entered(before):
        return []
    try:
        sides = sides_of(connection)
        found = survey(sides.deals, sides.opportunities, sides.maps, connection.name)
        done = apply_steps(found, sides.deals, sides.maps, connection.name)[1] if apply else None
    except SyncError as error:
        return [
            SetupStep(connection.name, Side.HUBSPOT, "pipelines", StepState.FAILED, _told(error))
        ]
    unassigned = [one.label for one in found.record_types if not one.is_available]
    return [
        *(
            SetupStep(
                connection.name, Side.SALESFORCE, f"record type {one}", StepState.WRONG, _UNASSIGNED
            )
            for one in unassigned
        ),
        *(SetupStep(connection.name, Side.HUBSPOT, *line) for line in _lines(found, done)),
    ]


def _entered(before: Sequence[SetupStep]) -> bool:
    """Whether both sides are the ones that are meant: the first step of each says so."""
    first = {step.side: step.state for step in reversed(before)}
    return all(first.get(side) is StepState.THERE for side in Side)


def _lines(found: Survey, done: Sequence[StepResult] | None) -> Iterator[_Line]:
    """Each pipeline that there should be, and its stages; `done` is None where nothing was to be
    done yet.
    """
    tried = [StepResult(step) for step in found.steps] if done is None else done
    labels = {one.id: one.label for one in found.pipelines}
    labels |= {
        one.step.pipeline: one.step.label for one in tried if isinstance(one.step, RenamePipeline)
    }
    for label in dict.fromkeys(names(found.record_types).values()):
        whole = [
            one
            for one in tried
            if isinstance(one.step, MakePipeline | RenamePipeline) and one.step.label == label
        ]
        stages = [one for one in tried if _pipeline_of(one, labels) == label]
        state, text = _state_of(whole, found, is_done=done is not None)
        yield f"pipeline {label}", state, text
        if not any(isinstance(one.step, MakePipeline) for one in whole):
            yield f"stages of {label}", *_state_of_stages(stages, found, is_done=done is not None)
        elif state is not StepState.FAILED:
            yield f"stages of {label}", state, ""


def _pipeline_of(one: StepResult, labels: Mapping[str, str]) -> str:
    return (
        labels.get(one.step.pipeline, "")
        if isinstance(one.step, MakeStage | ChangeStage | DropStage)
        else ""
    )


def _state_of(
    tried: Sequence[StepResult], found: Survey, *, is_done: bool
) -> tuple[StepState, str]:
    if not tried:
        return StepState.THERE, ""
    (one,) = tried
    if is_done:
        return (StepState.FAILED, _told(one.error)) if one.error else (StepState.MADE, "")
    if isinstance(one.step, RenamePipeline):
        called = next(other.label for other in found.pipelines if other.id == one.step.pipeline)
        return StepState.WRONG, f"is called {called}: crmsync setup --apply gives it its name"
    return StepState.MISSING, ""


def _state_of_stages(
    tried: Sequence[StepResult], found: Survey, *, is_done: bool
) -> tuple[StepState, str]:
    """A stage that the org no longer has is named in any case, and is nothing to mend: deals may be
    in it.
    """
    refused = next((one.error for one in tried if one.error and not one.keeps_stage), None)
    if refused:
        return StepState.FAILED, _told(refused)
    drops = [
        one.step.stage.label
        for one in tried
        if isinstance(one.step, DropStage) and (one.error or not is_done)
    ]
    over = (
        f"no longer a stage of the org, gone once no deal is in it: {', '.join(drops)}"
        if drops
        else ""
    )
    changes = [one.step for one in tried if not isinstance(one.step, DropStage)]
    if is_done:
        return StepState.MADE if len(tried) > len(drops) else StepState.THERE, over
    if not changes:
        return StepState.THERE, over
    standing = {stage.id: stage for pipeline in found.pipelines for stage in pipeline.stages}
    last = {
        step.stage.id or step.stage.label: step.stage
        for step in changes
        if isinstance(step, MakeStage | ChangeStage)
    }
    wrong = [stage.label for stage in last.values() if standing.get(stage.id) != stage]
    return (
        StepState.WRONG,
        f"out of step: {', '.join(wrong) or 'their order'}; crmsync setup --apply puts them right",
    )


def _told(error: SyncError) -> str:
    return f"{error.text} {error.hint}".strip()
