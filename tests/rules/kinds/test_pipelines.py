"""How HubSpot's pipelines follow the org's record types and stages (OPP-6 to OPP-8, Q-25, Q-26)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    MappedPipeline,
    OrgStage,
    PipelineMap,
    RecordType,
    RenamePipeline,
    UpdateStage,
)
from crmsync.rules.kinds.opportunity.pipelines import (
    deal_probability,
    names,
    pipeline_steps,
    read_map,
)

TYPE_A, TYPE_B, TYPE_C = (f"01200000000000{number}AAA" for number in (1, 2, 3))
DEFAULT = "Salesforce - Default pipeline"

NEW = OrgStage("New", "New", 10)
TALK = OrgStage("Talk", "In talks", 50)
WON = OrgStage("Won", "Closed Won", 100, is_closed=True, is_won=True)
LOST = OrgStage("Lost", "Closed Lost", 0, is_closed=True)
STAGES = (NEW, TALK, WON, LOST)


def a_type(id_="", stages=STAGES, *, default=False):
    return RecordType(id_, f"Type {id_}", tuple(stages), is_default=default)


def a_stage(id_, label, tenths):
    return DealStage(id_, label, Decimal(tenths) / 10)


def a_pipeline(id_="71", label=DEFAULT, stages: Iterable[DealStage] | None = None):
    """A pipeline that matches `STAGES` by default."""
    ours = (("1", "New", 1), ("2", "In talks", 5), ("3", "Closed Won", 10), ("4", "Closed Lost", 0))
    return DealPipeline(
        id_, label, tuple(a_stage(*one) for one in ours) if stages is None else tuple(stages)
    )


def a_mapped_pipeline(
    id_="71",
    label=DEFAULT,
    types=("",),
    stages=(("1", "New"), ("2", "Talk"), ("3", "Won"), ("4", "Lost")),
):
    return MappedPipeline(id_, label, types, stages)


KNOWN = PipelineMap((a_mapped_pipeline(),))
SALES = DealPipeline(
    "default", "Sales Pipeline", (a_stage("s1", "Appointment", 2), a_stage("s2", "Closed won", 10))
)


@pytest.mark.rule("OPP-7")
@pytest.mark.rule("OPP-8")
@pytest.mark.rule("Q-25")
@pytest.mark.parametrize(
    ("types", "expected"),
    [
        pytest.param(("",), {"": DEFAULT}, id="an org without record types"),
        pytest.param((TYPE_A,), {TYPE_A: DEFAULT}, id="one record type"),
        pytest.param(
            ("", TYPE_A), {"": DEFAULT, TYPE_A: DEFAULT}, id="one, and opportunities without any"
        ),
        pytest.param(
            (TYPE_A, TYPE_B),
            {TYPE_A: f"Salesforce - {TYPE_A}", TYPE_B: f"Salesforce - {TYPE_B}"},
            id="two record types",
        ),
        pytest.param(
            ("", TYPE_A, TYPE_B),
            {"": DEFAULT, TYPE_A: f"Salesforce - {TYPE_A}", TYPE_B: f"Salesforce - {TYPE_B}"},
            id="two, and opportunities without any",
        ),
    ],
)
def test_a_pipeline_is_named_after_its_record_type(types, expected):
    """With several record types it has the type's id in its name; a single type, and none, has the
    default pipeline.
    """
    assert names([a_type(one) for one in types]) == expected


@pytest.mark.rule("OPP-6")
@pytest.mark.parametrize(
    ("stage", "tenths"),
    [
        *(
            (OrgStage("", "", percent), tenths)
            for percent, tenths in ((0, 1), (4, 1), (10, 1), (25, 3), (33, 3), (50, 5))
        ),
        *(
            (OrgStage("", "", percent), tenths)
            for percent, tenths in ((75, 8), (90, 9), (94.9, 9), (99, 9), (100, 9))
        ),
        (OrgStage("", "", 0, is_closed=True), 0),
        (OrgStage("", "", 30, is_closed=True), 0),
        (OrgStage("", "", 100, is_closed=True, is_won=True), 10),
        (OrgStage("", "", 80, is_closed=True, is_won=True), 10),
    ],
)
def test_only_won_stages_have_probability_one_and_only_lost_zero(stage, tenths):
    """HubSpot takes tenths and closes deals at 1 and 0, so that an open stage has 0.1 to 0.9,
    whatever its percentage.
    """
    assert deal_probability(stage) == Decimal(tenths) / 10


MADE = (
    a_stage("", "New", 1),
    a_stage("", "In talks", 5),
    a_stage("", "Closed Won", 10),
    a_stage("", "Closed Lost", 0),
)


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-8")
def test_a_missing_pipeline_is_created_with_the_stages_of_its_sales_process():
    """The stages have the org's order, labels and probabilities."""
    assert pipeline_steps([a_type()], [SALES], None) == (CreatePipeline(DEFAULT, MADE),)


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
def test_every_record_type_has_its_own_pipeline():
    """Each has the stages of its sales process; the default pipeline exists only while some
    opportunities have no record type.
    """
    types = [a_type("", STAGES), a_type(TYPE_A, (NEW, WON)), a_type(TYPE_B, (TALK,))]
    assert pipeline_steps(types, [SALES], None) == (
        CreatePipeline(f"Salesforce - {TYPE_A}", (MADE[0], MADE[2])),
        CreatePipeline(f"Salesforce - {TYPE_B}", (MADE[1],)),
        CreatePipeline(DEFAULT, MADE),
    )


