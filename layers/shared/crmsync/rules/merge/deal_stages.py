"""The stage of a deal and its opportunity: pipeline and stage in HubSpot, record type and stage in
Salesforce (OPP-5 to OPP-8, Q-25, Q-26).

The four are decided together: a HubSpot stage means something only within its pipeline, so one side
wins both. The `PipelineMap` says what corresponds to what; what it does not know does not cross.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.conflicts import FieldConflict
from crmsync.model.crm_names import DEAL_STAGE, PIPELINE, RECORD_TYPE_ID, STAGE_NAME
from crmsync.model.effects import Because
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.pipelines import MappedPipeline, PipelineMap
from crmsync.model.records import Side, Value
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.policies import FieldState, MergePart, newest_of
from crmsync.rules.merge.ruleset import Ruleset

STAGES = FieldRule(DEAL_STAGE, STAGE_NAME)
"""The two stages as a mapping, under which they are reported."""


@dataclass(frozen=True, slots=True)
class StageState:
    """What one side shows.

    Attributes:
        place: The pipeline or the record type.
        stage: The stage within it.
    """

    place: FieldState
    stage: FieldState

    @property
    def changed(self) -> bool | None:
        """Whether either differs from its base; None where either was never agreed on."""
        if None in (self.place.changed, self.stage.changed):
            return None
        return bool(self.place.changed or self.stage.changed)


@dataclass(frozen=True, slots=True)
class StageDecision:
    """What becomes of the stage of a pair.

    Attributes:
        to_hubspot: What to write to the deal: stage, and pipeline where that changes.
        to_salesforce: What to write to the opportunity, as far as it differs.
        because: The rules.
        conflict: Whether both sides changed the stage, so that the more recent change won.
        unknown: Whether the map lacks what would have to cross. Nothing is written until the map
            has been brought up to date.
    """

    to_hubspot: Mapping[str, Value] = field(default_factory=dict)
    to_salesforce: Mapping[str, Value] = field(default_factory=dict)
    because: Because = ()
    conflict: bool = False
    unknown: bool = False


NO_CHANGE = StageDecision()
UNKNOWN = StageDecision(unknown=True)


@dataclass(frozen=True, slots=True)
class StagePart(MergePart):
    """What pipeline and stage contribute to the merge of a pair.

    Attributes:
        decision: What to write where.
    """

    decision: StageDecision = NO_CHANGE


@dataclass(frozen=True, slots=True)
class _Pair:
    """What both sides show, "" for blank, and the map that says what it means."""

    pipeline: str
    stage: str
    record_type: str
    stage_name: str
    known: PipelineMap

    @property
    def mapped(self) -> MappedPipeline | None:
        return self.known.of_pipeline(self.pipeline)

    @property
    def meaning(self) -> str:
        """The ``StageName`` that the deal's stage stands for, "" where the map has none."""
        return dict(self.mapped.stages).get(self.stage, "") if self.mapped else ""

    @property
    def belongs(self) -> bool:
        """Whether the opportunity may be in the deal's pipeline: one for its record type, or one
        that people made themselves.
        """
        return self.mapped is not None and (
            not self.mapped.record_types or self.record_type in self.mapped.record_types
        )

    @property
    def is_same(self) -> bool:
        shown = self.mapped is not None and (self.stage, self.stage_name) in self.mapped.also
        return self.belongs and bool(self.meaning) and (self.meaning == self.stage_name or shown)

    @property
    def is_understood(self) -> bool:
        return (
            bool(self.meaning)
            and _stage_in(self.known.of_record_type(self.record_type), self.stage_name) is not None
        )


def merge_stages(hubspot: SideView, salesforce: SideView, ruleset: Ruleset) -> StagePart:
    """Decide a deal's pipeline and stage, and its opportunity's record type and stage (OPP-5,
    OPP-6).
    """
    deal = StageState(hubspot.state(PIPELINE), hubspot.state(DEAL_STAGE))
    untyped = FieldState(None, None, changed=False)
    is_typed = RECORD_TYPE_ID in salesforce.forms
    opportunity = StageState(
        salesforce.state(RECORD_TYPE_ID) if is_typed else untyped, salesforce.state(STAGE_NAME)
    )
    newest = newest_of(
        DEAL_STAGE,
        hubspot.record,
        salesforce.record,
        ruleset.our_app,
        is_first=deal.changed is None,
    )
    decision = decide_stage(deal, opportunity, newest, ruleset.opportunity.pipelines)
    conflicts: tuple[FieldConflict, ...] = ()
    if decision.conflict:
        fields, values = (DEAL_STAGE, STAGE_NAME), (deal.stage.value, opportunity.stage.value)
        conflicts = (FieldConflict(*fields, *values, Update.TWO_WAY, newest),)
    return StagePart(
        decision.to_hubspot,
        decision.to_salesforce,
        decision.because if decision.to_hubspot else (),
        decision.because if decision.to_salesforce else (),
        conflicts,
        (STAGES,) if decision.unknown else (),
        decision=decision,
    )


def decide_stage(
    deal: StageState, opportunity: StageState, newest: Side, known: PipelineMap
) -> StageDecision:
    """Decide the stage of a linked pair. The side that changed it wins; where both did, or the two
    never agreed, the more recent change wins. A blank never wins.
    """
    ours, theirs = (
        (_text(deal.place.value), _text(deal.stage.value)),
        (_text(opportunity.place.value), _text(opportunity.stage.value)),
    )
    pair = _Pair(*ours, *theirs, known)
    unchanged = deal.changed is False and opportunity.changed is False
    if unchanged or pair.is_same or not (pair.stage or pair.stage_name):
        return NO_CHANGE
    contested = bool(pair.stage and pair.stage_name) and _is_contested(deal, opportunity)
    if contested and not pair.is_understood:
        return UNKNOWN
    winner = _winner(pair, deal, newest if contested else None)
    decision = _to_salesforce(pair) if winner is Side.HUBSPOT else _to_hubspot(pair)
    return replace(decision, conflict=contested)


