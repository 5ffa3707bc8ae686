"""Set-up makes the pipelines of deals, puts right what people did to them, and tells what HubSpot
will not have (OPP-6 to OPP-8, LIM-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from crmsync.errors import Refused
from crmsync.flows.setup.pipelines import PipelineSides, set_up_pipelines
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.pipelines import DealStage, DropStage, RecordType
from crmsync.model.records import Side
from crmsync.model.settings import CompanySettings, Connection, DealSettings
from tests.builders import NOON, a_connection
from tests.memory import MemoryCrm, MemoryDeals, MemoryOpportunities, MemoryPipelineMaps
from tests.memory.deals import MASTER, STAGES

THERE, MADE, MISSING, WRONG, FAILED = StepState
TYPE_A, TYPE_B = "012000000000001AAA", "012000000000002AAA"
DEFAULT = "Salesforce - Default pipeline"
ENTERED = [SetupStep("acme", side, "the one that is meant", THERE) for side in Side]


class Place:
    """A connection whose sides have nothing but pipelines and stages."""

    def __init__(self, *types: RecordType, most: int = 100) -> None:
        """An org with these record types, and an account that allows so many pipelines."""
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
        """What set-up says of the pipelines."""
        sides = PipelineSides(self.deals, self.opportunities, self.maps)
        steps = set_up_pipelines(
            connection or a_connection(), lambda _connection: sides, before, apply=apply
        )
        assert all((step.connection, step.side) == ("acme", Side.HUBSPOT) for step in steps)
        return [(step.what, step.state, step.text) for step in steps]


def both(state: StepState, label: str = DEFAULT) -> list[tuple[str, StepState, str]]:
    return [(f"pipeline {label}", state, ""), (f"stages of {label}", state, "")]


@pytest.fixture
def place() -> Place:
    """A connection whose pipelines are in step."""
    made = Place()
    made.set_up(apply=True)
    made.deals.steps.clear()
    return made


@pytest.mark.rule("OPP-8")
def test_a_missing_pipeline_is_made_once() -> None:
    """Without --apply nothing is written; with it, a second run finds everything."""
    place = Place()

    assert place.set_up(apply=False) == both(MISSING)
    assert (place.deals.steps, place.maps.kept) == ([], {})
    assert place.set_up(apply=True) == both(MADE)
    assert place.set_up(apply=True) == both(THERE)
    assert place.set_up(apply=False) == both(THERE)
    assert len(place.deals.steps) == 1


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
def test_every_record_type_has_steps_of_its_own() -> None:
    """Two record types have two pipelines, each with its stages."""
    place = Place(
        MASTER, RecordType(TYPE_A, "New business", STAGES), RecordType(TYPE_B, "Renewals", STAGES)
    )
    wanted = [*both(MADE, f"Salesforce - {TYPE_A}"), *both(MADE, f"Salesforce - {TYPE_B}")]

    assert place.set_up(apply=True) == wanted


@pytest.mark.rule("LIM-3")
def test_what_the_account_does_not_allow_is_reported_and_the_rest_is_made() -> None:
    """A pipeline that exceeds the limit fails with HubSpot's sentence; the ones before it exist."""
    types = (
        MASTER,
        RecordType(TYPE_A, "New business", STAGES),
        RecordType(TYPE_B, "Renewals", STAGES),
    )
    place = Place(*types, most=2)
    refused = "HubSpot allows no more pipelines of deals. LIM-3"
    label = f"Salesforce - {TYPE_B}"
    failed = (f"pipeline {label}", FAILED, refused)

    assert place.set_up(apply=True) == [*both(MADE, f"Salesforce - {TYPE_A}"), failed]
    assert place.set_up(apply=True) == [*both(THERE, f"Salesforce - {TYPE_A}"), failed]


def stages_of(place: Place) -> list[DealStage]:
    return list(place.deals.pipelines()[1].stages)


def meddle(place: Place, label: str, stages: Sequence[DealStage]) -> None:
    """A person renames the pipeline, and changes its stages."""
    place.deals.change(replace(place.deals.pipelines()[1], label=label, stages=tuple(stages)))