@pytest.mark.rule("Q-25")
def test_the_only_record_type_shares_its_pipeline_with_opportunities_that_have_none():
    """The one pipeline has the stages of both."""
    assert pipeline_steps([a_type(), a_type(TYPE_A, (NEW, WON))], [], None) == (
        CreatePipeline(DEFAULT, MADE),
    )


@pytest.mark.rule("OPP-6")
@pytest.mark.parametrize("known", [None, KNOWN])
@pytest.mark.parametrize(
    "others", [(), (SALES,), (DealPipeline("9", f"Salesforce - {TYPE_C}", ()),)]
)
def test_up_to_date_pipelines_are_left_alone(known, others):
    """So are people's own pipelines and those of record types that are gone."""
    assert pipeline_steps([a_type()], [*others, a_pipeline()], known) == ()


def all_placed(*stages):
    return tuple(UpdateStage("71", stage, order) for order, stage in enumerate(stages))


FOUR = a_pipeline().stages


@pytest.mark.rule("OPP-6")
@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        pytest.param(
            a_pipeline(label="Ours"), (RenamePipeline("71", DEFAULT),), id="a person renamed it"
        ),
        pytest.param(
            a_pipeline(stages=(replace(FOUR[0], label="Fresh"), *FOUR[1:])),
            all_placed(*FOUR),
            id="a person renamed a stage",
        ),
        pytest.param(
            a_pipeline(stages=(replace(FOUR[0], probability=Decimal("0.3")), *FOUR[1:])),
            all_placed(*FOUR),
            id="another probability",
        ),
        pytest.param(
            a_pipeline(stages=(FOUR[1], FOUR[0], *FOUR[2:])), all_placed(*FOUR), id="another order"
        ),
        pytest.param(
            a_pipeline(stages=FOUR[:3]),
            (*all_placed(*FOUR[:3]), CreateStage("71", MADE[3], 3)),
            id="a stage was deleted",
        ),
        pytest.param(
            a_pipeline(stages=(a_stage("5", "Mine", 4), *FOUR)),
            (DeleteStage("71", a_stage("5", "Mine", 4)),),
            id="a stage that the org does not have",
        ),
    ],
)
def test_a_persons_changes_of_a_salesforce_pipeline_are_undone(pipeline, expected):
    """Name, labels, order and probabilities are the org's, and an added stage is removed."""
    assert pipeline_steps([a_type()], [pipeline], KNOWN) == expected


