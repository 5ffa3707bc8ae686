"""Where a deal and its opportunity stand: pipeline and stage in HubSpot, record type and stage in
Salesforce (OPP-5 to OPP-8, Q-25, Q-26).

The four go as one: a stage of HubSpot means something only within its pipeline, so whoever holds
says both. What goes with what is known from the `PipelineMap`; what it does not know crosses
nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.crm_names import DEAL_STAGE, PIPELINE, RECORD_TYPE_ID, STAGE_NAME
from crmsync.model.effects import Because, FieldConflict
from crmsync.model.fields import FieldRule, Update
from crmsync.model.pipelines import PipelineMap, Track
from crmsync.model.records import Side, Value
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.policies import FieldState, MergePart, newest_of
from crmsync.rules.merge.ruleset import Ruleset

STAGES = FieldRule(DEAL_STAGE, STAGE_NAME)
"""The two stages as a mapping, by which people are told of them."""


@dataclass(frozen=True, slots=True)
class StageState:
    """What one side shows: `place` is the pipeline or the record type, `stage` the stage within
    it.
    """

    place: FieldState
    stage: FieldState

    @property
    def changed(self) -> bool | None:
        """Whether either differs from its base; None where one was never agreed on."""
        if None in (self.place.changed, self.stage.changed):
            return None
        return bool(self.place.changed or self.stage.changed)


@dataclass(frozen=True, slots=True)
class StageDecision:
    """What to write where, and only what differs; pipeline and stage both where the pipeline
    changes. `conflict`: it turned on the newest.

    `unknown`: the map does not know what would have to cross, so that nothing is written before it
    is in step.
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
    """What both sides show, "" for blank, beside what the map knows of it."""

    pipeline: str
    stage: str
    record_type: str
    stage_name: str
    known: PipelineMap

    @property
    def track(self) -> Track | None:
        return self.known.track(self.pipeline)

    @property
    def meaning(self) -> str:
        """The ``StageName`` that the deal's stage stands for, "" where nobody knows."""
        return dict(self.track.stages).get(self.stage, "") if self.track else ""

    @property
    def belongs(self) -> bool:
        """Whether the opportunity may be in the deal's pipeline: it stands for the record type, or
        is people's own.
        """
        return self.track is not None and (
            not self.track.record_types or self.record_type in self.track.record_types
        )

    @property
    def is_same(self) -> bool:
        shown = self.track is not None and (self.stage, self.stage_name) in self.track.also
        return self.belongs and bool(self.meaning) and (self.meaning == self.stage_name or shown)

    @property
    def is_understood(self) -> bool:
        return (
            bool(self.meaning)
            and _stage_in(self.known.track_of_type(self.record_type), self.stage_name) is not None
        )


def merge_stages(hubspot: SideView, salesforce: SideView, ruleset: Ruleset) -> StagePart:
    """Decide a deal's pipeline and stage and its opportunity's record type and stage, where they
    are compared (OPP-5, OPP-6).
    """
    if STAGE_NAME not in salesforce.states:
        return StagePart()
    deal = StageState(hubspot.states[PIPELINE], hubspot.states[DEAL_STAGE])
    untyped = FieldState(None, None, changed=False)
    opportunity = StageState(
        salesforce.states.get(RECORD_TYPE_ID, untyped), salesforce.states[STAGE_NAME]
    )
    newest = newest_of(DEAL_STAGE, hubspot.record, salesforce.record, ruleset.our_app)
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
    """Decide a linked pair. Whoever moved it holds; where both did, or the two never agreed, the
    newest; a blank never does.
    """
    ours, theirs = (
        (_text(deal.place.value), _text(deal.stage.value)),
        (_text(opportunity.place.value), _text(opportunity.stage.value)),
    )
    pair = _Pair(*ours, *theirs, known)
    neither_moved = deal.changed is False and opportunity.changed is False
    if neither_moved or pair.is_same or not (pair.stage or pair.stage_name):
        return NO_CHANGE
    contested = bool(pair.stage and pair.stage_name) and _is_contested(deal, opportunity)
    if contested and not pair.is_understood:
        return UNKNOWN
    winner = _winner(pair, deal, newest if contested else None)
    verdict = _to_salesforce(pair) if winner is Side.HUBSPOT else _to_hubspot(pair)
    return replace(verdict, conflict=contested)


