"""After all steps of a pipeline sync are done, whatever the org and people have changed, nothing is
left to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    OrgStage,
    PipelineStep,
    RenamePipeline,
)
from crmsync.rules.kinds.opportunity.pipelines import (
    deal_probability,
    names,
    pipeline_steps,
    read_map,
)
from tests.rules.kinds.test_pipelines import SALES, TYPE_A, TYPE_B, TYPE_C, a_type


@dataclass
class Account:
    """A HubSpot account that numbers its stages itself, with gaps, and keeps labels unique; `used`
    are the stages with deals.
    """

    rows: dict[str, tuple[str, dict[str, tuple[int, DealStage]]]] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    last_id: int = 0

    def read(self) -> list[DealPipeline]:
        """All pipelines, with their stages by their numbers."""
        return [
            DealPipeline(
                id_,
                label,
                tuple(stage for _, stage in sorted(stages.values(), key=lambda row: row[0])),
            )
            for id_, (label, stages) in self.rows.items()
        ]

    def new_id(self) -> str:
        """The next id."""
        self.last_id += 1
        return str(self.last_id)

    def make(self, label: str, stages: Iterable[DealStage]) -> None:
        """Add a pipeline."""
        assert label not in {other for other, _ in self.rows.values()}
        made = [replace(stage, id=stage.id or self.new_id()) for stage in stages]
        self.rows[self.new_id()] = (
            label,
            {stage.id: (order, stage) for order, stage in enumerate(made)},
        )

    def do(self, step: PipelineStep) -> None:
        """Do a step as HubSpot would, which keeps a stage in use."""
        if isinstance(step, CreatePipeline):
            self.make(step.label, step.stages)
            return
        stages = self.rows[step.pipeline][1]
        if isinstance(step, RenamePipeline):
            assert step.label not in {other for other, _ in self.rows.values()}
            self.rows[step.pipeline] = (step.label, stages)
        elif isinstance(step, DeleteStage):
            if step.stage.id not in self.used:
                del stages[step.stage.id]
        else:
            stage = replace(step.stage, id=step.stage.id or self.new_id())
            assert isinstance(step, CreateStage) == (stage.id not in stages)
            assert stage.label not in {
                other.label for id_, (_, other) in stages.items() if id_ != stage.id
            }
            stages[stage.id] = (step.order, stage)


LABELS = ("New", "In talks", "Offer", "Closed Won", "Closed Lost", "Mine")


@st.composite
def orgs(draw):
    """Record types with some of the org's stages each, and the stages' present labels."""
    labels = draw(st.permutations(LABELS))
    closings = ((False, False), (False, False), (False, False), (True, True), (True, False))
    pool = [
        OrgStage(f"Name {number}", labels[number], draw(st.integers(0, 100)), *closing)
        for number, closing in enumerate(closings)
    ]
    some = st.lists(st.sampled_from(pool), min_size=1, unique=True)
    ids = draw(st.lists(st.sampled_from(("", TYPE_A, TYPE_B, TYPE_C)), min_size=1, unique=True))
    return [a_type(id_, draw(some)) for id_ in sorted(ids)]


@st.composite
def changed_by_people(draw, account: Account):
    """Changes that people make to pipelines and their stages: rename, delete, reorder and add."""
    meddled_with = Account(used=account.used, last_id=account.last_id)
    for pipeline in account.read():
        if draw(st.booleans()):
            stages = list(draw(st.permutations(pipeline.stages)))[: draw(st.integers(0, 6))]
            labels = draw(st.permutations(LABELS))
            kept = [
                replace(
                    one,
                    label=label
                    if draw(st.booleans()) and label not in {other.label for other in stages}
                    else one.label,
                )
                for one, label in zip(stages, labels, strict=False)
            ]
            pipeline = replace(pipeline, stages=tuple(kept))  # noqa: PLW2901 - it is the same pipeline, meddled with
        if draw(st.integers(0, 3)):
            label = f"Mine {pipeline.id}" if draw(st.booleans()) else pipeline.label
            rows = {
                one.id: (order * draw(st.integers(1, 3)), one)
                for order, one in enumerate(pipeline.stages)
            }
            meddled_with.rows[pipeline.id] = (label, rows)
    return meddled_with


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
@pytest.mark.rule("OPP-8")
@settings(max_examples=60)
@given(data=st.data(), before=orgs(), after=orgs())
def test_after_all_steps_nothing_is_left_to_do(data, before, after):
    """A second sync does nothing, and people's own pipelines are unchanged."""
    account = Account()
    account.make("Sales Pipeline", SALES.stages)
    for step in pipeline_steps(before, account.read(), None):
        account.do(step)
    known = read_map(before, account.read(), None)
    account = data.draw(changed_by_people(account))
    own = [one for one in account.read() if one.label == "Sales Pipeline"]

    for step in pipeline_steps(after, account.read(), known):
        account.do(step)

    now = read_map(after, account.read(), known)
    assert (
        pipeline_steps(after, account.read(), known)
        == pipeline_steps(after, account.read(), now)
        == ()
    )
    assert [one for one in account.read() if one.label == "Sales Pipeline"] == own
    for one in after:
        mapped = now.of_record_type(one.id)
        assert mapped is not None
        assert mapped.label == names(after)[one.id]
        shared = {
            stage.name
            for other in after
            for stage in other.stages
            if names(after)[other.id] == mapped.label
        }
        assert {name for _, name in mapped.stages} == shared
        if len([other for other in after if names(after)[other.id] == mapped.label]) == 1:
            stages = [(stage.label, deal_probability(stage)) for stage in one.stages]
            shown = next(other for other in account.read() if other.id == mapped.pipeline).stages
            assert [(stage.label, stage.probability) for stage in shown] == stages


@pytest.mark.rule("OPP-6")
@settings(max_examples=60)
@given(before=orgs(), after=orgs(), data=st.data())
def test_only_the_deletion_of_a_stage_with_deals_is_tried_again(before, after, data):
    """A stage that HubSpot keeps because of its deals does not stop the other steps, and its
    deletion is tried each time.
    """
    account = Account()
    for step in pipeline_steps(before, account.read(), None):
        account.do(step)
    known = read_map(before, account.read(), None)
    labels = {stage.label for one in after for stage in one.stages}
    idle = [stage.id for one in account.read() for stage in one.stages if stage.label not in labels]
    account.used = frozenset(
        data.draw(st.lists(st.sampled_from(idle), unique=True)) if idle else ()
    )

    for step in pipeline_steps(after, account.read(), known):
        account.do(step)

    left = pipeline_steps(after, account.read(), read_map(after, account.read(), known))
    assert all(isinstance(step, DeleteStage) and step.stage.id in account.used for step in left)