def stage_of_new_opportunity(
    fields: Mapping[str, Value], known: PipelineMap
) -> Mapping[str, Value] | None:
    """The stage of the opportunity that is created for a deal, and its record type where the
    pipeline stands for one (OPP-11); None where the map does not know the stage.

    For a pipeline that people made themselves the opportunity gets Salesforce's default record type
    (Q-26). A deal without a stage leads to the first stage: of its own pipeline if that stands for
    a record type, else of the default record type's pipeline.
    """
    pipeline, stage = _text(fields.get(PIPELINE)), _text(fields.get(DEAL_STAGE))
    mapped = known.of_pipeline(pipeline)
    if pipeline and mapped is None:
        return None
    if stage:
        name = dict(mapped.stages).get(stage) if mapped else None
    else:
        first = (
            mapped if mapped and mapped.record_types else known.of_record_type(known.default_type)
        )
        name = first.stages[0][1] if first and first.stages else None
    if not name:
        return None
    record_type = _record_type_of(mapped)
    return {RECORD_TYPE_ID: record_type, STAGE_NAME: name} if record_type else {STAGE_NAME: name}


def stage_of_new_deal(
    fields: Mapping[str, Value], known: PipelineMap
) -> Mapping[str, Value] | None:
    """Pipeline and stage of the deal that is created for an opportunity: always those of its record
    type (OPP-6); None where the map does not know them.
    """
    mapped = known.of_record_type(_text(fields.get(RECORD_TYPE_ID)))
    stage = _stage_in(mapped, _text(fields.get(STAGE_NAME)))
    return {PIPELINE: mapped.pipeline, DEAL_STAGE: stage} if mapped and stage else None


def _is_contested(deal: StageState, opportunity: StageState) -> bool:
    return None in (deal.changed, opportunity.changed) or bool(deal.changed and opportunity.changed)


def _winner(pair: _Pair, deal: StageState, newest: Side | None) -> Side:
    if not (pair.stage and pair.stage_name):
        return Side.HUBSPOT if pair.stage else Side.SALESFORCE
    return newest or (Side.HUBSPOT if deal.changed else Side.SALESFORCE)


def _to_salesforce(pair: _Pair) -> StageDecision:
    """The opportunity follows its deal.

    An opportunity cannot lose its record type, so a deal that was moved to the pipeline for
    opportunities without one is moved back.
    """
    if not pair.meaning:
        return UNKNOWN
    record_type = "" if pair.belongs else _record_type_of(pair.mapped)
    writes: dict[str, Value] = {RECORD_TYPE_ID: record_type} if record_type else {}
    if pair.meaning != pair.stage_name:
        writes[STAGE_NAME] = pair.meaning
    back: dict[str, Value] = {}
    if not (pair.belongs or record_type):
        mapped = pair.known.of_record_type(pair.record_type)
        stage = _stage_in(mapped, pair.meaning)
        back = {PIPELINE: mapped.pipeline, DEAL_STAGE: stage} if mapped and stage else {}
    return StageDecision(back, writes, _because(place=bool(record_type or back)))


def _to_hubspot(pair: _Pair) -> StageDecision:
    """The deal follows its opportunity.

    It stays in its pipeline while that may hold the opportunity and has a stage for it (Q-26);
    otherwise it moves to the pipeline of the record type.
    """
    if pair.pipeline and pair.mapped is None:
        return UNKNOWN
    for mapped in (
        pair.mapped if pair.belongs else None,
        pair.known.of_record_type(pair.record_type),
    ):
        stage = _stage_in(mapped, pair.stage_name, pair.stage)
        if mapped and stage:
            moves = mapped.pipeline != pair.pipeline
            place: dict[str, Value] = {PIPELINE: mapped.pipeline} if moves else {}
            return StageDecision({**place, DEAL_STAGE: stage}, because=_because(place=moves))
    return UNKNOWN


def _because(*, place: bool) -> Because:
    return ("OPP-5", "OPP-6") if place else ("OPP-5",)


def _stage_in(mapped: MappedPipeline | None, name: str, preferred: str = "") -> str | None:
    """The stage of a pipeline that stands for a ``StageName``: `preferred` if it does, else the
    first that does, else the stage in which the name is shown instead.
    """
    stages = (
        [stage for stage, meaning in (*mapped.stages, *mapped.also) if meaning == name]
        if mapped and name
        else []
    )
    return preferred if preferred in stages else next(iter(stages), None)


def _record_type_of(mapped: MappedPipeline | None) -> str:
    """The record type that a pipeline stands for, "" where it stands for none or several."""
    types = [one for one in mapped.record_types if one] if mapped else []
    return types[0] if len(types) == 1 else ""


def _text(value: Value) -> str:
    return "" if is_blank(value) else str(value)


def is_known(fields: Mapping[str, Value], known: PipelineMap) -> bool:
    """Whether the map knows the pipeline and stage that a record of either side shows."""
    if PIPELINE in fields or DEAL_STAGE in fields:
        mapped = known.of_pipeline(_text(fields.get(PIPELINE)))
        stage = _text(fields.get(DEAL_STAGE))
        return not stage or (mapped is not None and bool(dict(mapped.stages).get(stage)))
    return (
        _stage_in(
            known.of_record_type(_text(fields.get(RECORD_TYPE_ID))), _text(fields.get(STAGE_NAME))
        )
        is not None
    )