@pytest.mark.rule("OPP-6")
def test_a_stage_that_the_org_renamed_is_renamed_in_place():
    """The stage is recognised by what it was created for, so that its deals stay in it."""
    stages = (replace(NEW, label="Brand new"), TALK, WON, LOST)
    assert pipeline_steps([a_type("", stages)], [a_pipeline()], KNOWN) == all_placed(
        replace(FOUR[0], label="Brand new"), *FOUR[1:]
    )


@pytest.mark.rule("OPP-6")
def test_two_stages_that_swap_their_labels_get_temporary_ones_first():
    """Labels are unique within a pipeline."""
    stages = (replace(NEW, label="In talks"), replace(TALK, label="New"), WON, LOST)
    assert pipeline_steps([a_type("", stages)], [a_pipeline()], KNOWN) == (
        UpdateStage("71", a_stage("1", "New (1)", 1), 0),
        UpdateStage("71", a_stage("2", "In talks (2)", 5), 1),
        *all_placed(replace(FOUR[0], label="In talks"), replace(FOUR[1], label="New"), *FOUR[2:]),
    )


@pytest.mark.rule("OPP-6")
def test_a_stage_that_the_org_removed_is_deleted_and_a_new_one_created():
    """New stages are created in their place, and deletions come last, as deals may still have to
    leave the stage.
    """
    stages = (NEW, OrgStage("Offer", "Offer", 70), WON, LOST)
    assert pipeline_steps([a_type("", stages)], [a_pipeline()], KNOWN) == (
        UpdateStage("71", FOUR[0], 0),
        CreateStage("71", a_stage("", "Offer", 7), 1),
        UpdateStage("71", FOUR[2], 2),
        UpdateStage("71", FOUR[3], 3),
        DeleteStage("71", FOUR[1]),
    )


@pytest.mark.rule("OPP-7")
@pytest.mark.rule("OPP-8")
def test_a_second_record_type_renames_the_default_pipeline():
    """The deals stay in it, and it gets the id of the record type it stood for."""
    known = PipelineMap((a_mapped_pipeline(types=(TYPE_A, "")),), TYPE_A)
    assert pipeline_steps([a_type(TYPE_A), a_type(TYPE_B)], [a_pipeline()], known) == (
        RenamePipeline("71", f"Salesforce - {TYPE_A}"),
        CreatePipeline(f"Salesforce - {TYPE_B}", MADE),
    )
    assert pipeline_steps([a_type(), a_type(TYPE_A), a_type(TYPE_B)], [a_pipeline()], known) == (
        RenamePipeline("71", f"Salesforce - {TYPE_A}"),
        CreatePipeline(f"Salesforce - {TYPE_B}", MADE),
        CreatePipeline(DEFAULT, MADE),
    )


@pytest.mark.rule("OPP-8")
def test_the_last_remaining_record_type_gets_the_default_pipeline():
    """The pipeline of a record type that is gone stays as it is."""
    names_ = (f"Salesforce - {TYPE_A}", f"Salesforce - {TYPE_B}")
    mapped = (
        a_mapped_pipeline("71", names_[0], (TYPE_A,)),
        a_mapped_pipeline("72", names_[1], (TYPE_B,), (("b1", "New"), ("b2", "Won"))),
    )
    pipelines = [
        a_pipeline("71", names_[0]),
        a_pipeline("72", names_[1], [a_stage("b1", "New", 1)]),
    ]
    known = PipelineMap(mapped, TYPE_A)

    assert pipeline_steps([a_type(TYPE_A)], pipelines, known) == (RenamePipeline("71", DEFAULT),)
    assert read_map([a_type(TYPE_A)], pipelines, known) == PipelineMap(
        (
            a_mapped_pipeline("71", names_[0], (TYPE_A,)),
            a_mapped_pipeline("72", names_[1], (TYPE_B,), (("b1", "New"),)),
        ),
        TYPE_A,
    )


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("Q-26")
def test_the_map_contains_existing_pipelines_only():
    """Salesforce's pipelines have their record types, and people's own none."""
    types = [a_type(TYPE_A, default=True), a_type(TYPE_B, (NEW, WON))]
    pipelines = [SALES, a_pipeline("71", f"Salesforce - {TYPE_A}")]
    assert read_map(types, pipelines, None) == PipelineMap(
        (
            a_mapped_pipeline("71", f"Salesforce - {TYPE_A}", (TYPE_A,)),
            MappedPipeline("default", "Sales Pipeline", (), (("s1", "New"), ("s2", "Won"))),
        ),
        TYPE_A,
    )


