"""Set-up creates the pipelines of deals, corrects what people changed in them, and reports what
HubSpot refuses (OPP-6 to OPP-8, LIM-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from crmsync.errors import Refused
from crmsync.flows.setup.pipelines import PipelineSides, set_up_pipelines
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.kinds.pipelines import DealStage, DeleteStage, RecordType
from crmsync.model.records import Side
from crmsync.model.settings import CompanySettings, Connection, DealSettings
from tests.builders import NOON, a_connection
from tests.memory import MemoryCrm, MemoryDeals, MemoryOpportunities, MemoryPipelineMaps
from tests.memory.deals import MASTER, STAGES

THERE, MADE, MISSING, WRONG, FAILED = StepState
TYPE_A, TYPE_B = "012000000000001AAA", "012000000000002AAA"
DEFAULT = "Salesforce - Default pipeline"
ENTERED = [SetupStep("acme", side, "the one that is meant", THERE) for side in Side]


class PipelineWorld:
    """A connection whose two sides have only pipelines and stages."""

    def __init__(self, *types: RecordType, most: int = 100) -> None:
        """Create an org with these record types, and an account that allows so many pipelines."""
        self.hubspot, self.salesforce = (MemoryCrm(side, now=lambda: NOON) for side in Side)
        self.deals = MemoryDeals(self.hubspot, most)
        self.opportunities = MemoryOpportunities(self.salesforce, types or (MASTER,))
        self.maps = MemoryPipelineMaps()

    def set_up(
        self,
        *,
        apply: bool,
        connection: Connection | None = None,
        before: Sequence[SetupStep] = ENTERED,
    ) -> list[tuple[str, StepState, str]]:
        """Return what set-up reports about the pipelines."""
        sides = PipelineSides(self.deals, self.opportunities, self.maps)
        steps = set_up_pipelines(
            connection or a_connection(), lambda _connection: sides, before, apply=apply
        )
        assert all((step.connection, step.side) == ("acme", Side.HUBSPOT) for step in steps)
        return [(step.what, step.state, step.text) for step in steps]


def both(state: StepState, label: str = DEFAULT) -> list[tuple[str, StepState, str]]:
    return [(f"pipeline {label}", state, ""), (f"stages of {label}", state, "")]


@pytest.fixture
def world() -> PipelineWorld:
    """A connection whose pipelines are set up."""
    made = PipelineWorld()
    made.set_up(apply=True)
    made.deals.steps.clear()
    return made


@pytest.mark.rule("OPP-8")
def test_a_missing_pipeline_is_made_once() -> None:
    """Without --apply nothing is written; with it, a second run finds everything."""
    world = PipelineWorld()

    assert world.set_up(apply=False) == both(MISSING)
    assert (world.deals.steps, world.maps.kept) == ([], {})
    assert world.set_up(apply=True) == both(MADE)
    assert world.set_up(apply=True) == both(THERE)
    assert world.set_up(apply=False) == both(THERE)
    assert len(world.deals.steps) == 1


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
def test_every_record_type_has_its_own_steps() -> None:
    """Two record types have two pipelines, each with its stages."""
    world = PipelineWorld(
        MASTER, RecordType(TYPE_A, "New business", STAGES), RecordType(TYPE_B, "Renewals", STAGES)
    )
    wanted = [*both(MADE, f"Salesforce - {TYPE_A}"), *both(MADE, f"Salesforce - {TYPE_B}")]

    assert world.set_up(apply=True) == wanted


@pytest.mark.rule("LIM-3")
def test_a_pipeline_beyond_the_accounts_limit_fails_and_the_rest_is_made() -> None:
    """The step fails with HubSpot's sentence; the pipelines before it exist."""
    types = (
        MASTER,
        RecordType(TYPE_A, "New business", STAGES),
        RecordType(TYPE_B, "Renewals", STAGES),
    )
    world = PipelineWorld(*types, most=2)
    refused = "HubSpot allows no more pipelines of deals. LIM-3"
    label = f"Salesforce - {TYPE_B}"
    failed = (f"pipeline {label}", FAILED, refused)

    assert world.set_up(apply=True) == [*both(MADE, f"Salesforce - {TYPE_A}"), failed]
    assert world.set_up(apply=True) == [*both(THERE, f"Salesforce - {TYPE_A}"), failed]


def stages_of(world: PipelineWorld) -> list[DealStage]:
    return list(world.deals.pipelines()[1].stages)


def change_by_hand(world: PipelineWorld, label: str, stages: Sequence[DealStage]) -> None:
    """A person renames the pipeline and changes its stages."""
    world.deals.change(replace(world.deals.pipelines()[1], label=label, stages=tuple(stages)))