def stage_of_new_opportunity(
    fields: Mapping[str, Value], known: PipelineMap
) -> Mapping[str, Value] | None:
    """Stage and, where its pipeline stands for one, record type of the opportunity that a deal
    makes (OPP-11); None = unknown to the map.

    From people's own pipeline the opportunity gets Salesforce's default record type (Q-26). A deal
    without a stage makes one in the first stage: of its own pipeline if that is Salesforce's, else
    of the default record type's.
    """
    pipeline, stage = _text(fields.get(PIPELINE)), _text(fields.get(DEAL_STAGE))
    track = known.track(pipeline)
    if pipeline and track is None:
        return None
    if stage:
        name = dict(track.stages).get(stage) if track else None
    else:
        first = track if track and track.record_types else known.track_of_type(known.default_type)
        name = first.stages[0][1] if first and first.stages else None
    if not name:
        return None
    record_type = _record_type_of(track)
    return {RECORD_TYPE_ID: record_type, STAGE_NAME: name} if record_type else {STAGE_NAME: name}


def stage_of_new_deal(
    fields: Mapping[str, Value], known: PipelineMap
) -> Mapping[str, Value] | None:
    """Pipeline and stage of the deal that an opportunity makes: always its record type's (OPP-6);
    None = unknown to the map.
    """
    track = known.track_of_type(_text(fields.get(RECORD_TYPE_ID)))
    stage = _stage_in(track, _text(fields.get(STAGE_NAME)))
    return {PIPELINE: track.pipeline, DEAL_STAGE: stage} if track and stage else None


def _is_contested(deal: StageState, opportunity: StageState) -> bool:
    return None in (deal.changed, opportunity.changed) or bool(deal.changed and opportunity.changed)


def _winner(pair: _Pair, deal: StageState, newest: Side | None) -> Side:
    if not (pair.stage and pair.stage_name):
        return Side.HUBSPOT if pair.stage else Side.SALESFORCE
    return newest or (Side.HUBSPOT if deal.changed else Side.SALESFORCE)


def _to_salesforce(pair: _Pair) -> StageDecision:
    """Let the opportunity follow its deal.

    It cannot lose its record type: a deal that was put into the pipeline of opportunities without
    one goes back to its own.
    """
    if not pair.meaning:
        return UNKNOWN
    record_type = "" if pair.belongs else _record_type_of(pair.track)
    writes: dict[str, Value] = {RECORD_TYPE_ID: record_type} if record_type else {}
    if pair.meaning != pair.stage_name:
        writes[STAGE_NAME] = pair.meaning
    back: dict[str, Value] = {}
    if not (pair.belongs or record_type):
        track = pair.known.track_of_type(pair.record_type)
        stage = _stage_in(track, pair.meaning)
        back = {PIPELINE: track.pipeline, DEAL_STAGE: stage} if track and stage else {}
    return StageDecision(back, writes, _because(place=bool(record_type or back)))


def _to_hubspot(pair: _Pair) -> StageDecision:
    """Let the deal follow its opportunity.

    It stays in its pipeline as long as that may hold the opportunity and has a stage for it (Q-26),
    else it goes to the record type's.
    """
    if pair.pipeline and pair.track is None:
        return UNKNOWN
    for track in (pair.track if pair.belongs else None, pair.known.track_of_type(pair.record_type)):
        stage = _stage_in(track, pair.stage_name, pair.stage)
        if track and stage:
            moves = track.pipeline != pair.pipeline
            place: dict[str, Value] = {PIPELINE: track.pipeline} if moves else {}
            return StageDecision({**place, DEAL_STAGE: stage}, because=_because(place=moves))
    return UNKNOWN


def _because(*, place: bool) -> Because:
    return ("OPP-5", "OPP-6") if place else ("OPP-5",)


def _stage_in(track: Track | None, name: str, preferred: str = "") -> str | None:
    """The stage of a track that means a ``StageName``: the preferred one if it does, else the
    first, else where it is shown instead.
    """
    stages = (
        [stage for stage, meaning in (*track.stages, *track.also) if meaning == name]
        if track and name
        else []
    )
    return preferred if preferred in stages else next(iter(stages), None)


def _record_type_of(track: Track | None) -> str:
    """The record type that a pipeline stands for, "" where it stands for none or is people's
    own.
    """
    types = [one for one in track.record_types if one] if track else []
    return types[0] if len(types) == 1 else ""


def _text(value: Value) -> str:
    return "" if is_blank(value) else str(value)


def is_known(fields: Mapping[str, Value], known: PipelineMap) -> bool:
    """Whether the map knows where a record of either side stands, as far as the record says."""
    if PIPELINE in fields or DEAL_STAGE in fields:
        track = known.track(_text(fields.get(PIPELINE)))
        stage = _text(fields.get(DEAL_STAGE))
        return not stage or (track is not None and bool(dict(track.stages).get(stage)))
    return (
        _stage_in(
            known.track_of_type(_text(fields.get(RECORD_TYPE_ID))), _text(fields.get(STAGE_NAME))
        )
        is not None
    )
