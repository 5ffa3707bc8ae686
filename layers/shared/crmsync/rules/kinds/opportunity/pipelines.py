"""HubSpot's pipelines follow the org's record types and their sales processes (OPP-6 to OPP-8,
Q-25, LIM-3).

Every record type has a pipeline of its own, named after its id, with the stages of its sales
process. Other pipelines are people's own and never touched; nor is the pipeline of a record type
that is gone, as its opportunities still exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    MappedPipeline,
    OrgStage,
    PipelineMap,
    PipelineStep,
    RecordType,
    RenamePipeline,
    UpdateStage,
)

DEFAULT_PIPELINE = "Salesforce - Default pipeline"
"""The pipeline of an org's only record type, and of opportunities without one (OPP-8, Q-25)."""

PIPELINE_LIMIT = "PIPELINE_LIMIT"
STAGE_IN_USE = "STAGE_ID_IN_USE"
"""The codes by which HubSpot refuses a step: it allows no more pipelines (LIM-3), or a stage
contains deals.
"""

_WON, _LOST = Decimal(1), Decimal(0)
_LEAST, _MOST = Decimal("0.1"), Decimal("0.9")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A pipeline that should exist: its label, its record types, and their stages in the org's
    order.
    """

    label: str
    types: tuple[str, ...]
    stages: tuple[OrgStage, ...]
    others: tuple[OrgStage, ...] = ()

    @property
    def deal_stages(self) -> tuple[DealStage, ...]:
        return tuple(DealStage("", stage.label, deal_probability(stage)) for stage in self.stages)


def names(record_types: Iterable[RecordType]) -> Mapping[str, str]:
    """Record type id ("" for none) -> the label of its pipeline.

    ``Salesforce - <id>`` (OPP-7); the only record type (OPP-8) and none (Q-25) have the default
    pipeline, both the same.
    """
    ids = [one.id for one in record_types]
    is_only = len([one for one in ids if one]) == 1
    return {one: f"Salesforce - {one}" if one and not is_only else DEFAULT_PIPELINE for one in ids}


def deal_probability(stage: OrgStage) -> Decimal:
    """A stage's probability as HubSpot has it: 1 is won, 0 is lost, and an open one is in tenths
    between them (pipelines v3, [V]).
    """
    if stage.is_won:
        return _WON
    if stage.is_closed:
        return _LOST
    tenths = (Decimal(str(stage.probability)) / 100).quantize(_LEAST, ROUND_HALF_UP)
    return min(max(tenths, _LEAST), _MOST)


def pipeline_steps(
    record_types: Sequence[RecordType], pipelines: Sequence[DealPipeline], known: PipelineMap | None
) -> tuple[PipelineStep, ...]:
    """The steps that are still to be done, in order.

    `known` is the map as last synced. By it a pipeline or a stage is recognised whatever its
    present label, without it by the label. A pipeline that a person renamed gets its name back, and
    a stage that the org does not have is removed.
    """
    return tuple(
        step
        for wanted, found in _claims(record_types, pipelines, known)
        for step in _steps(wanted, found, known)
    )


def read_map(
    record_types: Sequence[RecordType], pipelines: Sequence[DealPipeline], known: PipelineMap | None
) -> PipelineMap:
    """Which pipeline goes with which record type, and what each stage means, in the present
    pipelines.

    The stages of Salesforce's pipelines mean what they were made for; a stage that a person added
    there means nothing. Those of people's own pipelines mean the org's stage of that label or name,
    otherwise the nearest one (Q-26).
    """
    claims = [(wanted, found) for wanted, found in _claims(record_types, pipelines, known) if found]
    ours = [_claimed(wanted, found, known) for wanted, found in claims]
    taken = {one.pipeline for one in ours}
    default = _default_type(record_types)
    stages = _union(sorted(record_types, key=lambda one: one.id != default))
    likely = next((one.stages for one in record_types if one.id == default), ())
    gone, own = [], []
    for pipeline in (one for one in pipelines if one.id not in taken):
        before = known.of_pipeline(pipeline.id) if known else None
        if before and before.record_types:
            gone.append(_mapped(pipeline, before.record_types, {}, known))
        else:
            own.append(_own_pipeline(pipeline, stages, likely))
    return PipelineMap((*ours, *gone, *own), default)


def _wanted(record_types: Sequence[RecordType]) -> list[_Wanted]:
    """The pipelines that should exist; that of opportunities without a record type is last, since
    real record types choose first.
    """
    labels = names(record_types)
    sharing: dict[str, list[RecordType]] = {}
    for one in sorted(record_types, key=lambda one: (not one.id, one.id)):
        sharing.setdefault(labels[one.id], []).append(one)
    # Opportunities without a record type may have any stage, so theirs give the order.
    return [_wanted_by(label, same) for label, same in sharing.items()]


def _wanted_by(label: str, types: Sequence[RecordType]) -> _Wanted:
    stages = _union(reversed(types))
    others = (stage for one in types for stage in one.others if stage not in stages)
    return _Wanted(label, tuple(one.id for one in types), stages, tuple(dict.fromkeys(others)))


def _union(record_types: Iterable[RecordType]) -> tuple[OrgStage, ...]:
    """All stages of these record types, each once, in the order of the first that has it."""
    stages: dict[str, OrgStage] = {}
    for stage in (stage for one in record_types for stage in one.stages):
        stages.setdefault(stage.name, stage)
    return tuple(stages.values())


def _claims(
    record_types: Sequence[RecordType], pipelines: Sequence[DealPipeline], known: PipelineMap | None
) -> list[tuple[_Wanted, DealPipeline | None]]:
    """Each pipeline that should exist with the present one for it: the one of that label, otherwise
    the one that was it before.
    """
    free = list(pipelines)
    claims: list[tuple[_Wanted, DealPipeline | None]] = []
    for wanted in _wanted(record_types):
        found = next(_candidates(wanted, free, known), None)
        claims.append((wanted, found))
        if found:
            free.remove(found)
    return claims


def _candidates(
    wanted: _Wanted, free: Sequence[DealPipeline], known: PipelineMap | None
) -> Iterator[DealPipeline]:
    yield from (one for one in free if one.label == wanted.label)
    yield from (one for one in free if _same(one.label, wanted.label))
    for record_type in wanted.types:
        stood = (
            {mapped.pipeline for mapped in known.pipelines if record_type in mapped.record_types}
            if known
            else set()
        )
        yield from (one for one in free if one.id in stood)


def _steps(
    wanted: _Wanted, found: DealPipeline | None, known: PipelineMap | None
) -> Iterator[PipelineStep]:
    if found is None:
        yield CreatePipeline(wanted.label, wanted.deal_stages)
        return
    if found.label != wanted.label:
        yield RenamePipeline(found.id, wanted.label)
    meant = _matched(wanted, found, known)
    stands = {stage.name: one for one in found.stages for stage in [meant.get(one.id)] if stage}
    drops = [DeleteStage(found.id, one) for one in found.stages if one.id not in meant]
    places = [
        (
            stands.get(stage.name),
            DealStage(
                stands[stage.name].id if stage.name in stands else "", one.label, one.probability
            ),
        )
        for stage, one in zip(wanted.stages, wanted.deal_stages, strict=True)
    ]
    in_the_way = {
        _folded(new.label) for old, new in places if old is None or not _same(old.label, new.label)
    }
    yield from (drop for drop in drops if _folded(drop.stage.label) in in_the_way)
    kept = [one for one in found.stages if one.id in meant]
    if [new for _, new in places] != kept:
        yield from _placed(found.id, places)
    yield from (drop for drop in drops if _folded(drop.stage.label) not in in_the_way)


def _placed(
    pipeline: str, places: Sequence[tuple[DealStage | None, DealStage]]
) -> Iterator[PipelineStep]:
    """Set the label, probability and position of every stage: HubSpot's own positions may have
    gaps, so a single one cannot be placed.

    Labels are unique within a pipeline, so a stage whose label another one gets is renamed first.
    """
    new_labels = {_folded(new.label): new.id for _, new in places}
    for order, (old, new) in enumerate(places):
        if old and new_labels.get(_folded(old.label), old.id) != old.id:
            yield UpdateStage(
                pipeline, DealStage(old.id, f"{old.label} ({old.id})", new.probability), order
            )
    for order, (old, new) in enumerate(places):
        yield UpdateStage(pipeline, new, order) if old else CreateStage(pipeline, new, order)


def _matched(
    wanted: _Wanted, found: DealPipeline, known: PipelineMap | None
) -> dict[str, OrgStage]:
    """HubSpot stage id -> the org's stage that it represents: what it was made for, otherwise the
    one of its label; each stage once.
    """
    mapped = known.of_pipeline(found.id) if known else None
    before = dict(mapped.stages) if mapped else {}
    left = {stage.name: stage for stage in wanted.stages}
    matched: dict[str, OrgStage] = {}
    for one in found.stages:
        if before.get(one.id) in left:
            matched[one.id] = left.pop(before[one.id])
    for one in found.stages:
        stage = next((stage for stage in left.values() if _same(stage.label, one.label)), None)
        if stage and one.id not in matched:
            matched[one.id] = left.pop(stage.name)
    return matched


def _claimed(wanted: _Wanted, found: DealPipeline, known: PipelineMap | None) -> MappedPipeline:
    """The mapping of a pipeline of Salesforce's; a stage that it does not have is shown as the
    nearest one.
    """
    matched = _matched(wanted, found, known)
    mapped = _mapped(found, wanted.types, matched, known)
    ids = {stage.name: identifier for identifier, stage in matched.items()}
    near = [
        (
            _nearest(DealStage("", one.label, deal_probability(one)), wanted.stages, wanted.stages),
            one,
        )
        for one in wanted.others
    ]
    also = tuple((ids[stage.name], one.name) for stage, one in near if stage and stage.name in ids)
    return replace(mapped, also=also)


def _mapped(
    pipeline: DealPipeline,
    types: tuple[str, ...],
    meant: Mapping[str, OrgStage],
    known: PipelineMap | None,
) -> MappedPipeline:
    """A pipeline of Salesforce's; a stage that the org no longer has keeps its meaning while it
    exists.
    """
    before = known.of_pipeline(pipeline.id) if known else None
    meanings = (dict(before.stages) if before else {}) | {
        stage: one.name for stage, one in meant.items()
    }
    stages = tuple((one.id, meanings[one.id]) for one in pipeline.stages if one.id in meanings)
    return MappedPipeline(pipeline.id, pipeline.label, types, stages)


def _own_pipeline(
    pipeline: DealPipeline, stages: Sequence[OrgStage], likely: Sequence[OrgStage]
) -> MappedPipeline:
    meant = [(one.id, _nearest(one, stages, likely)) for one in pipeline.stages]
    return MappedPipeline(
        pipeline.id, pipeline.label, (), tuple((one, stage.name) for one, stage in meant if stage)
    )


def _nearest(
    one: DealStage, stages: Sequence[OrgStage], likely: Sequence[OrgStage]
) -> OrgStage | None:
    """The org's stage for a stage of people's own: by its label, otherwise won for won, lost for
    lost, and the furthest open one not beyond it.

    `likely` are those of the default record type, which an opportunity from such a pipeline gets.
    """
    for stage in stages:
        if _same(one.label, stage.label) or _same(one.label, stage.name):
            return stage
    if one.probability in {_WON, _LOST}:
        return next(
            (
                stage
                for stage in stages
                if stage.is_closed and stage.is_won == (one.probability == _WON)
            ),
            None,
        )
    still_open = [stage for stage in likely if not stage.is_closed]
    reached = [stage for stage in still_open if deal_probability(stage) <= one.probability]
    return max(reached, key=deal_probability, default=next(iter(still_open), None))


def _default_type(record_types: Sequence[RecordType]) -> str:
    marked = [one.id for one in record_types if one.is_default]
    return next(iter((*marked, *(one.id for one in record_types))), "")


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)
