"""Pipelines are synced with the org, and those that exist are kept (OPP-6, LIM-3, Q-26)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.kinds.pipelines import sync_pipelines
from crmsync.model.kinds.pipelines import (
    DealPipeline,
    DealStage,
    MappedPipeline,
    PipelineMap,
    PipelineStep,
    RecordType,
)
from crmsync.model.records import Side
from tests.builders import NOON
from tests.memory import MemoryCrm, MemoryDeals, MemoryOpportunities, MemoryPipelineMaps
from tests.memory.deals import MASTER, SALES_PIPELINE, STAGES

TYPE_A, TYPE_B = "012000000000001AAA", "012000000000002AAA"
DEFAULT = "Salesforce - Default pipeline"
LABELS = ["Prospecting", "Negotiation/Review", "Closed Won", "Closed Lost"]


class MemoryWorld:
    """An account and an org of nothing but pipelines and stages."""

    def __init__(self, *types: RecordType, most: int = 100) -> None:
        """An org with these record types, and an account that allows so many pipelines."""
        self.hubspot, self.salesforce = (MemoryCrm(side, now=lambda: NOON) for side in Side)
        self.deals = MemoryDeals(self.hubspot, most)
        self.opportunities = MemoryOpportunities(self.salesforce, types or (MASTER,))
        self.maps = MemoryPipelineMaps()

    def sync_pipelines(self) -> PipelineMap:
        """Sync the pipelines."""
        return sync_pipelines(self.deals, self.opportunities, self.maps, "acme")

    def shown(self) -> dict[str, list[str]]:
        """The labels of each pipeline's stages, by the pipeline's label, without HubSpot's own."""
        own = {SALES_PIPELINE.id}
        return {
            one.label: [stage.label for stage in one.stages]
            for one in self.deals.pipelines()
            if one.id not in own
        }

    def pipeline(self, label: str = DEFAULT) -> DealPipeline:
        """The pipeline with a label."""
        return next(one for one in self.deals.pipelines() if one.label == label)

    def saved_map(self) -> PipelineMap:
        """The map as last saved."""
        return self.maps.kept["acme"]

    def done(self) -> list[PipelineStep]:
        """The steps since the last call of this."""
        steps, self.deals.steps = self.deals.steps, []
        return steps


def a_type(id_: str, stages=STAGES, *, default: bool = False) -> RecordType:
    return RecordType(id_, f"Type {id_}", tuple(stages), is_default=default)


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-8")
def test_the_first_sync_creates_the_pipeline_and_saves_its_map() -> None:
    """An org without record types gets one pipeline with its stages, and the map also has HubSpot's
    own pipeline.
    """
    world = MemoryWorld()

    known = world.sync_pipelines()

    assert world.shown() == {DEFAULT: LABELS}
    made = world.pipeline()
    names = [stage.name for stage in STAGES]
    own = known.of_pipeline(SALES_PIPELINE.id)
    assert known.pipelines[0] == MappedPipeline(
        made.id, DEFAULT, ("",), tuple(zip((one.id for one in made.stages), names, strict=True))
    )
    assert own is not None
    assert dict(own.stages)["closedwon"] == "Closed Won"
    assert world.saved_map() == known


@pytest.mark.rule("OPP-6")
def test_a_second_sync_writes_nothing() -> None:
    """Up-to-date pipelines cost reads and no write."""
    world = MemoryWorld()
    known = world.sync_pipelines()
    world.done()

    assert world.sync_pipelines() == known
    assert world.done() == []


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
def test_every_record_type_gets_a_pipeline() -> None:
    """The pipeline is named after the record type's id and has the stages of its sales process."""
    world = MemoryWorld(
        MASTER, a_type(TYPE_A, STAGES[:3], default=True), a_type(TYPE_B, STAGES[1:])
    )

    known = world.sync_pipelines()

    assert world.shown() == {
        f"Salesforce - {TYPE_A}": LABELS[:3],
        f"Salesforce - {TYPE_B}": LABELS[1:],
    }
    assert known.default_type == TYPE_A