def test_a_stage_keeps_its_meaning_while_it_exists():
    """This holds for stages that the org removed or a person renamed, while a person's own stage
    means nothing.
    """
    stages = (replace(FOUR[0], label="Fresh"), *FOUR[1:], a_stage("5", "Mine", 4))
    found = read_map([a_type("", (NEW, WON))], [a_pipeline(stages=stages)], KNOWN)
    assert found == PipelineMap((a_mapped_pipeline(),))


@pytest.mark.rule("Q-26")
@pytest.mark.parametrize(
    ("label", "tenths", "expected"),
    [
        pytest.param("new", 9, "New", id="by its label"),
        pytest.param(" IN  TALKS ", 0, "Talk", id="by its label, however it is written"),
        pytest.param("talk", 10, "Talk", id="by the StageName"),
        pytest.param("Offer", 2, "Offer", id="one that only another record type has"),
        pytest.param("Done", 10, "Won", id="won is the first won one"),
        pytest.param("Dead", 0, "Lost", id="lost is the first closed one that is not won"),
        pytest.param("Warm", 5, "Talk", id="as far as an open one"),
        pytest.param("Hot", 9, "Talk", id="beyond it"),
        pytest.param("Cool", 4, "New", id="not as far as the next"),
        pytest.param("Cold", 1, "New", id="as far as the first"),
    ],
)
def test_a_persons_own_stage_means_the_nearest_salesforce_stage(label, tenths, expected):
    """It is found by its label, else won for won and lost for lost, else as the furthest open stage
    reached in the default record type.
    """
    types = [a_type(TYPE_B, (OrgStage("Offer", "Offer", 80), WON)), a_type(TYPE_A, default=True)]
    own = DealPipeline("9", "Mine", (a_stage("x", label, tenths),))
    assert read_map(types, [own], None).pipelines == (
        MappedPipeline("9", "Mine", (), (("x", expected),)),
    )


def test_a_persons_own_stage_without_a_counterpart_means_nothing():
    """If the org has no won, lost or open stage at all, such a stage is left out."""
    own = DealPipeline(
        "9", "Mine", (a_stage("x", "Done", 10), a_stage("y", "Dead", 0), a_stage("z", "Warm", 5))
    )
    assert read_map([a_type("", (NEW,))], [own], None).pipelines == (
        MappedPipeline("9", "Mine", (), (("z", "New"),)),
    )
    assert read_map([a_type("", (WON, LOST))], [own], None).pipelines == (
        MappedPipeline("9", "Mine", (), (("x", "Won"), ("y", "Lost"))),
    )


@pytest.mark.rule("OPP-11")
@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ((a_type(TYPE_A), a_type(TYPE_B, default=True)), TYPE_B),
        ((a_type(), a_type(TYPE_A, default=True)), TYPE_A),
        ((a_type(default=True), a_type(TYPE_A)), ""),
        ((a_type(TYPE_A), a_type(TYPE_B)), TYPE_A),
        ((a_type(),), ""),
        ((), ""),
    ],
)
def test_the_default_record_type_is_the_orgs(types, expected):
    """It is the one that a new opportunity gets, or the first if the org marks none."""
    assert read_map(types, [], None).default_type == expected