@pytest.mark.rule("OPP-6")
def test_what_people_changed_is_reported_and_corrected(place: Place) -> None:
    """Check names a changed name, label or probability, set-up corrects it, and a second check is
    clean.
    """
    first, second, *others = stages_of(place)
    meddle(
        place,
        "Our deals",
        [replace(first, label="Fresh"), replace(second, probability=Decimal("0.2")), *others],
    )

    assert place.set_up(apply=False) == [
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
    assert place.deals.steps == []
    assert place.set_up(apply=True) == both(MADE)
    assert place.set_up(apply=False) == both(THERE)


@pytest.mark.rule("OPP-6")
def test_a_stage_that_is_missing_is_named_and_so_is_the_order(place: Place) -> None:
    """What was deleted is made anew at its place; where only the order is wrong, no stage is
    named.
    """
    stages = stages_of(place)

    meddle(place, DEFAULT, stages[:-1])
    text = "out of step: Closed Lost; crmsync setup --apply puts them right"
    assert place.set_up(apply=False)[1] == (f"stages of {DEFAULT}", WRONG, text)
    assert place.set_up(apply=True) == [both(THERE)[0], both(MADE)[1]]

    meddle(place, DEFAULT, stages_of(place)[::-1])
    text = "out of step: their order; crmsync setup --apply puts them right"
    assert place.set_up(apply=False)[1] == (f"stages of {DEFAULT}", WRONG, text)
    assert place.set_up(apply=True) == [both(THERE)[0], both(MADE)[1]]
    assert place.set_up(apply=True) == both(THERE)


@pytest.mark.rule("OPP-6")
def test_a_stage_that_the_org_no_longer_has_is_told_and_goes_when_it_can(place: Place) -> None:
    """While deals are in it, it stays and is named, and nothing is to mend; afterwards it is taken
    away.
    """
    deployment = stages_of(place)[1]
    deal = place.hubspot.add(
        "deal", {"pipeline": place.deals.pipelines()[1].id, "dealstage": deployment.id}
    )
    place.opportunities.types = [replace(MASTER, stages=(STAGES[0], *STAGES[2:]))]
    told = "no longer a stage of the org, gone once no deal is in it: Negotiation/Review"
    left = [both(THERE)[0], (f"stages of {DEFAULT}", THERE, told)]

    assert place.set_up(apply=False) == left
    assert place.set_up(apply=True) == left
    place.hubspot.delete(deal)
    assert place.set_up(apply=True) == [both(THERE)[0], both(MADE)[1]]
    assert place.set_up(apply=True) == both(THERE)


def test_a_refused_stage_is_reported(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step fails with HubSpot's sentence."""

    def refuse(step: object) -> None:
        assert not isinstance(step, DropStage)
        raise Refused("The token may not change pipelines.", hint="Give it the scope.")

    meddle(place, DEFAULT, stages_of(place)[::-1])
    monkeypatch.setattr(place.deals, "put_in_step", refuse)

    failed = (
        f"stages of {DEFAULT}",
        FAILED,
        "The token may not change pipelines. Give it the scope.",
    )
    assert place.set_up(apply=True) == [both(THERE)[0], failed]


def test_a_side_that_does_not_answer_is_one_failed_step(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When pipelines or stages cannot be read, there is no other step about them."""

    def refuse() -> None:
        raise Refused("The user may not see stages.", hint="Open them.")

    monkeypatch.setattr(place.opportunities, "record_types", refuse)
    assert place.set_up(apply=True) == [
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
def test_where_deals_do_not_sync_there_are_no_pipelines(connection: Connection) -> None:
    """Switched off, or without the companies that they need, nothing is looked at, let alone
    made.
    """
    place = Place()
    assert place.set_up(apply=True, connection=connection) == []
    assert place.deals.steps == []


@pytest.mark.parametrize("strange", Side)
def test_nothing_is_made_in_the_wrong_account_or_org(strange: Side) -> None:
    """When one side is the wrong one, the pipelines are left alone."""
    place = Place()
    before = [replace(step, state=WRONG) if step.side is strange else step for step in ENTERED]
    assert place.set_up(apply=True, before=before) == []
    assert place.deals.steps == []
