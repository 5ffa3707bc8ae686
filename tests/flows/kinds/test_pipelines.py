"""Pipelines are brought in step with the org, and what stands then is kept (OPP-6, LIM-3, Q-26)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.kinds.pipelines import sync_pipelines
from crmsync.model.pipelines import (
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
        """Bring the pipelines in step."""
        return sync_pipelines(self.deals, self.opportunities, self.maps, "acme")

    def shown(self) -> dict[str, list[str]]:
        """Label of each pipeline but HubSpot's own -> labels of its stages."""
        own = {SALES_PIPELINE.id}
        return {
            one.label: [stage.label for stage in one.stages]
            for one in self.deals.pipelines()
            if one.id not in own
        }

    def pipeline(self, label: str = DEFAULT) -> DealPipeline:
        """The pipeline called so."""
        return next(one for one in self.deals.pipelines() if one.label == label)

    def kept(self) -> PipelineMap:
        """The map as last saved."""
        return self.maps.kept["acme"]

    def done(self) -> list[PipelineStep]:
        """The steps since this was last asked."""
        steps, self.deals.steps = self.deals.steps, []
        return steps


def a_type(id_: str, stages=STAGES, *, default: bool = False) -> RecordType:
    return RecordType(id_, f"Type {id_}", tuple(stages), is_default=default)


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-8")
def test_the_first_time_the_pipeline_is_made_and_its_map_kept() -> None:
    """An org without record types gets one pipeline with the org's stages; the map has people's own
    pipeline, too.
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
    assert world.kept() == known


@pytest.mark.rule("OPP-6")
def test_a_second_time_nothing_is_done() -> None:
    """What is up to date costs reads and no write."""
    world = MemoryWorld()
    known = world.sync_pipelines()
    world.done()

    assert world.sync_pipelines() == known
    assert world.done() == []


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
def test_every_record_type_gets_a_pipeline() -> None:
    """Named after the record type's id, with the stages of its own sales process."""
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
def test_what_the_org_renames_keeps_its_deals() -> None:
    """A stage with another label is the same stage in HubSpot: its deals stay in it."""
    world = MemoryWorld()
    before = world.sync_pipelines()
    world.opportunities.types = [a_type("", (replace(STAGES[0], label="First talks"), *STAGES[1:]))]

    after = world.sync_pipelines()

    assert world.shown() == {DEFAULT: ["First talks", *LABELS[1:]]}
    assert after == before


@pytest.mark.rule("OPP-6")
def test_what_a_person_changes_in_hubspot_is_put_right() -> None:
    """A pipeline that was renamed and a stage that was added are put back as the org has them; what
    was deleted is made anew.
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
def test_a_stage_that_the_org_dropped_stays_while_deals_are_in_it() -> None:
    """That is no error: it keeps its meaning, and goes once the last deal has left it."""
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
def test_where_hubspot_allows_no_more_pipelines_the_others_are_made_all_the_same() -> None:
    """What HubSpot refuses is reported, after everything else was done and the map of what stands was
    kept.
    """
    world = MemoryWorld(MASTER, a_type(TYPE_A), a_type(TYPE_B), most=2)

    with pytest.raises(Refused) as refused:
        world.sync_pipelines()

    assert (refused.value.code, refused.value.hint) == ("PIPELINE_LIMIT", "LIM-3")
    assert world.shown() == {f"Salesforce - {TYPE_A}": LABELS}
    assert [mapped.record_types for mapped in world.kept().pipelines] == [(TYPE_A,), ()]

    world.deals.most = 3
    assert world.sync_pipelines() == world.kept()
    assert world.shown() == {f"Salesforce - {TYPE_A}": LABELS, f"Salesforce - {TYPE_B}": LABELS}


def test_interrupted_it_is_finished_the_next_time() -> None:
    """Where HubSpot cannot answer any more, nothing is kept; the next run finds what was made, and
    makes nothing twice.
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

    assert world.sync_pipelines() == world.kept()
    assert world.shown() == {f"Salesforce - {TYPE_A}": LABELS, f"Salesforce - {TYPE_B}": LABELS}
