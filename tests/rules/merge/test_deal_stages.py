"""Pipeline and stage of a deal against record type and stage of its opportunity (OPP-5 to OPP-7,
Q-25, Q-26).
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.kinds.pipelines import MappedPipeline, PipelineMap
from crmsync.model.records import Side
from crmsync.rules.merge.deal_stages import (
    NO_CHANGE,
    UNKNOWN,
    StageDecision,
    StageState,
    decide_stage,
    stage_of_new_deal,
    stage_of_new_opportunity,
)
from crmsync.rules.merge.policies import FieldState

H, S = Side.HUBSPOT, Side.SALESFORCE
TYPE_A, TYPE_B = "012000000000001AAA", "012000000000002AAA"
KNOWN = PipelineMap(
    (
        MappedPipeline(
            "71",
            f"Salesforce - {TYPE_A}",
            (TYPE_A,),
            (("a1", "New"), ("a2", "Talk"), ("a3", "Won"), ("a4", "Lost")),
        ),
        MappedPipeline(
            "72",
            f"Salesforce - {TYPE_B}",
            (TYPE_B,),
            (("b1", "New"), ("b3", "Won"), ("b4", "Lost")),
        ),
        MappedPipeline(
            "73",
            "Salesforce - Default pipeline",
            ("",),
            (("d1", "New"), ("d2", "Talk"), ("d3", "Won")),
        ),
        MappedPipeline(
            "default", "Sales Pipeline", (), (("s1", "New"), ("s2", "New"), ("s3", "Won"))
        ),
    ),
    default_type=TYPE_A,
)
"""Two record types, opportunities without one, and people's own pipeline, which has two stages for
New and none for Talk.
"""

ONE_TYPE = PipelineMap(
    (
        MappedPipeline(
            "70", "Salesforce - Default pipeline", (TYPE_A, ""), (("a1", "New"), ("a2", "Talk"))
        ),
    ),
    TYPE_A,
)
"""An org with one record type and opportunities from before it had any."""


def shows(place, stage, changed: bool | None = False):  # noqa: FBT001, FBT002 - the third of a row, as the tables have it
    """What a side shows; `changed` None for what was never agreed on."""
    return StageState(FieldState(place, place, changed), FieldState(stage, stage, changed))


def decide(deal, opportunity, newest=H, known=KNOWN):
    return decide_stage(shows(*deal), shows(*opportunity), newest, known)


def to_hubspot(*because, conflict=False, **fields):
    return StageDecision(to_hubspot=fields, because=because, conflict=conflict)


def to_salesforce(*because, conflict=False, **fields):
    return StageDecision(to_salesforce=fields, because=because, conflict=conflict)


@pytest.mark.rule("OPP-5")
@pytest.mark.rule("OPP-6")
@pytest.mark.parametrize("changes", list(product((None, False, True), repeat=2)))
@pytest.mark.parametrize(
    ("deal", "opportunity"),
    [
        pytest.param(("71", "a2"), (TYPE_A, "Talk"), id="the record type's own pipeline"),
        pytest.param(("73", "d2"), (None, "Talk"), id="no record type, the default pipeline"),
        pytest.param(("default", "s2"), (TYPE_A, "New"), id="people's own pipeline has any type"),
        pytest.param(
            ("default", "s3"), ("012000000000009AAA", "Won"), id="even one that nobody knows"
        ),
        pytest.param((None, None), (None, None), id="nothing at all"),
    ],
)
def test_where_both_show_the_same_nothing_is_done(deal, opportunity, changes):
    """The stage stands for that StageName and the pipeline for that record type, so the two agree
    whoever changed them.
    """
    mine, theirs = changes
    assert decide((*deal, mine), (*opportunity, theirs)) == NO_CHANGE


@pytest.mark.parametrize("newest", Side)
def test_without_a_change_the_two_stay_different(newest):
    """A difference that was left is kept, even where the map does not know the stages."""
    assert decide(("71", "a1"), (TYPE_B, "Won"), newest) == NO_CHANGE
    assert decide(("99", "x1"), ("012000000000009AAA", "Unheard of"), newest) == NO_CHANGE


@pytest.mark.rule("OPP-5")
@pytest.mark.rule("OPP-6")
@pytest.mark.parametrize("newest", Side)
@pytest.mark.parametrize(
    ("deal", "expected"),
    [
        pytest.param(("71", "a3"), to_salesforce("OPP-5", StageName="Won"), id="another stage"),
        pytest.param(
            ("default", "s3"),
            to_salesforce("OPP-5", StageName="Won"),
            id="people's own: no record type",
        ),
        pytest.param(
            ("72", "b1"),
            to_salesforce("OPP-5", "OPP-6", RecordTypeId=TYPE_B),
            id="another pipeline",
        ),
        pytest.param(
            ("72", "b3"),
            to_salesforce("OPP-5", "OPP-6", RecordTypeId=TYPE_B, StageName="Won"),
            id="both",
        ),
        pytest.param(
            ("73", "d1"),
            to_hubspot("OPP-5", "OPP-6", pipeline="71", dealstage="a1"),
            id="the pipeline of no record type",
        ),
        pytest.param(
            ("73", "d3"),
            StageDecision(
                {"pipeline": "71", "dealstage": "a3"}, {"StageName": "Won"}, ("OPP-5", "OPP-6")
            ),
            id="the pipeline of no record type, and another stage",
        ),
        pytest.param(("71", "x1"), UNKNOWN, id="a stage that nobody knows"),
        pytest.param(("99", "x1"), UNKNOWN, id="a pipeline that nobody knows"),
    ],
)
def test_an_opportunity_follows_its_deal(deal, expected, newest):
    """The pipeline decides the record type and the stage decides the StageName; the opportunity
    keeps its type where the pipeline stands for none.
    """
    assert decide((*deal, True), (TYPE_A, "New"), newest) == expected


@pytest.mark.rule("OPP-5")
@pytest.mark.rule("OPP-6")
@pytest.mark.rule("Q-25")
@pytest.mark.parametrize("newest", Side)
@pytest.mark.parametrize(
    ("opportunity", "expected"),
    [
        pytest.param((TYPE_A, "Won"), to_hubspot("OPP-5", dealstage="a3"), id="another stage"),
        pytest.param(
            (TYPE_B, "New"),
            to_hubspot("OPP-5", "OPP-6", pipeline="72", dealstage="b1"),
            id="another type",
        ),
        pytest.param(
            (TYPE_B, "Lost"), to_hubspot("OPP-5", "OPP-6", pipeline="72", dealstage="b4"), id="both"
        ),
        pytest.param(
            (None, "Talk"),
            to_hubspot("OPP-5", "OPP-6", pipeline="73", dealstage="d2"),
            id="no type",
        ),
        pytest.param((TYPE_B, "Talk"), UNKNOWN, id="a stage that this type does not have"),
        pytest.param((TYPE_A, "Unheard of"), UNKNOWN, id="a stage that nobody knows"),
        pytest.param(("012000000000009AAA", "New"), UNKNOWN, id="a type that nobody knows"),
    ],
)
def test_a_deal_follows_its_opportunity(opportunity, expected, newest):
    """The deal gets the stage that stands for the StageName in the record type's pipeline; pipeline
    and stage are written together.
    """
    assert decide(("71", "a1"), (*opportunity, True), newest) == expected


@pytest.mark.rule("Q-26")
@pytest.mark.parametrize(
    ("stage", "opportunity", "expected"),
    [
        pytest.param(
            "s1", (TYPE_A, "Won"), to_hubspot("OPP-5", dealstage="s3"), id="it has that stage"
        ),
        pytest.param(
            "s3", (TYPE_B, "New"), to_hubspot("OPP-5", dealstage="s1"), id="it has two: the first"
        ),
        pytest.param("s2", (TYPE_B, "New"), NO_CHANGE, id="it is in one of the two"),
        pytest.param(
            "s1",
            (TYPE_A, "Talk"),
            to_hubspot("OPP-5", "OPP-6", pipeline="71", dealstage="a2"),
            id="it has none",
        ),
        pytest.param(
            "x9", (TYPE_A, "Won"), to_hubspot("OPP-5", dealstage="s3"), id="its own stage is gone"
        ),
    ],
)
def test_a_deal_stays_in_a_pipeline_that_people_made_while_it_can(stage, opportunity, expected):
    """Only if that pipeline has no stage for the StageName does the deal move to the record
    type's.
    """
    assert decide(("default", stage), (*opportunity, True)) == expected


@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(
    "changes",
    [(True, True), (None, None), (None, True), (True, None), (None, False), (False, None)],
)
@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (H, to_salesforce("OPP-5", "OPP-6", RecordTypeId=TYPE_B, StageName="Won", conflict=True)),
        (S, to_hubspot("OPP-5", "OPP-6", pipeline="71", dealstage="a2", conflict=True)),
    ],
)
def test_after_changes_on_both_sides_or_without_agreement_the_newest_wins(
    changes, newest, expected
):
    """The more recent side wins with everything it shows, and the decision records the conflict."""
    mine, theirs = changes
    assert decide(("72", "b3", mine), (TYPE_A, "Talk", theirs), newest) == expected


@pytest.mark.parametrize("newest", Side)
@pytest.mark.parametrize(
    ("deal", "opportunity"),
    [
        pytest.param(("71", "x1"), (TYPE_A, "New"), id="the deal's stage"),
        pytest.param(("99", "x1"), (TYPE_A, "New"), id="the deal's pipeline"),
        pytest.param(("71", "a1"), (TYPE_A, "Unheard of"), id="the opportunity's stage"),
        pytest.param(("71", "a1"), ("012000000000009AAA", "Won"), id="the record type"),
    ],
)
def test_in_a_conflict_both_must_be_known(deal, opportunity, newest):
    """While the map does not know what one side shows, it is unknown whether the two differ."""
    assert decide((*deal, True), (*opportunity, True), newest) == UNKNOWN


@pytest.mark.parametrize("newest", Side)
@pytest.mark.parametrize("changed", [None, True])
def test_a_blank_never_wins(changed, newest):
    """The side that shows a stage fills the other, whichever is newer, and nothing is blanked."""
    filled = to_hubspot("OPP-5", "OPP-6", pipeline="72", dealstage="b1")
    assert decide((None, None, changed), (TYPE_B, "New", changed), newest) == filled
    assert decide(("71", "a2", changed), (TYPE_A, None, changed), newest) == to_salesforce(
        "OPP-5", StageName="Talk"
    )
    assert decide(("71", "x9", changed), (TYPE_A, None, changed), newest) == UNKNOWN


@pytest.mark.rule("Q-25")
@pytest.mark.rule("OPP-8")
@pytest.mark.parametrize("record_type", [TYPE_A, None])
def test_in_an_org_with_one_record_type_none_is_as_good_as_that_one(record_type):
    """The default pipeline stands for both, so no record type is written in either direction."""
    assert decide(("70", "a2", True), (record_type, "New"), known=ONE_TYPE) == to_salesforce(
        "OPP-5", StageName="Talk"
    )
    assert decide(("70", "a2"), (record_type, "New", True), known=ONE_TYPE) == to_hubspot(
        "OPP-5", dealstage="a1"
    )


@pytest.mark.rule("OPP-11")
@pytest.mark.rule("Q-26")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"pipeline": "72", "dealstage": "b3"},
            {"RecordTypeId": TYPE_B, "StageName": "Won"},
            id="a type's",
        ),
        pytest.param(
            {"pipeline": "73", "dealstage": "d2"}, {"StageName": "Talk"}, id="no record type's"
        ),
        pytest.param(
            {"pipeline": "default", "dealstage": "s2"}, {"StageName": "New"}, id="people's own"
        ),
        pytest.param(
            {"pipeline": "72", "dealstage": ""},
            {"RecordTypeId": TYPE_B, "StageName": "New"},
            id="its first stage",
        ),
        pytest.param(
            {"pipeline": "default"},
            {"StageName": "New"},
            id="people's own without stage: the default type's",
        ),
        pytest.param({}, {"StageName": "New"}, id="no stage: the first of the default type"),
        pytest.param({"pipeline": "72", "dealstage": "x9"}, None, id="a stage that nobody knows"),
        pytest.param(
            {"pipeline": "99", "dealstage": "x9"}, None, id="a pipeline that nobody knows"
        ),
        pytest.param({"pipeline": "99"}, None, id="a pipeline that nobody knows, and no stage"),
    ],
)
def test_the_stage_of_an_opportunity_that_is_created_for_a_deal(fields, expected):
    """The record type is that of the pipeline, where it stands for one; otherwise Salesforce sets
    its default.
    """
    assert stage_of_new_opportunity(fields, KNOWN) == expected


@pytest.mark.rule("Q-25")
def test_in_an_org_with_one_record_type_a_new_opportunity_gets_it():
    """The default pipeline stands for exactly one real record type."""
    made = stage_of_new_opportunity({"pipeline": "70", "dealstage": "a2"}, ONE_TYPE)
    assert made == {"RecordTypeId": TYPE_A, "StageName": "Talk"}


def test_an_empty_map_knows_no_stage():
    """An empty map creates nothing."""
    assert stage_of_new_opportunity({}, PipelineMap()) is None
    assert stage_of_new_deal({"StageName": "New"}, PipelineMap()) is None


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
@pytest.mark.rule("Q-25")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"RecordTypeId": TYPE_B, "StageName": "Won"},
            {"pipeline": "72", "dealstage": "b3"},
            id="a type",
        ),
        pytest.param(
            {"RecordTypeId": None, "StageName": "Talk"},
            {"pipeline": "73", "dealstage": "d2"},
            id="none",
        ),
        pytest.param(
            {"StageName": "Talk"},
            {"pipeline": "73", "dealstage": "d2"},
            id="an org without record types",
        ),
        pytest.param(
            {"RecordTypeId": TYPE_B, "StageName": "Talk"},
            None,
            id="a stage that this type does not have",
        ),
        pytest.param(
            {"RecordTypeId": "012000000000009AAA", "StageName": "New"},
            None,
            id="a type that nobody knows",
        ),
        pytest.param({"RecordTypeId": TYPE_A, "StageName": None}, None, id="no stage"),
    ],
)
def test_the_stage_of_a_deal_that_is_created_for_an_opportunity(fields, expected):
    """The deal goes to the pipeline of the record type, never to one that people made."""
    assert stage_of_new_deal(fields, KNOWN) == expected


PLACES = st.sampled_from((*(mapped.pipeline for mapped in KNOWN.pipelines), "99", None))
STAGES = st.sampled_from(
    (*(stage for mapped in KNOWN.pipelines for stage, _ in mapped.stages), "x9", None)
)
TYPES = st.sampled_from((TYPE_A, TYPE_B, None, "012000000000009AAA"))
NAMES = st.sampled_from(("New", "Talk", "Won", "Lost", "Unheard of", None))
CHANGES = st.sampled_from((None, False, True))


@pytest.mark.rule("OPP-5")
@pytest.mark.rule("OPP-6")
@given(
    deal=st.tuples(PLACES, STAGES, CHANGES),
    opportunity=st.tuples(TYPES, NAMES, CHANGES),
    newest=st.sampled_from(Side),
)
def test_after_the_writes_the_two_sides_agree_and_nothing_is_blanked(deal, opportunity, newest):
    """Only differences are written, never a blank; afterwards both sides agree, and the next
    decision writes nothing.
    """
    verdict = decide(deal, opportunity, newest)
    shown_h = {"pipeline": deal[0], "dealstage": deal[1]}
    shown_s = {"RecordTypeId": opportunity[0], "StageName": opportunity[1]}
    after_h, after_s = {**shown_h, **verdict.to_hubspot}, {**shown_s, **verdict.to_salesforce}

    assert all(verdict.to_hubspot.values())
    assert all(verdict.to_salesforce.values())
    assert all(shown_s[name] != value for name, value in verdict.to_salesforce.items())
    assert not verdict.to_hubspot or after_h != shown_h
    assert bool(verdict.because) == bool(verdict.to_hubspot or verdict.to_salesforce)
    assert not (verdict.unknown and verdict.because)
    if verdict.because:
        again = decide((*after_h.values(), True), (*after_s.values(), True), newest)
        apart = verdict.to_salesforce.keys() == {"StageName"} and deal[0] == "73"
        assert again == NO_CHANGE or apart