@pytest.mark.rule("OPP-6")
def test_a_renamed_stage_keeps_its_deals() -> None:
    """A stage with another label is the same stage in HubSpot."""
    world = MemoryWorld()
    before = world.sync_pipelines()
    world.opportunities.types = [a_type("", (replace(STAGES[0], label="First talks"), *STAGES[1:]))]

    after = world.sync_pipelines()

    assert world.shown() == {DEFAULT: ["First talks", *LABELS[1:]]}
    assert after == before


@pytest.mark.rule("OPP-6")
def test_changes_that_a_person_makes_in_hubspot_are_undone() -> None:
    """A renamed pipeline and an added stage are restored to the org's definitions, and deleted ones
    are created again.
    """
    world = MemoryWorld()
    world.sync_pipelines()
    made = world.pipeline()
    world.deals.change(
        replace(
            made, label="Our deals", stages=(*made.stages, DealStage("9", "Mine", Decimal("0.5")))
        )
    )

    world.sync_pipelines()
    assert world.shown() == {DEFAULT: LABELS}
    assert world.pipeline().id == made.id

    world.deals.drop(made.id)
    world.sync_pipelines()
    assert world.shown() == {DEFAULT: LABELS}


@pytest.mark.rule("OPP-6")
def test_a_stage_that_the_org_removed_stays_while_deals_are_in_it() -> None:
    """That is no error: the stage keeps its meaning and is removed after its last deal has left."""
    world = MemoryWorld()
    known = world.sync_pipelines()
    made = world.pipeline()
    deal = world.hubspot.add(
        "deal", {"dealname": "Roof", "pipeline": made.id, "dealstage": made.stages[1].id}
    )
    world.opportunities.types = [a_type("", (STAGES[0], *STAGES[2:]))]

    assert world.sync_pipelines().pipelines[0] == known.pipelines[0]
    assert world.shown() == {DEFAULT: LABELS}

    world.hubspot.edit(deal, {"dealstage": made.stages[0].id})
    mapped = known.pipelines[0]
    assert world.sync_pipelines().pipelines[0] == replace(
        mapped, stages=(mapped.stages[0], *mapped.stages[2:])
    )
    assert world.shown() == {DEFAULT: [LABELS[0], *LABELS[2:]]}


@pytest.mark.rule("LIM-3")
def test_a_refused_pipeline_does_not_stop_the_others() -> None:
    """The refusal is reported after everything else was done and the map was saved."""
    world = MemoryWorld(MASTER, a_type(TYPE_A), a_type(TYPE_B), most=2)

    with pytest.raises(Refused) as refused:
        world.sync_pipelines()

    assert (refused.value.code, refused.value.hint) == ("PIPELINE_LIMIT", "LIM-3")
    assert world.shown() == {f"Salesforce - {TYPE_A}": LABELS}
    assert [mapped.record_types for mapped in world.saved_map().pipelines] == [(TYPE_A,), ()]

    world.deals.most = 3
    assert world.sync_pipelines() == world.saved_map()
    assert world.shown() == {f"Salesforce - {TYPE_A}": LABELS, f"Salesforce - {TYPE_B}": LABELS}


def test_an_interrupted_sync_is_finished_by_the_next_one() -> None:
    """If HubSpot stops answering, no map is saved; the next run finds what was created and creates
    nothing twice.
    """
    world = MemoryWorld(MASTER, a_type(TYPE_A), a_type(TYPE_B))
    apply_step, answers = world.deals.apply_step, iter([True, False])

    def faltering(step: PipelineStep) -> None:
        if not next(answers, True):
            raise TryAgain("HubSpot is not available.")
        apply_step(step)

    world.deals.apply_step = faltering  # type: ignore[method-assign]
    with pytest.raises(TryAgain):
        world.sync_pipelines()
    assert world.maps.kept == {}

    assert world.sync_pipelines() == world.saved_map()
    assert world.shown() == {f"Salesforce - {TYPE_A}": LABELS, f"Salesforce - {TYPE_B}": LABELS}