@pytest.mark.rule("OPP-6")
def test_what_people_changed_is_reported_and_corrected(world: PipelineWorld) -> None:
    """A check names a changed name, label or probability; set-up corrects it."""
    first, second, *others = stages_of(world)
    change_by_hand(
        world,
        "Our deals",
        [replace(first, label="Fresh"), replace(second, probability=Decimal("0.2")), *others],
    )

    assert world.set_up(apply=False) == [
        (
            f"pipeline {DEFAULT}",
            WRONG,
            "is called Our deals: crmsync setup --apply gives it its name",
        ),
        (
            f"stages of {DEFAULT}",
            WRONG,
            "out of step: Prospecting, Negotiation/Review; crmsync setup --apply puts them right",
        ),
    ]
    assert world.deals.steps == []
    assert world.set_up(apply=True) == both(MADE)
    assert world.set_up(apply=False) == both(THERE)


@pytest.mark.rule("OPP-6")
def test_a_missing_stage_or_a_wrong_order_is_reported(world: PipelineWorld) -> None:
    """A deleted stage is created again at its place; if only the order is wrong, no stage
    is named.
    """
    stages = stages_of(world)

    change_by_hand(world, DEFAULT, stages[:-1])
    text = "out of step: Closed Lost; crmsync setup --apply puts them right"
    assert world.set_up(apply=False)[1] == (f"stages of {DEFAULT}", WRONG, text)
    assert world.set_up(apply=True) == [both(THERE)[0], both(MADE)[1]]

    change_by_hand(world, DEFAULT, stages_of(world)[::-1])
    text = "out of step: their order; crmsync setup --apply puts them right"
    assert world.set_up(apply=False)[1] == (f"stages of {DEFAULT}", WRONG, text)
    assert world.set_up(apply=True) == [both(THERE)[0], both(MADE)[1]]
    assert world.set_up(apply=True) == both(THERE)


@pytest.mark.rule("OPP-6")
def test_a_stage_that_the_org_no_longer_has_is_deleted_once_it_is_empty(
    world: PipelineWorld,
) -> None:
    """While deals are in it, the stage is kept and named, and nothing counts as wrong."""
    former = stages_of(world)[1]
    deal = world.hubspot.add(
        "deal", {"pipeline": world.deals.pipelines()[1].id, "dealstage": former.id}
    )
    world.opportunities.types = [replace(MASTER, stages=(STAGES[0], *STAGES[2:]))]
    text = "no longer a stage of the org, gone once no deal is in it: Negotiation/Review"
    left = [both(THERE)[0], (f"stages of {DEFAULT}", THERE, text)]

    assert world.set_up(apply=False) == left
    assert world.set_up(apply=True) == left
    world.hubspot.delete(deal)
    assert world.set_up(apply=True) == [both(THERE)[0], both(MADE)[1]]
    assert world.set_up(apply=True) == both(THERE)


def test_a_refused_stage_is_reported(world: PipelineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step fails with HubSpot's sentence."""

    def refuse(step: object) -> None:
        assert not isinstance(step, DeleteStage)
        raise Refused("The token may not change pipelines.", hint="Give it the scope.")

    change_by_hand(world, DEFAULT, stages_of(world)[::-1])
    monkeypatch.setattr(world.deals, "apply_step", refuse)

    failed = (
        f"stages of {DEFAULT}",
        FAILED,
        "The token may not change pipelines. Give it the scope.",
    )
    assert world.set_up(apply=True) == [both(THERE)[0], failed]


def test_a_side_that_does_not_answer_is_one_failed_step(
    world: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If pipelines or stages cannot be read, there is no other step about them."""

    def refuse() -> None:
        raise Refused("The user may not see stages.", hint="Open them.")

    monkeypatch.setattr(world.opportunities, "record_types", refuse)
    assert world.set_up(apply=True) == [
        ("pipelines", FAILED, "The user may not see stages. Open them.")
    ]


@pytest.mark.rule("SET-5")
@pytest.mark.rule("OPP-2")
@pytest.mark.parametrize(
    "connection",
    [
        replace(a_connection(), deals=DealSettings(sync=False)),
        replace(a_connection(), companies=CompanySettings(sync=False)),
    ],
)
def test_without_deals_there_are_no_pipelines(connection: Connection) -> None:
    """With deals or companies switched off, pipelines are neither read nor created."""
    world = PipelineWorld()
    assert world.set_up(apply=True, connection=connection) == []
    assert world.deals.steps == []


@pytest.mark.parametrize("strange", Side)
def test_nothing_is_made_in_the_wrong_account_or_org(strange: Side) -> None:
    """If one side is wrong, pipelines are left alone on both."""
    world = PipelineWorld()
    before = [replace(step, state=WRONG) if step.side is strange else step for step in ENTERED]
    assert world.set_up(apply=True, before=before) == []
    assert world.deals.steps == []
